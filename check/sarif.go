package check

import (
	"encoding/json"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/mcp-auth/go/metadata"
)

// The parts of SARIF 2.1.0 that reports use.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Short sarifText `json:"shortDescription"`
		Help  sarifText `json:"help"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
)

// WriteSARIF writes errors, warnings and notes as SARIF 2.1.0, for tools that
// show findings of many sources. The location of each is the target.
func (r *Report) WriteSARIF(w io.Writer) error {
	run := sarifRun{
		Tool:    sarifTool{sarifDriver{Name: "mcpauth check", Rules: []sarifRule{}}},
		Results: []sarifResult{},
	}
	r.sarif(&run)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

func (r *Report) sarif(run *sarifRun) {
	for _, f := range r.Findings {
		if f.Severity == metadata.Success {
			continue
		}
		run.rule(&f)
		text := f.Message
		if f.Evidence != "" {
			text += " Seen: " + f.Evidence
		}
		run.Results = append(run.Results, sarifResult{
			RuleID:    string(f.Code),
			Level:     sarifLevel(f.Severity),
			Message:   sarifText{plainSARIF(text)},
			Locations: []sarifLocation{{sarifPhysical{sarifArtifact{r.location()}}}},
		})
	}
	for _, part := range r.Parts {
		part.sarif(run)
	}
}

// plainSARIF keeps text from becoming a placeholder or a link (SARIF 2.1.0
// §3.11.5 and §3.11.6). It inserts spaces, because not all viewers support the
// escapes.
func plainSARIF(text string) string {
	return strings.ReplaceAll(placeholder.ReplaceAllString(text, "{ $1 }"), "](", "] (")
}

var placeholder = regexp.MustCompile(`\{(\d+)\}`)

// location returns the target as a URI reference. The target of a configuration
// can be any text.
func (r *Report) location() string {
	if r.Kind != KindConfiguration {
		return r.Target
	}
	return (&url.URL{Path: r.Target}).String()
}

// rule adds the finding's rule, once.
func (run *sarifRun) rule(f *Finding) {
	rules := &run.Tool.Driver.Rules
	if slices.ContainsFunc(*rules, func(known sarifRule) bool { return known.ID == string(f.Code) }) {
		return
	}
	*rules = append(*rules, sarifRule{
		ID:    string(f.Code),
		Short: sarifText{f.Meaning},
		Help:  sarifText{f.Fix + " (" + f.Requirement + ")"},
	})
}

func sarifLevel(s metadata.Severity) string {
	switch s {
	case metadata.Error:
		return "error"
	case metadata.Warning:
		return "warning"
	}
	return "note"
}
