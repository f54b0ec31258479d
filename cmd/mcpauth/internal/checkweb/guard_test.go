package checkweb

import (
	"net/http"
	"strings"
	"testing"
)

// Nobody but the user at the page starts a check.
func TestRefusals(t *testing.T) {
	t.Parallel()
	p, fake := newPage(t, nil), newFakeTarget(t, "Bearer")
	good := p.form(fake.url)
	port := p.origin[strings.LastIndexByte(p.origin, ':'):]
	set := func(fields ...string) func(*http.Request) {
		return func(r *http.Request) {
			for i := 0; i < len(fields); i += 2 {
				r.Header.Set(fields[i], fields[i+1])
			}
		}
	}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	const form = "application/x-www-form-urlencoded"
	tests := []struct {
		name, method, path, body string
		edit                     func(*http.Request)
		want                     int
	}{
		{"rebound name", "POST", "/check", good, host("evil.example" + port), 403},
		{"rebound name, form", "GET", "/", "", host("evil.example" + port), 403},
		{"rebound name that looks local", "GET", "/", "", host("127.0.0.1.nip.io" + port), 403},
		{"name below localhost", "GET", "/", "", host("evil.localhost" + port), 403},
		{"other port", "GET", "/", "", host("127.0.0.1:1"), 403},
		{"no port", "GET", "/", "", host("127.0.0.1"), 403},
		{"other loopback address", "GET", "/", "", host("127.0.0.2" + port), 403},
		{"host in capitals", "GET", "/", "", host("LOCALHOST" + port), 403},

		{"other origin", "POST", "/check", good, set("Origin", "https://evil.example"), 403},
		{"origin of another port", "POST", "/check", good, set("Origin", "http://127.0.0.1:1"), 403},
		{"origin with https", "POST", "/check", good, set("Origin", "https://127.0.0.1"+port), 403},
		{"origin of another name of ours", "POST", "/check", good, set("Origin", "http://localhost"+port), 403},
		{"opaque origin", "POST", "/check", good, set("Origin", "null"), 403},
		{"other origin, fetch", "GET", "/", "", set("Origin", "https://evil.example"), 403},
		{"other origin, though same-origin", "POST", "/check", good, set("Origin", "https://evil.example", "Sec-Fetch-Site", "same-origin"), 403},

		{"cross-site form", "POST", "/check", good, set("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"), 403},
		{"same-site form", "POST", "/check", good, set("Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"), 403},
		{"form from nowhere", "POST", "/check", good, set("Sec-Fetch-Site", "none"), 403},
		{"cross-site fetch", "GET", "/", "", set("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"), 403},
		{"cross-site frame", "GET", "/", "", set("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"), 403},
		{"same-site fetch", "GET", "/", "", set("Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"), 403},

		{"no CSRF token", "POST", "/check", "url=" + fake.url, nil, 403},
		{"empty CSRF token", "POST", "/check", "csrf=&url=" + fake.url, nil, 403},
		{"wrong CSRF token", "POST", "/check", "csrf=AAAAAAAAAAAAAAAAAAAAAAAAAA&url=" + fake.url, nil, 403},
		{"CSRF token in the query", "POST", "/check?" + good, "url=" + fake.url, nil, 403},
		{"CSRF token of another page", "POST", "/check", newPage(t, nil).form(fake.url), nil, 403},

		{"GET to start", "GET", "/check?" + good, "", nil, 405},
		{"HEAD to start", "HEAD", "/check?" + good, "", nil, 405},
		{"form as text", "POST", "/check", good, set("Content-Type", "text/plain"), 415},
		{"form as JSON", "POST", "/check", `{"url":"` + fake.url + `"}`, set("Content-Type", "application/json"), 415},
		{"form without a type", "POST", "/check", good, func(r *http.Request) { r.Header.Del("Content-Type") }, 415},
		{"form too large", "POST", "/check", good + "&x=" + strings.Repeat("x", maxForm), nil, 413},
		{"form malformed", "POST", "/check", "csrf=%zz", nil, 400},
		{"no URL", "POST", "/check", p.form(""), nil, 400},
		{"no such kind", "POST", "/check", p.form(fake.url, "kind", "configuration"), nil, 400},
		{"no URL to fetch", "POST", "/check", p.form("file:///etc/passwd"), nil, 400},
		{"a script", "POST", "/check", p.form("javascript:alert(1)"), nil, 400},
		{"a password", "POST", "/check", p.form("https://user:password@mcp.example.com/"), nil, 400},
		{"a second line", "POST", "/check", p.form("https://mcp.example.com/\r\nHost: evil.example"), nil, 400},
		{"no such page", "GET", "/other", "", nil, 404},

		{"the form", "GET", "/", "", nil, 200},
		{"the form at localhost", "GET", "/", "", host("localhost" + port), 200},
		{"from the address bar", "GET", "/", "", set("Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"), 200},
		{"from a link elsewhere", "GET", "/", "", set("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"), 200},
	}
	for _, tt := range tests {
		response := p.ask(tt.method, tt.path, tt.body, tt.edit)
		page := body(t, response)
		if response.StatusCode != tt.want {
			t.Errorf("%s: status %d, want %d: %s", tt.name, response.StatusCode, tt.want, page)
		}
		if response.StatusCode == http.StatusForbidden && tt.path == "/" && strings.Contains(page, "csrf") {
			t.Errorf("%s: the form is shown", tt.name)
		}
	}
	if len(fake.arrived) > 0 {
		t.Errorf("%s was sent to the target", <-fake.arrived)
	}
	fake.release()
	for name, edit := range map[string]func(*http.Request){
		"without a browser": nil,
		"with a browser":    set("Origin", p.origin, "Sec-Fetch-Site", "same-origin", "Content-Type", form+"; charset=UTF-8"),
		"at localhost": func(r *http.Request) {
			r.Host = "localhost" + port
			r.Header.Set("Origin", "http://localhost"+port)
		},
	} {
		if response := p.ask(http.MethodPost, "/check", good, edit); response.StatusCode != http.StatusOK || !reportPath.MatchString(body(t, response)) {
			t.Errorf("%s: status %d", name, response.StatusCode)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	p, fake := newPage(t, nil), newFakeTarget(t, "Bearer")
	fake.release()
	form := p.form(fake.url)
	_, report := p.check(fake.url)
	for name, response := range map[string]*http.Response{
		"form": p.ask("GET", "/", "", nil), "check": p.ask("POST", "/check", form, nil), "report": p.ask("GET", report, "", nil),
		"file": p.ask("GET", report+"/report.json", "", nil), "refusal": p.ask("POST", "/check", "", nil),
		"nothing": p.ask("GET", "/nothing", "", nil), "foreign": p.ask("GET", "/", "", func(r *http.Request) { r.Host = "evil.example" }),
	} {
		policy := response.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q", name, policy)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") != (name == "report") {
			t.Errorf("%s: policy %q", name, policy)
		}
		for field, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "",
		} {
			if got := response.Header.Get(field); got != want {
				t.Errorf("%s: %s is %q, want %q", name, field, got, want)
			}
		}
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for origin, want := range map[string]string{
		"http://127.0.0.1:3001":   "127.0.0.1:3001 localhost:3001",
		"http://localhost:3001":   "localhost:3001 localhost:3001",
		"http://[::1]:3001":       "[::1]:3001 localhost:3001",
		"http://127.0.0.1:80":     "127.0.0.1:80 localhost:80 127.0.0.1 localhost",
		"http://[::1]:80":         "[::1]:80 localhost:80 [::1] localhost",
		"http://127.0.0.1":        "",
		"http://192.168.1.5:3001": "",
		"http://0.0.0.0:3001":     "",
		"http://example.com:3001": "",
		"https://127.0.0.1:3001":  "",
		"http://127.0.0.1:3001/x": "",
		"":                        "",
	} {
		hosts, err := hostsOf(origin)
		if got := strings.Join(hosts, " "); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", origin, got, err, want)
		}
	}
	if _, err := New(Config{Origin: "http://0.0.0.0:3001"}); err == nil {
		t.Error("a page for everybody is made")
	}
}
