package mcpauth

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"sync"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

const (
	sessionHeader   = "Mcp-Session-Id"
	maxSessionID    = 256
	defaultSessions = 100_000
)

// Nobody is the owner of a session that was opened without a token, where the
// Policy allows that, until the first caller with a token uses it.
const Nobody = "nobody"

// SessionStore remembers who owns an MCP session, so that a session identifier
// is of no use to anybody else (MCP security best practices).
//
// Bind makes owner the owner of a session that has none, or that is [Nobody]'s,
// and returns who owns it then. Both are one atomic step: of several calls for
// one session at the same time, exactly one decides. With an empty owner it only
// looks: it returns the owner, or "" for a session that is not known. Other
// owners are values of [AuthInfo.UserID].
//
// An error is answered with 503. Bind must honour ctx and be safe for
// concurrent use. Sessions may be forgotten: their clients then open new ones.
// Those of Nobody, which anybody may open, should not push out others.
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
type sessions struct{ store SessionStore }

func newSessions(r *Resource) *sessions {
	if r.DangerouslyShareSessions {
		return nil
	}
	s := &sessions{store: r.Sessions}
	if s.store == nil {
		s.store = newMemorySessions(defaultSessions)
	}
	return s
}

// admit refuses a session of another caller.
func (s *sessions) admit(ctx context.Context, req *Request, admitted *doorWriter) *refusal.Refusal {
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
		return &refusal.Refusal{Status: http.StatusBadRequest, Code: "invalid_request", Reason: reason.MalformedMessage, Cause: errSessionID}
	}
	owner := admitted.caller().UserID()
	holder, err := s.store.Bind(ctx, session, "")
	if err == nil && holder == Nobody && owner != "" {
		holder, err = s.store.Bind(ctx, session, owner)
	}
	switch {
	case err != nil:
		return refusal.Unavailable(reason.SessionStoreUnavailable, err)
	case holder == "":
		return &refusal.Refusal{Status: http.StatusNotFound, Code: codeSessionNotFound, Reason: reason.UnknownSession, Cause: errSessionUnknown}
	case holder == Nobody && owner == "":
		return nil
	case owner == "":
		return refusal.NoCredentials(errSessionOwned)
	case holder != owner:
		return &refusal.Refusal{Status: http.StatusForbidden, Code: codeAccessDenied, Reason: reason.WrongSession, Cause: errSessionOther}
	}
	return nil
}

// opened binds a session that the handler has just opened.
func (s *sessions) opened(ctx context.Context, session, owner string) error {
	if owner == "" {
		owner = Nobody
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

// memorySessions is a bounded [SessionStore]: sessions that were not used for
// long are forgotten.
type memorySessions struct {
	seed   maphash.Seed
	shards [cacheShards]sessionShard
}

// sessionShard keeps those of nobody apart, so that who has no token cannot have
// others forgotten.
type sessionShard struct {
	mu            sync.Mutex
	owned, nobody generations
}

func newMemorySessions(size int) *memorySessions {
	m := &memorySessions{seed: maphash.MakeSeed()}
	for i := range m.shards {
		most := max(1, size/cacheShards/2)
		m.shards[i].owned.most, m.shards[i].nobody.most = most, most
	}
	return m
}

// Bind implements [SessionStore].
func (m *memorySessions) Bind(_ context.Context, session, owner string) (string, error) {
	s := &m.shards[maphash.String(m.seed, session)%cacheShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if holder := s.owned.use(session); holder != "" {
		return holder, nil
	}
	switch owner {
	case "":
		return s.nobody.use(session), nil
	case Nobody:
		s.nobody.put(session, owner)
	default:
		s.nobody.forget(session)
		s.owned.put(session, owner)
	}
	return owner, nil
}

// generations are owners by session, as those of the token cache: a full young
// generation becomes the old one, and what was not used since is forgotten.
type generations struct {
	young, old map[string]string
	most       int // of one generation
}

func (g *generations) use(session string) (owner string) {
	if owner = g.young[session]; owner != "" {
		return owner
	}
	if owner = g.old[session]; owner != "" {
		g.put(session, owner)
	}
	return owner
}

func (g *generations) put(session, owner string) {
	if g.young == nil || len(g.young) >= g.most && g.young[session] == "" {
		g.old, g.young = g.young, make(map[string]string, len(g.young))
	}
	g.young[session] = owner
}

func (g *generations) forget(session string) {
	delete(g.young, session)
	delete(g.old, session)
}
