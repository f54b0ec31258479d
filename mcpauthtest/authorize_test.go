package mcpauthtest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Covers AS1.
func TestAuthorizationDemandsPKCES256(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	_, challenge := pkce()
	for _, test := range []struct {
		name    string
		changes []string
		want    string // error, empty: a code
	}{
		{"S256", nil, ""},
		{"no challenge", []string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
		{"method without a challenge", []string{"code_challenge", ""}, "invalid_request"},
		{"no method means plain", []string{"code_challenge_method", ""}, "invalid_request"},
		{"plain", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"other case", []string{"code_challenge_method", "s256"}, "invalid_request"},
		{"challenge too short", []string{"code_challenge", challenge[:42]}, "invalid_request"},
		{"challenge padded", []string{"code_challenge", challenge + "="}, "invalid_request"},
		{"challenge in standard base64", []string{"code_challenge", strings.Repeat("+", 42) + "A"}, "invalid_request"},
		{"no response type", []string{"response_type", ""}, "invalid_request"},
		{"token", []string{"response_type", "token"}, "unsupported_response_type"},
		{"hybrid", []string{"response_type", "code id_token"}, "unsupported_response_type"},
		{"fragment", []string{"response_mode", "fragment"}, "invalid_request"},
		{"query", []string{"response_mode", "query"}, ""},
		{"request object", []string{"request", "a.b.c"}, "request_not_supported"},
		{"request_uri", []string{"request_uri", "https://app.example/r"}, "request_uri_not_supported"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			wantCallback(t, callback(t, s, authorization(challenge, test.changes...)), test.want)
		})
	}
}

func wantCallback(t *testing.T, answer url.Values, wantError string) {
	t.Helper()
	if got := answer.Get("error"); got != wantError {
		t.Errorf("error %q (%s), want %q", got, answer.Get("error_description"), wantError)
	}
	if (answer.Get("code") != "") != (wantError == "") {
		t.Errorf("code present: %v with error %q", answer.Get("code") != "", wantError)
	}
}

// Covers AS1.
func TestVerifier(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		verifier string
		want     bool
	}{
		{strings.Repeat("a", 42), false},
		{strings.Repeat("a", 43), true},
		{strings.Repeat("-._~", 32), true},
		{strings.Repeat("a", 129), false},
		{strings.Repeat("a", 42) + "+", false},
		{strings.Repeat("a", 42) + " ", false},
		{strings.Repeat("a", 42) + "é", false},
	} {
		sum := sha256.Sum256([]byte(test.verifier))
		g := grant{Challenge: base64.RawURLEncoding.EncodeToString(sum[:])}
		if got := g.provedBy(test.verifier); got != test.want {
			t.Errorf("%q: %v, want %v", test.verifier, got, test.want)
		}
	}
	// RFC 7636, appendix B.
	g := grant{Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}
	if !g.provedBy("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") {
		t.Error("the example of RFC 7636 fails")
	}
}

// Covers AS1.
func TestRedirectMatching(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		registered, asked string
		want              bool
	}{
		{"https://app.example/cb", "https://app.example/cb", true},
		{"https://app.example/cb", "https://app.example:443/cb", false},
		{"https://app.example/cb", "https://app.example:8443/cb", false},
		{"https://app.example/cb", "https://app.example/cb/", false},
		{"https://app.example/cb", "https://app.example/cb?x=1", false},
		{"https://app.example/cb", "https://app.example/CB", false},
		{"https://app.example/cb", "https://app.example/cb/../evil", false},
		{"https://app.example/cb", "https://app.example.evil.example/cb", false},
		{"https://app.example/cb", "https://app.example@evil.example/cb", false},
		{"https://app.example/cb", "http://app.example/cb", false},
		{"https://app.example/cb", "https://app.example/cb#x", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1/cb", true},
		{"http://127.0.0.1/cb", "http://127.0.0.1:1/cb", true},
		{"http://127.0.0.1:4000/cb", "http://127.0.0.1:65535/cb", true},
		{"http://127.0.0.1:4000/cb", "http://127.0.0.1/cb", true},
		{"http://[::1]/cb", "http://[::1]:4000/cb", true},
		{"http://localhost/cb", "http://localhost:4000/cb", true},
		{"http://localhost:4000", "http://localhost:5000", true},
		{"http://localhost/cb", "http://127.0.0.1/cb", false},
		{"http://127.0.0.1/cb", "http://localhost:4000/cb", false},
		{"http://127.0.0.1/cb", "http://[::1]:4000/cb", false},
		{"http://127.0.0.1/cb", "https://127.0.0.1:4000/cb", false},
		{"https://127.0.0.1/cb", "https://127.0.0.1:4000/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000/other", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000/cb?x=1", false},
		{"http://127.0.0.1/cb?a=1", "http://127.0.0.1:4000/cb?a=1", true},
		{"http://127.0.0.1/cb", "http://127.0.0.1:/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:4000@evil.example/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:x/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:-1/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.2:4000/cb", false},
		{"http://localhost/cb", "http://localhost.evil.example/cb", false},
		{"http://localhost/cb", "http://LOCALHOST/cb", false},
	} {
		c := &client{redirectURIs: []string{test.registered}}
		got, ok := c.redirectURI(test.asked)
		if ok != test.want || ok && got != test.asked {
			t.Errorf("%q for %q: %q, %v, want %v", test.asked, test.registered, got, ok, test.want)
		}
	}
}

// Covers AS1.
func TestRedirectURIsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"", "/cb", "app.example/cb", "http://app.example/cb", "javascript:alert(1)", "com.example.app:/cb", "cursor://cb",
		"https:///cb", "https://user@app.example/cb", "https://app.example/cb#", "http://127.0.0.1.evil.example/cb",
		"https://app.example/c b", "https://app.example/cb\r\nSet-Cookie:x", "https://app.example/ü", "https://app.example/" + strings.Repeat("a", maxValueBytes),
	} {
		if checkRedirectURI(uri) == nil {
			t.Errorf("%q passes", uri)
		}
	}
}

// Covers AS1.
func TestNothingIsSentToARedirectURIThatDoesNotMatch(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	_, challenge := pkce()
	twice := authorization(challenge)
	twice.Add("redirect_uri", "https://evil.example/cb")
	twiceOfOne := authorization(challenge, "client_id", "other")
	twiceOfOne.Add("redirect_uri", "https://evil.example/cb")
	twoClients := authorization(challenge)
	twoClients.Add("client_id", "other")
	for name, query := range map[string]url.Values{
		"other URI":            authorization(challenge, "redirect_uri", "https://evil.example/cb"),
		"other path":           authorization(challenge, "redirect_uri", testRedirect+"/x"),
		"none of two":          authorization(challenge, "redirect_uri", ""),
		"unknown client":       authorization(challenge, "client_id", "nobody"),
		"no client":            authorization(challenge, "client_id", ""),
		"another client's":     authorization(challenge, "client_id", "other", "redirect_uri", "https://app.example/cb?keep=1"),
		"two redirect URIs":    twice,
		"two where one is all": twiceOfOne,
		"two clients":          twoClients,
		"long query":           authorization(challenge, "state", strings.Repeat("s", maxQueryBytes)),
		"other URI, bad scope": authorization(challenge, "redirect_uri", "https://evil.example/cb", "scope", "\x01"),
	} {
		r := get(t, s, "/authorize?"+query.Encode())
		page := body(t, r)
		if r.StatusCode < 400 || r.StatusCode > 499 || r.Header.Get("Location") != "" {
			t.Errorf("%s: status %d, Location %q", name, r.StatusCode, r.Header.Get("Location"))
		}
		if !strings.Contains(page, `role="alert"`) || strings.Contains(page, "evil.example") {
			t.Errorf("%s: the page is %s", name, page)
		}
	}
}

// Covers AS2.
func TestRedirectKeepsTheQuery(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	_, challenge := pkce()
	answer := callback(t, s, authorization(challenge, "redirect_uri", "https://app.example/cb?keep=1"))
	if answer.Get("keep") != "1" || answer.Get("code") == "" {
		t.Errorf("answer %v", sortedKeys(answer))
	}
}

func TestOnlyRedirectURIMayBeLeftOut(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	_, challenge := pkce()
	r := get(t, s, "/authorize?"+authorization(challenge, "client_id", "other", "redirect_uri", "").Encode())
	if location := r.Header.Get("Location"); !strings.HasPrefix(location, testRedirect+"?code=") {
		t.Errorf("status %d", r.StatusCode)
	}
}

// Covers AS2, AS3.
func TestAuthorizationErrorsAreSentBack(t *testing.T) {
	t.Parallel()
	_, challenge := pkce()
	with := func(name string, values ...string) url.Values {
		query := authorization(challenge)
		query[name] = values
		return query
	}
	known := func(c *Config) { c.Resources = []string{testResource} }
	for _, test := range []struct {
		name   string
		change func(*Config)
		query  url.Values
		want   string
	}{
		{"scope unknown", nil, with("scope", "read nonsense"), "invalid_scope"},
		{"scope malformed", nil, with("scope", `read "write"`), "invalid_scope"},
		{"scope with two spaces", nil, with("scope", "read  write"), "invalid_scope"},
		{"too many scopes", nil, with("scope", strings.Repeat("read ", maxScopes)+"read"), "invalid_scope"},
		{"scope twice", nil, with("scope", "read", "write"), "invalid_request"},
		{"challenge twice", nil, with("code_challenge", challenge, challenge), "invalid_request"},
		{"resource relative", nil, with("resource", "/mcp"), "invalid_target"},
		{"resource with a fragment", nil, with("resource", testResource+"#x"), "invalid_target"},
		{"resource with an empty fragment", nil, with("resource", testResource+"#"), "invalid_target"},
		{"resource http", nil, with("resource", "http://notes.example/mcp"), "invalid_target"},
		{"resource is no URL", nil, with("resource", "urn:notes"), "invalid_target"},
		{"too many resources", nil, with("resource", strings.Split(strings.Repeat(testResource+" ", maxResources+1), " ")...), "invalid_target"},
		{"resource unknown", known, with("resource", otherTarget), "invalid_target"},
		{"one of two unknown", known, with("resource", testResource, otherTarget), "invalid_target"},
		{"resource with a slash more", known, with("resource", testResource+"/"), "invalid_target"},
		{"resource in another case", known, with("resource", strings.ToUpper(testResource)), "invalid_target"},
		{"resource is a prefix", known, with("resource", testResource+"/admin"), "invalid_target"},
		{"long parameter", nil, with("nonce", strings.Repeat("n", maxValueBytes+1)), "invalid_request"},
		{"machine client", func(c *Config) { c.Clients[0].GrantTypes = []string{"refresh_token"} }, with("scope", "read"), "unauthorized_client"},
		{"silent login", func(c *Config) { c.AutoApprove = false }, with("prompt", "none"), "login_required"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answer := callback(t, start(t, test.change), test.query)
			wantCallback(t, answer, test.want)
			if answer.Get("error_description") == "" {
				t.Error("no description")
			}
		})
	}
}

func TestStateSentTwiceIsNotSentBack(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	_, challenge := pkce()
	query := authorization(challenge)
	query["state"] = []string{"a", "b"}
	location, err := get(t, s, "/authorize?"+query.Encode()).Location()
	if err != nil {
		t.Fatal(err)
	}
	if answer := location.Query(); answer.Get("error") != "invalid_request" || answer.Has("state") {
		t.Errorf("answer %v", answer)
	}
}

func TestDefaultScopes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*Config)
		asked  string
		want   string
	}{
		{"all", nil, "", "read write admin"},
		{"configured", func(c *Config) { c.DefaultScopes = []string{"read"} }, "", "read"},
		{"asked for", func(c *Config) { c.DefaultScopes = []string{"read"} }, "write", "write"},
		{"identity", nil, "openid profile email offline_access", "openid profile email offline_access"},
		{"asked twice", nil, "read write read", "read write"},
		{"any", func(c *Config) { c.Scopes = nil }, "whatever:you/like", "whatever:you/like"},
		{"none", func(c *Config) { c.Scopes = nil }, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, test.change)
			answer := redeem(t, s, login(t, s, "scope", test.asked))
			_, claims := verified(t, s, answer.AccessToken)
			claimed, _ := claims["scope"].(string)
			if answer.Scope != test.want || claimed != test.want {
				t.Errorf("scope %q, claim %q, want %q", answer.Scope, claimed, test.want)
			}
		})
	}
}

func TestAutoApproveTakesTheHint(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for hint, want := range map[string]string{"": "sub-alice", "bob": "bob", "nobody": "sub-alice"} {
		_, claims := verified(t, s, redeem(t, s, login(t, s, "login_hint", hint)).AccessToken)
		if claims["sub"] != want {
			t.Errorf("hint %q: sub %v, want %s", hint, claims["sub"], want)
		}
	}
}

func TestAuthorizeIsNotStored(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	_, challenge := pkce()
	r := get(t, s, "/authorize?"+authorization(challenge).Encode())
	if got := r.Header.Get("Cache-Control"); r.StatusCode != http.StatusFound || got != "no-store" {
		t.Errorf("status %d, Cache-Control %q", r.StatusCode, got)
	}
}

func TestIssuerFaults(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, test := range []struct {
		faults Faults
		want   string
	}{
		{Faults{AuthorizationIssuer: "https://evil.example"}, "https://evil.example"},
		{Faults{NoAuthorizationIssuer: true}, ""},
		{Faults{}, testIssuer},
	} {
		s.SetFaults(test.faults)
		_, challenge := pkce()
		location, err := get(t, s, s.base+"/authorize?"+authorization(challenge).Encode()).Location()
		if err != nil || location.Query().Get("iss") != test.want {
			t.Errorf("%+v: %v, %v", test.faults, location, err)
		}
	}
	s.SetFaults(Faults{Token: DocumentFault{Status: http.StatusBadGateway, Body: []byte("<html>")}})
	if r := postForm(s, tokenEndpoint(s), nil); r.StatusCode != http.StatusBadGateway || body(t, r) != "<html>" {
		t.Errorf("status %d", r.StatusCode)
	}
}
