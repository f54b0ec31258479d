package check

import (
	"slices"

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
	// ClientWorks: nothing was found that is known to stop the client.
	ClientWorks ClientOutcome = "works"
	// ClientFails: the client is known to fail because of something that was
	// found.
	ClientFails ClientOutcome = "fails"
	// ClientUnknown: too little of the server was seen to tell.
	ClientUnknown ClientOutcome = "unknown"
)

// ClientReason is one thing that a client is known to fail for.
type ClientReason struct {
	// Codes are those of the findings that it fails for.
	Codes []Code `json:"codes"`
	Why   string `json:"why"`
	// Source is the URL of where that is written, as of Date; or "measured".
	Source string `json:"source"`
	Date   string `json:"date"`
}

// verdicts says of each known client whether it gets on with the server.
func (s *serverCheck) verdicts() {
	found := map[Code]bool{}
	s.report.codes(found)
	for _, name := range knownClients() {
		v := verdict(name, found)
		if v.Outcome == ClientWorks && s.state == unknown {
			v.Outcome = ClientUnknown // what it would meet was not seen
		}
		s.report.Clients = append(s.report.Clients, v)
	}
}

// codes collects the codes of what is no success, parts included.
func (r *Report) codes(found map[Code]bool) {
	for _, f := range r.Findings {
		if f.Severity != metadata.Success {
			found[f.Code] = true
		}
	}
	for _, part := range r.Parts {
		part.codes(found)
	}
}

func verdict(client string, found map[Code]bool) ClientVerdict {
	v := ClientVerdict{Client: client, Outcome: ClientWorks}
	for _, r := range clientRules() {
		if r.client != client {
			continue
		}
		hit := slices.DeleteFunc(slices.Clone(r.codes), func(code Code) bool { return !found[code] })
		if len(hit) > 0 {
			v.Outcome = ClientFails
			v.Reasons = append(v.Reasons, ClientReason{hit, r.why, r.source, r.date})
		}
	}
	return v
}

// clientsFailing lists the clients that are known to fail for a code.
func clientsFailing(code Code) []string {
	var names []string
	for _, r := range clientRules() {
		if slices.Contains(r.codes, code) && !slices.Contains(names, r.client) {
			names = append(names, r.client)
		}
	}
	return names
}
