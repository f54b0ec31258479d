package check

import (
	"slices"
	"strings"

	"github.com/mcp-auth/go/check/internal/catalogue"
	"github.com/mcp-auth/go/metadata"
)

// ClientVerdict says whether one of the known MCP clients works with a server.
type ClientVerdict struct {
	Client  string        `json:"client"`
	Outcome ClientOutcome `json:"outcome"`
	// Reasons are why it fails, or what it cannot do.
	Reasons []ClientReason `json:"reasons,omitempty"`
}

// ClientOutcome says whether a client works.
type ClientOutcome string

// The outcomes of a [ClientVerdict].
const (
	// ClientWorks means that no finding is known to stop the client.
	ClientWorks ClientOutcome = "works"
	// ClientFails means that the client is known to fail because of a finding,
	// which is an error or a warning.
	ClientFails ClientOutcome = "fails"
	// ClientLimited means that the client works except for what the reasons say.
	ClientLimited ClientOutcome = "limited"
	// ClientUnknown means that too little of the server was seen.
	ClientUnknown ClientOutcome = "unknown"
)

// ClientReason is one reason why a client is known to fail or to be limited.
type ClientReason struct {
	// Codes are the codes of the findings because of which it fails.
	Codes []Code `json:"codes"`
	// Limited means that the client works except for what Why says.
	Limited bool   `json:"limited,omitempty"`
	Why     string `json:"why"`
	// Source is the URL that says so, as of Date.
	Source string `json:"source"`
	Date   string `json:"date"`
}

// verdicts decides for each known client whether it works with the server. seen
// means that enough of the server was seen.
func verdicts(r *Report, c *catalogue.Catalogue, seen bool) []ClientVerdict {
	found := map[Code]metadata.Severity{}
	collectCodes(r, found)
	var list []ClientVerdict
	for _, client := range c.Clients {
		v := ClientVerdict{Client: client.Name, Outcome: ClientWorks, Reasons: reasons(c.RulesOf(client), found)}
		switch {
		case slices.ContainsFunc(v.Reasons, func(r ClientReason) bool { return !r.Limited }):
			v.Outcome = ClientFails
		case !seen:
			v.Outcome = ClientUnknown
		case len(v.Reasons) > 0:
			v.Outcome = ClientLimited
		}
		list = append(list, v)
	}
	return list
}

// collectCodes collects the codes of all findings except successes, in the
// report and its parts, with the worst severity of each.
func collectCodes(r *Report, found map[Code]metadata.Severity) {
	for _, f := range r.Findings {
		worse := found[f.Code] == "" || f.Severity == metadata.Error || found[f.Code] == Info
		if f.Severity != metadata.Success && worse {
			found[f.Code] = f.Severity
		}
	}
	for _, part := range r.Parts {
		collectCodes(part, found)
	}
}

// reasons returns which rules apply to what was found. A client that fails
// because of a note would contradict the note, so it is only limited by it.
func reasons(rules []catalogue.ClientRule, found map[Code]metadata.Severity) (list []ClientReason) {
	for _, rule := range rules {
		var codes []Code
		serious := false
		for _, code := range rule.Codes {
			if severity := found[Code(code)]; severity != "" {
				codes = append(codes, Code(code))
				serious = serious || severity != Info
			}
		}
		if len(codes) > 0 {
			list = append(list, ClientReason{codes, rule.Limited || !serious, rule.Why, rule.Source, rule.Date})
		}
	}
	return list
}

// ClientGroup is the clients that have one reason in common.
type ClientGroup struct {
	Clients []string
	// All means that these are all known clients.
	All bool
	ClientReason
}

// Heading names the clients and says what becomes of them.
func (g ClientGroup) Heading() string {
	names, one := strings.Join(g.Clients, ", "), len(g.Clients) == 1
	if g.All {
		names, one = "All known clients", false
	}
	switch {
	case g.Limited && one:
		return names + " is limited"
	case g.Limited:
		return names + " are limited"
	case one:
		return names + " fails"
	}
	return names + " fail"
}

// ClientGroups returns each reason of the verdicts once, with its clients:
// first the reasons why clients fail.
func (r *Report) ClientGroups() []ClientGroup {
	var groups []ClientGroup
	for _, v := range r.Clients {
		for _, reason := range v.Reasons {
			i := slices.IndexFunc(groups, func(g ClientGroup) bool {
				return g.Why == reason.Why && g.Source == reason.Source && g.Limited == reason.Limited
			})
			if i < 0 {
				i = len(groups)
				groups = append(groups, ClientGroup{ClientReason: reason})
			}
			groups[i].Clients = append(groups[i].Clients, v.Client)
			groups[i].All = len(groups[i].Clients) == len(r.Clients)
		}
	}
	slices.SortStableFunc(groups, func(a, b ClientGroup) int {
		switch {
		case a.Limited == b.Limited:
			return 0
		case b.Limited:
			return -1
		}
		return 1
	})
	return groups
}
