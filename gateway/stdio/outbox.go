package stdio

import (
	"context"
	"errors"
	"sync"

	"github.com/mcp-auth/go/gateway/stdio/internal/wire"
)

var errSlowClient = errors.New("the client takes its messages too slowly")

// item is a message on its way to a client.
type item struct {
	text    []byte        // nil if the call will get no answer
	answers *call         // nil if it is the answer to none
	message *wire.Message // that answers
}

// overhead is about what a message takes beside its text.
const overhead = 256

func (i item) size() int { return len(i.text) + overhead }

// queue is messages that wait, the first first. What they take is limited, but one has
// room always.
type queue struct {
	limit int // bytes
	items []item
	held  int // bytes
}

func (q *queue) hasRoom(i item) bool { return len(q.items) == 0 || q.held+i.size() <= q.limit }

func (q *queue) push(i item) {
	q.items = append(q.items, i)
	q.held += i.size()
}

func (q *queue) pop() item {
	i := q.items[0]
	q.items[0] = item{}
	q.items = q.items[1:]
	q.held -= i.size()
	return i
}

// clear empties the queue and returns what was in it.
func (q *queue) clear() []item {
	items := q.items
	q.items, q.held = nil, 0
	return items
}

// outbox holds the messages for one response. Those who put something in never wait.
type outbox struct {
	events bool // the response may become an event stream
	wake   chan struct{}

	mu    sync.Mutex
	queue queue
	err   error // why there will be no more
}

func newOutbox(limit int, events bool) *outbox {
	return &outbox{queue: queue{limit: limit}, events: events, wake: make(chan struct{}, 1)}
}

// put reports false if nobody will get the message. A response whose client is too slow
// ends there.
func (o *outbox) put(i item) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return false
	}
	if o.queue.hasRoom(i) {
		o.queue.push(i)
	} else {
		o.queue.clear()
		o.err = errSlowClient
	}
	o.signal()
	return o.err == nil
}

// end says that there will be no more messages, and why.
func (o *outbox) end(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// next waits for a message, or for the reason why there is none.
func (o *outbox) next(ctx context.Context) (item, error) {
	for {
		if i, ok, err := o.take(); ok || err != nil {
			return i, err
		}
		select {
		case <-o.wake:
		case <-ctx.Done():
			return item{}, context.Cause(ctx)
		}
	}
}

func (o *outbox) take() (item, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue.items) == 0 {
		return item{}, false, o.err
	}
	return o.queue.pop(), true, nil
}

// rest ends the outbox and returns what is left in it.
func (o *outbox) rest() []item {
	o.end(errGone)
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queue.clear()
}

var errGone = errors.New("the client has gone away")
