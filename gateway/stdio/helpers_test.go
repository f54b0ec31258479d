package stdio_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway/stdio"
	"github.com/mcp-auth/go/internal/authtest"
)

// TestMain runs the tests, or is the process that one has started. No goroutine of the
// package is left after the tests.
func TestMain(m *testing.M) {
	switch mode := os.Getenv(envMode); mode {
	case "":
	case modeParent:
		runParent()
		return
	default:
		runChild(mode)
		return
	}
	code := m.Run()
	left := goroutines()
	for range 100 { // the last step of a goroutine takes time as well
		if len(left) == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
		left = goroutines()
	}
	for _, stack := range left {
		fmt.Printf("a goroutine is left:\n%s\n", stack)
		code = 1
	}
	os.Exit(code)
}

// goroutines returns the stacks of the goroutines of the package.
func goroutines() (found [][]byte) {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		if bytes.Contains(stack, []byte("gateway/stdio")) && !bytes.Contains(stack, []byte("TestMain")) {
			found = append(found, stack)
		}
	}
	return found
}

// site is a Handler on HTTP, and the processes that it starts.
type site struct {
	t       *testing.T
	handler *stdio.Handler
	url     string
	log     *authtest.Log
	lifeline
}

func newLifeline(t *testing.T) lifeline {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	l := lifeline{listener, make(chan net.Conn, 100)}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			l.conns <- conn
		}
	}()
	return l
}

// process waits for the next process to start.
func (l lifeline) process(t *testing.T) *life {
	t.Helper()
	select {
	case conn := <-l.conns:
		t.Cleanup(func() { _ = conn.Close() })
		p := &life{lines: bufio.NewScanner(conn), conn: conn}
		p.mode = p.next()
		return p
	case <-time.After(20 * time.Second):
		t.Fatal("no process has started")
		return nil
	}
}

// newSite serves this test binary, in a mode. The callers' name is in X-User.
func newSite(t *testing.T, mode string, change func(*stdio.Config)) *site {
	t.Helper()
	s := &site{t: t, log: &authtest.Log{}, lifeline: newLifeline(t)}
	config := stdio.Config{
		Command:   []string{os.Args[0]},
		Env:       map[string]stdio.Variable{envMode: {Value: mode}, envLifeline: {Value: s.listener.Addr().String()}},
		StopGrace: 5 * time.Second,
		Logger:    slog.New(slog.NewTextHandler(s.log, nil)),
	}
	if change != nil {
		change(&config)
	}
	handler, err := stdio.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.handler = handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user := r.Header.Get("X-User"); user != "" {
			r = r.WithContext(mcpauth.NewContext(r.Context(), &mcpauth.AuthInfo{Issuer: "https://as.example.com", Subject: user}))
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := handler.Close(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	s.url = server.URL
	return s
}

// client is a client of a site.
type client struct {
	*site
	user, session, version string
	accept                 string
}

const bothAccepted = "application/json, text/event-stream"

// modern returns a client of revision 2026-07-28.
func (s *site) modern(user string) *client {
	return &client{site: s, user: user, version: "2026-07-28", accept: bothAccepted}
}

// legacy returns a client of revision 2025-11-25, without a session.
func (s *site) legacy(user string) *client {
	return &client{site: s, user: user, version: "2025-11-25", accept: bothAccepted}
}

const initialize = `{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

// open returns a client with a session.
func (s *site) open(user string) *client {
	s.t.Helper()
	c := s.legacy(user)
	a := c.post(initialize)
	if a.status != http.StatusOK || a.session == "" || !strings.Contains(a.body, `"id":"i"`) {
		s.t.Fatalf("initialize: %+v", a)
	}
	c.session = a.session
	return c
}

// request returns a request with what headers the client sends.
func (c *client) request(ctx context.Context, method, body string) *http.Request {
	c.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, c.url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	var m rpc
	_ = json.Unmarshal([]byte(body), &m)
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": c.accept, "X-User": c.user, "Mcp-Session-Id": c.session, "Mcp-Protocol-Version": c.version,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if c.version >= "2026-07-28" {
		r.Header.Set("Mcp-Method", m.Method)
		if m.Params.Name != "" {
			r.Header.Set("Mcp-Name", m.Params.Name)
		}
	}
	return r
}

// answer is a response, read to its end.
type answer struct {
	status        int
	session, kind string
	retry         string
	body          string
}

func (c *client) do(ctx context.Context, method, body string) (answer, error) {
	c.t.Helper()
	resp, err := http.DefaultClient.Do(c.request(ctx, method, body))
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	h := resp.Header
	return answer{resp.StatusCode, h.Get("Mcp-Session-Id"), h.Get("Content-Type"), h.Get("Retry-After"), string(text)}, err
}

func (c *client) post(body string) answer {
	c.t.Helper()
	return c.send(http.MethodPost, body)
}

func (c *client) send(method, body string) answer {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	a, err := c.do(ctx, method, body)
	if err != nil {
		c.t.Error(err)
	}
	return a
}

// call returns the message that calls a tool.
func (c *client) call(id, tool string, arguments ...string) string {
	given := map[string]string{}
	for i := 0; i+1 < len(arguments); i += 2 {
		given[arguments[i]] = arguments[i+1]
	}
	text, _ := json.Marshal(given)
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":%q,"arguments":%s%s}}`, id, tool, text, c.meta(`"progressToken":"p`+strings.Trim(id, `"`)+`"`))
}

func (c *client) meta(more string) string {
	if c.version >= "2026-07-28" {
		more += `,"io.modelcontextprotocol/protocolVersion":"2026-07-28"`
	}
	return `,"_meta":{` + more + `}`
}

// tool calls a tool and returns its text.
func (c *client) tool(id, tool string, arguments ...string) string {
	c.t.Helper()
	a := c.post(c.call(id, tool, arguments...))
	if a.status != http.StatusOK {
		c.t.Fatalf("%s: %+v", tool, a)
	}
	return textOf(c.t, id, a)
}

// textOf returns the text of a tool's answer to a request.
func textOf(t *testing.T, id string, a answer) string {
	t.Helper()
	body := a.body
	if strings.HasPrefix(a.kind, "text/event-stream") {
		all := events(a.body)
		body = all[len(all)-1]
	}
	var m struct {
		ID     json.RawMessage
		Result struct{ Content []struct{ Text string } }
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil || string(m.ID) != id || len(m.Result.Content) != 1 {
		t.Fatalf("answer to %s: %+v", id, a)
	}
	return m.Result.Content[0].Text
}

// events returns the data of the events in a stream.
func events(stream string) (data []string) {
	for event := range strings.SplitSeq(stream, "\n\n") {
		if text, ok := strings.CutPrefix(event, "event: message\ndata: "); ok {
			data = append(data, text)
		}
	}
	return data
}

// stream opens a response and returns its events as they come. The channel is closed
// at the end of the response.
func (c *client) stream(ctx context.Context, method, body string) <-chan string {
	c.t.Helper()
	resp, err := http.DefaultClient.Do(c.request(ctx, method, body))
	if err != nil {
		c.t.Fatal(err)
	}
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || kind != "text/event-stream" {
		c.t.Fatalf("no stream: %d %s", resp.StatusCode, kind)
	}
	events := make(chan string, 1000)
	go func() {
		defer close(events)
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				events <- data
			}
		}
	}()
	return events
}

// within returns what comes from a channel in time.
func within[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing comes")
		panic("unreachable")
	}
}

// eventually waits for a condition that nothing tells of.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for range 4000 {
		if holds() {
			return
		}
		<-ticker.C
	}
	t.Fatalf("never: %s", what)
}
