// Package catalogue explains every code that a check can find, and says which
// known clients fail because of it. The texts are data: data/*.json.
package catalogue

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/metadata"
)

//go:embed data/*.json
var files embed.FS

// maxDepth bounds how deep a file nests.
const maxDepth = 8

// Rule explains a code.
type Rule struct {
	Code     finding.Code      `json:"code"`
	Severity metadata.Severity `json:"severity"` // the usual one
	// Title is a few words for the code.
	Title string `json:"title"`
	// Requirement names the specification that requires it.
	Requirement string `json:"requirement"`
	// Meaning and Fix are empty for successes.
	Meaning string `json:"meaning,omitempty"`
	Fix     string `json:"fix,omitempty"`
	// Advertised marks a success that only a document claims, and that the check
	// does not try.
	Advertised bool `json:"advertised,omitempty"`
	// Clients are the known clients that fail because of it, and LimitedClients
	// those that work except for something.
	Clients        []string `json:"-"`
	LimitedClients []string `json:"-"`
}

// Client is a known MCP client and what is known about it.
type Client struct {
	Name string `json:"name"`
	// StepUp says what it does when a server requires more scopes than its token
	// has. It is nil if that is not known.
	StepUp *StepUp      `json:"step_up,omitempty"`
	Rules  []ClientRule `json:"rules"`
}

// Behavior is what a client does about missing scopes.
type Behavior string

// The behaviors of clients.
const (
	// StepsUp means that it sends the user to log in again, with more scopes.
	StepsUp Behavior = "steps_up"
	// AllScopes means that it asks for all scopes at login, and seldom lacks one.
	AllScopes Behavior = "all_scopes"
	// Stuck means that it asks for the scopes of the first challenge and never
	// gets others.
	Stuck Behavior = "stuck"
)

// StepUp is what a client does about missing scopes.
type StepUp struct {
	Behavior Behavior `json:"behavior"`
	// What says it in a sentence.
	What string `json:"what"`
	// Source and Date are as in [ClientRule].
	Source string `json:"source"`
	Date   string `json:"date"`
}

// stepUpExpected is the code of servers that require more scopes than their
// first challenge names.
const stepUpExpected finding.Code = "step_up_expected"

// ClientRule says that a client fails because of findings.
type ClientRule struct {
	Codes []finding.Code `json:"codes"`
	// Limited means that the client works except for what Why says.
	Limited bool   `json:"limited,omitempty"`
	Why     string `json:"why"`
	// Source is the URL that says so, and Date when it was written or, for
	// documents and code, read.
	Source string `json:"source"`
	Date   string `json:"date"`
}

// rulesFile is one of the files with rules.
type rulesFile struct {
	Rules []Rule `json:"rules"`
}

// clientsFile is data/clients.json.
type clientsFile struct {
	Clients []Client `json:"clients"`
	// All are rules of the specification, which every client follows.
	All []ClientRule `json:"all"`
}

// Catalogue is all that is known about codes and clients.
type Catalogue struct {
	// Rules are in the order in which documents list them.
	Rules []Rule
	// Clients have only the rules of their own.
	Clients []Client
	// AllClients are the rules for every client.
	AllClients []ClientRule

	byCode map[finding.Code]*Rule
}

// Load reads the catalogue anew, so that callers may change what they get. The
// error is nil for the files in this package.
func Load() (*Catalogue, error) {
	c := &Catalogue{byCode: map[finding.Code]*Rule{}}
	for _, name := range []string{"authorization_server", "mcp_server", "configuration"} {
		var file rulesFile
		if err := read(name, &file); err != nil {
			return nil, err
		}
		c.Rules = append(c.Rules, file.Rules...)
	}
	var clients clientsFile
	if err := read("clients", &clients); err != nil {
		return nil, err
	}
	c.Clients, c.AllClients = clients.Clients, clients.All
	for i := range c.Rules {
		r := &c.Rules[i]
		r.Clients, r.LimitedClients = c.clientsAffected(r.Code, false), c.clientsAffected(r.Code, true)
		c.byCode[r.Code] = r
	}
	return c, nil
}

// read reads a file strictly: no member twice, and no unknown one.
func read(name string, into any) error {
	data, err := files.ReadFile("data/" + name + ".json")
	if err == nil {
		err = decode(data, into)
	}
	if err != nil {
		return fmt.Errorf("check: catalogue %s: %w", name, err)
	}
	return nil
}

func decode(data []byte, into any) error {
	if err := jsonx.Walk(data, maxDepth, func(_, _ []byte) error { return nil }); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the value")
	}
	return nil
}

// Rule returns the rule for a code, or nil.
func (c *Catalogue) Rule(code finding.Code) *Rule { return c.byCode[code] }

// RulesOf returns all rules for a client: its own, those for every client, and
// the one that follows from its behavior.
func (c *Catalogue) RulesOf(client Client) []ClientRule {
	rules := slices.Concat(client.Rules, c.AllClients)
	if s := client.StepUp; s != nil && s.Behavior == Stuck {
		rules = append(rules, ClientRule{Codes: []finding.Code{stepUpExpected}, Limited: true, Why: s.What, Source: s.Source, Date: s.Date})
	}
	return rules
}

// clientsAffected returns the clients that fail because of a code, or that are
// limited by it.
func (c *Catalogue) clientsAffected(code finding.Code, limited bool) []string {
	var names []string
	for _, client := range c.Clients {
		if slices.ContainsFunc(c.RulesOf(client), func(r ClientRule) bool { return r.Limited == limited && slices.Contains(r.Codes, code) }) {
			names = append(names, client.Name)
		}
	}
	return names
}
