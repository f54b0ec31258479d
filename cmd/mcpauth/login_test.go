package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mcp-auth/go/mcpauthtest"
)

// scriptBrowser is the browser of the scripts' user, whom everybody knows: it
// logs in on the page it is opened with and goes where that leads.
func scriptBrowser() {
	if err := browse(context.Background(), os.Args[1], os.Getenv("BROWSER_DENIES") != ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func browse(ctx context.Context, authorizationURL string, deny bool) error {
	ctx, cancel := context.WithTimeout(ctx, processTimeout)
	defer cancel()
	user := mcpauthtest.UserAgent{Username: "alice", Password: "alice", Deny: deny}
	callback, err := user.Login(ctx, authorizationURL)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, callback.String(), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// result is what a run of the command left behind.
type result struct {
	code           int
	stdout, stderr string
}

func resultOf(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := runCommand(t.Context(), &stdout, &stderr, args...)
	return result{code, stdout.String(), stderr.String()}
}

// storeArguments are the flags for a store of the test's own.
func storeArguments(t *testing.T) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(file, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--store-dir", filepath.Join(t.TempDir(), "tokens"), "--store-key", "passphrase", "--passphrase-file", file}
}

// A provider that registers no clients by itself: the user is told what to do,
// and can.
//
// Covers CL6.
func TestLoginWithoutRegistration(t *testing.T) {
	t.Parallel()
	as := newProvider(t, true)
	server := newGuardedServer(t, as.URL)
	store := storeArguments(t)
	got := resultOf(t, append([]string{"login", server.URL + "/mcp", "--no-browser"}, store...)...)
	if got.code != exitFailure || got.stdout != "" {
		t.Errorf("exit code %d, stdout %q", got.code, got.stdout)
	}
	for _, want := range []string{
		"registers no clients by itself", "http://127.0.0.1/callback", "mcpauth login " + server.URL + "/mcp --client-id ID",
	} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, got.stderr)
		}
	}
}

// A provider that does not advertise PKCE is used only if the user says so, and
// the user is told how. What the user says is held to the rules at once.
//
// Covers CL3.
func TestLoginAtProviderThatDeviates(t *testing.T) {
	t.Parallel()
	server := newGuardedServer(t, newProvider(t, false).URL)
	for name, test := range map[string]struct {
		arguments []string
		code      int
		stderr    string
	}{
		"nothing said":      {nil, exitFailure, "mcpauth login " + server.URL + "/mcp --assume-pkce"},
		"assumed":           {[]string{"--assume-pkce"}, exitFailure, "registers no clients by itself"},
		"another issuer":    {[]string{"--assume-pkce", "--issuer", "https://as.example.com"}, exitFailure, "--assume-pkce"},
		"no parameter":      {[]string{"--auth-param", "audience"}, exitUsage, "a --auth-param is not NAME=VALUE"},
		"twice":             {[]string{"--token-param", "a=1", "--token-param", "a=2"}, exitUsage, "--token-param gives a twice"},
		"of the protocol":   {[]string{"--auth-param", "state=a,b"}, exitUsage, "--auth-param: "},
		"no issuer":         {[]string{"--own-issuer", "as.example.com"}, exitUsage, "--own-issuer: "},
		"an unset variable": {[]string{"--own-issuer", ""}, exitUsage, "--own-issuer is empty: is a variable not set?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arguments := append([]string{"login", server.URL + "/mcp", "--no-browser"}, test.arguments...)
			got := resultOf(t, append(arguments, storeArguments(t)...)...)
			if got.code != test.code || !strings.Contains(got.stderr, test.stderr) {
				t.Errorf("exit code %d, stderr lacks %q:\n%s", got.code, test.stderr, got.stderr)
			}
		})
	}
}

// newProvider is an authorization server with metadata and nothing else.
func newProvider(t *testing.T, pkce bool) *httptest.Server {
	t.Helper()
	as := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document := map[string]any{
			"issuer": "http://" + r.Host, "authorization_endpoint": "http://" + r.Host + "/authorize",
			"token_endpoint": "http://" + r.Host + "/token", "response_types_supported": []string{"code"},
		}
		if pkce {
			document["code_challenge_methods_supported"] = []string{"S256"}
		}
		_ = json.NewEncoder(w).Encode(document)
	}))
	t.Cleanup(as.Close)
	return as
}

// newGuardedServer is an MCP server that lets nobody in.
func newGuardedServer(t *testing.T, issuer string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(guarded(issuer))
	t.Cleanup(server.Close)
	return server
}

// guarded is the handler of an MCP server that lets nobody in.
func guarded(issuer string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := "http://" + r.Host
		if r.URL.Path == "/.well-known/oauth-protected-resource/mcp" {
			_ = json.NewEncoder(w).Encode(map[string]any{"resource": origin + "/mcp", "authorization_servers": []string{issuer}})
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="`+origin+`/.well-known/oauth-protected-resource/mcp"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
}

// A server without any metadata: default endpoints are used if the user says
// so, and the user is told what that means.
//
// Covers CL1, CL3.
func TestLoginLegacyDiscovery(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]struct {
		register bool
		stderr   string
	}{
		"":          {false, "--legacy-discovery endpoints"},
		"metadata":  {false, "--legacy-discovery endpoints"},
		"off":       {false, "RFC 9728"},
		"endpoints": {true, "whether PKCE is checked is unknown"},
	} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			var registered atomic.Bool
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/mcp":
					w.WriteHeader(http.StatusUnauthorized)
				case "/register":
					registered.Store(true)
					w.WriteHeader(http.StatusForbidden)
				default:
					http.NotFound(w, r)
				}
			}))
			t.Cleanup(server.Close)
			arguments := append([]string{"login", server.URL + "/mcp", "--no-browser"}, storeArguments(t)...)
			if flag != "" {
				arguments = append(arguments, "--legacy-discovery", flag)
			}
			got := resultOf(t, arguments...)
			if got.code != exitFailure || registered.Load() != want.register || !strings.Contains(got.stderr, want.stderr) {
				t.Errorf("exit code %d, registration asked for %t, stderr lacks %q:\n%s", got.code, registered.Load(), want.stderr, got.stderr)
			}
		})
	}
}
