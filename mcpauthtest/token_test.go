package mcpauthtest

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/tokenendpoint"
)

// Covers AS3.
func TestAccessTokenOfALogin(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now })
	answer := redeem(t, s, login(t, s))
	header, claims := verified(t, s, answer.AccessToken)
	if header["typ"] != "at+jwt" || header["alg"] != "ES256" {
		t.Errorf("header %v", header)
	}
	if id, _ := claims["jti"].(string); id == "" {
		t.Error("no jti")
	}
	delete(claims, "jti")
	now := float64(c.now().Unix())
	want := map[string]any{
		"iss": testIssuer, "sub": "sub-alice", "aud": testResource, "client_id": "app",
		"scope": "read write", "iat": now, "exp": now + 3600,
	}
	if !reflect.DeepEqual(claims, want) {
		t.Errorf("claims %v, want %v", claims, want)
	}
	if answer.ExpiresIn != 3600 || answer.Scope != "read write" || answer.IDToken != "" {
		t.Errorf("expires_in %d, scope %q, id_token present: %v", answer.ExpiresIn, answer.Scope, answer.IDToken != "")
	}
	if !s.TokenActive(t.Context(), answer.AccessToken) {
		t.Error("the token is not active")
	}
}

// Covers AS3.
func TestResourceIsFixedAtAuthorizationAndOnlyNarrowed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, test := range []struct {
		name         string
		granted      []string
		asked        []string
		aud          any
		wantedErrors string
	}{
		{"the one", []string{testResource}, []string{testResource}, testResource, ""},
		{"the one, twice", []string{testResource}, []string{testResource, testResource}, testResource, ""},
		{"not repeated", []string{testResource}, nil, testResource, ""},
		{"one of two", []string{testResource, otherTarget}, []string{otherTarget}, otherTarget, ""},
		{"none granted: this server only", nil, nil, testIssuer, ""},
		{"another", []string{testResource}, []string{otherTarget}, nil, "invalid_target"},
		{"first asked for now", nil, []string{testResource}, nil, "invalid_target"},
		{"a slash more", []string{testResource}, []string{testResource + "/"}, nil, "invalid_target"},
		{"a longer path", []string{testResource}, []string{testResource + "/admin"}, nil, "invalid_target"},
		{"one more", []string{testResource}, []string{testResource, otherTarget}, nil, "invalid_target"},
		{"both of two", []string{testResource, otherTarget}, []string{testResource, otherTarget}, nil, "invalid_target"},
		{"undecided", []string{testResource, otherTarget}, nil, nil, "invalid_target"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			verifier, challenge := pkce()
			query := authorization(challenge)
			query["resource"] = test.granted
			form := codeRequest(callback(t, s, query).Get("code"), verifier)
			form["resource"] = test.asked
			if test.wantedErrors != "" {
				wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusBadRequest, test.wantedErrors)
				return
			}
			if _, claims := verified(t, s, redeem(t, s, form).AccessToken); !reflect.DeepEqual(claims["aud"], test.aud) {
				t.Errorf("aud %v, want %v", claims["aud"], test.aud)
			}
		})
	}
}

func codeRequest(code, verifier string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "client_id": {"app"}, "code_verifier": {verifier},
	}
}

// Covers AS3.
func TestDefaultResource(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Resources = []string{testResource, otherTarget} })
	form := login(t, s, "resource", "")
	if _, claims := verified(t, s, redeem(t, s, form).AccessToken); claims["aud"] != testResource {
		t.Errorf("aud %v, want the first resource", claims["aud"])
	}
}

// Covers AS1, AS4.
func TestAnyFailureBurnsTheCode(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	otherVerifier, _ := pkce()
	for _, test := range []struct {
		name    string
		changes []string
		header  []string
		status  int
		want    string
	}{
		{"wrong verifier", []string{"code_verifier", otherVerifier}, nil, 400, "invalid_grant"},
		{"no verifier", []string{"code_verifier", ""}, nil, 400, "invalid_grant"},
		{"verifier too short", []string{"code_verifier", "abc"}, nil, 400, "invalid_grant"},
		{"verifier too long", []string{"code_verifier", strings.Repeat("a", 129)}, nil, 400, "invalid_grant"},
		{"verifier with bad characters", []string{"code_verifier", strings.Repeat("=", 43)}, nil, 400, "invalid_grant"},
		{"other redirect URI", []string{"redirect_uri", "http://127.0.0.1:5556/callback"}, nil, 400, "invalid_grant"},
		{"other client", []string{"client_id", "other"}, nil, 400, "invalid_grant"},
		{"unknown client", []string{"client_id", "nobody"}, nil, 401, "invalid_client"},
		{"no client", []string{"client_id", ""}, nil, 401, "invalid_client"},
		{"a secret it has not", []string{"client_secret", "guess"}, nil, 401, "invalid_client"},
		{"wrong scheme", nil, []string{"Authorization", "Bearer x"}, 401, "invalid_client"},
		{"other resource", []string{"resource", otherTarget}, nil, 400, "invalid_target"},
		{"wider scope", []string{"scope", "read write admin"}, nil, 400, "invalid_scope"},
		{"long parameter", []string{"extra", strings.Repeat("x", oauth.MaxValueBytes+1)}, nil, 400, "invalid_request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			good := login(t, s)
			bad := cloneForm(good)
			change(bad, test.changes)
			wantError(t, postForm(s, tokenEndpoint(s), bad, test.header...), test.status, test.want)
			v, ok := s.base.Grants.Open(grant.Code, good.Get("code"))
			if !ok || s.base.Grants.Active(t.Context(), v.ID) {
				t.Errorf("the grant is still active")
			}
			wantError(t, postForm(s, tokenEndpoint(s), good), http.StatusBadRequest, "invalid_grant")
		})
	}
}

func cloneForm(form url.Values) url.Values {
	clone := url.Values{}
	for name, values := range form {
		clone[name] = append([]string(nil), values...)
	}
	return clone
}

// Covers AS4.
func TestCodesSentTogetherAreBurnt(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	first, second := login(t, s), login(t, s)
	both := cloneForm(first)
	both.Add("code", second.Get("code"))
	wantError(t, postForm(s, tokenEndpoint(s), both), http.StatusBadRequest, "invalid_request")
	for _, form := range []url.Values{first, second} {
		wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusBadRequest, "invalid_grant")
	}
}

// A code stands in the history of a browser, and a client_id is no secret: they
// must not be enough to end a login.
//
// Covers AS4.
func TestReplayOfACodeRevokesWhatItGave(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	otherVerifier, _ := pkce()
	secret := []string{"client_secret", "robot secret: 100%"}
	for _, test := range []struct {
		name, client string
		changes      []string
		revokes      bool
	}{
		{"as it was", "app", nil, true},
		{"wrong verifier", "app", []string{"code_verifier", otherVerifier}, true},
		{"wrong verifier, other client", "app", []string{"code_verifier", otherVerifier, "client_id", "other"}, true},
		{"no verifier", "app", []string{"code_verifier", ""}, false},
		{"no verifier, other client", "app", []string{"code_verifier", "", "client_id", "other"}, false},
		{"no verifier, no client", "app", []string{"code_verifier", "", "client_id", ""}, false},
		{"another client that authenticates", "app", append([]string{"code_verifier", "", "client_id", "robot"}, secret...), false},
		{"the client authenticates", "robot", append([]string{"code_verifier", ""}, secret...), true},
		{"the client does not authenticate", "robot", []string{"code_verifier", "", "client_secret", ""}, false},
		{"the client has another secret", "robot", []string{"code_verifier", "", "client_secret", "x"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bystander := redeem(t, s, login(t, s))
			form := login(t, s, "client_id", test.client)
			again := func(token string) url.Values { return refreshRequest(token, "client_id", test.client) }
			if test.client == "robot" {
				change(form, secret)
				again = func(token string) url.Values {
					return refreshRequest(token, append([]string{"client_id", test.client}, secret...)...)
				}
			}
			first := redeem(t, s, form)
			second := redeem(t, s, again(first.RefreshToken))

			replay := cloneForm(form)
			change(replay, test.changes)
			wantError(t, postForm(s, tokenEndpoint(s), replay), http.StatusBadRequest, "invalid_grant")

			for name, token := range map[string]string{"first": first.AccessToken, "refreshed": second.AccessToken} {
				if revoked := !s.TokenActive(t.Context(), token); revoked != test.revokes {
					t.Errorf("the %s access token is revoked: %v, want %v", name, revoked, test.revokes)
				}
			}
			if test.revokes {
				wantError(t, postForm(s, tokenEndpoint(s), again(second.RefreshToken)), http.StatusBadRequest, "invalid_grant")
			} else {
				redeem(t, s, again(second.RefreshToken))
			}
			if !s.TokenActive(t.Context(), bystander.AccessToken) {
				t.Error("another login is revoked too")
			}
		})
	}
}

// Covers AS4.
func TestUsedCodesSentTogetherRevokeNothing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	used, unused := login(t, s), login(t, s)
	answer := redeem(t, s, used)
	both := cloneForm(used)
	both.Add("code", unused.Get("code"))
	wantError(t, postForm(s, tokenEndpoint(s), both), http.StatusBadRequest, "invalid_request")
	if !s.TokenActive(t.Context(), answer.AccessToken) {
		t.Error("the login of the used code is revoked")
	}
	wantError(t, postForm(s, tokenEndpoint(s), unused), http.StatusBadRequest, "invalid_grant")
}

// Covers AS4.
func TestCodeExpires(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now })
	inTime, late := login(t, s), login(t, s)
	c.advance(time.Minute - time.Nanosecond)
	redeem(t, s, inTime)
	c.advance(time.Nanosecond)
	wantError(t, postForm(s, tokenEndpoint(s), late), http.StatusBadRequest, "invalid_grant")
}

func TestCodesAreNotInterchangeable(t *testing.T) {
	t.Parallel()
	s, elsewhere := start(t, nil), start(t, nil)
	form := login(t, s)
	answer := redeem(t, s, login(t, s))
	v, ok := s.base.Grants.Open(grant.Code, form.Get("code"))
	if !ok {
		t.Fatal("not a code")
	}
	madeUp := base64.RawURLEncoding.EncodeToString(append(v.ID[:], make([]byte, 36)...))
	jti, _ := part(t, answer.AccessToken, 1)["jti"].(string)
	foreign := login(t, elsewhere)
	for _, code := range []string{
		answer.RefreshToken, jti, foreign.Get("code"), madeUp, "", form.Get("code")[1:], form.Get("code") + "A",
	} {
		bad := cloneForm(form)
		bad.Set("code", code)
		wantError(t, postForm(s, tokenEndpoint(s), bad), http.StatusBadRequest, "invalid_grant")
	}
	for _, token := range []string{
		form.Get("code"), jti, redeem(t, elsewhere, foreign).RefreshToken, madeUp, "", answer.RefreshToken[1:], answer.AccessToken,
	} {
		wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(token)), http.StatusBadRequest, "invalid_grant")
	}
	redeem(t, s, refreshRequest(answer.RefreshToken))
	redeem(t, s, form)
}

func refreshRequest(token string, changes ...string) url.Values {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {"app"}}
	change(form, changes)
	return form
}

// Covers AS5.
func TestWhoGetsARefreshToken(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, test := range []struct {
		client, scope string
		want          bool
	}{
		{"app", "read", true}, // registered refresh_token
		{"other", "read", false},
		{"other", "read offline_access", true},
		{"app", "read offline_access", true},
	} {
		answer := redeem(t, s, login(t, s, "client_id", test.client, "scope", test.scope))
		if got := answer.RefreshToken != ""; got != test.want {
			t.Errorf("%s with %q: refresh token %v, want %v", test.client, test.scope, got, test.want)
		}
		if test.want {
			redeem(t, s, refreshRequest(answer.RefreshToken, "client_id", test.client))
		}
	}
}

// Covers AS5.
func TestRefreshTokensRotate(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	answer := redeem(t, s, login(t, s))
	seen := map[string]bool{answer.RefreshToken: true}
	for range 5 {
		next := redeem(t, s, refreshRequest(answer.RefreshToken))
		if seen[next.RefreshToken] {
			t.Fatal("a refresh token came again")
		}
		seen[next.RefreshToken] = true
		_, claims := verified(t, s, next.AccessToken)
		if claims["aud"] != testResource || claims["scope"] != "read write" || claims["sub"] != "sub-alice" {
			t.Errorf("claims %v", claims)
		}
		answer = next
	}
}

// The response to a refresh can be lost, in the network or by a client that dies.
//
// Covers AS5.
func TestALostRefreshCanBeRetried(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now })
	first := redeem(t, s, login(t, s))
	lost := redeem(t, s, refreshRequest(first.RefreshToken))
	c.advance(RetryWindow - time.Second)
	retried := redeem(t, s, refreshRequest(first.RefreshToken))
	if retried.RefreshToken != lost.RefreshToken {
		t.Error("the retry got another refresh token, so that one of the two ends the login")
	}
	next := redeem(t, s, refreshRequest(retried.RefreshToken))
	wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(first.RefreshToken)), http.StatusBadRequest, "invalid_grant")
	if s.TokenActive(t.Context(), next.AccessToken) {
		t.Error("a replay after the next token was used revokes nothing")
	}

	first = redeem(t, s, login(t, s))
	lost = redeem(t, s, refreshRequest(first.RefreshToken))
	c.advance(RetryWindow)
	wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(first.RefreshToken)), http.StatusBadRequest, "invalid_grant")
	if s.TokenActive(t.Context(), lost.AccessToken) {
		t.Error("a late replay revokes nothing")
	}
}

// A refresh token of another client proves nothing, and must not end its login.
//
// Covers AS5.
func TestReuseByAnotherClientRevokesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	first := redeem(t, s, login(t, s))
	second := redeem(t, s, refreshRequest(first.RefreshToken))
	third := redeem(t, s, refreshRequest(second.RefreshToken))
	wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(first.RefreshToken, "client_id", "other")), http.StatusBadRequest, "invalid_grant")
	redeem(t, s, refreshRequest(third.RefreshToken))
}

// Covers AS5.
func TestReuseOfARefreshTokenRevokesTheFamily(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	bystander := redeem(t, s, login(t, s))
	tokens := []tokenendpoint.Response{redeem(t, s, login(t, s))}
	for i := range 3 {
		tokens = append(tokens, redeem(t, s, refreshRequest(tokens[i].RefreshToken)))
	}
	wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(tokens[1].RefreshToken)), http.StatusBadRequest, "invalid_grant")
	for i, token := range tokens {
		wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(token.RefreshToken)), http.StatusBadRequest, "invalid_grant")
		if s.TokenActive(t.Context(), token.AccessToken) {
			t.Errorf("access token %d is not revoked", i)
		}
	}
	redeem(t, s, refreshRequest(bystander.RefreshToken))
}

// Covers AS3, AS5.
func TestRefreshOnlyNarrows(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	verifier, challenge := pkce()
	query := authorization(challenge)
	query["resource"] = []string{testResource, otherTarget}
	form := codeRequest(callback(t, s, query).Get("code"), verifier)
	form.Set("resource", testResource)
	token := redeem(t, s, form).RefreshToken

	for _, test := range []struct {
		changes []string
		want    string
	}{
		{[]string{"resource", testResource, "scope", "read admin"}, "invalid_scope"},
		{[]string{"resource", testResource, "scope", "openid"}, "invalid_scope"},
		{[]string{"resource", testResource + "/"}, "invalid_target"},
		{[]string{"resource", "https://evil.example"}, "invalid_target"},
		{[]string{}, "invalid_target"},
		{[]string{"resource", testResource, "client_id", "other"}, "invalid_grant"},
	} {
		wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(token, test.changes...)), http.StatusBadRequest, test.want)
	}
	narrow := redeem(t, s, refreshRequest(token, "resource", otherTarget, "scope", "read")) // none of these used it up
	if _, claims := verified(t, s, narrow.AccessToken); claims["aud"] != otherTarget || claims["scope"] != "read" {
		t.Errorf("claims %v", claims)
	}
	wide := redeem(t, s, refreshRequest(narrow.RefreshToken, "resource", testResource)) // the grant is still what it was
	if _, claims := verified(t, s, wide.AccessToken); claims["aud"] != testResource || claims["scope"] != "read write" {
		t.Errorf("claims %v", claims)
	}
}

// Covers AS5.
func TestRefreshEndsWithTheLogin(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now; config.RefreshTokenTTL = 2 * time.Hour })
	answer := redeem(t, s, login(t, s))
	c.advance(time.Hour)
	answer = redeem(t, s, refreshRequest(answer.RefreshToken))
	c.advance(time.Hour)
	wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(answer.RefreshToken)), http.StatusBadRequest, "invalid_grant")
}

func TestConfidentialClientsAuthenticate(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	const secret = "robot secret: 100%"
	basic := func(user, password string) []string {
		raw := url.QueryEscape(user) + ":" + url.QueryEscape(password)
		return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(raw))}
	}
	for _, test := range []struct {
		name    string
		client  string
		changes []string
		header  []string
		status  int
		want    string
	}{
		{"basic", "robot", []string{"client_id", ""}, basic("robot", secret), 200, ""},
		{"basic and client_id", "robot", nil, basic("robot", secret), 200, ""},
		{"post", "robot", []string{"client_secret", secret}, nil, 200, ""},
		{"public client by basic", "app", nil, basic("app", ""), 200, ""},
		{"no secret", "robot", nil, nil, 401, "invalid_client"},
		{"empty secret", "robot", []string{"client_id", ""}, basic("robot", ""), 401, "invalid_client"},
		{"wrong secret", "robot", nil, basic("robot", secret+"x"), 401, "invalid_client"},
		{"wrong secret by post", "robot", []string{"client_secret", "x"}, nil, 401, "invalid_client"},
		{"both ways", "robot", []string{"client_secret", secret}, basic("robot", secret), 400, "invalid_request"},
		{"two clients", "robot", []string{"client_id", "app"}, basic("robot", secret), 400, "invalid_request"},
		{"secret of a public client", "app", nil, basic("app", "x"), 401, "invalid_client"},
		{"malformed", "robot", nil, []string{"Authorization", "Basic ???"}, 401, "invalid_client"},
		{"badly escaped", "robot", []string{"client_id", ""}, []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("robot:%zz"))}, 401, "invalid_client"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			form := login(t, s, "client_id", test.client)
			change(form, test.changes)
			if test.status == http.StatusOK {
				redeem(t, s, form, test.header...)
				return
			}
			wantError(t, postForm(s, tokenEndpoint(s), form, test.header...), test.status, test.want)
		})
	}
}

// Covers AS9.
func TestClientCredentials(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.DefaultScopes = []string{"read", "openid"} })
	registered := register(t, s, `{"redirect_uris":["https://x.example/cb"],"grant_types":["authorization_code","client_credentials"]}`)
	form := func(changes ...string) url.Values {
		form := url.Values{
			"grant_type": {"client_credentials"}, "client_id": {"robot"}, "client_secret": {"robot secret: 100%"},
			"resource": {testResource}, "scope": {"write"},
		}
		change(form, changes)
		return form
	}
	answer := redeem(t, s, form())
	header, claims := verified(t, s, answer.AccessToken)
	if header["typ"] != "at+jwt" || claims["sub"] != "robot" || claims["client_id"] != "robot" ||
		claims["aud"] != testResource || claims["scope"] != "write" {
		t.Errorf("header %v, claims %v", header, claims)
	}
	if answer.RefreshToken != "" || answer.IDToken != "" {
		t.Error("a machine got a refresh token or an ID token")
	}
	if !s.TokenActive(t.Context(), answer.AccessToken) {
		t.Error("the token is not active")
	}
	if got := redeem(t, s, form("scope", "")).Scope; got != "read" {
		t.Errorf("default scope %q, want read", got)
	}
	for _, test := range []struct {
		name   string
		form   url.Values
		status int
		want   string
	}{
		{"public", form("client_id", "app", "client_secret", ""), 400, "unauthorized_client"},
		{"wrong secret", form("client_secret", "x"), 401, "invalid_client"},
		{"registered by itself", form("client_id", registered.ClientID, "client_secret", registered.ClientSecret), 400, "unauthorized_client"},
		{"openid", form("scope", "read openid"), 400, "invalid_scope"},
		{"offline_access", form("scope", "offline_access"), 400, "invalid_scope"},
		{"unknown scope", form("scope", "nonsense"), 400, "invalid_scope"},
		{"bad resource", form("resource", "urn:x"), 400, "invalid_target"},
		{"two resources", func() url.Values { f := form(); f.Add("resource", otherTarget); return f }(), 400, "invalid_target"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, postForm(s, tokenEndpoint(s), test.form), test.status, test.want)
		})
	}
}

func TestIDTokenOfALogin(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now })
	now := float64(c.now().Unix())
	for _, test := range []struct {
		scope string
		want  map[string]any
	}{
		{"openid", map[string]any{}},
		{"openid profile", map[string]any{"name": "Alice", "preferred_username": "alice"}},
		{"openid email read", map[string]any{"email": "alice@example.com"}},
	} {
		answer := redeem(t, s, login(t, s, "scope", test.scope, "nonce", "n-0S6"))
		header, claims := verified(t, s, answer.IDToken)
		want := map[string]any{
			"iss": testIssuer, "sub": "sub-alice", "aud": "app", "nonce": "n-0S6",
			"iat": now, "exp": now + 3600, "auth_time": now,
		}
		for name, value := range test.want {
			want[name] = value
		}
		if header["typ"] != "JWT" || !reflect.DeepEqual(claims, want) {
			t.Errorf("%s: header %v, claims %v, want %v", test.scope, header, claims, want)
		}
		if s.TokenActive(t.Context(), answer.IDToken) {
			t.Error("an ID token counts as an access token")
		}
	}
}

func TestTokenRequestsThatAreWrong(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	twice := refreshRequest("x")
	twice.Add("client_id", "app")
	for name, test := range map[string]struct {
		form url.Values
		want string
	}{
		"nothing":            {url.Values{}, "invalid_request"},
		"no code":            {url.Values{"grant_type": {"authorization_code"}, "client_id": {"app"}}, "invalid_request"},
		"password":           {url.Values{"grant_type": {"password"}, "username": {"alice"}, "password": {"wonderland"}}, "unsupported_grant_type"},
		"implicit":           {url.Values{"grant_type": {"implicit"}}, "unsupported_grant_type"},
		"parameter twice":    {twice, "invalid_request"},
		"two grant types":    {url.Values{"grant_type": {"authorization_code", "refresh_token"}}, "invalid_request"},
		"no refresh token":   {refreshRequest(""), "invalid_grant"},
		"odd refresh tokens": {refreshRequest("x"), "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantError(t, postForm(s, tokenEndpoint(s), test.form), http.StatusBadRequest, test.want)
		})
	}
	for name, request := range map[string]*http.Request{
		"JSON":      httptest.NewRequest(http.MethodPost, "/token", strings.NewReader(`{"grant_type":"x"}`)),
		"too large": httptest.NewRequest(http.MethodPost, "/token", strings.NewReader("a="+strings.Repeat("x", oauth.MaxFormBytes))),
	} {
		if name == "too large" {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		wantError(t, do(s, request), http.StatusBadRequest, "invalid_request")
	}
	inTheURL := httptest.NewRequest(http.MethodPost, "/token?"+login(t, s).Encode(), nil)
	inTheURL.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	wantError(t, do(s, inTheURL), http.StatusBadRequest, "invalid_request")
}
