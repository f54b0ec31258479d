package interop_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
)

// checkReport is what mcpauth check --json prints, as far as it matters here.
type checkReport struct {
	Findings []struct{ Code, Severity string }
	Parts    []checkReport
	Clients  []struct{ Client, Outcome string }
}

// codes lists the findings of a severity, sorted, without those of the parts.
func (r *checkReport) codes(severity string) []string {
	codes := []string{}
	for _, f := range r.Findings {
		if f.Severity == severity {
			codes = append(codes, f.Code)
		}
	}
	slices.Sort(codes)
	return codes
}

func (r *checkReport) want(t *testing.T, severity string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := r.codes(severity); !slices.Equal(got, want) {
		t.Errorf("%s: found %q, want %q", severity, got, want)
	}
}

// checkServer runs mcpauth check --server, which must exit with a code.
func checkServer(t *testing.T, server string, code int) *checkReport {
	t.Helper()
	r := parts.NewMcpauth(t, nil).Run(t, "check", "--json", "--quiet", "--server", server)
	if r.Code != code {
		t.Errorf("exit status %d, want %d: %s", r.Code, code, r.Stderr)
	}
	var report checkReport
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
		report.want(t, "error")
		report.want(t, "warning")
		if len(report.Parts) != 1 {
			t.Fatalf("%d authorization servers were checked", len(report.Parts))
		}
		report.Parts[0].want(t, "error")
		report.Parts[0].want(t, "warning")
	})
	t.Run("go-sdk", func(t *testing.T) {
		t.Parallel()
		report := checkServer(t, parts.StartGoSDKAuthServer(t), 1)
		report.want(t, "error", "authorization_server_invalid", "authorization_servers_unusable", "token_refusal_failure")
		report.want(t, "warning", "resource_metadata_not_at_path", "cors_preflight_refused", "cors_refusal_unreadable",
			"origin_not_refused_first", "leak_library")
	})
	t.Run("TypeScript SDK", func(t *testing.T) {
		t.Parallel()
		report := checkServer(t, parts.StartTypeScriptSDKAuthServer(t), 1)
		report.want(t, "error", "token_refusal_failure")
		report.want(t, "warning", "challenge_error_without_token", "challenge_scope_missing", "cors_missing",
			"cors_refusal_unreadable", "origin_not_refused_first")
	})
}
