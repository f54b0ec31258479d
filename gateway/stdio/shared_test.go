package stdio_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/gateway/stdio"
)

// Covers GW25: from revision 2026-07-28 on there is a process for each user, and one
// for all callers without a token.
func TestUsers(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeModern, nil)
	pids := map[string]string{}
	for _, user := range []string{"alice", "bob", ""} {
		c := s.modern(user)
		pids[user] = c.tool("1", "pid")
		if again := s.modern(user).tool("1", "pid"); again != pids[user] {
			t.Errorf("%q has the processes %s and %s", user, pids[user], again)
		}
		c.session = "ignored"
		if a := c.post(c.call("2", "pid")); a.status != http.StatusOK || a.session != "" {
			t.Errorf("a session where there are none: %+v", a)
		}
	}
	if pids["alice"] == pids["bob"] || pids["alice"] == pids[""] || pids["bob"] == pids[""] {
		t.Errorf("users share processes: %v", pids)
	}
}

// Covers GW25, GW26: many first requests of one user start one process.
func TestFirstRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeModern, nil)
	pids := make(chan string)
	for range 10 {
		go func() { pids <- textOf(t, "1", s.modern("alice").post(s.modern("").call("1", "pid"))) }()
	}
	first := within(t, pids)
	for range 9 {
		if pid := within(t, pids); pid != first {
			t.Errorf("the processes are %s and %s", first, pid)
		}
	}
}

// Covers GW26: two clients of one process use one id at the same time.
func TestSameID(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeModern, nil)
	for _, id := range []string{"7", `"\u0061"`, `"p"`} {
		answers := make(chan [2]string)
		for _, text := range []string{"a", "b"} {
			c := s.modern("alice")
			go func() { answers <- [2]string{text, textOf(t, id, c.post(c.call(id, "meet", "text", text)))} }()
		}
		for range 2 {
			if got := within(t, answers); got[0] != got[1] {
				t.Errorf("id %s: %s got the answer of %s", id, got[0], got[1])
			}
		}
	}
}

// Covers GW26: of a message, only the id is replaced, and line ends.
func TestOnlyIDReplaced(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeModern, nil)
	c := s.modern("alice")
	c.tool("1", "pid")
	const id = `"\u0061\/"`
	before := "{ \"params\":\t{\"arguments\":{\"n\":1.50e+01, \"e\":\"\\u00e9é\\/\",\n\"id\":9},\"name\":\"raw\",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}} ,\r\n\"id\" :"
	after := ` ,"method":"tools/call","jsonrpc":"2.0"}`
	a := c.post(strings.Replace(before, `"n":1.50e+01`, `"n":"1.50e+01"`, 1) + id + after)
	if a.status == http.StatusOK {
		t.Log("the tool takes text only")
	}
	text := strings.NewReplacer(`"n":1.50e+01`, `"n":"1.50e+01"`, `"id":9`, `"id":"9"`).Replace(before)
	got := textOf(t, `"\u0061\/"`, c.post(text+id+after))
	want := strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
	if rest, ok := strings.CutPrefix(got, want); !ok || strings.TrimLeft(rest, "0123456789") != after {
		t.Errorf("the process got\n%s\nwant\n%s…%s", got, want, after)
	}
}

// Covers GW26: what a subscription brings names it as its client does, and the id of
// nobody else.
func TestSubscription(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeModern, nil)
	c := s.modern("alice")
	c.tool("1", "pid")
	process := s.process(t)
	listen := func(ctx context.Context, id string) <-chan string {
		return c.stream(ctx, http.MethodPost, `{"jsonrpc":"2.0","id":`+id+`,"method":"subscriptions/listen","params":{"notifications":{}`+c.meta(`"a":1`)+`}}`)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for _, id := range []string{`"s"`, `"s"`} {
		if got := within(t, listen(ctx, id)); !strings.Contains(got, `"io.modelcontextprotocol/subscriptionId":"s"}`) {
			t.Errorf("the stream has %s", got)
		}
	}
	cancel()
	first, second := process.next(), process.next()
	if !strings.HasPrefix(first, "cancelled ") || !strings.HasPrefix(second, "cancelled ") || first == second {
		t.Errorf("the process says %q and %q", first, second)
	}
}

// Progress is for the request with its token. If two have it, nobody knows whose it is.
func TestProgressOfShared(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeModern, nil)
	c := s.modern("alice")
	a := c.post(c.call("1", "progress"))
	if all := events(a.body); len(all) != 2 || !strings.Contains(all[0], `"progressToken":"p1"`) || textOf(t, "1", a) != "done" {
		t.Errorf("progress: %+v", a)
	}
	process := s.process(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, _ = c.do(ctx, http.MethodPost, c.call("2", "announce")) }()
	process.next()
	if a := c.post(c.call("2", "progress")); a.kind != "application/json" || textOf(t, "2", a) != "done" {
		t.Errorf("progress with the token of another: %+v", a)
	}
}

// Covers GW17.
func TestDisconnectOfUser(t *testing.T) {
	t.Parallel()
	c := newSite(t, modeModern, nil).modern("alice")
	c.tool("1", "pid")
	disconnect(t, c, "1")
}

// Covers GW24: the next request starts a new process.
func TestCrashOfUser(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeModern, nil)
	c := s.modern("alice")
	before := c.tool("1", "pid")
	if a := c.post(c.call("2", "crash")); a.status != http.StatusBadGateway || !strings.Contains(a.body, `"id":2,"error":{"code":-32603`) {
		t.Errorf("the request: %+v", a)
	}
	if after := c.tool("3", "pid"); after == before {
		t.Error("the process goes on")
	}
}

// An idle process ends, and the next request starts a new one.
func TestIdleOfUser(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeModern, func(c *stdio.Config) { c.IdleTimeout = time.Millisecond })
	c := s.modern("alice")
	for range 3 {
		c.tool("1", "pid")
		if process := s.process(t); process.next() != "eof" {
			t.Error("the process goes on")
		}
	}
}

// A server of older revisions looks like one on HTTP: its clients begin with initialize
// (MCP 2026-07-28, Streamable HTTP, Backward Compatibility).
func TestLegacyServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, modeLegacy, nil)
	for range 3 {
		c := s.modern("alice")
		if a := c.post(c.call("1", "pid")); a.status != http.StatusBadRequest || !strings.Contains(a.body, `"id":1,"error":{"code":-32600`) {
			t.Errorf("a request of 2026-07-28: %+v", a)
		}
	}
	if n := s.handler.Stats().Started; n != 1 {
		t.Errorf("%d processes were started", n)
	}
	s.open("alice").tool("1", "pid")
	silent := newSite(t, modeSilent, func(c *stdio.Config) { c.StartTimeout = 100 * time.Millisecond }).modern("alice")
	if a := silent.post(silent.call("1", "pid")); a.status != http.StatusBadRequest {
		t.Errorf("a silent server: %+v", a)
	}
}

// The status says what the error is.
func TestErrorStatus(t *testing.T) {
	t.Parallel()
	c := newSite(t, modeModern, nil).modern("alice")
	if a := c.post(`{"jsonrpc":"2.0","id":1,"method":"made/up","params":{` + strings.TrimPrefix(c.meta(`"a":1`), ",") + `}}`); a.status != http.StatusNotFound || !strings.Contains(a.body, "-32601") {
		t.Errorf("an unknown method: %+v", a)
	}
}
