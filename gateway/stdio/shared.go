package stdio

import (
	"context"
	"errors"
	"time"

	"github.com/mcp-auth/go/gateway/stdio/internal/wire"
)

const (
	// The command is taken for one that speaks older revisions only for so long: it may
	// be updated.
	legacyAfterAnswer  = 10 * time.Minute
	legacyAfterSilence = time.Minute
)

// probe asks a new process whether it speaks revision 2026-07-28: one that does not
// answers with an error of another kind (MCP 2026-07-28, stdio, Backward
// Compatibility).
const probe = `{"jsonrpc":"2.0","id":0,"method":"server/discover","params":{"_meta":{` +
	`"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
	`"io.modelcontextprotocol/clientInfo":{"name":"mcpauth","version":"1"},` +
	`"io.modelcontextprotocol/clientCapabilities":{}}}}`

var errLegacy = errors.New("the MCP server speaks only revisions before 2026-07-28")

// sharedLink is the process of a user, for clients of revision 2026-07-28 and later.
type sharedLink struct {
	ready chan struct{} // closed when link and err are set
	link  *link
	err   error
}

// shared returns the process of the user. The caller leaves it.
func (x *exchange) shared() (*link, error) {
	for {
		s, err := x.h.sharedOf(x.user)
		if err != nil {
			return nil, err
		}
		select {
		case <-s.ready:
		case <-x.r.Context().Done():
			return nil, x.r.Context().Err()
		}
		if s.err != nil || s.link.enter() {
			return s.link, s.err
		}
		x.h.forget(s.link) // it is to end
	}
}

// sharedOf returns the process of a user, which may still be about to start.
func (h *Handler) sharedOf(user string) (*sharedLink, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errClosed
	}
	if time.Now().Before(h.legacyUntil) {
		return nil, errLegacy
	}
	s := h.users[user]
	if s == nil {
		s = &sharedLink{ready: make(chan struct{})}
		h.users[user] = s
		h.owners.Go(func() { h.startShared(user, s) })
	}
	return s, nil
}

// startShared starts the process of a user. It does so for all who wait for it, and
// goes on if the first of them goes away.
func (h *Handler) startShared(user string, s *sharedLink) {
	l, err := h.start(user, true)
	if err == nil {
		l.enter()
		defer l.leave()
		if err = h.discover(l); err != nil {
			l.finish()
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s.link, s.err = l, err
	if err != nil && h.users[user] == s {
		delete(h.users, user)
	}
	close(s.ready)
}

// discover returns nil if the process speaks revision 2026-07-28 or a later one.
func (h *Handler) discover(l *link) error {
	messages, err := wire.Read([]byte(probe))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(h.killing, h.config.StartTimeout, errSlowStart)
	defer cancel()
	answer, _, err := l.ask(ctx, messages[0], h.newOutbox(false))
	switch {
	case err == nil && isModern(answer.message):
		return nil
	case err == nil:
		h.setLegacy(legacyAfterAnswer)
		return errLegacy
	case errors.Is(context.Cause(ctx), errSlowStart):
		h.setLegacy(legacyAfterSilence)
		return errLegacy
	}
	return err
}

func (h *Handler) setLegacy(duration time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.legacyUntil = time.Now().Add(duration)
}

// The errors that revision 2026-07-28 defines.
const (
	codeHeaderMismatch     = -32020
	codeMissingCapability  = -32021
	codeUnsupportedVersion = -32022
	codeMethodNotFound     = -32601
)

func isModern(answer *wire.Message) bool {
	switch answer.ErrorCode() {
	case codeHeaderMismatch, codeMissingCapability, codeUnsupportedVersion:
		return true
	}
	return answer.HasResult("supportedVersions")
}
