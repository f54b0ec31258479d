package check

import (
	"github.com/mcp-auth/go/check/internal/catalogue"
	"github.com/mcp-auth/go/metadata"
)

// ClientVerdict says whether one of the known MCP clients works with a server.
type ClientVerdict struct {
	Client  string        `json:"client"`
	Outcome ClientOutcome `json:"outcome"`
	// Reasons are why it fails.
	Reasons []ClientReason `json:"reasons,omitempty"`
}

// ClientOutcome says whether a client works.
type ClientOutcome string

// The outcomes of a [ClientVerdict].
const (
	// ClientWorks means that no finding is known to stop the client.
	ClientWorks ClientOutcome = "works"
	// ClientFails means that the client is known to fail because of a finding.
	ClientFails ClientOutcome = "fails"
	// ClientUnknown means that too little of the server was seen.
	ClientUnknown ClientOutcome = "unknown"
)

// ClientReason is one reason why a client is known to fail.
type ClientReason struct {
	// Codes are the codes of the findings because of which it fails.
	Codes []Code `json:"codes"`
	Why   string `json:"why"`
	// Source is the URL that says so, as of Date.
	Source string `json:"source"`
	Date   string `json:"date"`
}

// verdicts decides for each known client whether it works with the server. seen
// means that enough of the server was seen.
func verdicts(r *Report, c *catalogue.Catalogue, seen bool) []ClientVerdict {
	found := map[Code]bool{}
	collectCodes(r, found)
	var list []ClientVerdict
	for _, client := range c.Clients {
		v := ClientVerdict{Client: client.Name, Outcome: ClientWorks, Reasons: reasons(c.RulesOf(client), found)}
		switch {
		case len(v.Reasons) > 0:
			v.Outcome = ClientFails
		case !seen:
			v.Outcome = ClientUnknown
		}
		list = append(list, v)
	}
	return list
}

// collectCodes collects the codes of all findings except successes, in the
// report and its parts.
func collectCodes(r *Report, found map[Code]bool) {
	for _, f := range r.Findings {
		if f.Severity != metadata.Success {
			found[f.Code] = true
		}
	}
	for _, part := range r.Parts {
		collectCodes(part, found)
	}
}

func reasons(rules []catalogue.ClientRule, found map[Code]bool) (list []ClientReason) {
	for _, rule := range rules {
		var codes []Code
		for _, code := range rule.Codes {
			if found[Code(code)] {
				codes = append(codes, Code(code))
			}
		}
		if len(codes) > 0 {
			list = append(list, ClientReason{codes, rule.Why, rule.Source, rule.Date})
		}
	}
	return list
}
