package stdio

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mcp-auth/go/gateway/stdio/internal/wire"
)

func newLink(idle time.Duration) *link {
	return &link{idle: idle, stop: make(chan struct{}), calls: map[string]*call{}, backlog: queue{limit: 1000}}
}

func isStopped(l *link) bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

// A process is idle from the moment on that nobody uses it.
func TestIdleTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLink(time.Minute)
		l.enter()
		l.enter()
		time.Sleep(time.Hour)
		l.leave()
		time.Sleep(time.Hour)
		l.leave()
		time.Sleep(59 * time.Second)
		if !l.enter() {
			t.Fatal("the process ends too early")
		}
		time.Sleep(time.Hour)
		l.leave()
		time.Sleep(59 * time.Second)
		if isStopped(l) {
			t.Error("the process ends too early")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if !isStopped(l) || l.enter() {
			t.Error("the process goes on")
		}
		l.finish() // once more
	})
}

// Covers GW29: what waits for a client is limited, except for one message.
func TestOutbox(t *testing.T) {
	t.Parallel()
	large := item{text: make([]byte, 2000)}
	o := newOutbox(1000, true)
	if !o.put(large) {
		t.Error("one message has no room")
	}
	if i, err := o.next(t.Context()); err != nil || len(i.text) != 2000 {
		t.Errorf("%d bytes, %v", len(i.text), err)
	}
	small := item{text: []byte("a")}
	for range 3 {
		if !o.put(small) {
			t.Error("small messages have no room")
		}
	}
	for range 2 {
		if o.put(small) {
			t.Error("there is no limit")
		}
	}
	if _, err := o.next(t.Context()); !errors.Is(err, errSlowClient) {
		t.Errorf("the response ends with %v", err)
	}
	o = newOutbox(1000, true)
	o.put(small)
	o.end(errEnded)
	if _, err := o.next(t.Context()); err != nil || o.put(small) {
		t.Error("what came before the end is lost, or what comes after it is not")
	}
	if _, err := o.next(t.Context()); !errors.Is(err, errEnded) {
		t.Errorf("the response ends with %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errGone)
	if _, err := newOutbox(1, true).next(ctx); !errors.Is(err, errGone) {
		t.Errorf("waiting ends with %v", err)
	}
}

func message(t *testing.T, text string) *wire.Message {
	t.Helper()
	messages, err := wire.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &messages[0]
}

// What waits for a stream is limited: the oldest makes room. What a stream did not send
// waits for the next one.
func TestBacklog(t *testing.T) {
	t.Parallel()
	l := newLink(time.Hour)
	var kept int
	for _, method := range []string{"a", "b", "c", "d"} {
		if l.route(message(t, `{"jsonrpc":"2.0","method":"`+method+`"}`)) {
			kept++
		}
	}
	if kept != 3 {
		t.Errorf("%d of 4 messages are kept without loss", kept)
	}
	first, second := newOutbox(10_000, true), newOutbox(10_000, true)
	l.attach(first)
	if i, err := first.next(t.Context()); err != nil || message(t, string(i.text)).Method != "b" {
		t.Errorf("the stream begins with %s, %v", i.text, err)
	}
	l.attach(second)
	l.detach(first)
	for _, want := range []string{"c", "d"} {
		if i, err := second.next(t.Context()); err != nil || message(t, string(i.text)).Method != want {
			t.Errorf("the stream has %s, %v; want %s", i.text, err, want)
		}
	}
	l.ended()
	if l.route(message(t, `{"jsonrpc":"2.0","method":"e"}`)) {
		t.Error("a message is kept for nobody")
	}
	if _, err := second.next(t.Context()); !errors.Is(err, errEnded) {
		t.Errorf("the stream ends with %v", err)
	}
	l.attach(first)
	if _, err := l.register([]wire.Message{*message(t, initializeLine)}, first); !errors.Is(err, errEnded) {
		t.Errorf("a request is registered: %v", err)
	}
}

const initializeLine = `{"jsonrpc":"2.0","id":1,"method":"initialize"}`

// Whose message it is, where clients share a process.
func TestRouteShared(t *testing.T) {
	t.Parallel()
	l := newLink(time.Hour)
	l.shared = true
	out := newOutbox(100_000, true)
	calls, err := l.register([]wire.Message{*message(t, `{"jsonrpc":"2.0","id":"a","method":"subscriptions/listen"}`)}, out)
	if err != nil {
		t.Fatal(err)
	}
	logged := `{"jsonrpc":"2.0","method":"notifications/message"}`
	for text, want := range map[string]bool{
		`{"jsonrpc":"2.0","id":1,"method":"roots/list"}`:                                                 false,
		`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`:                                  false,
		`{"jsonrpc":"2.0","method":"x","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":2}}}`: false,
		`{"jsonrpc":"2.0","method":"x","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}}`: true,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}}`:                false,
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"a"}}`:             false,
		`{"jsonrpc":"2.0","id":"a","result":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}}`:     false,
		logged: true,
	} {
		if got := l.route(message(t, text)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
	second, err := l.register([]wire.Message{*message(t, `{"jsonrpc":"2.0","id":"a","method":"tools/list"}`)}, newOutbox(100, true))
	if err != nil || l.route(message(t, logged)) {
		t.Errorf("a log is delivered, and nobody knows whose it is: %v", err)
	}
	if open := l.forget(second); len(open) != 1 || len(l.forget(second)) != 0 {
		t.Errorf("%d calls are open", len(open))
	}
	out.rest()
	out = newOutbox(100_000, true)
	calls[0].out = out
	if !l.route(message(t, `{"jsonrpc":"2.0","id":1,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}}`)) {
		t.Error("the answer is for nobody")
	}
	i, err := out.next(t.Context())
	if want := `{"jsonrpc":"2.0","id":"a","result":{"_meta":{"io.modelcontextprotocol/subscriptionId":"a"}}}`; err != nil || string(i.text) != want {
		t.Errorf("the answer is %s, %v", i.text, err)
	}
	if l.route(message(t, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)) {
		t.Error("what is answered is cancelled")
	}
}

// The server ends a subscription.
func TestCancelledByServer(t *testing.T) {
	t.Parallel()
	l := newLink(time.Hour)
	l.shared = true
	out := newOutbox(1000, true)
	calls, err := l.register([]wire.Message{*message(t, initializeLine)}, out)
	if err != nil || !l.route(message(t, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)) {
		t.Fatalf("nothing is cancelled: %v", err)
	}
	if i, err := out.next(t.Context()); err != nil || i.answers != calls[0] || i.text != nil {
		t.Errorf("%+v, %v", i, err)
	}
}
