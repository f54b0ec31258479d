package mcpauthtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpauthtest"
)

// Starting the authorization server and reading its metadata, as a resource
// server or a client does.
func ExampleNewServer() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{
		Path:   "/tenant1",
		Scopes: []string{"read:notes", "write:notes"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	response, err := http.Get(as.Issuer() + "/.well-known/openid-configuration")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	var metadata struct {
		Issuer string   `json:"issuer"`
		Scopes []string `json:"scopes_supported"`
	}
	if err := json.NewDecoder(response.Body).Decode(&metadata); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("issuer as configured:", metadata.Issuer == as.Issuer())
	fmt.Println("scopes:", metadata.Scopes)
	fmt.Println("metadata requests:", as.Requests().Metadata)
	// Output:
	// issuer as configured: true
	// scopes: [read:notes write:notes openid profile email offline_access]
	// metadata requests: 1
}

// Testing a resource server of one's own: tokens that it must admit, and tokens
// that it must refuse.
func ExampleServer_Token() {
	const resource = "https://notes.example.com/mcp"
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{Resources: []string{resource}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	// Put your server here, configured to trust as.Issuer(). In its place stands
	// a handler that asks the authorization server itself.
	var resourceServer http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !as.TokenActive(r.Context(), r.Header.Get("Authorization")[len("Bearer "):]) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})

	read := mcpauthtest.TokenClaims{Scopes: []string{"read:notes"}}
	for _, test := range []struct {
		name   string
		defect []mcpauthtest.TokenOption
	}{
		{"good", nil},
		{"expired", []mcpauthtest.TokenOption{mcpauthtest.Expired()}},
		{"signed with another key", []mcpauthtest.TokenOption{mcpauthtest.WrongKey()}},
		{"ID token", []mcpauthtest.TokenOption{mcpauthtest.IDToken()}},
	} {
		token, err := as.Token(read, test.defect...)
		if err != nil {
			fmt.Println(err)
			return
		}
		request := httptest.NewRequest("POST", resource, nil)
		request.Header.Set("Authorization", "Bearer "+token)
		recorder := httptest.NewRecorder()
		resourceServer.ServeHTTP(recorder, request)
		fmt.Println(test.name, recorder.Code)
	}
	// Output:
	// good 200
	// expired 401
	// signed with another key 401
	// ID token 401
}

// Logging in as a user without a browser, to test a client.
func ExampleUserAgent_Login() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{Clients: []mcpauthtest.Client{{
		ID: "my-client", RedirectURIs: []string{"http://127.0.0.1/callback"},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	query := url.Values{
		"response_type":         {"code"},
		"client_id":             {"my-client"},
		"redirect_uri":          {"http://127.0.0.1:49152/callback"}, // any port on loopback
		"code_challenge":        {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
		"code_challenge_method": {"S256"},
		"resource":              {"https://notes.example.com/mcp"},
		"state":                 {"af0ifjsldkj"},
	}
	callback, err := as.UserAgent().Login(context.Background(), as.Issuer()+"/authorize?"+query.Encode())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("back at:", callback.Host+callback.Path)
	fmt.Println("a code:", callback.Query().Get("code") != "")
	fmt.Println("iss is right:", callback.Query().Get("iss") == as.Issuer())
	fmt.Println("state:", callback.Query().Get("state"))
	// Output:
	// back at: 127.0.0.1:49152/callback
	// a code: true
	// iss is right: true
	// state: af0ifjsldkj
}

// whoAmI is a handler of the server under test.
func whoAmI(w http.ResponseWriter, r *http.Request) {
	info, ok := mcpauth.FromContext(r.Context())
	if !ok {
		http.Error(w, "nobody", http.StatusUnauthorized)
		return
	}
	fmt.Fprint(w, info.Subject)
}

// TestNotes tests a protected server as a whole: the authorization server is
// real, and so are the tokens.
func TestNotes(t *testing.T) {
	const resource = "https://notes.example.com/mcp"
	as := mcpauthtest.Start(t, mcpauthtest.Config{Resources: []string{resource}})
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           resource,
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer auth.Close()
	server := auth.Protect(http.HandlerFunc(whoAmI), mcpauth.Scopes("read:notes"))

	read := mcpauthtest.TokenClaims{Subject: "alice", Scopes: []string{"read:notes"}}
	for _, test := range []struct {
		name   string
		claims mcpauthtest.TokenClaims
		defect []mcpauthtest.TokenOption
		want   int
	}{
		{"valid", read, nil, 200},
		{"for another resource", read, []mcpauthtest.TokenOption{mcpauthtest.WrongAudience()}, 401},
		{"without the scope", mcpauthtest.TokenClaims{}, nil, 403},
	} {
		request := httptest.NewRequest("POST", resource, nil)
		request.Header.Set("Authorization", "Bearer "+as.MustToken(t, test.claims, test.defect...))
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, request)
		if recorder.Code != test.want {
			t.Errorf("%s: status %d, want %d", test.name, recorder.Code, test.want)
		}
	}
}

// Testing a handler directly: no token and no server, the AuthInfo is put where
// the handler looks for it.
func Example_handler() {
	info := &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read:notes"}}
	request := httptest.NewRequest("POST", "https://notes.example.com/mcp", nil)
	request = request.WithContext(mcpauth.NewContext(request.Context(), info))
	recorder := httptest.NewRecorder()
	whoAmI(recorder, request)
	fmt.Println(recorder.Code, recorder.Body)
	// Output: 200 alice
}

// A resource server that trusts several issuers, each for its own resource.
func Example_severalIssuers() {
	ours, err := mcpauthtest.NewServer(mcpauthtest.Config{Path: "/ours"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ours.Close()
	theirs, err := mcpauthtest.NewServer(mcpauthtest.Config{Path: "/theirs"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer theirs.Close()
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://notes.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: ours.Issuer()}},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close()
	server := auth.Protect(http.HandlerFunc(whoAmI))
	for _, as := range []*mcpauthtest.Server{ours, theirs} {
		token, err := as.Token(mcpauthtest.TokenClaims{Audience: []string{"https://notes.example.com/mcp"}})
		if err != nil {
			fmt.Println(err)
			return
		}
		request := httptest.NewRequest("POST", "https://notes.example.com/mcp", nil)
		request.Header.Set("Authorization", "Bearer "+token)
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, request)
		fmt.Println(recorder.Code, theirs.Requests().JWKS)
	}
	// Output:
	// 200 0
	// 401 0
}

// With a clock of its own, time passes only when the test says so.
func ExampleConfig_now() {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{
		Resources: []string{"https://notes.example.com/mcp"},
		Now:       func() time.Time { return now },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()
	token, err := as.Token(mcpauthtest.TokenClaims{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("fresh:", as.TokenActive(context.Background(), token))
	now = now.Add(2 * time.Hour)
	fmt.Println("two hours later:", as.TokenActive(context.Background(), token))
	// Output:
	// fresh: true
	// two hours later: false
}

// Keys rotate without an outage: a token signed before still verifies.
func ExampleServer_RotateKeys() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{Resources: []string{"https://notes.example.com/mcp"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()
	before, err := as.Token(mcpauthtest.TokenClaims{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := as.RotateKeys(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("after a rotation:", as.TokenActive(context.Background(), before))
	if err := as.RotateKeys(mcpauthtest.DropOldKeys()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("after all keys were withdrawn:", as.TokenActive(context.Background(), before))
	// Output:
	// after a rotation: true
	// after all keys were withdrawn: false
}

// An authorization server in trouble: its clients should notice, and
// recover.
func ExampleServer_SetFaults() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()
	down := mcpauthtest.DocumentFault{Status: http.StatusServiceUnavailable, Body: []byte("down for maintenance")}
	for _, faults := range []mcpauthtest.Faults{
		{Metadata: down},
		{MetadataIssuer: "https://evil.example.com"},
		{}, // healed
	} {
		as.SetFaults(faults)
		response, err := http.Get(as.Issuer() + "/.well-known/oauth-authorization-server")
		if err != nil {
			fmt.Println(err)
			return
		}
		var metadata struct{ Issuer string }
		_ = json.NewDecoder(response.Body).Decode(&metadata)
		response.Body.Close()
		fmt.Println(response.StatusCode, metadata.Issuer == as.Issuer())
	}
	// Output:
	// 503 false
	// 200 false
	// 200 true
}

// Enterprise-managed authorization: an identity provider vouches for a user, and
// the MCP server's authorization server takes its word.
func ExampleTrustedIssuer() {
	const resource = "https://notes.example.com/mcp"
	idp, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer idp.Close()
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{
		Resources:      []string{resource},
		Clients:        []mcpauthtest.Client{{ID: "assistant", Secret: "s3cr3t"}},
		TrustedIssuers: []mcpauthtest.TrustedIssuer{{Issuer: idp.Issuer(), IdentityAssertions: true}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	// A client would get it by token exchange, see [mcpauthtest.AssertionAudience].
	assertion, err := idp.Token(mcpauthtest.TokenClaims{
		Subject: "alice", Audience: []string{as.Issuer()}, ClientID: "assistant", Scopes: []string{"read:notes"},
		Extra: map[string]any{"resource": resource},
	}, mcpauthtest.Header("typ", "oauth-id-jag+jwt"))
	if err != nil {
		fmt.Println(err)
		return
	}
	response, err := http.PostForm(as.Issuer()+"/token", url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion},
		"client_id": {"assistant"}, "client_secret": {"s3cr3t"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	var tokens struct {
		Scope string `json:"scope"`
	}
	if err := json.NewDecoder(response.Body).Decode(&tokens); err != nil {
		fmt.Println(err)
		return
	}
	grants, err := as.Grants(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(response.StatusCode, tokens.Scope)
	fmt.Println(grants[0].Subject, grants[0].ClientID, strings.Join(grants[0].Resources, " "))
	// Output:
	// 200 read:notes
	// alice assistant https://notes.example.com/mcp
}
