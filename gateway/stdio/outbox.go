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

// outbox holds the messages for one response. Those who put something in never wait.
type outbox struct {
	length, bytes int  // limits
	events        bool // the response may become an event stream

	mu    sync.Mutex
	items []item
	held  int   // bytes
	err   error // why there will be no more
	wake  chan struct{}
}

func newOutbox(length, bytes int, events bool) *outbox {
	return &outbox{length: length, bytes: bytes, events: events, wake: make(chan struct{}, 1)}
}

// put reports false if nobody will get the message. A response whose client is too slow
// ends there.
func (o *outbox) put(i item) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return false
	}
	if len(o.items) >= o.length || len(o.items) > 0 && o.held+len(i.text) > o.bytes {
		o.items, o.held, o.err = nil, 0, errSlowClient
	} else {
		o.items = append(o.items, i)
		o.held += len(i.text)
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
	if len(o.items) == 0 {
		return item{}, false, o.err
	}
	i := o.items[0]
	o.items[0] = item{}
	o.items = o.items[1:]
	o.held -= len(i.text)
	return i, true, nil
}

// rest ends the outbox and returns what is left in it.
func (o *outbox) rest() []item {
	o.end(errGone)
	o.mu.Lock()
	defer o.mu.Unlock()
	left := o.items
	o.items, o.held = nil, 0
	return left
}

var errGone = errors.New("the client has gone away")
