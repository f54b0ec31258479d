package check_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/metadata"
)

// hostile is a report in which the other side's words are markup.
func hostile() *check.Report {
	return &check.Report{
		Target: "https://as.example",
		Kind:   check.KindAuthorizationServer,
		Exchanges: []check.Exchange{
			{Purpose: "metadata", Method: "GET", URL: "https://as.example/a|b`c", Status: 200},
			{Purpose: "keys", Method: "GET", URL: "https://as.example/keys", Error: "no | answer"},
		},
		Findings: []check.Finding{
			{Code: "good", Severity: metadata.Success, Message: "All *is* well."},
			{
				Code: "bad", Severity: metadata.Error, Message: "<script>alert(1)</script> [x](javascript:y) @everyone see https://evil.example/x, www.evil.example and GH-1 {0}",
				Evidence: "` | <img src=x>", Requirement: "RFC 1", Meaning: "Bad.", Fix: "Mend.", Clients: []string{"one", "two"},
			},
		},
		Parts: []*check.Report{{
			Target: "https://other.example", Kind: check.KindServer,
			Findings: []check.Finding{{Code: "bad", Severity: metadata.Error, Message: "Again.", Requirement: "RFC 1", Meaning: "Bad.", Fix: "Mend."}},
		}},
	}
}

func render(t *testing.T, write func(*strings.Builder) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdownIsNoMarkup(t *testing.T) {
	t.Parallel()
	got := render(t, func(b *strings.Builder) error { return hostile().WriteMarkdown(b) })
	const want = "# Authorization server `https://as.example`\n\n" +
		"| status | request | purpose |\n|---|---|---|\n" +
		"| 200 | `GET https://as.example/a¦b'c` | metadata |\n" +
		"| failed: no \\| answer | `GET https://as.example/keys` | keys |\n\n" +
		"## Errors\n\n" +
		"- **&lt;script&gt;alert(1)&lt;/script&gt; \\[x\\](javascript:y) `@everyone` see `https://evil.example/x`, `www.evil.example` and `GH-1` {0}** `bad`\n" +
		"  - seen: `' ¦ <img src=x>`\n  - fix: Mend.\n  - means: Bad.\n  - required by: RFC 1\n  - fails for: one, two\n\n" +
		"## In order\n\n- All \\*is\\* well.\n\n" +
		"## MCP server `https://other.example`\n\n### Errors\n\n- **Again.** `bad`\n  - fix: Mend.\n  - means: Bad.\n  - required by: RFC 1\n\n" +
		"2 errors, 0 warnings, 0 notes, 1 in order.\n"
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestTextNamesClients(t *testing.T) {
	t.Parallel()
	got := render(t, func(b *strings.Builder) error { return hostile().WriteText(b) })
	for _, want := range []string{
		"  failed  GET     https://as.example/keys (keys)\n          no | answer\n",
		"\nErrors\n", "      fix: Mend.\n      means: Bad.\n      required by: RFC 1\n      fails for: one, two\n",
		"\nIn order\n  All *is* well.\n\nMCP server https://other.example\n",
		"\n2 errors, 0 warnings, 0 notes, 1 in order\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
}

func TestSARIF(t *testing.T) {
	t.Parallel()
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID, Level string
				Message       struct{ Text string }
				Locations     []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	got := render(t, func(b *strings.Builder) error { return hostile().WriteSARIF(b) })
	if err := json.Unmarshal([]byte(got), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if log.Version != "2.1.0" || len(run.Tool.Driver.Rules) != 1 || len(run.Results) != 2 {
		t.Fatalf("got %s; want one rule and two results", got)
	}
	first := run.Results[0].Message.Text
	if !strings.Contains(first, "[x] (javascript:y)") || !strings.Contains(first, "{ 0 }") {
		t.Errorf("the message has a link or a placeholder: %s", first)
	}
	second := run.Results[1]
	if second.RuleID != "bad" || second.Level != "error" || second.Message.Text != "Again." ||
		second.Locations[0].PhysicalLocation.ArtifactLocation.URI != "https://other.example" {
		t.Errorf("got %+v", second)
	}
}

func TestJSONIsOneLine(t *testing.T) {
	t.Parallel()
	got := render(t, func(b *strings.Builder) error { return hostile().WriteJSON(b) })
	var again check.Report
	if err := json.Unmarshal([]byte(got), &again); err != nil || strings.Count(got, "\n") != 1 {
		t.Errorf("error %v, want one line of JSON: %s", err, got)
	}
	if again.OK() || again.Count(metadata.Error) != 2 {
		t.Errorf("read again, it has %d errors, want 2", again.Count(metadata.Error))
	}
}
