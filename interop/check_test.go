package interop_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/interop/internal/parts"
)

var updateReports = flag.Bool("update", false, "write the reports in testdata")

// The command mcpauth check at oidc-provider, at mcpauth dev, and at either
// asked for with a slash too many. Its exit code says whether there are errors;
// the reports are compared whole.
func TestCheck(t *testing.T) {
	t.Parallel()
	provider := parts.StartAuthorizationServer(t, parts.Provider{Scopes: []string{"read", "delete"}}).Issuer
	development := parts.StartDevServer(t, "--scope", "read").Issuer
	for _, test := range []struct {
		name, target string
		code         int
	}{
		{"oidc-provider", provider, 0},
		{"oidc-provider-with-slash", provider + "/", 1},
		{"mcpauth-dev", development, 0},
		{"mcpauth-dev-metadata", development + "/.well-known/oauth-authorization-server", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := parts.NewMcpauth(t, nil).Run(t, "check", "--json", test.target)
			if r.Code != test.code {
				t.Fatalf("exit status %d, want %d: %s", r.Code, test.code, r.Stderr)
			}
			stable := strings.NewReplacer(provider, "http://provider.test", development, "http://dev.test").Replace(string(r.Stdout))
			var report check.Report
			if err := json.Unmarshal([]byte(stable), &report); err != nil {
				t.Fatal(err)
			}
			compareReport(t, &report, filepath.Join("testdata", "check", test.name+".txt"))
		})
	}
}

func compareReport(t *testing.T, report *check.Report, file string) {
	t.Helper()
	var b strings.Builder
	if err := report.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if *updateReports {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("%s is not what is reported now:\n%s", file, b.String())
	}
}
