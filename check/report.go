package check

import (
	"encoding/json"
	"io"
	"iter"
	"time"

	"github.com/mcp-auth/go/metadata"
)

// Kind says what a [Report] is about.
type Kind string

// The kinds of reports.
const (
	KindAuthorizationServer Kind = "authorization_server"
	KindServer              Kind = "mcp_server"
	KindConfiguration       Kind = "configuration"
)

// Code names a kind of finding, such as "plain_pkce". Codes are stable.
// [Catalogue] explains each.
type Code string

// Info is the severity of what is neither good nor bad, or cannot be seen from
// outside. It complements the severities of package metadata.
const Info metadata.Severity = "info"

// Report is what a check found, in the order in which it looked.
type Report struct {
	// Target is what was checked: an issuer, a URL, or the resource identifiers
	// of a configuration.
	Target string `json:"target"`
	Kind   Kind   `json:"kind"`
	// Exchanges are the requests that were sent, and their outcomes.
	Exchanges []Exchange `json:"exchanges"`
	Findings  []Finding  `json:"findings"`
	// Parts are reports on servers that the target depends on, such as the
	// authorization servers of an MCP server.
	Parts []*Report `json:"parts,omitempty"`
	// Clients says which of the known MCP clients work with the server. Only
	// reports on MCP servers have it.
	Clients []ClientVerdict `json:"clients,omitempty"`
}

// Finding is one thing found.
type Finding struct {
	Code     Code              `json:"code"`
	Severity metadata.Severity `json:"severity"`
	// Message is a sentence on what was found.
	Message string `json:"message"`
	// Evidence is what was seen, such as a header's value, in the words of the
	// checked server: shortened, on one line of printable characters, without
	// tokens.
	Evidence string `json:"evidence,omitempty"`
	// Requirement names the specification that requires it, such as "RFC 9728
	// §5.1".
	Requirement string `json:"requirement,omitempty"`
	// Meaning says what it means, and for which clients. Successes have none.
	Meaning string `json:"meaning,omitempty"`
	// Fix says what to do about it. Successes have none.
	Fix string `json:"fix,omitempty"`
	// Advertised marks a success that only a document claims, and that the check
	// did not try.
	Advertised bool `json:"advertised,omitempty"`
	// Clients are the known MCP clients that fail because of it, and
	// LimitedClients those that work except for something. The verdicts of a
	// report on an MCP server say why.
	Clients        []string `json:"clients,omitempty"`
	LimitedClients []string `json:"limited_clients,omitempty"`
}

// Exchange is one request and its outcome.
type Exchange struct {
	// Purpose says in a few words what the request is for.
	Purpose string `json:"purpose"`
	Method  string `json:"method"`
	// URL has no query, which may hold a secret.
	URL string `json:"url"`
	// Status is 0 if there was no answer; Error then says why.
	Status   int           `json:"status,omitempty"`
	Error    string        `json:"error,omitempty"`
	Duration time.Duration `json:"duration_ns"`
}

// OK reports whether neither the report nor its parts have an error.
func (r *Report) OK() bool {
	for range r.All(metadata.Error) {
		return false
	}
	return true
}

// All yields the findings of one severity, first the report's own and then those
// of its parts.
func (r *Report) All(s metadata.Severity) iter.Seq[Finding] {
	return func(yield func(Finding) bool) { r.each(s, yield) }
}

func (r *Report) each(s metadata.Severity, yield func(Finding) bool) bool {
	for _, f := range r.Findings {
		if f.Severity == s && !yield(f) {
			return false
		}
	}
	for _, part := range r.Parts {
		if !part.each(s, yield) {
			return false
		}
	}
	return true
}

// Count returns how many findings of one severity the report and its parts have.
func (r *Report) Count(s metadata.Severity) int {
	n := 0
	for range r.All(s) {
		n++
	}
	return n
}

// WriteJSON writes the report as one line of JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}
