package mcpauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/policy"
)

const callNote = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"note"}}`

// noted protects a handler that demands "delete", and tells what became of it.
func noted(t *testing.T, r mcpauth.Resource, token string) *httptest.ResponseRecorder {
	t.Helper()
	auth := newAuth(t, mcpauth.Config{Resources: []mcpauth.Resource{r}})
	handler := auth.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := mcpauth.Require(r.Context(), "delete")
		if err != nil && !mcpauth.SetChallenge(r.Context(), err) {
			t.Error("the response has not begun, and cannot be denied")
		}
		_, _ = w.Write([]byte("done"))
	}), mcpauth.Scopes("use"))
	req := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(callNote))
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, req)
	return w
}

// Covers RS4, RS12. A challenge from a handler names what the operation needs, too:
// clients that replace their scopes by it would lose the rest.
func TestRequireNamesAllScopes(t *testing.T) {
	t.Parallel()
	as := newServer(t, mcpauthtest.Config{})
	r := trusting(as.Issuer()).Resources[0]
	r.Policy = &policy.Policy{Tools: map[string]policy.Requirement{"note": policy.Scopes("read")}}
	token, err := as.Token(mcpauthtest.TokenClaims{Audience: []string{resourceID}, Scopes: []string{"read", "use"}})
	if err != nil {
		t.Fatal(err)
	}
	w := noted(t, r, token)
	challenge := w.Header().Get("WWW-Authenticate")
	if w.Code != http.StatusForbidden || !strings.Contains(challenge, `error="insufficient_scope", scope="use read delete", resource_metadata="`) {
		t.Errorf("%d %s", w.Code, challenge)
	}
	if strings.Contains(w.Body.String(), "done") {
		t.Error("the handler's answer is sent besides")
	}
}

// A caller without a token is asked for one by a public tool that needs it
// after all.
func TestRequireOfAnonymous(t *testing.T) {
	t.Parallel()
	r := oneResource().Resources[0]
	r.Policy = &policy.Policy{Tools: map[string]policy.Requirement{"note": policy.Public()}}
	w := noted(t, r, "")
	challenge := w.Header().Get("WWW-Authenticate")
	if w.Code != http.StatusUnauthorized || !strings.Contains(challenge, `scope="use delete", resource_metadata="`) {
		t.Errorf("%d %s", w.Code, challenge)
	}
}

// Tests of tools, and doors of one's own, make the AuthInfo by hand.
func TestRequireWithoutDoor(t *testing.T) {
	t.Parallel()
	reader := mcpauth.NewContext(t.Context(), &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read"}})
	for name, test := range map[string]struct {
		ctx    context.Context
		scopes []string
		want   int
	}{
		"has it":   {reader, []string{"read"}, http.StatusOK},
		"lacks it": {reader, []string{"read", "write"}, http.StatusForbidden},
		"nobody":   {t.Context(), []string{"read"}, http.StatusUnauthorized},
	} {
		err := mcpauth.Require(test.ctx, test.scopes...)
		got := http.StatusOK
		var c *mcpauth.Challenge
		if errors.As(err, &c) {
			got = c.Status
			if !slices.Equal(c.Scopes, test.scopes) {
				t.Errorf("%s: scopes %q", name, c.Scopes)
			}
		}
		if got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
		if err != nil && mcpauth.SetChallenge(test.ctx, err) {
			t.Errorf("%s: there is no response to deny", name)
		}
	}
}

// A session of an MCP SDK keeps the context of the request that opened it.
func TestAnonymousEndsWithAToken(t *testing.T) {
	t.Parallel()
	r := oneResource().Resources[0]
	r.Policy = &policy.Policy{Tools: map[string]policy.Requirement{"note": policy.Public()}}
	auth := newAuth(t, mcpauth.Config{Resources: []mcpauth.Resource{r}})
	reached := false
	handler := auth.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached = true
		if !mcpauth.Anonymous(r.Context()) {
			t.Error("not anonymous without a token")
		}
		if mcpauth.Anonymous(mcpauth.NewContext(r.Context(), &mcpauth.AuthInfo{Subject: "alice"})) {
			t.Error("anonymous, although the caller is known")
		}
	}))
	req := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(callNote))
	req.Header.Set("Content-Type", "application/json")
	handler.ServeHTTP(httptest.NewRecorder(), req)
	if !reached {
		t.Error("the public tool was not reached")
	}
}

// Covers RS12, RS18. The error stands with the scheme that the request used.
func TestRequireKeepsTheScheme(t *testing.T) {
	t.Parallel()
	as := newServer(t, mcpauthtest.Config{})
	config := trusting(as.Issuer())
	config.Resources[0].DPoP = &mcpauth.DPoP{}
	auth := newAuth(t, config)
	key, err := mcpauthtest.NewDPoPKey()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/mcp", nil)
	if err := key.Authorize(r.Header, r.Method, resourceID, mint(t, as, mcpauthtest.BoundTo(key)), ""); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	auth.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := mcpauth.Require(r.Context(), "delete"); !mcpauth.SetChallenge(r.Context(), err) {
			t.Errorf("%v", err)
		}
	})).ServeHTTP(w, r)
	challenges := w.Header().Values("WWW-Authenticate")
	if len(challenges) != 2 || strings.Contains(challenges[0], "error=") || !strings.Contains(challenges[1], `error="insufficient_scope"`) {
		t.Errorf("%d %q", w.Code, challenges)
	}
}

// Covers RS12. What a handler does to its challenge changes neither the policy
// nor the door.
func TestRequireGivesNothingAway(t *testing.T) {
	t.Parallel()
	r := oneResource().Resources[0]
	r.Policy = &policy.Policy{Tools: map[string]policy.Requirement{"note": policy.Public()}}
	auth := newAuth(t, mcpauth.Config{Resources: []mcpauth.Resource{r}})
	handler := auth.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c *mcpauth.Challenge
		if err := mcpauth.Require(r.Context(), "use"); !errors.As(err, &c) || !slices.Equal(c.Scopes, []string{"use"}) {
			t.Fatalf("%+v", err)
		}
		c.Scopes[0] = "changed"
	}), mcpauth.Scopes("use"))
	for range 2 {
		req := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(callNote))
		req.Header.Set("Content-Type", "application/json")
		handler.ServeHTTP(httptest.NewRecorder(), req)
	}
}

// RequireAuthInfo returns nil only with a challenge.
//
// Covers RS12.
func TestRequireAuthInfo(t *testing.T) {
	t.Parallel()
	alice := mcpauth.NewContext(context.Background(), &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read"}})
	for name, test := range map[string]struct {
		ctx    context.Context
		scopes []string
		status int
	}{
		"nobody":          {context.Background(), nil, http.StatusUnauthorized},
		"anonymous":       {mcpauth.NewAnonymousContext(alice), nil, http.StatusUnauthorized},
		"caller":          {alice, nil, 0},
		"caller may":      {alice, []string{"read"}, 0},
		"caller must ask": {alice, []string{"read", "delete"}, http.StatusForbidden},
	} {
		info, err := mcpauth.RequireAuthInfo(test.ctx, test.scopes...)
		var refused *mcpauth.Challenge
		switch {
		case test.status == 0 && (err != nil || info == nil || info.Subject != "alice"):
			t.Errorf("%s: %+v, %v", name, info, err)
		case test.status != 0 && (!errors.As(err, &refused) || refused.Status != test.status || info != nil):
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
}
