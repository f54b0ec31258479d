package gateway

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway/internal/headers"
)

const (
	// writeTimeout is how long a client may take for a part of a response.
	writeTimeout = 30 * time.Second
	// idleTimeout is how long an upstream may send nothing.
	idleTimeout = time.Hour
)

var errIdle = errors.New("the upstream has sent nothing for an hour")

// exchange is the response to a request that was let in, as its upstream writes it.
// The methods are safe for concurrent use: comments come in between.
type exchange struct {
	to     http.ResponseWriter
	write  *http.ResponseController
	method string
	asked  func() message // what the request asks for
	idle   *time.Timer    // the upstream has sent nothing for too long
	header http.Header    // of the upstream's response

	streaming func() // is called when the response is an event stream
	mu        sync.Mutex
	outcome   outcome
	replaced  bool     // by an answer of the gateway
	over      bool     // the handler has returned
	announced []string // trailers that may pass
	comments  comments
}

// outcome is how an exchange ended.
type outcome struct {
	status   int // 0: the response has not begun
	stream   bool
	finished bool
	err      error // what went wrong with the upstream
}

func newExchange(w http.ResponseWriter, r *http.Request, keepAlive time.Duration) *exchange {
	return &exchange{
		to: w, write: http.NewResponseController(w), method: r.Method, header: http.Header{},
		asked: func() message { return messageOf(r) }, comments: comments{every: keepAlive},
	}
}

// Header returns the header of the upstream's response, of which not all passes.
func (x *exchange) Header() http.Header { return x.header }

// WriteHeader begins the response.
func (x *exchange) WriteHeader(status int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		x.inform(status)
		return
	}
	x.begin(status)
}

// inform passes an informational response on (RFC 9110 §15.2). The header of the
// response proper is not lost in it.
func (x *exchange) inform(status int) {
	if x.outcome.status != 0 || x.over || status == http.StatusContinue {
		return
	}
	h := x.to.Header()
	before := maps.Clone(h)
	x.passHeader(h)
	x.to.WriteHeader(status)
	clear(h)
	maps.Copy(h, before)
}

// begin sends the header, or another answer in place of a response that may not pass.
func (x *exchange) begin(status int) {
	if x.outcome.status != 0 || x.over {
		return
	}
	if err := checkStatus(status); err != nil {
		x.replace(http.StatusBadGateway, 0, err)
		return
	}
	x.outcome.status = status
	h := x.to.Header()
	x.passHeader(h)
	x.announce(h)
	if isStream(x.header) {
		x.outcome.stream = true
		x.streaming()
		h["X-Accel-Buffering"] = []string{"no"}
	}
	x.to.WriteHeader(status)
	if x.outcome.stream && x.header.Get("Content-Encoding") == "" {
		x.startComments()
	}
}

// checkStatus returns why a status of an upstream may not pass: a challenge, or what
// leads elsewhere, is not its to say.
func checkStatus(status int) error {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusProxyAuthRequired:
		return fmt.Errorf("the upstream answered %d: it does not accept the gateway's credential", status)
	case status >= 300 && status < 400:
		return fmt.Errorf("the upstream answered %d, and redirects are not followed: set its final URL", status)
	case status == http.StatusSwitchingProtocols:
		return errors.New("the upstream changes the protocol of the connection")
	}
	return nil
}

func isStream(h http.Header) bool {
	return strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "text/event-stream")
}

// passHeader adds what the client may see of the upstream's header.
func (x *exchange) passHeader(to http.Header) {
	for name, values := range x.header {
		switch {
		case !headers.PassesDown(name):
		case name == "Cache-Control" && to["Dpop-Nonce"] != nil: // a nonce is not for caches (RFC 9449 §8.2)
		case name == "Vary":
			to[name] = slices.Concat(to[name], values)
		default:
			to[name] = values
		}
	}
}

// announce announces the trailers that may pass.
func (x *exchange) announce(to http.Header) {
	for _, list := range x.header["Trailer"] {
		for name := range strings.SplitSeq(list, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name != "" && headers.PassesDown(name) {
				x.announced = append(x.announced, name)
			}
		}
	}
	if len(x.announced) > 0 {
		to["Trailer"] = x.announced
		for _, name := range x.announced {
			delete(to, name) // it comes later
		}
	}
}

// Write sends a part of the body.
func (x *exchange) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.begin(http.StatusOK)
	if x.replaced || x.over {
		return len(p), nil
	}
	x.idle.Reset(idleTimeout)
	x.comments.wrote(p)
	return x.send(p)
}

// send writes within the time that a client has for it.
func (x *exchange) send(p []byte) (int, error) {
	_ = x.write.SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err := x.to.Write(p)
	_ = x.write.SetWriteDeadline(time.Time{})
	return n, err
}

// FlushError serves [http.ResponseController].
func (x *exchange) FlushError() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.begin(http.StatusOK)
	if x.over {
		return nil
	}
	return x.flush()
}

func (x *exchange) flush() error {
	_ = x.write.SetWriteDeadline(time.Now().Add(writeTimeout))
	err := x.write.Flush()
	_ = x.write.SetWriteDeadline(time.Time{})
	return err
}

// startComments sends a comment at once: proxies that speak HTTP/2 hold a header back
// that no data follows.
func (x *exchange) startComments() {
	if x.comments.every <= 0 {
		return
	}
	x.comments.timer = time.AfterFunc(x.comments.every, x.beat)
	x.sendComment()
}

// beat sends a comment if the stream was silent, unless an event has begun.
func (x *exchange) beat() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return
	}
	x.comments.timer.Reset(x.comments.every)
	if x.comments.isBetweenEvents() {
		x.sendComment()
	}
}

// sendComment leaves errors to the next Write: the client has gone away.
func (x *exchange) sendComment() {
	if _, err := x.send([]byte(comment)); err == nil {
		_ = x.flush()
	}
}

// replace answers for the upstream.
func (x *exchange) replace(status int, retryAfter time.Duration, err error) {
	x.note(err)
	if x.outcome.status != 0 {
		return
	}
	x.outcome.status, x.replaced = status, true
	writeFailure(x.to, status, retryAfter, x.asked())
}

func (x *exchange) note(err error) {
	if x.outcome.err == nil {
		x.outcome.err = err
	}
}

// fail is replace for what goes wrong outside of a Write.
func (x *exchange) fail(status int, retryAfter time.Duration, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.replace(status, retryAfter, err)
	x.outcome.finished = true
}

// refuse answers with a challenge.
func (x *exchange) refuse(c *mcpauth.Challenge, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.note(err)
	x.outcome.status, x.replaced, x.outcome.finished = c.Status, true, true
	mcpauth.WriteChallenge(x.to, c)
}

// finish ends the response: its handler has returned. It passes the trailers on.
func (x *exchange) finish() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.begin(http.StatusOK)
	x.outcome.finished = true
	if x.replaced {
		return
	}
	to := x.to.Header()
	for _, name := range x.announced {
		if values, sent := x.header[name]; sent {
			to[name] = values
		}
	}
	for name, values := range x.header {
		if plain, later := strings.CutPrefix(name, http.TrailerPrefix); later && headers.PassesDown(plain) {
			to[name] = values
		}
	}
}

// leave ends everything that may still write, and returns how the exchange ended. The
// rest of the response is sent after it.
func (x *exchange) leave() outcome {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	x.comments.stop()
	_ = x.write.SetWriteDeadline(time.Now().Add(writeTimeout))
	return x.outcome
}
