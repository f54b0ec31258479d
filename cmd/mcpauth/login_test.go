package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/filestore"
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

func runCommand(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), append([]string{"mcpauth"}, args...), streams{&stdout, &stderr})
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

// The user whose browser is elsewhere pastes where it was sent to.
//
// Covers CL5, CL10.
func TestAskForCallback(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"http://127.0.0.1/callback?code=a\n":     "http://127.0.0.1/callback?code=a",
		"  http://127.0.0.1/callback?code=a\r\n": "http://127.0.0.1/callback?code=a",
		"http://127.0.0.1/callback?code=a":       "http://127.0.0.1/callback?code=a",
	} {
		var out strings.Builder
		got, err := askForCallback(strings.NewReader(input), &out)(t.Context(), "https://as.example.com/authorize?x=1")
		if err != nil || got != want {
			t.Errorf("%q gave %q, %v", input, got, err)
		}
		if !strings.Contains(out.String(), "https://as.example.com/authorize?x=1") {
			t.Errorf("the user was shown %q", out.String())
		}
	}
	if _, err := askForCallback(strings.NewReader(""), io.Discard)(t.Context(), ""); err == nil {
		t.Error("no error for no input")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	reader, writer := io.Pipe()
	defer writer.Close()
	if _, err := askForCallback(reader, io.Discard)(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want a timeout", err)
	}
}

// A provider that registers no clients by itself: the user is told what to do,
// and can.
//
// Covers CL6.
func TestLoginWithoutRegistration(t *testing.T) {
	t.Parallel()
	as := newProvider(t)
	server := newGuardedServer(t, as.URL)
	store := storeArguments(t)
	got := runCommand(t, append([]string{"login", server.URL + "/mcp", "--no-browser"}, store...)...)
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

// newProvider is an authorization server with metadata and nothing else.
func newProvider(t *testing.T) *httptest.Server {
	t.Helper()
	as := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": "http://" + r.Host, "authorization_endpoint": "http://" + r.Host + "/authorize",
			"token_endpoint": "http://" + r.Host + "/token", "response_types_supported": []string{"code"},
			"code_challenge_methods_supported": []string{"S256"},
		})
	}))
	t.Cleanup(as.Close)
	return as
}

// newGuardedServer is an MCP server that lets nobody in.
func newGuardedServer(t *testing.T, issuer string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := "http://" + r.Host
		if r.URL.Path == "/.well-known/oauth-protected-resource/mcp" {
			_ = json.NewEncoder(w).Encode(map[string]any{"resource": origin + "/mcp", "authorization_servers": []string{issuer}})
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="`+origin+`/.well-known/oauth-protected-resource/mcp"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	return server
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
			got := runCommand(t, arguments...)
			if got.code != exitFailure || registered.Load() != want.register || !strings.Contains(got.stderr, want.stderr) {
				t.Errorf("exit code %d, registration asked for %t, stderr lacks %q:\n%s", got.code, registered.Load(), want.stderr, got.stderr)
			}
		})
	}
}

// Each failure says what can be done about it, and shows no more than the user
// may see.
func TestExplain(t *testing.T) {
	t.Parallel()
	const server = "https://mcp.example.com/mcp"
	for want, err := range map[string]error{
		"Run: mcpauth login " + server: &clienterr.LoginRequiredError{ServerURL: server},
		"--client-id ID":               &clienterr.RegistrationError{Issuer: "https://as", Kind: clienterr.RegistrationNeeded},
		"If you trust the change":      &clienterr.RegistrationError{Kind: clienterr.OtherIssuer, Err: errors.New("x")},
		"register a client by hand":    &clienterr.RegistrationError{Kind: clienterr.RegistrationRefused, Err: errors.New("x")},
		"RFC 9728":                     &clienterr.ResourceError{Kind: clienterr.ResourceNotFound, Err: errors.New("x")},
		"Nothing was sent":             &clienterr.ResourceError{Kind: clienterr.ResourceMismatch, Err: errors.New("x")},
		passphraseVariable:             &filestore.KeyError{Err: errors.New("x")},
		"only its operator":            &clienterr.UnsuitableError{Issuer: "https://as", Reason: "x"},
		"as it is":                     errors.New("as it is"),
	} {
		if got := explain(err, server); !strings.Contains(got.Error(), want) {
			t.Errorf("%v does not say %q", got, want)
		}
	}
	if explain(nil, server) != nil {
		t.Error("nothing was explained")
	}
}

// What a server sends cannot steer the terminal.
func TestOnTerminal(t *testing.T) {
	t.Parallel()
	got := onTerminal("a\x1b[31mb\x07\r\x7f\u009bc\nd\te")
	if want := "a\uFFFD[31mb\uFFFD\uFFFD\uFFFD\uFFFDc\nd\te"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestToolArguments(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"": true, "{}": true, `{"a": [1]}`: true, "-": true,
		"null": false, "[]": false, "a": false, `{"a":}`: false, `{}{}`: false,
	} {
		_, err := toolArguments(text, strings.NewReader(`{"from": "stdin"}`))
		if (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := toolArguments("-", strings.NewReader("nothing")); err == nil {
		t.Error("no error for standard input that is no JSON")
	}
}

func TestReadSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for content, want := range map[string]string{"secret\n": "secret", "secret\r\n": "secret", " a b ": " a b ", "": "", "\n": "", strings.Repeat("x", maxSecretFile+1): ""} {
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readSecret(path)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%.20q: %q, %v", content, got, err)
		}
	}
	if _, err := readSecret(filepath.Join(dir, "nosuch")); err == nil {
		t.Error("no error for a missing file")
	}
}
