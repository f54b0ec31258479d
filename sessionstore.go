package mcpauth

import (
	"context"

	"github.com/mcp-auth/go/internal/panics"
	"github.com/mcp-auth/go/internal/session"
)

// AnonymousOwner is the owner of a session that was opened without a token, if
// the [Resource.Policy] allows that, until the first caller with a token uses it.
const AnonymousOwner = session.AnonymousOwner

// SessionStore remembers who owns an MCP session, so that a session identifier
// is useless to any other caller (MCP security best practices).
//
// Bind makes owner the owner of a session that has none, or that belongs to
// [AnonymousOwner], and returns who owns it then. Both are one atomic step: of
// several calls for one session at the same time, exactly one decides. With an
// empty owner it only looks: it returns the owner, or "" for a session that is
// not known. Other owners are values of [AuthInfo.UserID].
//
// An error or a panic is answered with 503. Bind must honour ctx and be safe for concurrent
// use. Sessions may be forgotten: their clients then open new ones. Sessions of
// AnonymousOwner, which any caller may open, should not push out others.
type SessionStore interface {
	Bind(ctx context.Context, session, owner string) (holder string, err error)
}

// pluggedSessions is a store that a user has plugged in.
type pluggedSessions struct{ store SessionStore }

// Bind implements [SessionStore].
func (p pluggedSessions) Bind(ctx context.Context, session, owner string) (string, error) {
	return panics.Call("the SessionStore", func() (string, error) { return p.store.Bind(ctx, session, owner) })
}
