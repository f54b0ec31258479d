package mcpauthtest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/authserver/oauth"
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
		"long query":           authorization(challenge, "state", strings.Repeat("s", oauth.MaxQueryBytes)),
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
		{"too many scopes", nil, with("scope", strings.Repeat("read ", oauth.MaxScopes)+"read"), "invalid_scope"},
		{"scope twice", nil, with("scope", "read", "write"), "invalid_request"},
		{"challenge twice", nil, with("code_challenge", challenge, challenge), "invalid_request"},
		{"resource relative", nil, with("resource", "/mcp"), "invalid_target"},
		{"resource with a fragment", nil, with("resource", testResource+"#x"), "invalid_target"},
		{"resource with an empty fragment", nil, with("resource", testResource+"#"), "invalid_target"},
		{"resource http", nil, with("resource", "http://notes.example/mcp"), "invalid_target"},
		{"resource is no URL", nil, with("resource", "urn:notes"), "invalid_target"},
		{"too many resources", nil, with("resource", strings.Split(strings.Repeat(testResource+" ", oauth.MaxResources+1), " ")...), "invalid_target"},
		{"resource unknown", known, with("resource", otherTarget), "invalid_target"},
		{"one of two unknown", known, with("resource", testResource, otherTarget), "invalid_target"},
		{"resource with a slash more", known, with("resource", testResource+"/"), "invalid_target"},
		{"resource in another case", known, with("resource", strings.ToUpper(testResource)), "invalid_target"},
		{"resource is a prefix", known, with("resource", testResource+"/admin"), "invalid_target"},
		{"long parameter", nil, with("nonce", strings.Repeat("n", oauth.MaxValueBytes+1)), "invalid_request"},
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

// Covers AS1, AS8.
func TestNoErrorLeadsAwayBeforeAPage(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { onLoopback(c); withPages(c) })
	_, challenge := pkce()
	const away, app, here = "https://evil.example/cb", "evil://cb", "http://127.0.0.1:7777/cb"
	id := register(t, s, `{"redirect_uris":["`+away+`","`+app+`","`+here+`"],"token_endpoint_auth_method":"none","grant_types":["authorization_code"]}`).ClientID
	for name, changes := range map[string][]string{
		"no PKCE":      {"code_challenge", ""},
		"wrong type":   {"response_type", "token"},
		"silent login": {"prompt", "none"},
		"wrong target": {"resource", "urn:x"},
	} {
		for target, sentOn := range map[string]bool{away: false, app: false, here: true} {
			query := base(s) + "/authorize?" + authorization(challenge, append(changes, "client_id", id, "redirect_uri", target)...).Encode()
			answers := []*http.Response{get(t, s, query)}
			if name != "silent login" { // its form is checked first
				answers = append(answers, postForm(s, query, url.Values{"decision": {"deny"}}))
			}
			for _, r := range answers {
				if location := r.Header.Get("Location"); sentOn != strings.HasPrefix(location, target+"?error=") || !sentOn && location != "" {
					t.Errorf("%s to %s: status %d, Location %q", name, target, r.StatusCode, location)
				}
				if !sentOn && !strings.Contains(body(t, r), `<a href="`+target+`?error=`) {
					t.Errorf("%s to %s: the page has no way back", name, target)
				}
			}
		}
	}
}

// Covers AS8.
func TestAUserWhoDeniesIsSentBack(t *testing.T) {
	t.Parallel()
	s := start(t, withPages)
	const away = "https://app.example/cb"
	id := register(t, s, `{"redirect_uris":["`+away+`"],"token_endpoint_auth_method":"none"}`).ClientID
	o := open(t, s, "client_id", id, "redirect_uri", away)
	o.form.Set("decision", "deny")
	if location := o.submit().Header.Get("Location"); !strings.HasPrefix(location, away+"?error=access_denied") {
		t.Errorf("sent to %q", location)
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
		location, err := get(t, s, base(s)+"/authorize?"+authorization(challenge).Encode()).Location()
		if err != nil || location.Query().Get("iss") != test.want {
			t.Errorf("%+v: %v, %v", test.faults, location, err)
		}
	}
	s.SetFaults(Faults{Token: DocumentFault{Status: http.StatusBadGateway, Body: []byte("<html>")}})
	if r := postForm(s, tokenEndpoint(s), nil); r.StatusCode != http.StatusBadGateway || body(t, r) != "<html>" {
		t.Errorf("status %d", r.StatusCode)
	}
}
