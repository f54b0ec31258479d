package check

import (
	"fmt"
	"strings"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/metadata"
)

// Group is the findings of one severity, as reports show them.
type Group struct {
	Severity metadata.Severity
	Title    string
	Findings []Finding
}

// Groups returns the report's own findings by severity, worst first, without
// those of its parts. There is no group for a severity without findings.
func (r *Report) Groups() []Group {
	var groups []Group
	for _, g := range severities() {
		for _, f := range r.Findings {
			if f.Severity == g.Severity {
				g.Findings = append(g.Findings, f)
			}
		}
		if len(g.Findings) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// severities returns the groups without their findings, worst first.
func severities() []Group {
	return []Group{
		{Severity: metadata.Error, Title: "Errors"},
		{Severity: metadata.Warning, Title: "Warnings"},
		{Severity: Info, Title: "Notes"},
		{Severity: metadata.Success, Title: "In order"},
	}
}

// Title names what was checked.
func (r *Report) Title() string {
	switch r.Kind {
	case KindAuthorizationServer:
		return "Authorization server " + r.Target
	case KindServer:
		return "MCP server " + r.Target
	}
	return "Configuration " + r.Target
}

// Summary says on one line how many findings there are.
func (r *Report) Summary() string {
	return fmt.Sprintf("%s, %s, %s, %d in order",
		finding.Count(r.Count(metadata.Error), "error"), finding.Count(r.Count(metadata.Warning), "warning"),
		finding.Count(r.Count(Info), "note"), r.Count(metadata.Success))
}

// outcome returns the outcome of an exchange in a word.
func (e *Exchange) outcome() string {
	if e.Status == 0 {
		return "failed"
	}
	return fmt.Sprint(e.Status)
}

// detail is an explanation that goes with a finding.
type detail struct {
	name, text string
	quoted     bool // the words of the checked server
}

func (f *Finding) details() []detail {
	var list []detail
	for _, d := range []detail{
		{"seen", f.Evidence, true},
		{"required by", f.Requirement, false},
		{"means", f.Meaning, false},
		{"fails for", strings.Join(f.Clients, ", "), false},
		{"fix", f.Fix, false},
	} {
		if d.text != "" {
			list = append(list, d)
		}
	}
	return list
}

// clientsWith returns the verdicts with one outcome.
func (r *Report) clientsWith(outcome ClientOutcome) []ClientVerdict {
	var list []ClientVerdict
	for _, v := range r.Clients {
		if v.Outcome == outcome {
			list = append(list, v)
		}
	}
	return list
}

// otherClients returns sentences on the clients that are not known to fail.
func (r *Report) otherClients() []string {
	var lines []string
	if names := clientNames(r.clientsWith(ClientWorks)); names != "" {
		lines = append(lines, "No known problem with: "+names)
	}
	if names := clientNames(r.clientsWith(ClientUnknown)); names != "" {
		lines = append(lines, "Not known for: "+names)
	}
	return lines
}

func clientNames(list []ClientVerdict) string {
	var names []string
	for _, v := range list {
		names = append(names, v.Client)
	}
	return strings.Join(names, ", ")
}
