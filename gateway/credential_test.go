package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/clientcredentials"
	"github.com/mcp-auth/go/client/tokenexchange"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/gateway/identity"
	"github.com/mcp-auth/go/policy"
)

// anonymousPing is a policy that lets callers without a token in.
func anonymousPing() *policy.Policy {
	return &policy.Policy{Methods: map[string]policy.Requirement{"ping": policy.Public()}}
}

// issuing is a token endpoint that gives every request the same answer.
func issuing(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// exchanged is a credential by token exchange.
func exchanged(t *testing.T, issuer string) gateway.Credential {
	t.Helper()
	e, err := tokenexchange.New(tokenexchange.Config{
		Client: client.Credentials{Issuer: issuer, ClientID: "gateway", ClientSecret: "s3cret"}, TokenEndpoint: issuer, Audience: "notes",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return gateway.BearerToken(func(ctx context.Context) (mcpauth.Secret, error) {
		token, err := e.Token(ctx)
		return mcpauth.Secret(token.AccessToken), err
	})
}

// ofGateway is a credential by client credentials.
func ofGateway(t *testing.T, issuer string) gateway.Credential {
	t.Helper()
	s, err := clientcredentials.New(clientcredentials.Config{
		Client: client.Credentials{Issuer: issuer, ClientID: "gateway", ClientSecret: "s3cret"}, TokenEndpoint: issuer,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return gateway.BearerToken(func(ctx context.Context) (mcpauth.Secret, error) {
		token, err := s.Token(ctx)
		return mcpauth.Secret(token.AccessToken), err
	})
}

// Covers GW6, GW22. What authorization servers answer about credentials for upstreams,
// and what becomes of it: the caller's token is never sent up, a caller is challenged
// only if a new token helps, and nothing that an authorization server says reaches it.
func TestTokenCredentials(t *testing.T) {
	t.Parallel()
	const words = "words of the authorization server"
	refusal := func(code string) string { return `{"error":"` + code + `","error_description":"` + words + `"}` }
	const issued = `{"access_token":"for:notes","token_type":"Bearer","issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}`
	for name, tc := range map[string]struct {
		credential func(*testing.T, string) gateway.Credential
		status     int
		body       string
		want       int
		seen       string // by the upstream
		said       string // to the client
	}{
		"exchanged":                {exchanged, 200, issued, 200, "Authorization: Bearer for:notes\r\n", "result"},
		"exchange refused":         {exchanged, 400, refusal("invalid_grant"), 401, "", `error="invalid_token"`},
		"exchange fails":           {exchanged, 500, "", 503, "", "Retry-After: 5"},
		"exchange not allowed":     {exchanged, 401, refusal("invalid_client"), 502, "", `"code":-32603`},
		"of the gateway":           {ofGateway, 200, issued, 200, "Authorization: Bearer for:notes\r\n", "result"},
		"refused to the gateway":   {ofGateway, 400, refusal("invalid_grant"), 502, "", `"code":-32603`},
		"client unknown":           {ofGateway, 401, refusal("invalid_client"), 502, "", `"id":7`},
		"authorization server out": {ofGateway, 503, "", 503, "", "Retry-After: 5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer, upstream := issuing(t, tc.status, tc.body), newTap(t, okAnswer)
			w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/mcp")}), func(c *gateway.Config) {
				c.Resources[0].Credential = tc.credential(t, issuer)
			})
			answer := raw(t, w.addr(), w.rawRequest("POST", "/mcp", ping))
			if !strings.HasPrefix(answer, fmt.Sprintf("HTTP/1.1 %d ", tc.want)) {
				t.Fatalf("want %d, got\n%s", tc.want, answer)
			}
			requests := strings.Join(upstream.requests(), "")
			if !strings.Contains(requests, tc.seen) || (tc.want != 200) != (requests == "") || strings.Contains(requests, w.token) {
				t.Errorf("the upstream sees\n%s", requests)
			}
			if !strings.Contains(answer, tc.said) || strings.Contains(answer, words) || strings.Contains(answer, issuer) {
				t.Errorf("the client sees\n%s", answer)
			}
			if e := w.event(); (e.Err != nil) != (tc.want >= 500) { // a caller's token is none of the upstream's faults
				t.Errorf("the hook sees %v", e.Err)
			}
		})
	}
}

// A caller without a token is asked for one where the upstream wants one of the user.
func TestAnonymousExchange(t *testing.T) {
	t.Parallel()
	upstream := newTap(t, okAnswer)
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/mcp")}), func(c *gateway.Config) {
		c.Resources[0].Credential = exchanged(t, issuing(t, 200, ""))
		c.Resources[0].Policy = anonymousPing()
	})
	answer := raw(t, w.addr(), w.rawRequest("POST", "/mcp", ping, "-Authorization"))
	if !strings.HasPrefix(answer, "HTTP/1.1 401 ") || !strings.Contains(answer, "resource_metadata=") || len(upstream.requests()) > 0 {
		t.Errorf("%s", answer)
	}
}

// A function that returns the caller's token does not get it sent.
func TestPassedOn(t *testing.T) {
	t.Parallel()
	upstream := newTap(t, okAnswer)
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/mcp")}), func(c *gateway.Config) {
		c.Resources[0].Credential = gateway.BearerToken(func(ctx context.Context) (mcpauth.Secret, error) {
			info, ok := mcpauth.FromContext(ctx)
			if !ok {
				return "", errors.New("no caller")
			}
			return mcpauth.Secret(info.Token.Reveal()), nil
		})
	})
	answer := raw(t, w.addr(), w.rawRequest("POST", "/mcp", ping))
	if !strings.HasPrefix(answer, "HTTP/1.1 502 ") || len(upstream.requests()) > 0 {
		t.Errorf("%s", answer)
	}
}

// Covers GW5. The upstream gets the assertion of the gateway and no other, whatever the
// spelling, and finds the keys for it at the gateway.
func TestIdentity(t *testing.T) {
	t.Parallel()
	keys, err := identity.GenerateKeys()
	if err != nil {
		t.Fatal(err)
	}
	upstream := newTap(t, okAnswer)
	w := newWorld(t, newUpstream(t, gateway.UpstreamConfig{URL: upstream.url("/mcp")}), func(c *gateway.Config) {
		who, err := identity.New(identity.Config{
			Resource: c.Resources[0].Identifier, Audience: upstream.url("/mcp"), Keys: keys, Headers: identity.Headers{Subject: "X-Caller"},
		})
		if err != nil {
			t.Fatal(err)
		}
		key, err := gateway.StaticHeader("X-Api-Key", "s3cret")
		if err != nil {
			t.Fatal(err)
		}
		c.KeySet, c.Resources[0].Credential, c.Resources[0].Policy = keys, gateway.Credentials(who, key), anonymousPing()
	})
	evil := []string{
		"Mcp-Auth-Assertion: evil", "mcp-auth-assertion: evil", "MCP_AUTH_ASSERTION: evil", "Mcp-Auth_Assertion: evil", "X-Mcp-Auth-Assertion: evil",
		"x-caller: evil", "X_Caller: evil",
	}
	for _, lines := range [][]string{evil, append([]string{"-Authorization"}, evil...)} {
		if answer := raw(t, w.addr(), w.rawRequest("POST", "/mcp", ping, lines...)); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
			t.Fatal(answer)
		}
	}
	requests := upstream.requests()
	for i, want := range []int{1, 0} { // without a token there is none
		lower := strings.ToLower(requests[i])
		if strings.Count(lower, "mcp-auth-assertion: ey") != want || strings.Count(lower, "x-caller: ") != want ||
			strings.Contains(lower, "evil") || strings.Contains(lower, "_") && !strings.Contains(lower, "mcp-auth-assertion") || !strings.Contains(lower, "x-api-key: s3cret") {
			t.Errorf("the upstream sees\n%s", requests[i])
		}
	}
	for path, want := range map[string]string{gateway.KeySetPath: "200", gateway.KeySetPath + "/": "404", "/.well-known/mcp-auth/../mcp-auth/jwks.json": "404"} {
		if answer := raw(t, w.addr(), w.rawRequest("GET", path, "", "-Authorization")); !strings.HasPrefix(answer, "HTTP/1.1 "+want) || want == "200" != strings.Contains(answer, `"kty":"EC"`) {
			t.Errorf("%s\n%s", path, answer)
		}
	}
}
