package mcpauth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

func twoResources() mcpauth.Config {
	config := authtest.Resources(authtest.ResourceID, authtest.ResourceID+"/other")
	config.Resources[0].ScopeIncludes = map[string][]string{"admin": {"write"}}
	config.Resources[0].Policy = &policy.Policy{
		Tools: map[string]policy.Requirement{
			"read":  policy.Scopes("read"),
			"write": policy.Scopes("write"),
			"help":  policy.Public(),
		},
		Methods: map[string]policy.Requirement{"initialize": policy.Public()},
	}
	return config
}

func tool(name string) policy.Operation {
	return policy.Operation{Method: "tools/call", Name: name}
}

func read(uri string) policy.Operation {
	return policy.Operation{Method: "resources/read", Name: uri}
}

// Covers RS4, RS11, RS12. What the door decides on a request, AuthorizeOperation decides on
// operations.
func TestAuthorizeOperation(t *testing.T) {
	t.Parallel()
	auth := authtest.NewAuth(t, twoResources())
	reader := &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read"}}
	admin := &mcpauth.AuthInfo{Subject: "root", Scopes: []string{"admin"}}
	for name, test := range map[string]struct {
		info     *mcpauth.AuthInfo
		resource string
		ops      []policy.Operation
		want     int
		scopes   []string
	}{
		"has it":                 {reader, authtest.ResourceID, []policy.Operation{tool("read")}, http.StatusOK, nil},
		"includes it":            {admin, authtest.ResourceID, []policy.Operation{tool("write")}, http.StatusOK, nil},
		"lacks it":               {reader, authtest.ResourceID, []policy.Operation{tool("write")}, http.StatusForbidden, []string{"write"}},
		"one of two":             {reader, authtest.ResourceID, []policy.Operation{tool("read"), tool("write")}, http.StatusForbidden, []string{"read", "write"}},
		"no rule":                {reader, authtest.ResourceID, []policy.Operation{tool("other")}, http.StatusForbidden, nil},
		"lifecycle":              {reader, authtest.ResourceID, []policy.Operation{{Method: "tools/list"}}, http.StatusOK, nil},
		"nobody":                 {nil, authtest.ResourceID, []policy.Operation{tool("read")}, http.StatusUnauthorized, []string{"read"}},
		"nobody, public":         {nil, authtest.ResourceID, []policy.Operation{tool("help"), {Method: "initialize"}}, http.StatusOK, nil},
		"nobody, lifecycle":      {nil, authtest.ResourceID, []policy.Operation{{Method: "tools/list"}}, http.StatusUnauthorized, nil},
		"nobody, a stream":       {nil, authtest.ResourceID, nil, http.StatusOK, nil}, // as initialize
		"no policy":              {reader, authtest.ResourceID + "/other", []policy.Operation{tool("write")}, http.StatusOK, nil},
		"no policy, nobody":      {nil, authtest.ResourceID + "/other", []policy.Operation{tool("help")}, http.StatusUnauthorized, nil},
		"unknown resource":       {reader, "https://else.example", []policy.Operation{tool("read")}, http.StatusInternalServerError, nil},
		"which resource":         {reader, "", []policy.Operation{tool("read")}, http.StatusInternalServerError, nil},
		"of a neighbour":         {&mcpauth.AuthInfo{Resource: authtest.ResourceID + "/other", Scopes: []string{"read"}}, authtest.ResourceID, []policy.Operation{tool("read")}, http.StatusUnauthorized, nil},
		"of a neighbour, public": {&mcpauth.AuthInfo{Resource: authtest.ResourceID + "/other"}, authtest.ResourceID, []policy.Operation{tool("help")}, http.StatusUnauthorized, nil},
	} {
		err := auth.AuthorizeOperation(t.Context(), test.info, test.resource, test.ops...)
		got := http.StatusOK
		var c *mcpauth.Challenge
		if errors.As(err, &c) {
			got = c.Status
		}
		if got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
		if c != nil && (!slices.Equal(c.Scopes, test.scopes) || c.Hidden) {
			t.Errorf("%s: scopes %q, hidden %t", name, c.Scopes, c.Hidden)
		}
	}
}

// Covers RS12. Refused operations are marked, if the policy hides them.
func TestAuthorizeOperationHides(t *testing.T) {
	t.Parallel()
	config := twoResources()
	config.Resources[0].Policy.HideRefused = true
	auth := authtest.NewAuth(t, config)
	var c *mcpauth.Challenge
	err := auth.AuthorizeOperation(t.Context(), &mcpauth.AuthInfo{Subject: "alice"}, authtest.ResourceID, tool("write"))
	if !errors.As(err, &c) || !c.Hidden || len(c.Scopes) > 0 {
		t.Errorf("%+v", err)
	}
	config.Resources[0].Policy.Methods = map[string]policy.Requirement{"tools/list": policy.Scopes("write")}
	err = authtest.NewAuth(t, config).AuthorizeOperation(t.Context(), &mcpauth.AuthInfo{Subject: "alice"}, authtest.ResourceID, policy.Operation{Method: "tools/list"})
	if !errors.As(err, &c) || c.Hidden || len(c.Scopes) != 1 {
		t.Errorf("a method is no secret: %+v", err)
	}
	config.Resources[0].Policy.Resources = map[string]policy.Requirement{"note:///a": policy.Denied()}
	err = authtest.NewAuth(t, config).AuthorizeOperation(t.Context(), &mcpauth.AuthInfo{Subject: "alice"}, authtest.ResourceID, read("note:///%61"))
	if !errors.As(err, &c) || !c.Hidden {
		t.Errorf("in another spelling: %+v", err)
	}
	err = auth.AuthorizeOperation(t.Context(), nil, authtest.ResourceID, tool("write"))
	if !errors.As(err, &c) || c.Hidden || len(c.Scopes) > 0 {
		t.Errorf("without a token: %+v", err)
	}
}

// Covers RS12. Lists show what AuthorizeOperation permits, without a word in the log.
func TestVisible(t *testing.T) {
	t.Parallel()
	config := twoResources()
	config.Resources[0].Policy.Resources = map[string]policy.Requirement{"note://{id}": policy.Scopes("read")}
	auth := authtest.NewAuth(t, config)
	reader := &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read"}}
	template := policy.Operation{Method: "resources/read", Name: "note://{id}"}
	for name, test := range map[string]struct {
		info     *mcpauth.AuthInfo
		resource string
		op       policy.Operation
		want     bool
	}{
		"may use":          {reader, authtest.ResourceID, tool("read"), true},
		"may not":          {reader, authtest.ResourceID, tool("write"), false},
		"nobody":           {nil, authtest.ResourceID, tool("read"), false},
		"public":           {nil, authtest.ResourceID, tool("help"), true},
		"template":         {reader, authtest.ResourceID, template, true},
		"template, nobody": {nil, authtest.ResourceID, template, false},
		"no policy":        {reader, authtest.ResourceID + "/other", tool("write"), true},
		"unknown resource": {reader, "https://else.example", tool("read"), false},
	} {
		if got := auth.Visible(t.Context(), test.info, test.resource, test.op); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
	config.Resources[0].Policy.ShowAll = true
	if !authtest.NewAuth(t, config).Visible(t.Context(), reader, authtest.ResourceID, tool("write")) {
		t.Error("ShowAll does not show all")
	}
}

// Covers RS12. What a challenge holds is its own: whoever gets one cannot change
// the policy, nor what another caller gets.
func TestChallengeIsItsOwn(t *testing.T) {
	t.Parallel()
	auth := authtest.NewAuth(t, twoResources())
	reader := &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read"}}
	for range 2 {
		var c *mcpauth.Challenge
		err := auth.AuthorizeOperation(t.Context(), reader, authtest.ResourceID, tool("write"))
		if !errors.As(err, &c) || len(c.Scopes) != 1 || c.Scopes[0] != "write" {
			t.Fatalf("%+v", err)
		}
		c.Scopes[0] = "changed"
	}
	scopes := []string{"write"}
	_, err := auth.Authorize(t.Context(), mcpauth.Request{Method: "GET", URL: "/mcp", Resource: authtest.ResourceID + "/other", Scopes: scopes})
	var c *mcpauth.Challenge
	if !errors.As(err, &c) || len(c.Scopes) != 1 {
		t.Fatalf("%+v", err)
	}
	if c.Scopes[0] = "changed"; scopes[0] != "write" {
		t.Error("Authorize gives the request's scopes away")
	}
}

// What one request can have the patterns of a policy looked through for is
// bounded.
//
// Covers RS12.
func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	config := twoResources()
	config.Resources[0].Policy.Resources = map[string]policy.Requirement{"note:///*": policy.Authenticated()}
	auth := authtest.NewAuth(t, config)
	half := "note:///" + strings.Repeat("a", 32<<10-len("note:///"))
	for uri, want := range map[string]reason.Reason{half: "", half + "a": reason.MalformedMessage} {
		var got reason.Reason
		var c *mcpauth.Challenge
		if errors.As(auth.AuthorizeOperation(t.Context(), &mcpauth.AuthInfo{Subject: "alice"}, authtest.ResourceID, read(half), read(uri)), &c) {
			got = c.Reason
		}
		if got != want {
			t.Errorf("%d bytes: %q, want %q", len(half)+len(uri), got, want)
		}
	}
}

// Covers RS6. A verifier decides on every text that a header can carry.
func TestVerifierGetsEveryToken(t *testing.T) {
	t.Parallel()
	var got string
	auth := authtest.NewAuth(t, verifiedBy(func(_ context.Context, token string) (*mcpauth.Claims, error) {
		got = token
		if token == "refused:token" {
			return nil, fmt.Errorf("%w: no", mcpauth.ErrInvalidToken)
		}
		return &mcpauth.Claims{Issuer: authtest.IssuerID, Audience: []string{authtest.ResourceID}, ExpiresAt: time.Now().Add(time.Hour)}, nil
	}))
	for _, token := range []string{
		"user:grant:secret", "a.b.c:d", "a b", `a"b\c`, "a,b", "{a}", "tökén", "a\tb", "=", "a=b=c", "eyJ:x.y.z", "%20", "a;b", "a\xffb",
	} {
		if status := authtest.Status(auth, token); status != http.StatusOK || got != token {
			t.Errorf("%q: status %d, the verifier got %q", token, status, got)
		}
	}
	if refused := authtest.Refusal(auth, "refused:token"); refused == nil || refused.Status != http.StatusUnauthorized || refused.Reason != reason.RejectedByVerifier {
		t.Errorf("refused with %v", refused)
	}
	for _, token := range []string{"a\nb", "a\x00b", "a\x7fb", "a\r\nX: y"} {
		if status := authtest.Status(auth, token); status != http.StatusBadRequest {
			t.Errorf("%q, which no header can carry: status %d", token, status)
		}
	}
}

// Covers RS18: that a token was verified before does not spare its proof.
func TestDPoPOfARememberedToken(t *testing.T) {
	t.Parallel()
	b := authtest.NewBound(t, &mcpauth.DPoP{})
	for range 3 {
		if got := authtest.ReasonOf(t, b.Auth, b.Request(t, "")); got != "" {
			t.Fatal(got)
		}
	}
	if mcpauth.CachedTokens(b.Auth) != 1 {
		t.Fatal("the token is not remembered: the test shows nothing")
	}
	if got := authtest.ReasonOf(t, b.Auth, authtest.Bearer(b.Token)); got != reason.SenderConstraint {
		t.Errorf("as a bearer token: %q", got)
	}
	thief := &authtest.Bound{Auth: b.Auth, Key: authtest.NewDPoPKey(t), Token: b.Token}
	if got := authtest.ReasonOf(t, b.Auth, thief.Request(t, "")); got != reason.DPoPWrongKey {
		t.Errorf("with another key: %q", got)
	}
	noProof := b.Request(t, "")
	noProof.Header.Del("DPoP")
	if got := authtest.ReasonOf(t, b.Auth, noProof); got != reason.DPoPProofMalformed {
		t.Errorf("without a proof: %q", got)
	}
}

// Covers RS17. The verified-token cache holds no introspected token.
func TestIntrospectedTokensAreNotVerifiedTokens(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{Clients: []mcpauthtest.Client{{ID: authtest.ClientID, Secret: authtest.ClientSecret}}})
	config := authtest.Trusting(server.Issuer())
	config.Resources[0].AuthorizationServers[0].Introspection = &mcpauth.Introspection{
		ClientID: authtest.ClientID, ClientSecret: authtest.ClientSecret, Tokens: mcpauth.AllTokens,
	}
	auth := authtest.NewAuth(t, config)
	token := authtest.Mint(t, server)
	for range 2 {
		if refused := authtest.Refusal(auth, token); refused != nil {
			t.Fatal(refused.Unwrap())
		}
	}
	if n := mcpauth.CachedTokens(auth); n != 0 {
		t.Errorf("%d tokens in the verified-token cache, want none", n)
	}
	if got := server.Requests(); got.Introspect != 2 || got.JWKS != 0 || got.Metadata != 1 {
		t.Errorf("%+v, want two introspections, no JWKS fetch and one of the metadata", got)
	}
}

// Covers RS9. A made-up kid makes nobody verify again what was verified.
func TestSameKeysKeepCachedTokens(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	auth := authtest.NewAuth(t, authtest.Trusting(server.Issuer()))
	authtest.Admitted(t, server, auth)
	before := mcpauth.KeyGeneration(auth)
	if got := authtest.Status(auth, authtest.Mint(t, server, mcpauthtest.UnknownKey())); got != http.StatusUnauthorized {
		t.Fatal(got)
	}
	if got := server.Requests().JWKS; got != 2 {
		t.Fatalf("%d fetches, want 2", got)
	}
	if after := mcpauth.KeyGeneration(auth); after != before {
		t.Errorf("generation %d, then %d with the same keys", before, after)
	}
}

// Covers RS9, RS10. A remembered token is refused as soon as its time is over.
func TestCachedTokenExpires(t *testing.T) {
	t.Parallel()
	c, server, auth := authtest.NewClocked(t, mcpauthtest.Config{AccessTokenTTL: time.Minute})
	token := authtest.Mint(t, server)
	for range 3 {
		if got := authtest.Status(auth, token); got != http.StatusOK {
			t.Fatal(got)
		}
	}
	c.Advance(2 * time.Minute)
	if got := authtest.Status(auth, token); got != http.StatusUnauthorized {
		t.Errorf("expired: %d", got)
	}
}

// Covers RS9. A remembered token is refused once its key was withdrawn.
func TestCachedTokenDiesWithItsKey(t *testing.T) {
	t.Parallel()
	c, server, auth := authtest.NewClocked(t, mcpauthtest.Config{AccessTokenTTL: 100 * time.Hour})
	token := authtest.Admitted(t, server, auth)
	authtest.Rotate(t, server)
	authtest.Admitted(t, server, auth) // fetches the new set
	c.Advance(time.Minute)             // beyond the cool-down
	if got := authtest.Status(auth, token); got != http.StatusUnauthorized {
		t.Errorf("a remembered token of a withdrawn key: %d, want 401", got)
	}
}

// Covers RS7. A token remembered for one resource opens no other.
func TestCacheIsPerResource(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(server.Issuer())
	second := config.Resources[0]
	second.Identifier = "https://api.example.com/second"
	config.Resources = append(config.Resources, second)
	auth := authtest.NewAuth(t, config)
	req := authtest.Bearer(authtest.Mint(t, server))
	for _, want := range []struct {
		resource string
		admitted bool
	}{{authtest.ResourceID, true}, {second.Identifier, false}, {authtest.ResourceID, true}} {
		req.Resource = want.resource
		if _, err := auth.Authorize(context.Background(), req); (err == nil) != want.admitted {
			t.Errorf("%s: %v", want.resource, err)
		}
	}
}

// A custom verifier is asked each time: it may change its mind.
func TestCustomVerifierIsNotCached(t *testing.T) {
	t.Parallel()
	calls := 0
	config := authtest.OneResource()
	config.Resources[0].AuthorizationServers[0].Verifier = mcpauth.VerifierFunc(func(context.Context, string) (*mcpauth.Claims, error) {
		calls++
		return &mcpauth.Claims{Issuer: authtest.IssuerID, Audience: []string{authtest.ResourceID}, ExpiresAt: time.Now().Add(time.Hour)}, nil
	})
	auth := authtest.NewAuth(t, config)
	for range 3 {
		if got := authtest.Status(auth, "opaque-token"); got != http.StatusOK {
			t.Fatal(got)
		}
	}
	if calls != 3 {
		t.Errorf("%d calls, want 3", calls)
	}
}

// The cache is bounded: many distinct tokens do not add up in memory.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{Algorithm: "EdDSA"})
	for _, size := range []int{-1, 64} {
		config := authtest.Trusting(server.Issuer())
		config.TokenCacheSize = size
		auth := authtest.NewAuth(t, config)
		for i := range 500 {
			token, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{authtest.ResourceID}, Subject: strconv.Itoa(i)})
			if err != nil {
				t.Fatal(err)
			}
			if got := authtest.Status(auth, token); got != http.StatusOK {
				t.Fatal(got)
			}
		}
		if n := mcpauth.CachedTokens(auth); n > max(size, 0) {
			t.Errorf("size %d: %d tokens remembered", size, n)
		}
	}
	runtime.GC()
}

// BenchmarkWarm is a request with a token that came before, through the door.
func BenchmarkWarm(b *testing.B) {
	server, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	auth, err := mcpauth.New(authtest.Trusting(server.Issuer()))
	if err != nil {
		b.Fatal(err)
	}
	token, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{authtest.ResourceID}, Scopes: []string{"read"}})
	if err != nil {
		b.Fatal(err)
	}
	handler := auth.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), mcpauth.Scopes("read"))
	r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(w, r)
	}
	if w.Code != http.StatusOK {
		b.Fatal(w.Code)
	}
}

// A proxy that shows no body has the headers decide. What they do not say is refused,
// and a check that could look at arguments is not asked.
func TestHeadersOnly(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(server.Issuer())
	config.Resources[0].Policy = &policy.Policy{
		Tools: map[string]policy.Requirement{
			"list":  policy.Scopes("read"),
			"purge": policy.Scopes("purge"),
			"mine": policy.Check("owner", func(context.Context, policy.Caller, policy.Operation) (bool, error) {
				t.Error("the check is asked")
				return true, nil
			}),
		},
	}
	auth := authtest.NewAuth(t, config)
	request := authtest.Bearer(authtest.Mint(t, server))
	request.HeadersOnly = true
	request.Body = func(int64) ([]byte, error) {
		t.Error("the body is read")
		return nil, io.EOF
	}
	for name, test := range map[string]struct {
		version, method, tool string
		want                  int // 200: admitted
	}{
		"allowed":      {"2026-07-28", "tools/call", "list", 200},
		"scope":        {"2026-07-28", "tools/call", "purge", 403},
		"check":        {"2026-07-28", "tools/call", "mine", 403},
		"no rule":      {"2026-07-28", "tools/call", "other", 403},
		"a list":       {"2026-07-28", "tools/list", "", 200},
		"older":        {"2025-11-25", "tools/call", "list", 400},
		"nothing said": {"", "", "", 400},
	} {
		request.Header = request.Header.Clone()
		request.Header.Set("Content-Type", "application/json")
		for header, value := range map[string]string{"Mcp-Protocol-Version": test.version, "Mcp-Method": test.method, "Mcp-Name": test.tool} {
			request.Header.Del(header)
			if value != "" {
				request.Header.Set(header, value)
			}
		}
		got := http.StatusOK
		if _, err := auth.Authorize(t.Context(), request); err != nil {
			got = err.(*mcpauth.Challenge).Status
		}
		if got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
