package mcpauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

func authorized(t *testing.T, claims mcpauthtest.TokenClaims) (*mcpauth.AuthInfo, string) {
	t.Helper()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	claims.Audience = []string{authtest.ResourceID}
	token, err := server.Token(claims)
	if err != nil {
		t.Fatal(err)
	}
	info, err := authtest.NewAuth(t, authtest.Trusting(server.Issuer())).Authorize(context.Background(), authtest.Bearer(token))
	if err != nil {
		t.Fatal(err)
	}
	return info, token
}

// The token and parts of it never appear, however it is printed.
func TestTokenPrintsRedacted(t *testing.T) {
	t.Parallel()
	info, token := authorized(t, mcpauthtest.TokenClaims{})
	if info.Token.Reveal() != token {
		t.Error("Reveal is not the token")
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", info.Token, "info", info)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", info.Token, "info", *info)
	encoded, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	hidden := struct{ info mcpauth.AuthInfo }{*info}
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&printed, verb+verb+verb+verb, info.Token, info, *info, hidden)
	}
	// fmt asks Format; code may ask the others.
	all := printed.String() + log.String() + string(encoded) + info.Token.String() + info.Token.GoString()
	for part := range strings.SplitSeq(token, ".") {
		if strings.Contains(all, part[:12]) || strings.Contains(all, fmt.Sprintf("%x", part[:12])) {
			t.Error("a part of the token was printed")
		}
	}
	if !strings.Contains(all, "[redacted]") {
		t.Error("nothing says that the token was left out")
	}
	if (mcpauth.Token{}).Reveal() != "" {
		t.Error("the zero Token reveals something")
	}
}

// A context prints no token either, derived or not.
func TestContextPrintsNoToken(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	token := authtest.Mint(t, server)
	var printed bytes.Buffer
	handler := authtest.NewAuth(t, authtest.Trusting(server.Issuer())).Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		derived, cancel := context.WithCancel(r.Context())
		defer cancel()
		for _, ctx := range []context.Context{r.Context(), derived} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
				fmt.Fprintf(&printed, verb, ctx)
			}
			slog.New(slog.NewTextHandler(&printed, nil)).Info("x", "ctx", ctx)
			slog.New(slog.NewJSONHandler(&printed, nil)).Info("x", "ctx", ctx)
		}
	}))
	authtest.Get(t, handler, "/mcp", "Authorization", "Bearer "+token)
	if printed.Len() == 0 || strings.Contains(printed.String(), token[len(token)-20:]) {
		t.Errorf("the token was printed, or nothing: %d bytes", printed.Len())
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	info, _ := authorized(t, mcpauthtest.TokenClaims{Subject: "alice", Extra: map[string]any{"org": "acme"}})
	var claims struct{ Sub, Org string }
	if err := info.Claims(&claims); err != nil || claims.Sub != "alice" || claims.Org != "acme" {
		t.Errorf("got %+v, %v", claims, err)
	}
	if err := new(mcpauth.AuthInfo).Claims(&claims); !errors.Is(err, mcpauth.ErrNoClaims) {
		t.Errorf("without raw claims: %v", err)
	}
}

// Covers RS23. Whoever is somebody else has another UserID.
func TestUserID(t *testing.T) {
	t.Parallel()
	infos := []mcpauth.AuthInfo{
		{Issuer: "https://a", Subject: "x"}, {Issuer: "https://b", Subject: "x"}, {Issuer: "https://a", Subject: "y"},
		{Issuer: "https://a", ClientID: "x"}, {Issuer: "https://a", ClientID: "y"},
		{Issuer: "b", Subject: `x"@"a`}, {Issuer: `a"@"b`, Subject: "x"}, {Issuer: "https://a"},
	}
	if id := (*mcpauth.AuthInfo)(nil).UserID(); id != "" {
		t.Errorf("nobody is %q", id)
	}
	var ids []string
	for _, info := range infos {
		id := info.UserID()
		if slices.Contains(ids, id) {
			t.Errorf("%s stands for two callers", id)
		}
		ids = append(ids, id)
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	if _, ok := mcpauth.FromContext(context.Background()); ok {
		t.Error("an AuthInfo in an empty context")
	}
	ctx := mcpauth.NewContext(context.Background(), &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read"}})
	info, ok := mcpauth.FromContext(ctx)
	if !ok || info.Subject != "alice" || !info.HasScope("read") || info.HasScope("Read") {
		t.Errorf("got %+v", info)
	}
	if _, ok := mcpauth.FromContext(mcpauth.NewContext(ctx, nil)); ok {
		t.Error("a nil AuthInfo hides nothing")
	}
}

// What one handler does to its AuthInfo, another does not see.
func TestAuthInfoIsPerRequest(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	auth := authtest.NewAuth(t, authtest.Trusting(server.Issuer()))
	token := authtest.Mint(t, server)
	handler := auth.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, _ := mcpauth.FromContext(r.Context())
		if !slices.Equal(info.Scopes, []string{"read"}) || !slices.Equal(info.Audience, []string{authtest.ResourceID}) {
			t.Errorf("scopes %q, audience %q", info.Scopes, info.Audience)
		}
		info.Scopes[0], info.Audience[0] = "admin", "x"
		info.Scopes = append(info.Scopes, "more")
	}))
	for range 3 {
		if w := authtest.Get(t, handler, "/mcp", "Authorization", "Bearer "+token); w.Code != http.StatusOK {
			t.Fatal(w.Code, w.Header())
		}
	}
}

// Lists of any length are the request's own.
func TestManyScopesArePerRequest(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	auth := authtest.NewAuth(t, authtest.Trusting(server.Issuer()))
	for n := range 7 {
		var scopes []string
		for i := range n {
			scopes = append(scopes, "scope"+strconv.Itoa(i))
		}
		token, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{authtest.ResourceID, "https://other.example.com"}, Scopes: scopes})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			info, err := auth.Authorize(context.Background(), authtest.Bearer(token))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(info.Scopes, scopes) || !slices.Equal(info.Audience, []string{authtest.ResourceID, "https://other.example.com"}) {
				t.Fatalf("scopes %q, audience %q", info.Scopes, info.Audience)
			}
			info.Scopes = append(info.Scopes, "more")
			if info.Audience[0] != authtest.ResourceID {
				t.Fatalf("a scope more changes the audience: %q", info.Audience)
			}
			info.Scopes[0], info.Audience[0] = "admin", "x"
		}
	}
}

// A handler that overwrites what it was given changes what it sees itself, and
// nothing else.
func TestOverwrittenAuthInfo(t *testing.T) {
	t.Parallel()
	g := authtest.Guard(t, nil, func(w http.ResponseWriter, r *http.Request) {
		info, _ := mcpauth.FromContext(r.Context())
		*info = mcpauth.AuthInfo{}
		if mcpauth.Anonymous(r.Context()) {
			t.Error("the caller has become anonymous")
		}
		if err := mcpauth.Require(r.Context(), "any"); err == nil {
			t.Error("a caller without scopes has them")
		}
		w.WriteHeader(http.StatusNoContent)
	})
	if w := g.Post(`{}`); w.Code != http.StatusNoContent {
		t.Errorf("status %d", w.Code)
	}
}

// An SDK keeps the context of the request that opened a session. When that request
// is over, its caller must not pass for the caller of later ones.
//
// Covers RS23.
func TestContextOfEndedRequest(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	auth := authtest.NewAuth(t, authtest.Trusting(server.Issuer()))
	var kept context.Context
	var taken *mcpauth.AuthInfo
	handler := auth.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept = context.WithoutCancel(context.WithValue(r.Context(), t, "of the handler"))
		w.WriteHeader(http.StatusOK)
		info, err := mcpauth.RequireAuthInfo(kept, "read")
		if err != nil {
			t.Fatal(err)
		}
		taken = info
	}))
	if w := authtest.Get(t, handler, "/mcp", "Authorization", "Bearer "+authtest.Mint(t, server)); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Header())
	}
	if info, ok := mcpauth.FromContext(kept); ok || info != nil || mcpauth.Anonymous(kept) {
		t.Errorf("the caller of an ended request is still there: %+v", info)
	}
	if info, err := mcpauth.RequireAuthInfo(kept); err == nil || info != nil {
		t.Errorf("%v, %v", info, err)
	}
	if !taken.HasScope("read") || kept.Value(t) != "of the handler" {
		t.Error("what the handler took is gone as well")
	}
	if info, ok := mcpauth.FromContext(mcpauth.NewContext(kept, taken)); !ok || info != taken {
		t.Error("what the handler took cannot be carried on")
	}
}

// Covers RS4, RS12.
func TestRequire(t *testing.T) {
	t.Parallel()
	broader := func(r *mcpauth.Resource) { r.ScopeIncludes = map[string][]string{"read": {"peek"}} }
	var failed error
	g := authtest.Guard(t, broader, func(w http.ResponseWriter, r *http.Request) {
		if err := mcpauth.Require(r.Context(), "peek"); err != nil {
			t.Error("a broader scope:", err)
		}
		failed = mcpauth.Require(r.Context(), "delete")
		mcpauth.WriteChallenge(w, failed)
	}, mcpauth.Scopes("read"))
	w := g.Post(authtest.CallTool)
	const want = `Bearer error="insufficient_scope", scope="read delete", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp", ` +
		`error_description="The access token does not have all scopes that this operation needs."`
	if got := w.Header().Get("WWW-Authenticate"); w.Code != http.StatusForbidden || got != want {
		t.Errorf("%d\n got %s\nwant %s", w.Code, got, want)
	}
	var c *mcpauth.Challenge
	if !errors.As(failed, &c) || c.Reason != reason.InsufficientScope {
		t.Errorf("the error is %v", failed)
	}
	if err := mcpauth.Require(context.Background(), "read"); !errors.As(err, &c) || c.Status != http.StatusUnauthorized {
		t.Errorf("nobody is calling: %v", err)
	}
}

// A handler finds that the token is no longer good: the client is told to get a new
// one, with the scopes of the first challenge, and the refusal is reported.
func TestRefuseToken(t *testing.T) {
	t.Parallel()
	cause := errors.New("revoked at the other server")
	var failed error
	g := authtest.Guard(t, nil, func(w http.ResponseWriter, r *http.Request) {
		failed = mcpauth.RefuseToken(r.Context(), cause)
		mcpauth.WriteChallenge(w, failed)
	}, mcpauth.Scopes("read"))
	w := g.Post(authtest.CallTool)
	const want = `Bearer error="invalid_token", scope="read", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp", error_description="`
	if got := w.Header().Get("WWW-Authenticate"); w.Code != http.StatusUnauthorized || !strings.HasPrefix(got, want) {
		t.Errorf("%d %s", w.Code, got)
	}
	if strings.Contains(w.Header().Get("WWW-Authenticate")+w.Body.String(), cause.Error()) {
		t.Error("the caller sees the cause")
	}
	for name, err := range map[string]error{"behind Protect": failed, "without it": mcpauth.RefuseToken(t.Context(), cause)} {
		var c *mcpauth.Challenge
		if !errors.As(err, &c) || c.Status != http.StatusUnauthorized || c.Reason != reason.RejectedDownstream || !errors.Is(err, cause) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An engine without a door for HTTP has no response to turn.
func TestDenyWithoutDoor(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	auth := authtest.NewAuth(t, authtest.Trusting(server.Issuer()))
	info, err := auth.Authorize(t.Context(), authtest.Bearer(authtest.Mint(t, server)))
	if err != nil {
		t.Fatal(err)
	}
	ctx := mcpauth.NewContext(t.Context(), info)
	if err := mcpauth.Require(ctx, "delete"); err == nil || mcpauth.SetChallenge(ctx, err) {
		t.Errorf("%v, and it could be answered", err)
	}
}

const callNote = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"note"}}`

// noted protects a handler that demands "delete", and tells what became of it.
func noted(t *testing.T, r mcpauth.Resource, token string) *httptest.ResponseRecorder {
	t.Helper()
	auth := authtest.NewAuth(t, mcpauth.Config{Resources: []mcpauth.Resource{r}})
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
	as := authtest.NewServer(t, mcpauthtest.Config{})
	r := authtest.Trusting(as.Issuer()).Resources[0]
	r.Policy = &policy.Policy{Tools: map[string]policy.Requirement{"note": policy.Scopes("read")}}
	token, err := as.Token(mcpauthtest.TokenClaims{Audience: []string{authtest.ResourceID}, Scopes: []string{"read", "use"}})
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
	r := authtest.OneResource().Resources[0]
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
	r := authtest.OneResource().Resources[0]
	r.Policy = &policy.Policy{Tools: map[string]policy.Requirement{"note": policy.Public()}}
	auth := authtest.NewAuth(t, mcpauth.Config{Resources: []mcpauth.Resource{r}})
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
	as := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(as.Issuer())
	config.Resources[0].DPoP = &mcpauth.DPoP{}
	auth := authtest.NewAuth(t, config)
	key, err := mcpauthtest.NewDPoPKey()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/mcp", nil)
	if err := key.Authorize(r.Header, r.Method, authtest.ResourceID, authtest.Mint(t, as, mcpauthtest.BoundTo(key)), ""); err != nil {
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
	r := authtest.OneResource().Resources[0]
	r.Policy = &policy.Policy{Tools: map[string]policy.Requirement{"note": policy.Public()}}
	auth := authtest.NewAuth(t, mcpauth.Config{Resources: []mcpauth.Resource{r}})
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
