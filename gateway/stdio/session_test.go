package stdio_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/gateway/stdio"
)

// Covers GW25: a process for each session of the revisions before 2026-07-28.
func TestSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	first, second := s.open("alice"), s.open("alice")
	process := s.process(t)
	if a, b := first.tool("1", "pid"), second.tool("1", "pid"); a == b || a != first.tool("2", "pid") {
		t.Errorf("the processes of two sessions are %s and %s", a, b)
	}
	if a := first.post(`{"jsonrpc":"2.0","method":"notifications/initialized"}`); a.status != http.StatusAccepted || a.body != "" {
		t.Errorf("a notification: %+v", a)
	}
	if a := first.send(http.MethodDelete, ""); a.status != http.StatusNoContent {
		t.Errorf("DELETE: %+v", a)
	}
	if got := process.next(); got != "eof" {
		t.Errorf("the process says %q", got)
	}
	if got := process.next(); got != "" {
		t.Errorf("the process goes on: %q", got)
	}
	second.tool("3", "pid")
}

// Covers GW25: no user gets at the session of another.
func TestSessionsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	alice, nobody := s.open("alice"), s.open("")
	deleted := s.open("alice")
	deleted.send(http.MethodDelete, "")
	with := func(c *client, session, user string) *client {
		other := *c
		other.session, other.user = session, user
		return &other
	}
	for name, test := range map[string]struct {
		client *client
		body   string
		want   int
	}{
		"of another":   {with(alice, alice.session, "bob"), alice.call("1", "pid"), http.StatusNotFound},
		"of somebody":  {with(alice, alice.session, ""), alice.call("1", "pid"), http.StatusNotFound},
		"deleted":      {deleted, alice.call("1", "pid"), http.StatusNotFound},
		"unknown":      {with(alice, "unknown", "alice"), alice.call("1", "pid"), http.StatusNotFound},
		"none":         {with(alice, "", "alice"), alice.call("1", "pid"), http.StatusBadRequest},
		"second":       {alice, initialize, http.StatusBadRequest},
		"first to log": {with(nobody, nobody.session, "carol"), nobody.call("1", "pid"), http.StatusOK},
	} {
		if a := test.client.post(test.body); a.status != test.want {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if a := nobody.post(nobody.call("1", "pid")); a.status != http.StatusNotFound {
		t.Errorf("a session that has become carol's: %+v", a)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if a := with(alice, alice.session, "bob").send(method, ""); a.status != http.StatusNotFound {
			t.Errorf("%s of another's session: %+v", method, a)
		}
	}
}

// Covers GW25: a session that the server refuses leaves no process.
func TestInitializeRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeModern, nil)
	a := s.legacy("alice").post(initialize)
	if a.status != http.StatusOK || a.session != "" || !strings.Contains(a.body, "-32601") {
		t.Errorf("initialize: %+v", a)
	}
	process := s.process(t)
	if got := process.next() + process.next(); got != "eof" {
		t.Errorf("the process says %q", got)
	}
}

// What belongs to a request comes before its answer, in one event stream.
func TestStreamOfRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	c := s.open("alice")
	a := c.post(c.call("1", "progress"))
	all := events(a.body)
	if a.kind != "text/event-stream" || len(all) != 2 || !strings.Contains(all[0], `"progressToken":"p1"`) || textOf(t, "1", a) != "done" {
		t.Errorf("progress: %+v", a)
	}
	if a := c.post(c.call("2", "echo", "text", "x")); a.kind != "application/json" {
		t.Errorf("an answer without more: %+v", a)
	}
	a = c.post(c.call("3", "pretty"))
	if all := events(a.body); len(all) != 2 || strings.Contains(a.body, "\r") {
		t.Errorf("carriage returns: %+v", a)
	}
	jsonOnly := *c
	jsonOnly.accept = "application/json"
	if a := jsonOnly.post(c.call("4", "progress")); a.kind != "application/json" || textOf(t, "4", a) != "done" {
		t.Errorf("a client without streams: %+v", a)
	}
	eventsOnly := *c
	eventsOnly.accept = "text/event-stream"
	if a := eventsOnly.post(c.call("5", "echo", "text", "x")); a.kind != "text/event-stream" || textOf(t, "5", a) != "x" {
		t.Errorf("a client without JSON: %+v", a)
	}
}

// A response becomes a stream when the answer takes long.
func TestStreamAfter(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, func(c *stdio.Config) { c.StreamAfter = time.Millisecond })
	c := s.open("alice")
	stream := c.stream(t.Context(), http.MethodPost, c.call("1", "meet", "text", "a"))
	c.tool("2", "meet")
	if got := within(t, stream); !strings.Contains(got, `"id":1`) {
		t.Errorf("the stream has %s", got)
	}
}

// The server asks its client in the middle of a request.
func TestServerRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	c := s.open("alice")
	stream := c.stream(t.Context(), http.MethodPost, c.call("1", "ask", "id", `"q"`))
	if got := within(t, stream); !strings.Contains(got, "roots/list") {
		t.Fatalf("the server asks %s", got)
	}
	if a := c.post(`{"jsonrpc":"2.0","id":"q","result":{"roots":[1]}}`); a.status != http.StatusAccepted {
		t.Errorf("the client's answer: %+v", a)
	}
	if got := within(t, stream); !strings.Contains(got, `{\"roots\":[1]}`) {
		t.Errorf("the server got %s", got)
	}
}

// The stream of a session gets what belongs to no request, also what came before it,
// and a later stream takes its place.
func TestStreamOfSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	c := s.open("alice")
	jsonOnly := *c
	jsonOnly.accept = "application/json"
	jsonOnly.tool("1", "notify", "method", "notifications/early")
	stream := c.stream(t.Context(), http.MethodGet, "")
	if got := within(t, stream); !strings.Contains(got, "notifications/early") {
		t.Errorf("the stream has %s", got)
	}
	c.tool("2", "notify", "method", "notifications/tools/list_changed")
	if got := within(t, stream); !strings.Contains(got, "list_changed") {
		t.Errorf("the stream has %s", got)
	}
	later := c.stream(t.Context(), http.MethodGet, "")
	if got, open := <-stream; open {
		t.Errorf("the former stream has %s", got)
	}
	c.tool("3", "notify", "method", "notifications/prompts/list_changed")
	if got := within(t, later); !strings.Contains(got, "prompts") {
		t.Errorf("the stream has %s", got)
	}
	c.send(http.MethodDelete, "")
	if got, open := <-later; open {
		t.Errorf("the stream of an ended session has %s", got)
	}
}

// A batch is one line for each message.
func TestBatch(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	c := s.open("alice")
	c.version = "2025-03-26"
	a := c.post("[" + c.call("1", "echo", "text", "a") + ",\n" + `{"jsonrpc":"2.0","method":"notifications/x"},` + c.call("2", "echo", "text", "b") + "]")
	if a.status != http.StatusOK || a.kind != "application/json" || !strings.HasPrefix(a.body, "[") || strings.Count(a.body, `"result"`) != 2 {
		t.Errorf("a batch: %+v", a)
	}
	c = s.open("alice")
	c.version = "2025-03-26"
	a = c.post("[" + c.call("3", "echo", "text", "a") + "," + c.call("4", "crash", "after", "echo") + "]")
	if !strings.Contains(a.body, `"id":4,"error":{"code":-32603`) {
		t.Errorf("a batch whose process ends: %+v", a)
	}
}

// Covers GW17: on stdio, the client's disconnect becomes notifications/cancelled.
func TestDisconnectOfSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	disconnect(t, s.open("alice"), `"x\u0079"`)
}

func disconnect(t *testing.T, c *client, id string) {
	t.Helper()
	process := c.process(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := c.do(ctx, http.MethodPost, c.call(id, "announce"))
		ended <- err
	}()
	began := process.next()
	cancel()
	if within(t, ended) == nil {
		t.Error("the request was answered")
	}
	known, _ := strings.CutPrefix(began, "began ")
	if got := process.next(); got != "cancelled "+known {
		t.Errorf("after %q the process says %q", began, got)
	}
}

// A request that its client has cancelled ends, though the process does not answer it.
func TestCancelled(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	c := s.open("alice")
	process := s.process(t)
	ended := make(chan answer, 1)
	go func() { ended <- c.post(c.call("1", "announce")) }()
	process.next()
	c.post(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	if a := within(t, ended); a.status != http.StatusOK || a.kind != "text/event-stream" || a.body != "" {
		t.Errorf("the cancelled request: %+v", a)
	}
	if got := process.next(); got != "cancelled 1" {
		t.Errorf("the process says %q", got)
	}
}

// Two requests of a session cannot be under way with one id.
func TestIDInUse(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	c := s.open("alice")
	process := s.process(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, _ = c.do(ctx, http.MethodPost, c.call(`"a"`, "announce")) }()
	process.next()
	if a := c.post(c.call(`"\u0061"`, "pid")); a.status != http.StatusBadRequest {
		t.Errorf("an id in use: %+v", a)
	}
}

// Covers GW24: when the process ends, what is under way gets an error, and the session
// is over.
func TestCrashOfSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	c := s.open("alice")
	stream := c.stream(t.Context(), http.MethodGet, "")
	if a := c.post(c.call(`"\u0061"`, "crash")); a.status != http.StatusBadGateway || !strings.Contains(a.body, `"id":"\u0061","error":{"code":-32603`) {
		t.Errorf("the request: %+v", a)
	}
	if got, open := <-stream; open {
		t.Errorf("the stream has %s", got)
	}
	if a := c.post(c.call("2", "pid")); a.status != http.StatusNotFound {
		t.Errorf("the session: %+v", a)
	}
	c = s.open("alice")
	stream = c.stream(t.Context(), http.MethodPost, c.call("3", "ask", "id", "1"))
	within(t, stream)
	c.post(c.call("4", "crash"))
	if got := within(t, stream); !strings.Contains(got, `{"jsonrpc":"2.0","id":3,"error":{"code":-32603`) {
		t.Errorf("a stream that had begun has %s", got)
	}
}

// A process ends when it was not used for some time, and its session with it.
func TestIdle(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, func(c *stdio.Config) { c.IdleTimeout = time.Nanosecond })
	c := s.open("alice")
	if process := s.process(t); process.next() != "eof" {
		t.Error("the process goes on")
	}
	if a := c.post(c.call("1", "pid")); a.status != http.StatusNotFound {
		t.Errorf("the session: %+v", a)
	}
}

// What is no request of streamable HTTP is refused, and starts no process.
func TestRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, func(c *stdio.Config) { c.MaxBody = 1000 })
	plain, modern := s.legacy("alice"), s.modern("alice")
	unacceptable := s.legacy("alice")
	unacceptable.accept = "text/html"
	for name, test := range map[string]struct {
		client       *client
		method, body string
		want         int
	}{
		"no message":      {plain, http.MethodPost, "{}", http.StatusBadRequest},
		"two readings":    {plain, http.MethodPost, `{"jsonrpc":"2.0","id":1,"ID":2,"method":"initialize"}`, http.StatusBadRequest},
		"too large":       {plain, http.MethodPost, initialize + strings.Repeat(" ", 1000), http.StatusRequestEntityTooLarge},
		"unacceptable":    {unacceptable, http.MethodPost, initialize, http.StatusNotAcceptable},
		"PUT":             {plain, http.MethodPut, initialize, http.StatusMethodNotAllowed},
		"GET":             {plain, http.MethodGet, "", http.StatusBadRequest},
		"GET of 2026":     {modern, http.MethodGet, "", http.StatusMethodNotAllowed},
		"DELETE of 2026":  {modern, http.MethodDelete, "", http.StatusMethodNotAllowed},
		"notification":    {plain, http.MethodPost, `{"jsonrpc":"2.0","method":"initialize"}`, http.StatusBadRequest},
		"cancel, of 2026": {modern, http.MethodPost, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, http.StatusAccepted},
	} {
		if a := test.client.send(test.method, test.body); a.status != test.want {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if n := s.handler.Stats().Started; n != 0 {
		t.Errorf("%d processes were started", n)
	}
}

// Covers GW25: beyond the number of processes, in all and by user, there is 503.
func TestPlaces(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, func(c *stdio.Config) { c.MaxProcesses, c.MaxPerUser = 3, 2 })
	alice := []*client{s.open("alice"), s.open("alice")}
	full := func(user string) {
		t.Helper()
		if a := s.legacy(user).post(initialize); a.status != http.StatusServiceUnavailable || a.retry == "" || !strings.Contains(a.body, `"error"`) {
			t.Errorf("%s: %+v", user, a)
		}
	}
	full("alice")
	s.open("")
	full("bob")
	full("")
	alice[0].send(http.MethodDelete, "")
	eventually(t, "the place is free", func() bool { return s.handler.Stats().Processes == 2 })
	s.open("bob")
	full("alice")
	if got := s.handler.Stats(); got.Processes != 3 || got.Started != 4 {
		t.Errorf("%+v", got)
	}
}

// Covers GW25: that a process cannot be started is the fault of the request alone.
func TestCannotStart(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*stdio.Config){
		"no command": func(c *stdio.Config) { c.Command[0] = "/nowhere/to-be-found" },
		"no secret":  func(c *stdio.Config) { c.Env["SECRET"] = stdio.Variable{File: "/nowhere/to-be-found"} },
		"ends":       func(c *stdio.Config) { c.Env[envMode] = stdio.Variable{Value: modeGone} },
	} {
		s := newSite(t, modeLegacy, change)
		for _, c := range []*client{s.legacy("alice"), s.modern("alice")} {
			body := initialize
			if c.version != s.legacy("").version {
				body = c.call(`"i"`, "pid")
			}
			if a := c.post(body); a.status != http.StatusBadGateway || !strings.Contains(a.body, `"id":"i","error"`) || strings.Contains(a.body, "nowhere") {
				t.Errorf("%s: %+v", name, a)
			}
		}
		eventually(t, "the places are free", func() bool { return s.handler.Stats().Processes == 0 })
		if name != "ends" && !strings.Contains(s.log.String(), "to-be-found") {
			t.Errorf("%s: the log does not say why: %s", name, s.log)
		}
	}
}

// A process that says nothing is given up.
func TestSlowStart(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeSilent, func(c *stdio.Config) { c.StartTimeout = 100 * time.Millisecond })
	if a := s.legacy("alice").post(initialize); a.status != http.StatusGatewayTimeout || a.session != "" {
		t.Errorf("initialize: %+v", a)
	}
	if process := s.process(t); process.next() != "eof" {
		t.Error("the process goes on")
	}
}

// Covers GW28: what is no message is dropped, counted and logged, without its text.
func TestNoise(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, func(c *stdio.Config) { c.MaxLine = 1 << 10 })
	c := s.open("alice")
	if got := c.tool("1", "garbage"); got != "quiet" {
		t.Errorf("after garbage: %s", got)
	}
	const lines = 7 // the empty one aside
	if n := s.handler.Stats().Discarded; n != lines {
		t.Errorf("%d lines were discarded, want %d", n, lines)
	}
	if got := c.tool("2", "long"); got != "quiet" {
		t.Errorf("after a long line: %s", got)
	}
	if n := s.handler.Stats().Discarded; n != lines+1 {
		t.Errorf("%d lines were discarded, want %d", n, lines+1)
	}
	if log := s.log.String(); strings.Contains(log, "Server ready") || !strings.Contains(log, "too long") || !strings.Contains(log, "is no message") {
		t.Errorf("the log: %s", log)
	}
}

// Covers GW28, GW27: the error output is logged line by line, with a bound and without
// secrets.
func TestErrorOutput(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, func(c *stdio.Config) { c.Env["SECRET"] = secretFile(t) })
	c := s.open("alice")
	c.tool("1", "stderr")
	c.send(http.MethodDelete, "")
	eventually(t, "the process has ended", func() bool { return s.handler.Stats().Processes == 0 })
	log := s.log.String()
	longest := slices.MaxFunc(strings.Split(log, "\n"), func(a, b string) int { return len(a) - len(b) })
	if n := strings.Count(log, `line="a line of the log"`); n != 10_000 || len(longest) > 9<<10 || !strings.Contains(log, "cut=true") {
		t.Errorf("%d lines, the longest of %d bytes", n, len(longest))
	}
	if strings.Contains(log, theSecret) || !strings.Contains(log, "secret: [redacted]") {
		t.Error("the secret is in the log")
	}
}

// Covers GW29: a process that reads nothing holds up its own callers only.
func TestDeaf(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeDeaf, func(c *stdio.Config) {
		c.SendTimeout, c.QueueLength, c.StopGrace = 300*time.Millisecond, 2, 10*time.Millisecond
	})
	c, other := s.open("alice"), s.legacy("bob")
	text := strings.Repeat("x", 1<<20)
	statuses := make(chan int)
	for i := range 8 {
		go func() { statuses <- c.post(c.call(fmt.Sprint(i), "echo", "text", text)).status }()
	}
	seen := map[int]int{}
	for range 8 {
		seen[within(t, statuses)]++
	}
	if seen[http.StatusGatewayTimeout] < 2 || seen[http.StatusServiceUnavailable] < 1 || len(seen) != 2 {
		t.Errorf("the answers are %v", seen)
	}
	if a := other.post(initialize); a.status != http.StatusOK {
		t.Errorf("another process: %+v", a)
	}
}

// Covers GW29: a client that reads nothing loses its stream, and holds up nobody.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, func(c *stdio.Config) { c.ClientTimeout = 200 * time.Millisecond })
	c := s.open("alice")
	process := s.process(t)
	resp, err := http.DefaultClient.Do(c.request(t.Context(), http.MethodPost, c.call("1", "flood")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if got := c.tool("2", "echo", "text", "x"); got != "x" {
		t.Errorf("another request: %s", got)
	}
	if got := process.next(); got != "cancelled 1" {
		t.Errorf("the process says %q", got)
	}
}
