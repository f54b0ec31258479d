package stdio

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway/stdio/internal/child"
	"github.com/mcp-auth/go/gateway/stdio/internal/wire"
	"github.com/mcp-auth/go/internal/mcpmsg"
	"github.com/mcp-auth/go/internal/safelog"
)

var errClosed = errors.New("the handler is closed")

// Handler serves an MCP server that speaks on its standard input and output. Make one
// with [New]; it is safe for concurrent use.
type Handler struct {
	config Config
	log    *slog.Logger
	places places

	killing context.Context // ends when processes get no more time
	kill    context.CancelFunc
	owners  sync.WaitGroup

	mu          sync.Mutex
	closed      bool
	links       map[*link]struct{}
	sessions    map[string]*session
	users       map[string]*sharedLink
	legacyUntil time.Time // the command is known to speak older revisions only

	started, discarded atomic.Uint64
}

// Stats are numbers for metrics.
type Stats struct {
	// Processes is how many processes there are now, those that are about to end
	// included.
	Processes int
	// Started is how many there were in all.
	Started uint64
	// Discarded is how much of what they wrote was of no use: lines that were too long
	// or no message of JSON-RPC, and messages for nobody.
	Discarded uint64
}

// New makes a [Handler]. Every mistake in the configuration is reported, each as a
// [*configerr.Error], joined. New starts no process, and does not look for the command.
func New(config Config) (*Handler, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	config.Command, config.Env = slices.Clone(config.Command), maps.Clone(config.Env)
	h := &Handler{
		config: config, log: config.Logger,
		places: places{total: config.MaxProcesses, perUser: config.MaxPerUser, users: map[string]int{}},
		links:  map[*link]struct{}{}, sessions: map[string]*session{}, users: map[string]*sharedLink{},
	}
	h.killing, h.kill = context.WithCancel(context.Background())
	return h, nil
}

// ServeHTTP serves a request. It never answers with a challenge: 502 says that the
// process has failed, 503 that there may be no further one now or that it is too busy,
// and 504 that it takes too long.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	info, _ := mcpauth.FromContext(r.Context())
	x := &exchange{h: h, w: w, r: r, user: info.UserID(), accepts: readAccept(r.Header)}
	defer x.deadline()
	modern := mcpmsg.Modern(r.Header)
	switch {
	case r.Method == http.MethodPost:
		x.post()
	case r.Method == http.MethodGet && !modern:
		x.get()
	case r.Method == http.MethodDelete && !modern:
		x.delete()
	default:
		w.Header().Set("Allow", allowed(modern))
		x.refuse(http.StatusMethodNotAllowed, mcpmsg.CodeInvalidRequest, "There is no such HTTP method here.")
	}
}

func allowed(modern bool) string {
	if modern {
		return "POST"
	}
	return "GET, POST, DELETE"
}

// Stats returns numbers for metrics.
func (h *Handler) Stats() Stats {
	return Stats{Processes: h.places.count(), Started: h.started.Load(), Discarded: h.discarded.Load()}
}

// Close ends all processes and streams, and waits until nothing is left of them.
// Requests under way get an error, later ones 503. When ctx ends, the processes are
// killed and its error is returned.
func (h *Handler) Close(ctx context.Context) error {
	h.mu.Lock()
	h.closed = true
	for l := range h.links {
		l.finish()
	}
	h.mu.Unlock()
	stop := context.AfterFunc(ctx, h.kill)
	h.owners.Wait()
	h.kill()
	if !stop() {
		return context.Cause(ctx)
	}
	return nil
}

// start starts a process for a user. Its owner, a goroutine, sees it to its end.
func (h *Handler) start(user string, shared bool) (*link, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errClosed
	}
	if err := h.places.take(user); err != nil {
		return nil, err
	}
	l := &link{
		user: user, shared: shared, number: h.started.Add(1), idle: h.config.IdleTimeout,
		backlog: queue{limit: h.config.MaxLine}, stop: make(chan struct{}), calls: map[string]*call{},
	}
	h.links[l] = struct{}{}
	h.owners.Add(1)
	h.mu.Unlock()
	err := h.spawn(l)
	h.mu.Lock()
	if err != nil {
		h.places.free(user)
		delete(h.links, l)
		h.owners.Done()
		return nil, err
	}
	go h.own(l)
	return l, nil
}

// spawn runs the command.
func (h *Handler) spawn(l *link) error {
	env, hide, err := environment(h.config.Env)
	if err != nil {
		return err
	}
	number := slog.Uint64("process", l.number)
	l.child, err = child.Start(&child.Config{
		Command: h.config.Command, Dir: h.config.Dir, Env: env, Queue: h.config.QueueLength, Grace: h.config.StopGrace,
		MaxLine: h.config.MaxLine, MaxLog: maxLogLine,
		Receive: func(line []byte) { h.receive(l, line) },
		Dropped: func() { h.discard("a line of the MCP server is too long", number) },
		Log: func(line []byte, cut bool) {
			text := hide.Replace(strings.TrimSuffix(strings.ToValidUTF8(string(line), "\uFFFD"), "\r"))
			safelog.Write(h.killing, h.log, slog.LevelInfo, "mcpauth: the MCP server logs", number, slog.String("line", text), slog.Bool("cut", cut))
		},
	})
	if err == nil {
		safelog.Write(h.killing, h.log, slog.LevelInfo, "mcpauth: MCP server started", number, slog.Int("pid", l.child.PID()))
	}
	return err
}

// receive takes a line of a process.
func (h *Handler) receive(l *link, line []byte) {
	if len(line) == 0 {
		return
	}
	number := slog.Uint64("process", l.number)
	messages, err := wire.Read(line)
	if err != nil {
		h.discard("a line of the MCP server is no message", append(safelog.Cause(err), number)...)
		return
	}
	for i := range messages {
		if !l.route(&messages[i]) {
			h.discard("a message of the MCP server is for nobody", number)
		}
	}
}

// discard counts and logs what is of no use. The text of it may be secret.
func (h *Handler) discard(what string, attrs ...slog.Attr) {
	h.discarded.Add(1)
	safelog.Write(h.killing, h.log, slog.LevelWarn, "mcpauth: "+what, attrs...)
}

// own sees a process to its end.
func (h *Handler) own(l *link) {
	defer h.owners.Done()
	select {
	case <-l.stop:
	case <-l.child.Exited():
		l.finish()
	}
	h.forget(l)
	err := l.child.Stop(h.killing)
	l.ended()
	attrs := []slog.Attr{slog.Uint64("process", l.number)}
	if err != nil {
		attrs = append(attrs, slog.Any("status", err))
	}
	safelog.Write(h.killing, h.log, slog.LevelInfo, "mcpauth: MCP server ended", attrs...)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.links, l)
	h.places.free(l.user)
}

// forget sees to it that no further request finds the process.
func (h *Handler) forget(l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l.mu.Lock()
	id := l.session
	l.mu.Unlock()
	delete(h.sessions, id)
	if s := h.users[l.user]; s != nil && s.link == l {
		delete(h.users, l.user)
	}
}
