package mcpauth

import (
	"context"
	"log/slog"

	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/origin"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/internal/senderconstraint"
	"github.com/mcp-auth/go/internal/session"
	"github.com/mcp-auth/go/internal/token"
	"github.com/mcp-auth/go/policy"
)

// resource is a configured resource, ready for use.
type resource struct {
	identifier  string
	metadataURL string
	path        string // of the identifier, percent-encoded, without a slash at its end
	hierarchy   *scope.Hierarchy
	policy      *policy.Evaluator // nil: the scopes of the handler are enough
	firstScopes []string          // what a 401 asks for besides; nil: nothing
	sessions    SessionStore      // nil: shared
	origins     *origin.Policy
	tokens      *token.Trust
	sender      *senderconstraint.Checker
	first       *keys.Source // of the first authorization server
	log         *slog.Logger
	decided     func(context.Context, DecisionEvent) // nil: no hook
	showDetails bool
}

// inherit shares what the same resource of another Auth remembers in memory of its
// callers: sessions, used DPoP proofs and nonces.
func (r *resource) inherit(old *resource) {
	r.sender.Inherit(old.sender)
	_, inMemory := r.sessions.(*session.Memory)
	if theirs, were := old.sessions.(*session.Memory); inMemory && were {
		r.sessions = theirs
	}
}
