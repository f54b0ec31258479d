package check

import (
	"github.com/mcp-auth/go/check/internal/catalogue"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/metadata"
)

// Rule explains a [Code].
type Rule struct {
	Code Code
	// Severity is the usual one. A [Finding] may have another, depending on what
	// was seen.
	Severity metadata.Severity
	// Title is a few words for the code.
	Title string
	// Requirement names the specification that requires it.
	Requirement string
	// Meaning says what it means, and Fix what to do about it. Successes have
	// neither.
	Meaning, Fix string
	// Advertised marks a success that only a document claims, and that the check
	// does not try.
	Advertised bool
	// Clients are the known MCP clients that fail because of it, and
	// LimitedClients those that work except for something.
	Clients, LimitedClients []string
}

// Catalogue returns the rules of all findings. The error is nil: it would be a
// mistake in the files that are part of this package.
func Catalogue() ([]Rule, error) {
	c, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	var rules []Rule
	for _, r := range c.Rules {
		rules = append(rules, Rule{Code(r.Code), r.Severity, r.Title, r.Requirement, r.Meaning, r.Fix, r.Advertised, r.Clients, r.LimitedClients})
	}
	return rules, nil
}

// explain adds to a record and its parts what the catalogue has on each finding.
func explain(record *probe.Record, c *catalogue.Catalogue) *Report {
	// The lists are not nil, so that they are lists in JSON as well.
	r := &Report{Target: record.Target, Kind: Kind(record.Kind), Exchanges: []Exchange{}, Findings: []Finding{}}
	for _, e := range record.Exchanges {
		r.Exchanges = append(r.Exchanges, Exchange(e))
	}
	for _, f := range record.Findings {
		r.Findings = append(r.Findings, explainFinding(f, c.Rule(f.Code)))
	}
	for _, part := range record.Parts {
		r.Parts = append(r.Parts, explain(part, c))
	}
	return r
}

func explainFinding(f finding.Finding, rule *catalogue.Rule) Finding {
	explained := Finding{Code: Code(f.Code), Severity: f.Severity, Message: f.Message, Evidence: f.Evidence}
	if rule == nil {
		return explained
	}
	explained.Requirement = rule.Requirement
	if explained.Severity == "" {
		explained.Severity = rule.Severity
	}
	if explained.Severity == metadata.Success {
		explained.Advertised = rule.Advertised
		return explained
	}
	explained.Meaning, explained.Fix = rule.Meaning, rule.Fix
	explained.Clients, explained.LimitedClients = rule.Clients, rule.LimitedClients
	return explained
}
