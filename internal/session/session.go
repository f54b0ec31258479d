// Package session holds callers to their own MCP sessions, so that a session
// identifier is useless to any other caller (MCP security best practices).
package session

import (
	"context"
	"errors"
	"net/http"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

const (
	// Header is the header that carries a session identifier, in canonical form.
	Header = "Mcp-Session-Id"
	// AnonymousOwner owns sessions that were opened without a token.
	AnonymousOwner = "nobody"

	maxID = 256
)

// Store remembers the owners of sessions. Bind makes owner the owner of a
// session that has none or is anonymous, and returns the owner then. With an
// empty owner it only looks.
type Store interface {
	Bind(ctx context.Context, session, owner string) (holder string, err error)
}

var (
	errID      = errors.New("the session identifier is empty, too long, or sent twice")
	errUnknown = errors.New("the session is not known")
	errOther   = errors.New("the session belongs to another caller")
	errOwned   = errors.New("the session has an owner, and the request has no token")
)

// Admit refuses a session of another caller. The values are those of the
// request's header; the owner is empty for a caller without a token.
func Admit(ctx context.Context, store Store, values []string, owner string) *refusal.Refusal {
	id := values[0]
	if len(values) > 1 || id == "" || len(id) > maxID {
		return refusal.Malformed(http.StatusBadRequest, "%w", errID)
	}
	holder, err := store.Bind(ctx, id, "")
	if err == nil && holder == AnonymousOwner && owner != "" {
		holder, err = store.Bind(ctx, id, owner)
	}
	switch {
	case err != nil:
		return refusal.Unavailable(reason.SessionStoreUnavailable, err)
	case holder == "":
		return &refusal.Refusal{Status: http.StatusNotFound, Code: refusal.CodeSessionNotFound, Reason: reason.UnknownSession, Cause: errUnknown}
	case holder == AnonymousOwner && owner == "":
		return nil
	case owner == "":
		return refusal.NoCredentials(errOwned)
	case holder != owner:
		return &refusal.Refusal{Status: http.StatusForbidden, Code: refusal.CodeAccessDenied, Reason: reason.WrongSession, Cause: errOther}
	}
	return nil
}

// Open binds a session that a handler has just opened. The owner is empty for a
// caller without a token.
func Open(ctx context.Context, store Store, id, owner string) error {
	if owner == "" {
		owner = AnonymousOwner
	}
	if len(id) > maxID {
		return errID
	}
	holder, err := store.Bind(ctx, id, owner)
	if err == nil && holder != owner {
		err = errOther
	}
	return err
}
