package stdio

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/mcp-auth/go/gateway/stdio/internal/child"
	"github.com/mcp-auth/go/gateway/stdio/internal/wire"
)

var (
	errEnded = errors.New("the process has ended")
	errInUse = errors.New("a request with this id is under way")
)

// link is a process and those who wait for its messages.
type link struct {
	child  *child.Process
	number uint64 // in the log
	user   string
	// shared says that clients of a user share the process, that it speaks revision
	// 2026-07-28 or a later one, and that ids are replaced.
	shared bool
	idle   time.Duration

	stop chan struct{} // closed when the process is to end

	mu      sync.Mutex
	session string           // identifier
	calls   map[string]*call // by the key of the id that the process knows
	newest  []*call          // last
	lastID  int64
	stream  *outbox // of the GET request
	backlog queue   // until there is one
	users   int     // requests and streams
	timer   *time.Timer
	ending  bool
}

// call is a request that the process has not answered yet.
type call struct {
	clientID []byte // as the client wrote it
	id       []byte // as the process knows it
	token    string // key of its progress token
	out      *outbox
}

// enter is called by each request that uses the process, before it does. It reports
// false if the process is to end.
func (l *link) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ending {
		return false
	}
	l.users++
	if l.timer != nil {
		l.timer.Stop()
	}
	return true
}

// leave is called by each when it is done. The process ends when nobody has used it
// for some time.
func (l *link) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users--; l.users > 0 || l.ending {
		return
	}
	if l.timer == nil {
		l.timer = time.AfterFunc(l.idle, l.expire)
		return
	}
	l.timer.Reset(l.idle)
}

func (l *link) expire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users == 0 {
		l.finishLocked()
	}
}

// finish has the process end. Its owner sees to that.
func (l *link) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finishLocked()
}

func (l *link) finishLocked() {
	if l.ending {
		return
	}
	l.ending = true
	if l.timer != nil {
		l.timer.Stop()
	}
	close(l.stop)
}

// ended tells those who wait that the process has ended.
func (l *link) ended() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.newest {
		c.out.end(errEnded)
	}
	if l.stream != nil {
		l.stream.end(errEnded)
	}
	l.calls, l.newest = nil, nil
	l.backlog.clear()
}

// register notes that requests are under way to the process. Their answers go to out.
func (l *link) register(messages []wire.Message, out *outbox) ([]*call, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var calls []*call
	for i := range messages {
		m := &messages[i]
		if m.Kind != wire.Request {
			continue
		}
		c := &call{clientID: m.ID(), id: m.ID(), token: m.ProgressToken(), out: out}
		if l.shared {
			l.lastID++
			c.id = strconv.AppendInt(nil, l.lastID, 10)
		}
		key := wire.Key(c.id)
		switch {
		case l.calls == nil:
			return calls, errEnded
		case l.calls[key] != nil:
			return calls, errInUse
		}
		l.calls[key] = c
		l.newest = append(l.newest, c)
		calls = append(calls, c)
	}
	return calls, nil
}

// forget gives calls up, and returns those that were not answered.
func (l *link) forget(calls []*call) (open []*call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range calls {
		if l.take(wire.Key(c.id), c) != nil {
			open = append(open, c)
		}
	}
	return open
}

// take removes and returns a call: the one with a key, if it is a certain one or if
// any will do.
func (l *link) take(key string, certain *call) *call {
	c := l.calls[key]
	if c == nil || certain != nil && c != certain {
		return nil
	}
	delete(l.calls, key)
	l.newest = slices.DeleteFunc(l.newest, func(other *call) bool { return other == c })
	return c
}

// cancel tells the process of calls that nobody waits for any longer.
func (l *link) cancel(calls []*call) {
	for _, c := range calls {
		line := append([]byte(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":`), c.id...)
		l.child.Post(append(line, `,"reason":"The client has gone away."}}`+"\n"...))
	}
}

// ask sends one request and waits for its answer.
func (l *link) ask(ctx context.Context, message wire.Message, out *outbox) (item, *call, error) {
	calls, err := l.register([]wire.Message{message}, out)
	if err != nil {
		return item{}, nil, err
	}
	defer l.forget(calls)
	if err := l.child.Send(ctx, line(&message, calls[0])); err != nil {
		return item{}, nil, err
	}
	i, err := out.next(ctx)
	return i, calls[0], err
}

// line returns a message as the process gets it; c is nil unless it is a request.
func line(m *wire.Message, c *call) []byte {
	text := m.Text
	if c != nil {
		text = m.WithID(c.id)
	}
	return append(slices.Clip(text), '\n')
}
