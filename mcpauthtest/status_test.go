package mcpauthtest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func withStatus(c *Config) { c.StatusPage = true }

// statusForm sends a form of the status page as a browser does.
func statusForm(t *testing.T, s *Server, form url.Values) (status int, page string) {
	t.Helper()
	r := get(t, s, base(s)+"/")
	shown, _, err := readPage(r.Body)
	if err != nil || shown == nil || len(r.Cookies()) != 1 {
		t.Fatalf("%v, form %v", err, shown)
	}
	form.Set("csrf", shown.hidden.Get("csrf"))
	cookie := r.Cookies()[0]
	r = postForm(s, base(s)+"/", form, "Cookie", cookie.Name+"="+cookie.Value)
	return r.StatusCode, body(t, r)
}

func inspected(t *testing.T, s *Server, token string) string {
	t.Helper()
	status, page := statusForm(t, s, url.Values{"action": {"inspect"}, "token": {token}})
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, page)
	}
	return page
}

func TestStatusPageListsGrants(t *testing.T) {
	t.Parallel()
	s := start(t, withStatus)
	if page := body(t, get(t, s, "/")); !strings.Contains(page, "None yet") || !strings.Contains(page, "For development and tests only") {
		t.Errorf("%s", page)
	}
	login(t, s)
	answer := redeem(t, s, login(t, s, "client_id", "other"))
	page := body(t, get(t, s, "/"))
	for _, want := range []string{"The App", "<code class=\"soft\">other</code>", "sub-alice", "<code>read</code>", testResource, "code not redeemed", "active"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, secret := range []string{answer.AccessToken, "wonderland", "robot secret"} {
		if strings.Contains(page, secret) {
			t.Error("the page has a secret")
		}
	}
	grants, err := s.Grants(t.Context())
	if err != nil || len(grants) != 2 || grants[0].ClientID != "other" || !grants[0].Redeemed || grants[1].Redeemed {
		t.Fatalf("%+v, %v", grants, err)
	}
	status, page := statusForm(t, s, url.Values{"action": {"revoke"}, "grant": {grants[0].ID}})
	if status != http.StatusOK || !strings.Contains(page, `role="status">The grant is revoked`) || s.TokenActive(t.Context(), answer.AccessToken) {
		t.Errorf("status %d: %s", status, page)
	}
}

func TestTokenInspector(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { withStatus(config); config.Now = c.now })
	form := login(t, s, "scope", "openid read")
	answer := redeem(t, s, form)
	next := redeem(t, s, refreshRequest(answer.RefreshToken))
	minted := func(o ...TokenOption) string { return mint(t, s, TokenClaims{Audience: []string{testResource}}, o...) }
	for name, test := range map[string]struct {
		token string
		want  []string
	}{
		"access token":     {answer.AccessToken, []string{"Valid, and signed by this server", "an access token", "&#34;sub&#34;: &#34;sub-alice&#34;", "in 1h0m0s"}},
		"with a scheme":    {" bearer  " + answer.AccessToken + "\n", []string{"Valid, and signed by this server"}},
		"opaque":           {minted(Opaque()), []string{"Valid, and signed by this server", "Opaque:"}},
		"ID token":         {answer.IDToken, []string{"an ID token, which no resource server may accept"}},
		"expired":          {minted(Expired()), []string{"Not valid: it is expired", "1h0m0s ago", "&#34;exp&#34;"}},
		"forged":           {minted(WrongKey()), []string{"Not to be trusted", "&#34;alg&#34;: &#34;ES256&#34;"}},
		"unsigned":         {minted(Unsigned()), []string{"Not to be trusted", "&#34;alg&#34;: &#34;none&#34;"}},
		"markup":           {`<script>.e30.x`, []string{"Not to be trusted"}},
		"no token":         {"hello", []string{"It is not a JWT"}},
		"refresh token":    {next.RefreshToken, []string{"A valid refresh token"}},
		"used refresh":     {answer.RefreshToken, []string{"no longer valid", "number 2 is the valid one"}},
		"a code":           {form.Get("code"), []string{"An authorization code of this server"}},
		"another server's": {mint(t, start(t, nil), TokenClaims{Audience: []string{testResource}}), []string{"Not to be trusted"}},
	} {
		page := inspected(t, s, test.token)
		for _, want := range test.want {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %q: %s", name, want, page)
			}
		}
		if strings.Contains(page, "<script") || strings.Contains(page, strings.TrimSpace(test.token)) && len(test.token) > 10 {
			t.Errorf("%s: the page repeats the token", name)
		}
	}
	if !s.TokenActive(t.Context(), next.AccessToken) {
		t.Error("looking at tokens revoked them")
	}
	wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusBadRequest, "invalid_grant") // a replay
	if page := inspected(t, s, next.AccessToken); !strings.Contains(page, "Not valid: its grant was revoked") {
		t.Errorf("revoked: %s", page)
	}
	c.advance(time.Hour)
}

// Covers AS8, AS10.
func TestStatusForms(t *testing.T) {
	t.Parallel()
	s := start(t, withStatus)
	before := kidInUse(s)
	for name, test := range map[string]struct {
		form   url.Values
		status int
	}{
		"rotate":        {url.Values{"action": {"rotate"}}, 200},
		"unknown":       {url.Values{"action": {"format"}}, 400},
		"no grant":      {url.Values{"action": {"revoke"}, "grant": {"x"}}, 400},
		"unknown grant": {url.Values{"action": {"revoke"}, "grant": {strings.Repeat("0", 32)}}, 200},
		"twice":         {url.Values{"action": {"rotate", "rotate"}}, 400},
	} {
		if status, page := statusForm(t, s, test.form); status != test.status {
			t.Errorf("%s: status %d, want %d: %s", name, status, test.status, page)
		}
	}
	if kidInUse(s) == before {
		t.Error("the keys are not rotated")
	}
	current := kidInUse(s)
	for name, header := range map[string][]string{
		"no cookie": nil, "other site": {"Sec-Fetch-Site", "cross-site"}, "made up": {"Cookie", "__Host-mcpauthtest=x"},
	} {
		r := postForm(s, base(s)+"/", url.Values{"action": {"rotate"}, "csrf": {"x"}}, header...)
		if r.StatusCode != http.StatusForbidden || kidInUse(s) != current {
			t.Errorf("%s: status %d", name, r.StatusCode)
		}
	}
	for header, want := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "no-store"} {
		if got := get(t, s, "/").Header.Get(header); got != want {
			t.Errorf("%s %q", header, got)
		}
	}
	if r := get(t, start(t, nil), "/"); r.StatusCode != http.StatusNotFound {
		t.Errorf("status %d without a status page", r.StatusCode)
	}
}

// A web page whose name was made to lead to loopback is of the same origin as
// the server's pages, and must see none. Covers AS8.
func TestPagesAnswerToLoopbackNamesOnly(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { onLoopback(c); withStatus(c); withPages(c) })
	_, challenge := pkce()
	for host, want := range map[string]int{
		"127.0.0.1:9000": 200, "localhost:9000": 200, "[::1]:9000": 200, "evil.example:9000": 403, "evil.example": 403, "": 403,
	} {
		for _, path := range []string{"/", "/authorize?" + authorization(challenge).Encode()} {
			request := httptest.NewRequest(http.MethodGet, path, nil)
			request.Host = host
			if r := do(s, request); r.StatusCode != want {
				t.Errorf("%q %s: status %d, want %d", host, path, r.StatusCode, want)
			}
		}
		request := httptest.NewRequest(http.MethodGet, "/jwks", nil)
		request.Host = host
		if r := do(s, request); r.StatusCode != http.StatusOK {
			t.Errorf("%q: the keys: status %d", host, r.StatusCode)
		}
	}
}

// The status page begins with what one came for: what an MCP server needs to trust
// this one, then who has logged in, and last what is seldom needed.
func TestStatusPageBeginsWithWhatOneNeeds(t *testing.T) {
	t.Parallel()
	s := start(t, withStatus)
	login(t, s)
	page := body(t, get(t, s, "/"))
	at := -1
	for _, part := range []string{"AuthorizationServers: ", "<dt>Issuer</dt>", "<dt>Users</dt>", ">Grants</h2>", ">Token inspector</h2>", ">Rotate keys<"} {
		found := strings.Index(page, part)
		if found <= at {
			t.Errorf("%q is at %d, after %d is expected: %s", part, found, at, page)
		}
		at = found
	}
}
