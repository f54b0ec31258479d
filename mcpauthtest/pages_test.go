package mcpauthtest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// withPages is a configuration change: the user is asked.
func withPages(c *Config) { c.AutoApprove = false }

// Covers AS8.
func TestConsentPageSaysWhatIsAsked(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) {
		withPages(c)
		c.ScopeDescriptions = map[string]string{"write": "Change your notes"}
		c.Clients[0].Name = `<script>alert("x")</script>`
	})
	_, challenge := pkce()
	r := get(t, s, "/authorize?"+authorization(challenge, "scope", "write admin openid", "login_hint", `a"b`).Encode())
	page := body(t, r)
	if r.StatusCode != http.StatusOK {
		t.Fatalf("status %d", r.StatusCode)
	}
	for _, want := range []string{
		"127.0.0.1:5555", testResource, testIssuer, "Change your notes", "admin", "Know who you are",
		"&lt;script&gt;", "for development and tests only", "on this computer",
		`<label for="username">`, `<label for="password">`, `lang="en"`, "prefers-color-scheme:dark", `value="a&#34;b"`,
		`value="deny"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<script") {
		t.Error("the page has a script")
	}
	if boxes := strings.Count(page, `class="note"`) + strings.Count(page, `class="problem"`) + strings.Count(page, `class="warning"`); boxes != 1 {
		t.Errorf("%d boxes stand between the user and the answer", boxes)
	}
	remote := body(t, get(t, s, "/authorize?"+authorization(challenge, "redirect_uri", "https://app.example/cb?keep=1").Encode()))
	if !strings.Contains(remote, "<code>app.example</code>") || strings.Contains(remote, "on this computer") {
		t.Error("a remote application is not shown as such")
	}
}

// Covers AS8.
func TestPageHeaders(t *testing.T) {
	t.Parallel()
	s := start(t, withPages)
	_, challenge := pkce()
	for name, target := range map[string]string{
		"consent": "/authorize?" + authorization(challenge).Encode(),
		"error":   "/authorize",
		"refusal": "/authorize?" + authorization("bad").Encode(),
	} {
		h := get(t, s, target).Header
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'sha256-"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %q", name, policy, want)
			}
		}
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		} {
			if got := h.Get(header); got != want {
				t.Errorf("%s: %s %q, want %q", name, header, got, want)
			}
		}
	}
}

// Covers AS8.
func TestCookie(t *testing.T) {
	t.Parallel()
	_, challenge := pkce()
	for _, test := range []struct {
		issuer, name string
		secure       bool
	}{
		{"https://as.example", "__Host-mcpauthtest", true},
		{"http://127.0.0.1:9000", "mcpauthtest", false},
	} {
		s := start(t, func(c *Config) { withPages(c); c.Issuer = test.issuer })
		cookies := get(t, s, test.issuer+"/authorize?"+authorization(challenge).Encode()).Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%d cookies", len(cookies))
		}
		c := cookies[0]
		if c.Name != test.name || c.Secure != test.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("%s: cookie %+v", test.issuer, c)
		}
	}
}

// opened is a consent page as a browser has it.
type opened struct {
	server *Server
	target string
	cookie *http.Cookie
	form   url.Values
}

// open opens the consent page and fills in the form rightly.
func open(t *testing.T, s *Server, changes ...string) *opened {
	t.Helper()
	_, challenge := pkce()
	target := "/authorize?" + authorization(challenge, changes...).Encode()
	r := get(t, s, target)
	form, alert, err := readPage(r.Body)
	if err != nil || form == nil || alert != "" || len(r.Cookies()) != 1 {
		t.Fatalf("%v, form %v, alert %q", err, form, alert)
	}
	form.hidden.Set("username", "bob")
	form.hidden.Set("password", "builder")
	form.hidden.Set("decision", "approve")
	return &opened{s, target, r.Cookies()[0], form.hidden}
}

func (o *opened) submit(header ...string) *http.Response {
	if o.cookie != nil {
		header = append(header, "Cookie", o.cookie.Name+"="+o.cookie.Value)
	}
	return postForm(o.server, o.target, o.form, header...)
}

// Covers AS8.
func TestConsentForm(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(t *testing.T, o *opened) (header []string)
		status int
		answer string // "code", an error, or empty for a page
	}{
		{"approve", nil, 303, "code"},
		{"same site", func(*testing.T, *opened) []string { return []string{"Sec-Fetch-Site", "same-origin"} }, 303, "code"},
		{"deny", func(_ *testing.T, o *opened) []string { o.form.Set("decision", "deny"); return nil }, 303, "access_denied"},
		{"deny without a password", func(_ *testing.T, o *opened) []string {
			o.form = url.Values{"csrf": o.form["csrf"], "decision": {"deny"}}
			return nil
		}, 303, "access_denied"},
		{"no decision", func(_ *testing.T, o *opened) []string { o.form.Del("decision"); return nil }, 303, "access_denied"},
		{"wrong password", func(_ *testing.T, o *opened) []string { o.form.Set("password", "wonderland"); return nil }, 403, ""},
		{"no password", func(_ *testing.T, o *opened) []string { o.form.Del("password"); return nil }, 403, ""},
		{"unknown user", func(_ *testing.T, o *opened) []string { o.form.Set("username", "eve"); return nil }, 403, ""},
		{"no CSRF token", func(_ *testing.T, o *opened) []string { o.form.Del("csrf"); return nil }, 403, ""},
		{"wrong CSRF token", func(_ *testing.T, o *opened) []string { o.form.Set("csrf", o.form.Get("csrf")+"A"); return nil }, 403, ""},
		{"no cookie", func(_ *testing.T, o *opened) []string { o.cookie = nil; return nil }, 403, ""},
		{"another browser's cookie", func(t *testing.T, o *opened) []string { o.cookie = open(t, o.server).cookie; return nil }, 403, ""},
		{"cookie made up", func(_ *testing.T, o *opened) []string { o.cookie.Value = "x"; return nil }, 403, ""},
		{"token of another request", func(t *testing.T, o *opened) []string {
			o.form.Set("csrf", open(t, o.server, "scope", "read").form.Get("csrf"))
			return nil
		}, 403, ""},
		{"more scope than shown", func(_ *testing.T, o *opened) []string {
			o.target = strings.Replace(o.target, "scope=read+write", "scope=read+write+admin", 1)
			return nil
		}, 403, ""},
		{"other site", func(*testing.T, *opened) []string { return []string{"Sec-Fetch-Site", "cross-site"} }, 403, ""},
		{"same site, other origin", func(*testing.T, *opened) []string { return []string{"Sec-Fetch-Site", "same-site"} }, 403, ""},
		{"other origin", func(*testing.T, *opened) []string { return []string{"Origin", "https://evil.example"} }, 403, ""},
		{"not a form", func(*testing.T, *opened) []string { return []string{"Content-Type", "text/plain"} }, 400, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := open(t, start(t, withPages))
			var header []string
			if test.change != nil {
				header = test.change(t, o)
			}
			r := o.submit(header...)
			if r.StatusCode != test.status {
				t.Fatalf("status %d, want %d: %s", r.StatusCode, test.status, body(t, r))
			}
			if test.answer == "" {
				if page := body(t, r); !strings.Contains(page, `role="alert"`) || r.Header.Get("Location") != "" {
					t.Errorf("the page is %s", page)
				}
				return
			}
			wantDecision(t, r, test.answer)
		})
	}
}

// Who mistypes the password need not type the name again.
func TestConsentFormKeepsTheUsername(t *testing.T) {
	t.Parallel()
	o := open(t, start(t, withPages))
	o.form.Set("username", `b"ob`)
	o.form.Set("password", "guess")
	page := body(t, o.submit())
	if !strings.Contains(page, `value="b&#34;ob"`) || strings.Contains(page, "guess") {
		t.Errorf("the page is %s", page)
	}
}

// wantDecision checks the redirect after the form. Covers AS2.
func wantDecision(t *testing.T, r *http.Response, want string) {
	t.Helper()
	location, err := r.Location()
	if err != nil {
		t.Fatal(err)
	}
	answer := location.Query()
	if answer.Get("iss") != testIssuer || answer.Get("state") != testState {
		t.Errorf("iss %q, state %q", answer.Get("iss"), answer.Get("state"))
	}
	if (answer.Get("code") != "") != (want == "code") || want != "code" && answer.Get("error") != want {
		t.Errorf("error %q, want %q", answer.Get("error"), want)
	}
}

// The form works though html/template and browsers escape the query in other
// ways than the client. Covers AS8.
func TestFormWithAQueryEscapedOtherwise(t *testing.T) {
	t.Parallel()
	s := start(t, withPages)
	_, challenge := pkce()
	query := authorization(challenge)
	query.Del("state")
	request := httptest.NewRequest(http.MethodGet, "/authorize?state=it's(odd):javascript:|~%7e&"+query.Encode(), nil)
	r := do(s, request)
	form, _, err := readPage(r.Body)
	if err != nil || form == nil || !strings.HasPrefix(form.action, "/authorize?state=") {
		t.Fatalf("%v, form %+v", err, form)
	}
	form.hidden.Set("username", "bob")
	form.hidden.Set("password", "builder")
	form.hidden.Set("decision", "approve")
	cookie := r.Cookies()[0]
	answer := postForm(s, form.action, form.hidden, "Cookie", cookie.Name+"="+cookie.Value)
	location, err := answer.Location()
	if err != nil {
		t.Fatalf("%v: %s", err, body(t, answer))
	}
	if got, want := location.Query().Get("state"), "it's(odd):javascript:|~~"; got != want {
		t.Errorf("state %q, want %q", got, want)
	}
}

// One cookie serves several pages of the same browser.
func TestTwoPagesInOneBrowser(t *testing.T) {
	t.Parallel()
	s := start(t, withPages)
	first := open(t, s)
	_, challenge := pkce()
	second := httptest.NewRequest(http.MethodGet, "/authorize?"+authorization(challenge).Encode(), nil)
	second.AddCookie(first.cookie)
	if cookies := do(s, second).Cookies(); len(cookies) != 1 || cookies[0].Value != first.cookie.Value {
		t.Errorf("cookies %v", cookies)
	}
	wantDecision(t, first.submit(), "code")
}

// What a user allows one client no other has, nor the same one a second time:
// the browser's cookie stands for no consent.
//
// Covers AS8.
func TestConsentIsAskedOfEachClient(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { withPages(c); c.OpenRegistration = true })
	first := open(t, s)
	wantDecision(t, first.submit(), "code")
	other := register(t, s, `{"redirect_uris":["https://evil.example/cb"],"token_endpoint_auth_method":"none"}`)
	_, challenge := pkce()
	for name, changes := range map[string][]string{
		"another client":  {"client_id", other.ClientID, "redirect_uri", "https://evil.example/cb"},
		"the same client": nil,
	} {
		request := httptest.NewRequest(http.MethodGet, "/authorize?"+authorization(challenge, changes...).Encode(), nil)
		request.AddCookie(first.cookie)
		r := do(s, request)
		if r.StatusCode != http.StatusOK || r.Header.Get("Location") != "" {
			t.Errorf("%s: status %d, Location %q, want a page", name, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

// Covers AS8.
func TestLoginsAreRateLimited(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { withPages(config); config.Now = c.now })
	o := open(t, s)
	o.form.Set("password", "guess")
	for range loginBurst {
		if r := o.submit(); r.StatusCode != http.StatusForbidden {
			t.Fatalf("status %d", r.StatusCode)
		}
	}
	o.form.Set("password", "builder")
	if r := o.submit(); r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q", r.StatusCode, r.Header.Get("Retry-After"))
	}
	c.advance(time.Second)
	wantDecision(t, o.submit(), "code")
}

func TestAPostWithoutAPageIsNotApproved(t *testing.T) {
	t.Parallel()
	s := start(t, nil) // not even with AutoApprove
	_, challenge := pkce()
	r := postForm(s, "/authorize?"+authorization(challenge).Encode(), url.Values{"decision": {"approve"}})
	if r.StatusCode != http.StatusForbidden {
		t.Errorf("status %d", r.StatusCode)
	}
}

// Covers AS8.
func TestTestUsersAreShownOnlyIfAsked(t *testing.T) {
	t.Parallel()
	_, challenge := pkce()
	for _, shown := range []bool{true, false} {
		s := start(t, func(c *Config) { withPages(c); withStatus(c); c.ShowUsers = shown })
		for name, target := range map[string]string{"login": "/authorize?" + authorization(challenge).Encode(), "status": "/"} {
			page := body(t, get(t, s, base(s)+target))
			if got := strings.Contains(page, "<code>bob</code>, password <code>builder</code>"); got != shown {
				t.Errorf("%s page, ShowUsers %v: %v", name, shown, got)
			}
			if !shown && (strings.Contains(page, "builder") || strings.Contains(page, "wonderland")) {
				t.Errorf("the %s page has a password", name)
			}
		}
	}
}

// Covers AS8.
func TestNamesOfClientsStayInTheirPlace(t *testing.T) {
	t.Parallel()
	s := start(t, withPages)
	_, challenge := pkce()
	const name = "Evil” to act for you? Yes: “Claude"
	id := register(t, s, `{"redirect_uris":["https://x.example/cb"],"client_name":"`+name+`","token_endpoint_auth_method":"none"}`).ClientID
	page := body(t, get(t, s, base(s)+"/authorize?"+authorization(challenge, "client_id", id, "redirect_uri", "").Encode()))
	if !strings.Contains(page, `<p class="client"><bdi>`+name+`</bdi></p>`) {
		t.Errorf("the name is not by itself: %s", page)
	}
}
