package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
)

// patience bounds what a test waits for another part of it.
const patience = 20 * time.Second

// running is the command at work.
type running struct {
	t     *testing.T
	as    *mcpauthtest.Server
	dir   string
	facts facts
	log   *authtest.Log
	stop  func() int // and its exit code
}

// identifier is what clients call the resource, whatever port the test has got.
const identifier = "http://localhost:4711/mcp"

// config returns a file with one resource at an upstream, and further lines.
func config(issuer, upstream string, lines ...string) string {
	return fmt.Sprintf("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n%s\nresources:\n  - name: notes\n    identifier: %s\n    authorization_servers: [{issuer: %q}]\n    upstream: {url: %q}\n",
		strings.Join(lines, "\n"), identifier, issuer, upstream)
}

// write replaces a file as editors do.
func (r *running) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		r.t.Fatal(err)
	}
}

// start runs the command with a file. Its directory may be given.
func start(t *testing.T, as *mcpauthtest.Server, text string, files ...string) *running {
	t.Helper()
	r := &running{t: t, as: as, dir: t.TempDir(), log: &authtest.Log{}}
	r.write("gateway.yaml", text)
	for i := 0; i+1 < len(files); i += 2 {
		r.write(files[i], files[i+1])
	}
	ctx, cancel := context.WithCancel(t.Context())
	output, input := io.Pipe()
	exited := make(chan int, 1)
	go func() {
		s := command.Streams{Out: input, Err: r.log}
		exited <- command.Run(ctx, NewCommand(s), []string{"gateway", "--json", filepath.Join(r.dir, "gateway.yaml")}, s)
		input.Close()
	}()
	r.stop = sync.OnceValue(func() int {
		cancel()
		return <-exited
	})
	t.Cleanup(func() { r.stop() })
	if err := json.NewDecoder(output).Decode(&r.facts); err != nil {
		t.Fatalf("%v: %s", err, r.log)
	}
	return r
}

const ping = `{"jsonrpc":"2.0","id":7,"method":"ping"}`

// call sends a message with a token and returns status and body.
func (r *running) call(change ...func(*http.Request)) (int, string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, "http://"+r.facts.Listen+"/mcp", strings.NewReader(ping))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Host = "localhost:4711"
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+r.as.MustToken(r.t, mcpauthtest.TokenClaims{Audience: []string{identifier}, Scopes: []string{"read"}}))
	for _, f := range change {
		f(request)
	}
	return r.fetch(request)
}

func (r *running) fetch(request *http.Request) (int, string) {
	r.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return response.StatusCode, err.Error()
	}
	return response.StatusCode, string(body)
}

// admin asks the admin address.
func (r *running) admin(path string) (int, string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.facts.Admin+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.fetch(request)
}

// eventually waits until a condition holds.
func (r *running) eventually(what string, holds func() bool) {
	r.t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			r.t.Fatalf("%s: not in time\n%s", what, r.log)
		}
	}
}

// named is an upstream that answers with its name.
func named(t *testing.T, name string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }))
	t.Cleanup(server.Close)
	return server.URL
}

// A change of the file takes effect, a mistake in it does not, and keys outlive both.
func TestReload(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	one, two := named(t, "one"), named(t, "two")
	r := start(t, as, config(as.Issuer(), one))
	if status, body := r.call(); status != 200 || body != "one" {
		t.Fatalf("%d %s", status, body)
	}
	as.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Status: 500}, Metadata: mcpauthtest.DocumentFault{Status: 500}})
	r.write("gateway.yaml", config(as.Issuer(), two))
	r.eventually("the other upstream", func() bool { _, body := r.call(); return body == "two" })
	r.write("gateway.yaml", config(as.Issuer(), one)+"nonsense: true\n")
	r.eventually("the log", func() bool {
		return strings.Contains(r.log.String(), "gateway.yaml:9: nonsense: the field is not known")
	})
	if status, body := r.call(); status != 200 || body != "two" {
		t.Errorf("%d %s", status, body)
	}
	if status, body := r.admin("/readyz"); status != 200 || !strings.Contains(body, `"status":"degraded"`) || !strings.Contains(body, `"file":`) {
		t.Errorf("%d %s", status, body)
	}
	r.write("gateway.yaml", config(as.Issuer(), one, "leeway: 1s"))
	r.eventually("the first upstream", func() bool { _, body := r.call(); return body == "one" })
	if status, body := r.admin("/readyz"); status != 200 || strings.Contains(body, `"file":`) {
		t.Errorf("%d %s", status, body)
	}
	if code := r.stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, r.log)
	}
}

// An outage of others makes the gateway degraded, and not unready.
func TestHealth(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	as.SetFaults(mcpauthtest.Faults{Metadata: mcpauthtest.DocumentFault{Status: 500}})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	r := start(t, as, config(as.Issuer(), "http://"+listener.Addr().String()))
	r.eventually("the outage of the authorization server", func() bool {
		status, body := r.admin("/readyz")
		return status == 200 && strings.Contains(body, as.Issuer()+" metadata")
	})
	as.SetFaults(mcpauthtest.Faults{})
	r.eventually("the call", func() bool { status, _ := r.call(); return status == 502 })
	if status, body := r.admin("/readyz"); status != 200 || !strings.Contains(body, "upstream notes") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := r.admin("/livez"); status != 200 || body != "alive\n" {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := r.admin("/"); status != 404 {
		t.Errorf("status %d", status)
	}
	request, err := http.NewRequest(http.MethodGet, "http://"+r.facts.Listen+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := r.fetch(request); status != http.StatusMisdirectedRequest {
		t.Errorf("the public listener answers %d", status)
	}
}

// slow is an upstream whose streams go on, and whose calls end when they are told to.
func slow(t *testing.T) (url string, began chan string, finish chan struct{}) {
	t.Helper()
	began, finish = make(chan string, 2), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: begun\n\n")
		_ = http.NewResponseController(w).Flush()
		began <- r.Method
		select {
		case <-r.Context().Done():
		case <-finish:
			_, _ = io.WriteString(w, "data: ended\n\n")
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, began, finish
}

// A gateway that stops says so, ends what only waits, and lets calls finish.
func TestDrain(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	url, began, finish := slow(t)
	r := start(t, as, config(as.Issuer(), url, "drain: {delay: 300ms, grace: 20s}"))
	stream, call := make(chan string, 1), make(chan string, 1)
	go func() {
		_, body := r.call(func(q *http.Request) { q.Method, q.Body, q.ContentLength = "GET", nil, 0 })
		stream <- body
	}()
	go func() {
		_, body := r.call()
		call <- body
	}()
	<-began
	<-began
	code := make(chan int, 1)
	go func() { code <- r.stop() }()
	r.eventually("not ready", func() bool { status, _ := r.admin("/readyz"); return status == 503 })
	if body := <-stream; body != "data: begun\n\n" {
		t.Errorf("the stream: %q", body)
	}
	close(finish)
	if body := <-call; body != "data: begun\n\ndata: ended\n\n" {
		t.Errorf("the call: %q", body)
	}
	if code := <-code; code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A call that takes longer than the grace is broken off.
func TestGrace(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	url, began, _ := slow(t)
	r := start(t, as, config(as.Issuer(), url, "drain: {grace: 50ms}"))
	call := make(chan string, 1)
	go func() {
		_, body := r.call()
		call <- body
	}()
	<-began
	if code := r.stop(); code != 0 || !strings.Contains(r.log.String(), "longer than the grace") {
		t.Errorf("exit code %d: %s", code, r.log)
	}
	if body := <-call; !strings.Contains(body, "EOF") && !strings.Contains(body, "reset") {
		t.Errorf("the call: %q", body)
	}
}

// The audit log has a line for each decision, without arguments and tokens. If it must
// be written and cannot, no request passes.
func TestAudit(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	r := start(t, as, config(as.Issuer(), named(t, "one"), "audit: {file: audit.jsonl, fail: closed}", "trusted_proxies: [127.0.0.0/8]"))
	secret := func(q *http.Request) {
		const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send","arguments":{"text":"s3cret"}}}`
		q.Body, q.ContentLength = io.NopCloser(strings.NewReader(call)), int64(len(call))
		q.Header.Set("X-Forwarded-For", "203.0.113.9")
	}
	if status, body := r.call(secret); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ := r.call(func(q *http.Request) { q.Header.Del("Authorization") }); status != 401 {
		t.Errorf("status %d", status)
	}
	data, err := os.ReadFile(filepath.Join(r.dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) != 2 || strings.Contains(string(data), "s3cret") || strings.Contains(string(data), "eyJ") {
		t.Fatalf("%s", data)
	}
	var first, second auditLine
	if json.Unmarshal([]byte(lines[0]), &first) != nil || json.Unmarshal([]byte(lines[1]), &second) != nil {
		t.Fatalf("%s", data)
	}
	if first.Outcome != "allowed" || first.Resource != identifier || first.Method != "POST" || first.Subject != "alice" || first.Issuer != as.Issuer() ||
		first.Address != "203.0.113.9" || len(first.Operations) != 1 || first.Operations[0] != (auditOperation{"tools/call", "send"}) || first.Request == "" || first.Time.IsZero() {
		t.Errorf("%+v", first)
	}
	if second.Outcome != "denied" || second.Status != 401 || second.Reason != "no_credentials" || second.Request == first.Request || second.Address != "127.0.0.1" {
		t.Errorf("%+v", second)
	}
}

// Covers GW22: what must be logged and cannot be is refused with 503.
func TestAuditFailure(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full")
	}
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	for fail, want := range map[string]int{"closed": 503, "open": 200} {
		r := start(t, as, config(as.Issuer(), named(t, "one"), "audit: {file: /dev/full, fail: "+fail+"}"))
		if status, body := r.call(); status != want {
			t.Errorf("%s: %d %s", fail, status, body)
		}
		if !strings.Contains(r.log.String(), "audit log cannot be written to") {
			t.Errorf("the log is %s", r.log)
		}
	}
}
