package dev

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/internal/yamlfile"
	"github.com/mcp-auth/go/mcpauthtest"
)

// startDev runs the command until the test ends, and returns what it announces
// and what it writes to stderr, which may be read after stop.
func startDev(t *testing.T, args ...string) (facts facts, stderr *bytes.Buffer, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stderr = &bytes.Buffer{}
	output, input := io.Pipe()
	exited := make(chan int, 1)
	go func() {
		all := append([]string{"dev", "--json", "--listen", "127.0.0.1:0"}, args...)
		s := command.Streams{Out: input, Err: stderr}
		exited <- command.Run(ctx, NewCommand(s), all, s)
		_ = input.Close()
	}()
	stop = func() {
		cancel()
		if code, ok := <-exited; ok && code != 0 {
			t.Errorf("exit code %d: %s", code, stderr)
		}
		close(exited)
	}
	t.Cleanup(func() { cancel() })
	if err := json.NewDecoder(output).Decode(&facts); err != nil {
		stop()
		t.Fatalf("%v: %s", err, stderr)
	}
	return facts, stderr, stop
}

func authorizationURL(facts facts, clientID, redirect string) string {
	return facts.AuthorizationEndpoint + "?" + url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirect}, "state": {"s"},
		"code_challenge":        {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, // RFC 7636, appendix B
		"code_challenge_method": {"S256"},
	}.Encode()
}

// Covers AS1, AS3.
func TestDevFlow(t *testing.T) {
	t.Parallel()
	const resource, redirect = "http://127.0.0.1:3001/mcp", "http://127.0.0.1:5123/cb"
	facts, stderr, stop := startDev(t, "--client", "app=http://127.0.0.1/cb", "--client", "app=https://app.example/cb",
		"--scope", "read:notes", "--resource", resource, "--user", "carol:se:c,ret")
	if len(facts.Users) != 1 || facts.Users[0].Password != "" || facts.StatusURL == "" {
		t.Errorf("%+v", facts)
	}
	agent := &mcpauthtest.UserAgent{Username: "carol", Password: "se:c,ret"}
	callback, err := agent.Login(t.Context(), authorizationURL(facts, "app", redirect))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.PostForm(facts.TokenEndpoint, url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"app"}, "code": {callback.Query().Get("code")},
		"code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var tokens struct {
		AccessToken string `json:"access_token"`
		Scope       string `json:"scope"`
	}
	if err := json.NewDecoder(response.Body).Decode(&tokens); err != nil || tokens.AccessToken == "" || tokens.Scope != "read:notes" {
		t.Errorf("status %d, scope %q, %v", response.StatusCode, tokens.Scope, err)
	}
	stop()
	for _, secret := range []string{"se:c,ret", tokens.AccessToken, callback.Query().Get("code")} {
		if strings.Contains(stderr.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
	if !strings.Contains(stderr.String(), "granted") {
		t.Errorf("the log is %s", stderr)
	}
}

func TestDevDefaults(t *testing.T) {
	t.Parallel()
	facts, _, stop := startDev(t)
	defer stop()
	if len(facts.Users) != 2 || facts.Users[0].Password != "alice" {
		t.Errorf("users %+v", facts.Users)
	}
	var announced bytes.Buffer
	if err := command.Announce(&announced, text, facts, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"for development", facts.Issuer, facts.StatusURL, "alice, password alice", `{{Issuer: "` + facts.Issuer + `"}}`} {
		if !strings.Contains(announced.String(), want) {
			t.Errorf("%q is missing: %s", want, &announced)
		}
	}
}

func TestDevWarns(t *testing.T) {
	t.Parallel()
	_, stderr, stop := startDev(t, "--allow-remote", "--listen", "0.0.0.0:0", "--issuer", "http://localhost:9400")
	stop()
	for _, want := range []string{"not loopback", "publicly known"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("no warning of %q: %s", want, stderr)
		}
	}
	_, stderr, stop = startDev(t, "--auto-approve")
	stop()
	if !strings.Contains(stderr.String(), "approved without asking") {
		t.Errorf("no warning: %s", stderr)
	}
}

// Covers AS10.
func TestDevRotatesKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, err := mcpauthtest.New(mcpauthtest.Config{Issuer: "https://as.example"})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		before, err := server.JWKS()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Minute)
		defer cancel()
		if err := serve(ctx, server, time.Hour); err != nil {
			t.Fatal(err)
		}
		if after, err := server.JWKS(); err != nil || bytes.Equal(before, after) {
			t.Errorf("the keys are the same, %v", err)
		}
	})
}

func TestYAMLPath(t *testing.T) {
	t.Parallel()
	names := yamlfile.NamesOf(&file{})
	for field, want := range map[string]string{
		"Issuer":                                "issuer",
		"AccessTokenTTL":                        "access_token_ttl",
		"Users[1].Password":                     "users[1].password",
		"Clients[0].RedirectURIs[2]":            "clients[0].redirect_uris[2]",
		"Clients[0].JWKSURI":                    "clients[0].jwks_uri",
		"Scopes[0]":                             "scopes[0]",
		"TrustedIssuers[1].Workloads[0].Scopes": "trusted_issuers[1].workloads[0].scopes",
		"TrustedIssuers[1]":                     "trusted_issuers[1]",
		"Path":                                  "Path",
	} {
		if got := names.Path(field); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
}

// TestDocumentedConfiguration holds the file in docs/development-server.md to
// the server.
func TestDocumentedConfiguration(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "development-server.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(document), "```yaml\n")
	text, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the document has no YAML")
	}
	name := filepath.Join(t.TempDir(), "dev.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := readFile(name)
	if err != nil {
		t.Fatal(err)
	}
	config := file.config()
	config.Issuer = "http://127.0.0.1:9400"
	server, err := mcpauthtest.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	if len(config.Clients) != 2 || file.AccessTokenTTL != 15*time.Minute || len(config.TrustedIssuers[1].Workloads) != 1 {
		t.Errorf("%+v", file)
	}
}
