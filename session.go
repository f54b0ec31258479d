package mcpauth

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"sync"
)

const (
	sessionHeader   = "Mcp-Session-Id"
	maxSessionID    = 256
	defaultSessions = 100_000
)

// SessionStore remembers who owns an MCP session, so that a session identifier
// is of no use to anybody else (MCP security best practices).
//
// Bind makes owner the owner of a session that has none, and returns who owns
// it then. Both are one atomic step: of several calls for one session at the
// same time, exactly one decides. With an empty owner it only looks: it returns
// the owner, or "" for a session that is not known. Owners are values of
// [AuthInfo.UserID].
//
// An error is answered with 503. Bind must honour ctx and be safe for
// concurrent use. Sessions may be forgotten: their clients then open new ones.
type SessionStore interface {
	Bind(ctx context.Context, session, owner string) (holder string, err error)
}

var (
	errSessionID      = errors.New("the session identifier is empty, too long, or sent twice")
	errSessionUnknown = errors.New("the session is not known")
	errSessionOther   = errors.New("the session belongs to another caller")
	errSessionOwned   = errors.New("the session belongs to somebody, and the request has no token")
)

// sessions holds callers to their own sessions. Nil where they share.
type sessions struct {
	store SessionStore
	// open says that callers without a token may have sessions: the first one
	// with a token then owns it.
	open bool
}

func newSessions(r *Resource, p *policy) *sessions {
	if r.DangerouslyShareSessions {
		return nil
	}
	s := &sessions{store: r.Sessions, open: p != nil && p.mayPublish}
	if s.store == nil {
		s.store = newMemorySessions(defaultSessions)
	}
	return s
}

// admit refuses a session of another caller.
func (s *sessions) admit(ctx context.Context, req *Request, admitted *doorWriter) *refusal {
	if s == nil {
		return nil
	}
	// Also with a session of its own: some servers open a new one then.
	admitted.opens = true
	values := req.Header[sessionHeader]
	if len(values) == 0 {
		return nil
	}
	session := values[0]
	if len(values) > 1 || session == "" || len(session) > maxSessionID {
		return &refusal{http.StatusBadRequest, "invalid_request", MalformedMessage, errSessionID}
	}
	owner := admitted.caller().UserID()
	claimed := ""
	if s.open {
		claimed = owner
	}
	holder, err := s.store.Bind(ctx, session, claimed)
	switch {
	case err != nil:
		return &refusal{http.StatusServiceUnavailable, "", SessionStoreUnavailable, err}
	case holder == "" && s.open: // nobody's
		return nil
	case holder == "":
		return &refusal{http.StatusNotFound, codeSessionNotFound, UnknownSession, errSessionUnknown}
	case owner == "":
		return &refusal{http.StatusUnauthorized, "", NoCredentials, errSessionOwned}
	case holder != owner:
		return &refusal{http.StatusForbidden, codeAccessDenied, WrongSession, errSessionOther}
	}
	return nil
}

// opened binds a session that the handler has just opened.
func (s *sessions) opened(ctx context.Context, session, owner string) error {
	if owner == "" {
		return nil
	}
	if len(session) > maxSessionID {
		return errSessionID
	}
	holder, err := s.store.Bind(ctx, session, owner)
	if err == nil && holder != owner {
		err = errSessionOther
	}
	return err
}

// memorySessions is a bounded [SessionStore]. As the token cache it has two
// generations: sessions that were not used for long are forgotten.
type memorySessions struct {
	seed   maphash.Seed
	shards [cacheShards]sessionShard
}

type sessionShard struct {
	mu         sync.Mutex
	young, old map[string]string
	most       int // of one generation
}

func newMemorySessions(size int) *memorySessions {
	m := &memorySessions{seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].most = max(1, size/cacheShards/2)
		m.shards[i].young = map[string]string{}
	}
	return m
}

// Bind implements [SessionStore].
func (m *memorySessions) Bind(_ context.Context, session, owner string) (string, error) {
	s := &m.shards[maphash.String(m.seed, session)%cacheShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if holder := s.young[session]; holder != "" {
		return holder, nil
	}
	holder := s.old[session]
	if holder == "" {
		holder = owner
	}
	if holder == "" {
		return "", nil
	}
	if len(s.young) >= s.most {
		s.old, s.young = s.young, make(map[string]string, len(s.young))
	}
	s.young[session] = holder
	return holder, nil
}
