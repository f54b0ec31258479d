package interop_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/metadata"
)

// wantFindings checks the codes of one severity, those of the parts aside.
func wantFindings(t *testing.T, r *check.Report, severity metadata.Severity, want ...string) {
	t.Helper()
	got := []string{}
	for _, f := range r.Findings {
		if f.Severity == severity {
			got = append(got, string(f.Code))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: found %q, want %q", severity, got, want)
	}
}

// checkServer runs mcpauth check --server, which must exit with a code.
func checkServer(t *testing.T, server string, code int) *check.Report {
	t.Helper()
	r := parts.NewMcpauth(t, nil).Run(t, "check", "--json", "--quiet", "--server", server)
	if r.Code != code {
		t.Errorf("exit status %d, want %d: %s", r.Code, code, r.Stderr)
	}
	var report check.Report
	if err := json.Unmarshal(r.Stdout, &report); err != nil {
		t.Fatalf("%v: %s%s", err, r.Stdout, r.Stderr)
	}
	return &report
}

// mcpauth check --server finds nothing in the todo manager, and in the examples
// of two SDKs what curl shows as well.
//
// Covers RS1, RS2, RS3, RS4, RS5, RS6, RS9, RS13, RS16, RS20.
func TestCheckServer(t *testing.T) {
	t.Parallel()
	t.Run("todo-manager", func(t *testing.T) {
		t.Parallel()
		resource := parts.NewResource(t)
		as := parts.StartDevServer(t, "--resource", resource)
		parts.StartTodoManager(t, resource, as.Issuer)
		report := checkServer(t, resource, 0)
		if !report.OK() || report.Count(metadata.Warning) > 0 {
			t.Errorf("found %s", report.Summary())
		}
		if len(report.Parts) != 1 {
			t.Fatalf("%d authorization servers were checked", len(report.Parts))
		}
	})
	t.Run("go-sdk", func(t *testing.T) {
		t.Parallel()
		report := checkServer(t, parts.StartGoSDKAuthServer(t), 1)
		wantFindings(t, report, metadata.Error, "authorization_server_invalid", "authorization_servers_unusable", "token_refusal_failure")
		wantFindings(t, report, metadata.Warning, "resource_metadata_not_at_path", "cors_preflight_refused", "cors_refusal_unreadable",
			"origin_not_refused_first", "leak_library")
	})
	t.Run("all in one", func(t *testing.T) {
		t.Parallel()
		report := checkServer(t, parts.StartAllInOne(t), 0)
		wantFindings(t, report, metadata.Error)
		for f := range report.All(metadata.Error) {
			t.Errorf("found %s: %s", f.Code, f.Message)
		}
		for _, part := range report.Parts {
			for _, f := range part.Findings {
				if string(f.Code) == "jwks_uri_missing" {
					t.Errorf("keys are missed that nobody needs: %s", f.Message)
				}
			}
		}
	})
	t.Run("TypeScript SDK", func(t *testing.T) {
		t.Parallel()
		report := checkServer(t, parts.StartTypeScriptSDKAuthServer(t), 1)
		wantFindings(t, report, metadata.Error, "token_refusal_failure")
		wantFindings(t, report, metadata.Warning, "challenge_error_without_token", "challenge_scope_missing", "cors_missing",
			"cors_refusal_unreadable", "origin_not_refused_first")
	})
}
