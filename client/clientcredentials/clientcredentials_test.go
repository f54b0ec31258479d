package clientcredentials_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/clientcredentials"
	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authtest"
)

const issued = `{"access_token":"of:gateway","token_type":"Bearer","expires_in":300}`

func configOf(e *authtest.TokenEndpoint) clientcredentials.Config {
	return clientcredentials.Config{
		Client:        client.Credentials{Issuer: e.URL, ClientID: "gateway", ClientSecret: "s3cret"},
		TokenEndpoint: e.URL + "/token", Resource: "https://notes.internal/mcp", Scopes: []string{"notes.read"},
	}
}

func newSource(t *testing.T, config clientcredentials.Config) *clientcredentials.Source {
	t.Helper()
	s, err := clientcredentials.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// A token is asked for once at a time, and kept until shortly before it expires.
func TestKept(t *testing.T) {
	t.Parallel()
	server, clock := authtest.NewTokenEndpoint(t, issued), authtest.NewClock()
	release := server.Hold()
	config := configOf(server)
	config.Now = clock.Now
	source := newSource(t, config)
	get := func() {
		if token, err := source.Token(t.Context()); err != nil || token.AccessToken != "of:gateway" {
			t.Errorf("got %v, %v", token, err)
		}
	}
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(get)
	}
	release()
	callers.Wait()
	for _, step := range []struct {
		wait time.Duration
		want int
	}{{0, 1}, {269 * time.Second, 1}, {2 * time.Second, 2}} {
		clock.Advance(step.wait)
		get()
		if got := len(server.Asked()); got != step.want {
			t.Errorf("after %s more: %d requests, want %d", step.wait, got, step.want)
		}
	}
	want := "grant_type=client_credentials&resource=https%3A%2F%2Fnotes.internal%2Fmcp&scope=notes.read"
	if got := server.Asked()[0].Form.Encode(); got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

// What the authorization server answers, and what becomes of it. No answer blames the
// caller of this server, whose token was not shown.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		kind   clientcredentials.Kind
	}{
		"client unknown": {401, `{"error":"invalid_client","error_description":"words"}`, clientcredentials.Misconfigured},
		"invalid grant":  {400, `{"error":"invalid_grant","error_description":"words"}`, clientcredentials.Misconfigured},
		"no token":       {200, `{"token_type":"Bearer"}`, clientcredentials.Misconfigured},
		"bound token":    {200, `{"access_token":"a","token_type":"DPoP"}`, clientcredentials.Misconfigured},
		"fails":          {500, "oops", clientcredentials.Unavailable},
		"overloaded":     {429, "", clientcredentials.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := authtest.NewTokenEndpoint(t, issued)
			server.Answer(test.status, test.body)
			source := newSource(t, configOf(server))
			var e *clientcredentials.Error
			for range 2 {
				if _, err := source.Token(t.Context()); !errors.As(err, &e) || e.Kind != test.kind {
					t.Fatalf("got %v", err)
				}
			}
			var challenge *mcpauth.Challenge
			if got := errors.As(error(e), &challenge); got != (test.kind == clientcredentials.Unavailable) || got && challenge.Status != http.StatusServiceUnavailable {
				t.Errorf("the challenge is %v", challenge)
			}
			var refused *clienterr.TokenError
			if strings.Contains(test.body, "words") && (!errors.As(error(e), &refused) || refused.Description != "words" || strings.Contains(e.Error(), "words")) {
				t.Errorf("the cause is %v", refused)
			}
			if got := len(server.Asked()); test.kind == clientcredentials.Misconfigured && got != 1 {
				t.Errorf("a refusal is asked for %d times", got)
			}
		})
	}
}

func TestPrinting(t *testing.T) {
	t.Parallel()
	config := configOf(authtest.NewTokenEndpoint(t, issued))
	source := newSource(t, config)
	if text := fmt.Sprintf("%v %+v %#v %v", source, source, source, config.LogValue()); strings.Contains(text, "s3cret") {
		t.Errorf("shows the secret: %s", text)
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*clientcredentials.Config)
		field  string
		fault  configerr.Fault
	}{
		"no issuer":          {func(c *clientcredentials.Config) { c.Client.Issuer = "" }, "Client.Issuer", configerr.InvalidIssuer},
		"no secret":          {func(c *clientcredentials.Config) { c.Client.ClientSecret = "" }, "Client.ClientSecret", configerr.MissingValue},
		"plain http":         {func(c *clientcredentials.Config) { c.TokenEndpoint = "http://auth.example.com/token" }, "TokenEndpoint", configerr.InsecureURL},
		"reserved parameter": {func(c *clientcredentials.Config) { c.Parameters = map[string]string{"scope": "all"} }, `Parameters["scope"]`, configerr.ReservedParameter},
		"waits for ever":     {func(c *clientcredentials.Config) { c.Timeout = time.Hour }, "Timeout", configerr.InvalidTimeout},
	} {
		config := clientcredentials.Config{Client: client.Credentials{Issuer: "https://auth.example.com", ClientID: "gateway", ClientSecret: "s3cret"}}
		test.change(&config)
		_, err := clientcredentials.New(config)
		all := configerr.All(err)
		if len(all) != 1 || all[0].Field != test.field || all[0].Fault != test.fault {
			t.Errorf("%s: got %v, want %s: %s", name, err, test.field, test.fault)
		}
	}
}
