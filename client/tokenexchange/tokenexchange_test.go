package tokenexchange_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/tokenexchange"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/reason"
)

const issued = `{"access_token":"for:notes","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":300,"scope":"notes.read"}`

func configOf(e *authtest.TokenEndpoint) tokenexchange.Config {
	return tokenexchange.Config{
		Client:        client.Credentials{Issuer: e.URL, ClientID: "gateway", ClientSecret: "s3cret"},
		TokenEndpoint: e.URL + "/token",
		Audience:      "https://notes.internal",
		Scopes:        []string{"notes.read"},
	}
}

func newExchanger(t *testing.T, config tokenexchange.Config) *tokenexchange.Exchanger {
	t.Helper()
	e, err := tokenexchange.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// guarded is a server whose handler exchanges the caller's token.
func guarded(t *testing.T, e *tokenexchange.Exchanger, see func(client.Token, error)) authtest.Guarded {
	t.Helper()
	return authtest.Guard(t, nil, func(w http.ResponseWriter, r *http.Request) {
		token, err := e.Token(r.Context())
		see(token, err)
		var challenge *mcpauth.Challenge
		switch {
		case errors.As(err, &challenge):
			mcpauth.WriteChallenge(w, err)
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
}

// The forms of both flows, with the endpoint configured and from metadata.
func TestForm(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*tokenexchange.Config)
		want   url.Values
		secret string // of the caller's token, the name of its parameter
	}{
		"RFC 8693": {
			change: func(*tokenexchange.Config) {},
			want: url.Values{
				"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "audience": {"https://notes.internal"}, "scope": {"notes.read"},
				"subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}, "requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
			},
			secret: "subject_token",
		},
		"by resource, with the endpoint from metadata": {
			change: func(c *tokenexchange.Config) {
				c.TokenEndpoint, c.Audience, c.Resource, c.Scopes = "", "", "https://notes.internal/mcp", nil
				c.Parameters = map[string]string{"tenant": "a"}
			},
			want: url.Values{
				"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "resource": {"https://notes.internal/mcp"}, "tenant": {"a"},
				"subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}, "requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
			},
			secret: "subject_token",
		},
		"on behalf of": {
			change: func(c *tokenexchange.Config) {
				c.Flow, c.Audience, c.Scopes = tokenexchange.OnBehalfOf, "", []string{"api://notes/.default"}
			},
			want: url.Values{
				"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "requested_token_use": {"on_behalf_of"}, "scope": {"api://notes/.default"},
			},
			secret: "assertion",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := authtest.NewTokenEndpoint(t, issued)
			config := configOf(server)
			test.change(&config)
			var got client.Token
			g := guarded(t, newExchanger(t, config), func(token client.Token, err error) {
				if err != nil {
					t.Error(err)
				}
				got = token
			})
			g.Post("{}")
			if got.AccessToken != "for:notes" || !slices.Equal(got.Scopes, []string{"notes.read"}) || got.ExpiresAt.IsZero() {
				t.Errorf("got %v with %q until %s", got, got.Scopes, got.ExpiresAt)
			}
			asked := server.Asked()
			if len(asked) != 1 || asked[0].Form.Get(test.secret) != g.Token {
				t.Fatalf("%d exchanges, the caller's token is not %s", len(asked), test.secret)
			}
			delete(asked[0].Form, test.secret)
			if got, want := asked[0].Form.Encode(), test.want.Encode(); got != want {
				t.Errorf("sent %s\nwant %s", got, want)
			}
			if !strings.HasPrefix(asked[0].Authorization, "Basic ") {
				t.Error("the client does not authenticate")
			}
		})
	}
}

// Covers RS14. What the authorization server answers, and what becomes of it: a
// caller whose token is to blame is told so, an outage is none of the token's faults,
// and nothing that the server says reaches the caller.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const words = "words of the authorization server"
	refusal := func(code string) string { return fmt.Sprintf(`{"error":%q,"error_description":%q}`, code, words) }
	for name, test := range map[string]struct {
		status int
		body   string
		kind   tokenexchange.Kind
		want   int
	}{
		"revoked":              {400, refusal("invalid_grant"), tokenexchange.Refused, 401},
		"not valid":            {400, refusal("invalid_token"), tokenexchange.Refused, 401},
		"the user is needed":   {400, refusal("interaction_required"), tokenexchange.Refused, 401},
		"client unknown":       {401, refusal("invalid_client"), tokenexchange.Misconfigured, 502},
		"client not allowed":   {400, refusal("unauthorized_client"), tokenexchange.Misconfigured, 502},
		"audience unknown":     {400, refusal("invalid_target"), tokenexchange.Misconfigured, 502},
		"scope not allowed":    {400, refusal("invalid_scope"), tokenexchange.Misconfigured, 502},
		"no such grant":        {400, refusal("unsupported_grant_type"), tokenexchange.Misconfigured, 502},
		"no such endpoint":     {404, "<h1>Not found</h1>", tokenexchange.Misconfigured, 502},
		"not JSON":             {200, "<h1>Hello</h1>", tokenexchange.Misconfigured, 502},
		"no token":             {200, `{"token_type":"Bearer"}`, tokenexchange.Misconfigured, 502},
		"a token with a proof": {200, `{"access_token":"a","token_type":"DPoP"}`, tokenexchange.Misconfigured, 502},
		"error in a 200":       {200, refusal("invalid_grant"), tokenexchange.Refused, 401},
		"fails":                {500, "oops", tokenexchange.Unavailable, 503},
		"overloaded":           {429, "", tokenexchange.Unavailable, 503},
		"says so":              {400, refusal("temporarily_unavailable"), tokenexchange.Unavailable, 503},
		"redirects":            {302, "", tokenexchange.Unavailable, 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := authtest.NewTokenEndpoint(t, issued)
			server.Answer(test.status, test.body)
			var got error
			g := guarded(t, newExchanger(t, configOf(server)), func(_ client.Token, err error) { got = err })
			answer := g.Post("{}")
			var e *tokenexchange.Error
			if !errors.As(got, &e) || e.Kind != test.kind {
				t.Fatalf("got %v, want %s", got, test.kind)
			}
			if answer.Code != test.want {
				t.Errorf("the caller gets %d, want %d", answer.Code, test.want)
			}
			if text := fmt.Sprint(answer.Body, answer.Header(), got); strings.Contains(text, words) || strings.Contains(text, server.URL) {
				t.Errorf("the caller sees %s", text)
			}
			challenge := answer.Header().Get("WWW-Authenticate")
			if (test.want == 401) != strings.Contains(challenge, `error="invalid_token"`) {
				t.Errorf("the challenge is %q", challenge)
			}
			if (test.want == 503) != (answer.Header().Get("Retry-After") != "") {
				t.Errorf("Retry-After is %q", answer.Header().Get("Retry-After"))
			}
			var refused *clienterr.TokenError
			if strings.Contains(test.body, words) && (!errors.As(got, &refused) || refused.Description != words) {
				t.Errorf("the cause is not found in %v", got)
			}
		})
	}
}

// An outage ends with a second try in the same call.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	server := authtest.NewTokenEndpoint(t, issued)
	config := configOf(server)
	server.Close()
	g := guarded(t, newExchanger(t, config), func(_ client.Token, err error) {
		var e *tokenexchange.Error
		if !errors.As(err, &e) || e.Kind != tokenexchange.Unavailable {
			t.Errorf("got %v", err)
		}
	})
	if answer := g.Post("{}"); answer.Code != http.StatusServiceUnavailable {
		t.Errorf("the caller gets %d", answer.Code)
	}
}

// A token is asked for once at a time, and kept until shortly before it expires.
func TestKept(t *testing.T) {
	t.Parallel()
	server := authtest.NewTokenEndpoint(t, issued)
	clock := authtest.NewClock()
	config := configOf(server)
	config.Now = clock.Now
	release := server.Hold()
	g := guarded(t, newExchanger(t, config), func(_ client.Token, err error) {
		if err != nil {
			t.Error(err)
		}
	})
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() { g.Post("{}") })
	}
	release()
	callers.Wait()
	for _, step := range []struct {
		wait time.Duration
		want int
	}{{0, 1}, {269 * time.Second, 1}, {2 * time.Second, 2}} {
		clock.Advance(step.wait)
		g.Post("{}")
		if got := len(server.Asked()); got != step.want {
			t.Errorf("after %s more: %d exchanges, want %d", step.wait, got, step.want)
		}
	}
}

// A negative CacheTTL keeps nothing.
func TestNotKept(t *testing.T) {
	t.Parallel()
	server := authtest.NewTokenEndpoint(t, issued)
	config := configOf(server)
	config.CacheTTL = -1
	g := guarded(t, newExchanger(t, config), func(client.Token, error) {})
	for range 3 {
		g.Post("{}")
	}
	if got := len(server.Asked()); got != 3 {
		t.Errorf("%d exchanges, want 3", got)
	}
}

// A caller without a token is asked for one, and nothing is exchanged.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	server := authtest.NewTokenEndpoint(t, issued)
	_, err := newExchanger(t, configOf(server)).Token(mcpauth.NewAnonymousContext(t.Context()))
	var challenge *mcpauth.Challenge
	if !errors.As(err, &challenge) || challenge.Reason != reason.NoCredentials || len(server.Asked()) > 0 {
		t.Errorf("got %v", err)
	}
}

// No way of printing shows a secret.
func TestPrinting(t *testing.T) {
	t.Parallel()
	config := configOf(authtest.NewTokenEndpoint(t, issued))
	e := newExchanger(t, config)
	encoded, err := json.Marshal(config.Client)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", e, e, e), fmt.Sprintf("%v %+v", config.Client, config.LogValue()), string(encoded)} {
		if strings.Contains(text, "s3cret") {
			t.Errorf("shows the secret: %s", text)
		}
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*tokenexchange.Config)
		field  string
		fault  configerr.Fault
	}{
		"no issuer":              {func(c *tokenexchange.Config) { c.Client.Issuer = "" }, "Client.Issuer", configerr.InvalidIssuer},
		"no client":              {func(c *tokenexchange.Config) { c.Client.ClientID = "" }, "Client.ClientID", configerr.InvalidClientID},
		"plain http":             {func(c *tokenexchange.Config) { c.TokenEndpoint = "http://auth.example.com/token" }, "TokenEndpoint", configerr.InsecureURL},
		"no audience":            {func(c *tokenexchange.Config) { c.Audience = "" }, "Audience", configerr.MissingValue},
		"unknown flow":           {func(c *tokenexchange.Config) { c.Flow = "magic" }, "Flow", configerr.UnsupportedGrantType},
		"on behalf of by name":   {func(c *tokenexchange.Config) { c.Flow = tokenexchange.OnBehalfOf }, "Audience or Resource and Flow", configerr.ConflictingSources},
		"on behalf of nothing":   {func(c *tokenexchange.Config) { c.Flow, c.Audience, c.Scopes = tokenexchange.OnBehalfOf, "", nil }, "Scopes", configerr.MissingValue},
		"scope with a space":     {func(c *tokenexchange.Config) { c.Scopes = []string{"a b"} }, "Scopes[0]", configerr.InvalidScope},
		"reserved parameter":     {func(c *tokenexchange.Config) { c.Parameters = map[string]string{"scope": "all"} }, `Parameters["scope"]`, configerr.ReservedParameter},
		"kept for a day":         {func(c *tokenexchange.Config) { c.CacheTTL = 24 * time.Hour }, "CacheTTL", configerr.InvalidCacheTTL},
		"waits for ever":         {func(c *tokenexchange.Config) { c.Timeout = time.Hour }, "Timeout", configerr.InvalidTimeout},
		"method without its key": {func(c *tokenexchange.Config) { c.Client.AuthMethod = "private_key_jwt" }, "Client.AuthMethod", configerr.InvalidAuthMethod},
	} {
		config := tokenexchange.Config{
			Client:   client.Credentials{Issuer: "https://auth.example.com", ClientID: "gateway", ClientSecret: "s3cret"},
			Audience: "https://notes.internal", Scopes: []string{"notes.read"},
		}
		test.change(&config)
		_, err := tokenexchange.New(config)
		all := configerr.All(err)
		if len(all) != 1 || all[0].Field != test.field || all[0].Fault != test.fault {
			t.Errorf("%s: got %v, want %s: %s", name, err, test.field, test.fault)
		}
	}
}
