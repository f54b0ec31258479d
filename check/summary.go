package check

import (
	"fmt"
	"slices"
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
// those of its parts. What is only advertised is a group of its own. There is no
// group without findings.
func (r *Report) Groups() []Group {
	var groups []Group
	for _, k := range kindsOfGroups() {
		for _, f := range r.Findings {
			if f.Severity == k.Severity && f.Advertised == k.advertised {
				k.Findings = append(k.Findings, f)
			}
		}
		if len(k.Findings) > 0 {
			groups = append(groups, k.Group)
		}
	}
	return groups
}

type kindOfGroup struct {
	Group
	advertised bool
}

// kindsOfGroups returns the groups without their findings, worst first.
func kindsOfGroups() []kindOfGroup {
	return []kindOfGroup{
		{Group{Severity: metadata.Error, Title: "Errors"}, false},
		{Group{Severity: metadata.Warning, Title: "Warnings"}, false},
		{Group{Severity: Info, Title: "Notes"}, false},
		{Group{Severity: metadata.Success, Title: "In order"}, false},
		{Group{Severity: metadata.Success, Title: "Advertised, not tried"}, true},
	}
}

// ByCode returns the findings of each code together, because they have one
// explanation.
func (g Group) ByCode() [][]Finding {
	var list [][]Finding
	for _, f := range g.Findings {
		i := slices.IndexFunc(list, func(same []Finding) bool { return same[0].Code == f.Code })
		if i < 0 || f.Severity == metadata.Success {
			list = append(list, []Finding{f})
			continue
		}
		list[i] = append(list[i], f)
	}
	return list
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

// Summary says on one line how many findings there are, what was not tried, and
// how many of the known clients the findings affect.
func (r *Report) Summary() string {
	advertised := 0
	for f := range r.All(metadata.Success) {
		if f.Advertised {
			advertised++
		}
	}
	summary := fmt.Sprintf("%s, %s, %s, %d in order",
		finding.Count(r.Count(metadata.Error), "error"), finding.Count(r.Count(metadata.Warning), "warning"),
		finding.Count(r.Count(Info), "note"), r.Count(metadata.Success)-advertised)
	if advertised > 0 {
		summary += fmt.Sprintf(", %d advertised and not tried", advertised)
	}
	return summary + r.clientSummary()
}

// clientSummary counts the clients that do not simply work.
func (r *Report) clientSummary() string {
	fail, limited, all := len(r.clientsWith(ClientFails)), len(r.clientsWith(ClientLimited)), len(r.Clients)
	switch {
	case all > 0 && fail == all:
		return fmt.Sprintf("; all %d known clients fail", all)
	case fail+limited > 0:
		return fmt.Sprintf("; of %d known clients, failing: %d, limited: %d", all, fail, limited)
	}
	return ""
}

// outcome returns the outcome of an exchange in a word.
func (e *Exchange) outcome() string {
	if e.Status == 0 {
		return "failed"
	}
	return fmt.Sprint(e.Status)
}

// detail is an explanation that goes with a finding.
type detail struct{ name, text string }

// details returns what explains a finding, the fix first. The evidence is not
// among it: it belongs to the message. named means that the report says
// elsewhere which clients fail, and why.
func (f *Finding) details(named bool) []detail {
	if f.Severity == metadata.Success {
		return nil
	}
	fails, limits := strings.Join(f.Clients, ", "), strings.Join(f.LimitedClients, ", ")
	if named {
		fails, limits = "", ""
	}
	var list []detail
	for _, d := range []detail{
		{"fix", f.Fix}, {"means", f.Meaning}, {"required by", f.Requirement}, {"fails for", fails}, {"limits", limits},
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
