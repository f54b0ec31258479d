package checkweb

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mcp-auth/go/check"
)

// waitTimeout bounds what a test waits for.
const waitTimeout = 20 * time.Second

// page is a page that is served.
type page struct {
	t      *testing.T
	origin string
	client *http.Client
}

func newPage(t *testing.T, change func(*Config)) *page {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	config := Config{Origin: "http://" + server.Listener.Addr().String()}
	if change != nil {
		change(&config)
	}
	handler, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	return &page{t, config.Origin, server.Client()}
}

// ask sends a request; edit may change it before.
func (p *page) ask(method, path, body string, edit func(*http.Request)) *http.Response {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), waitTimeout)
	p.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, p.origin+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if edit != nil {
		edit(r)
	}
	response, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { response.Body.Close() })
	return response
}

func (p *page) get(path string) string {
	p.t.Helper()
	response := p.ask(http.MethodGet, path, "", nil)
	if response.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: status %d", path, response.StatusCode)
	}
	return body(p.t, response)
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var csrfField = regexp.MustCompile(`name="csrf" value="(\w+)"`)

// form fills in the form as it is on the page.
func (p *page) form(target string, more ...string) string {
	p.t.Helper()
	match := csrfField.FindStringSubmatch(p.get("/"))
	if match == nil {
		p.t.Fatal("the page has no form")
	}
	values := url.Values{"csrf": {match[1]}, "url": {target}, "kind": {""}}
	for i := 0; i < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	return values.Encode()
}

var reportPath = regexp.MustCompile(`/reports/\w+`)

// check checks a target to the end, and returns what was streamed and the path
// of the report.
func (p *page) check(target string, more ...string) (streamed, path string) {
	p.t.Helper()
	response := p.ask(http.MethodPost, "/check", p.form(target, more...), nil)
	streamed = body(p.t, response)
	path = reportPath.FindString(streamed)
	if response.StatusCode != http.StatusOK || path == "" {
		p.t.Fatalf("status %d, no report:\n%s", response.StatusCode, streamed)
	}
	return streamed, path
}

// fakeTarget is an MCP server that wants a token, and holds on to requests until
// it is told to go on.
type fakeTarget struct {
	url      string
	arrived  chan string   // method and path of each request
	goOn     chan struct{} // as many as may pass; closed for all
	left     chan struct{} // one for each that gave up
	released sync.Once

	mu     sync.Mutex
	tokens []string
}

func newFakeTarget(t *testing.T, challenge string) *fakeTarget {
	f := &fakeTarget{arrived: make(chan string, 100), goOn: make(chan struct{}, 100), left: make(chan struct{}, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.tokens = append(f.tokens, r.Header.Get("Authorization"))
		f.mu.Unlock()
		_, _ = io.Copy(io.Discard, r.Body) // or its end is not seen
		select {
		case f.arrived <- r.Method + " " + r.URL.Path:
		default:
		}
		select {
		case <-f.goOn:
		case <-r.Context().Done():
			f.left <- struct{}{}
			return
		}
		if strings.Contains(r.URL.Path, "/.well-known/") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	f.url = server.URL + "/mcp"
	t.Cleanup(func() {
		f.release()
		server.Close()
	})
	return f
}

func (f *fakeTarget) release() { f.released.Do(func() { close(f.goOn) }) }

func wait[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(waitTimeout):
		t.Fatalf("%s did not come", what)
	}
	return v
}

// readUntil reads a page that is being written up to some text.
func readUntil(t *testing.T, r *bufio.Reader, want string) (read string) {
	t.Helper()
	for !strings.Contains(read, want) {
		line, err := r.ReadString('\n')
		read += line
		if err != nil {
			t.Fatalf("%q did not come: %v\n%s", want, err, read)
		}
	}
	return read
}

// The requests are on the page while the check goes on.
func TestRequestsArriveInSteps(t *testing.T) {
	t.Parallel()
	p, target := newPage(t, nil), newFakeTarget(t, "Bearer")
	response := p.ask(http.MethodPost, "/check", p.form(target.url, "kind", "mcp_server"), nil)
	stream := bufio.NewReader(response.Body)
	readUntil(t, stream, "<h1>Checking")
	for range 3 {
		wait(t, target.arrived, "a request")
		target.goOn <- struct{}{}
		if got := readUntil(t, stream, "</li>"); !strings.Contains(got, target.url) {
			t.Errorf("step %q", got)
		}
	}
	target.release()
	if end := readUntil(t, stream, "</html>"); !strings.Contains(end, `http-equiv="refresh"`) || !reportPath.MatchString(end) {
		t.Errorf("at the end, the page leads to no report: %s", end)
	}
}

// A check ends when nobody looks at it any more, and makes room for another.
func TestCheckEndsWithTheBrowser(t *testing.T) {
	t.Parallel()
	p, target := newPage(t, nil), newFakeTarget(t, "Bearer")
	for range maxChecks + 1 {
		ctx, leave := context.WithCancel(t.Context())
		response := p.ask(http.MethodPost, "/check", p.form(target.url, "kind", "mcp_server"), func(r *http.Request) { *r = *r.WithContext(ctx) })
		wait(t, target.arrived, "a request")
		leave()
		response.Body.Close()
		wait(t, target.left, "the end of the request")
	}
	target.release()
	for {
		// The slots are free as soon as the handlers have noticed.
		response := p.ask(http.MethodPost, "/check", p.form(target.url), nil)
		if response.StatusCode == http.StatusOK {
			break
		}
		response.Body.Close()
	}
}

func TestTooManyChecks(t *testing.T) {
	t.Parallel()
	p, target := newPage(t, nil), newFakeTarget(t, "Bearer")
	var running []*http.Response
	for range maxChecks {
		running = append(running, p.ask(http.MethodPost, "/check", p.form(target.url), nil))
		wait(t, target.arrived, "a request")
	}
	refused := p.ask(http.MethodPost, "/check", p.form(target.url), nil)
	if page := body(t, refused); refused.StatusCode != http.StatusServiceUnavailable || refused.Header.Get("Retry-After") == "" ||
		!strings.Contains(page, `value="`+target.url+`"`) {
		t.Errorf("status %d of one check too many: %s", refused.StatusCode, page)
	}
	target.release()
	for _, response := range running {
		if page := body(t, response); !reportPath.MatchString(page) {
			t.Errorf("a check that was there first has no report: %s", page)
		}
	}
	p.check(target.url)
}

// The time is enough for a slow machine to send two requests.
func TestCheckIsBoundedInTime(t *testing.T) {
	t.Parallel()
	p, target := newPage(t, func(c *Config) { c.Timeout = 4 * time.Second }), newFakeTarget(t, "Bearer")
	target.goOn <- struct{}{} // one answer, and no more
	_, path := p.check(target.url, "kind", "mcp_server")
	if report := p.get(path); !strings.Contains(report, "Time was up") || !strings.Contains(report, "Requests (") {
		t.Errorf("the report does not say that it is cut:\n%s", report)
	}
	wait(t, target.left, "the end of the request")
}

// What a server says is text on the page, and nothing leads to where it points.
func TestHostileServer(t *testing.T) {
	t.Parallel()
	const markup = `'"><img src=x onerror=alert(1)></textarea></title><script>alert(2)</script>`
	p, target := newPage(t, nil), newFakeTarget(t, `Bearer resource_metadata="javascript:alert(3)", error="invalid_token", error_description="`+
		strings.ReplaceAll(markup, `"`, `\"`)+`"`)
	target.release()
	streamed, path := p.check(target.url + "?" + url.QueryEscape(markup))
	report := p.get(path)
	if !strings.Contains(report, "&lt;img src=x onerror=alert(1)&gt;") {
		t.Fatalf("the report does not show what the server says:\n%s", report)
	}
	for name, page := range map[string]string{"steps": streamed, "report": report} {
		for _, bad := range []string{"<img", "<script>alert", `href="javascript:`, "</textarea><", "<title></title>"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page has %q", name, bad)
			}
		}
		for _, link := range regexp.MustCompile(`<a [^>]*>`).FindAllString(page, -1) {
			external := strings.Contains(link, `href="http`)
			if external && !strings.Contains(link, "noreferrer") || strings.Contains(link, target.url) {
				t.Errorf("%s: link %s", name, link)
			}
		}
	}
	if n := strings.Count(report, "<script>"); n != 1 {
		t.Errorf("%d scripts", n)
	}
}

// The token goes to the MCP server, and nowhere else.
func TestToken(t *testing.T) {
	t.Parallel()
	const token = "a-token-that-nobody-else-may-see"
	p, target := newPage(t, nil), newFakeTarget(t, `Bearer error_description="`+token+`"`)
	target.release()
	streamed, path := p.check(target.url, "kind", "mcp_server", "token", token)
	for name, page := range map[string]string{
		"steps": streamed, "report": p.get(path), "Markdown": p.get(path + "/report.md"), "JSON": p.get(path + "/report.json"),
	} {
		if strings.Contains(page, token) {
			t.Errorf("%s: the token is shown", name)
		}
	}
	if sent := strings.Join(target.tokens, " "); !strings.Contains(sent, token) {
		t.Errorf("the token was not sent: %q", sent)
	}
	// What is wrong with the form does not give it back either.
	response := p.ask(http.MethodPost, "/check", p.form("mcp.example.com", "token", token), nil)
	if page := body(t, response); response.StatusCode != http.StatusBadRequest || strings.Contains(page, token) {
		t.Errorf("status %d: %s", response.StatusCode, page)
	}
	target.tokens = nil
	p.check(strings.TrimSuffix(target.url, "/mcp"), "kind", "authorization_server", "token", token)
	if sent := strings.Join(target.tokens, " "); strings.Contains(sent, token) {
		t.Error("the token was sent to an authorization server")
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	p, target := newPage(t, nil), newFakeTarget(t, "Bearer")
	target.release()
	_, path := p.check(target.url)
	report := p.get(path)
	for _, want := range []string{
		`lang="en"`, "<title>", "<main>", "<h1>MCP server " + target.url, "Errors (", `<label for="markdown">`, path + "/report.md", "Check again",
		"no known problem", `rel="noopener noreferrer"`,
	} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for suffix, want := range map[string][3]string{
		"/report.md":   {"text/markdown; charset=utf-8", `attachment; filename="mcpauth-check.md"`, "# MCP server "},
		"/report.json": {"application/json", `attachment; filename="mcpauth-check.json"`, `{"target":"` + target.url},
	} {
		response := p.ask(http.MethodGet, path+suffix, "", nil)
		file := body(t, response)
		if got := response.Header.Get("Content-Type"); got != want[0] || response.Header.Get("Content-Disposition") != want[1] || !strings.HasPrefix(file, want[2]) {
			t.Errorf("%s: %s, %s: %s", suffix, got, response.Header.Get("Content-Disposition"), file)
		}
	}
	for _, gone := range []string{"/reports/GUESSED", "/reports/GUESSED/report.md", "/reports/GUESSED/report.json"} {
		if response := p.ask(http.MethodGet, gone, "", nil); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", gone, response.StatusCode)
		}
	}
}

// A report is forgotten when twenty later ones are there.
func TestStoreIsBounded(t *testing.T) {
	t.Parallel()
	s := newStore(maxReports)
	var all []*result
	for range maxReports + 1 {
		r := &result{Report: &check.Report{}, Target: target{token: "secret"}}
		s.add(r)
		all = append(all, r)
	}
	seen := map[string]bool{}
	for i, r := range all {
		if got := s.get(r.ID); (got == r) != (i > 0) {
			t.Errorf("report %d of %d: %v", i, len(all), got)
		}
		if r.Target.token != "" || len(r.ID) < 26 || seen[r.ID] {
			t.Errorf("report %d: ID %q, token %q", i, r.ID, r.Target.token)
		}
		seen[r.ID] = true
	}
}

// What cannot be checked is said, with the form to try again.
func TestNoReport(t *testing.T) {
	t.Parallel()
	p := newPage(t, nil)
	for want, form := range map[string]string{
		"must not have a query.": p.form("https://auth.example.com/?q=1", "kind", "authorization_server"),
		"This cannot be checked": p.form("https://mcp.example.com/mcp", "kind", "mcp_server", "token", "nö token"),
	} {
		page := body(t, p.ask(http.MethodPost, "/check", form, nil))
		if !strings.Contains(page, `role="alert"`) || !strings.Contains(page, want) || strings.Contains(page, "nö token") ||
			!csrfField.MatchString(page) || reportPath.MatchString(page) {
			t.Errorf("the page lacks %q, or says too much:\n%s", want, page)
		}
	}
}
