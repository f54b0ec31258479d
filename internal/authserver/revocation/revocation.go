// Package revocation is the revocation endpoint (RFC 7009).
package revocation

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/mcp-auth/go/internal/authserver/clientauth"
	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/respond"
	"github.com/mcp-auth/go/internal/authserver/store"
	"github.com/mcp-auth/go/internal/authserver/token"
)

// Endpoint ends the grants of tokens.
type Endpoint struct {
	Clients *clientauth.Authenticator
	Tokens  *token.Reader
	Grants  *grant.Store
	Respond respond.Responder
	Log     *slog.Logger
}

// ServeHTTP ends the grant of a token. The response does not say whether there
// was one to end.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := e.revoke(w, r); err != nil {
		e.Respond.Error(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func (e *Endpoint) revoke(w http.ResponseWriter, r *http.Request) error {
	p, c, err := e.Clients.Form(w, r)
	if err != nil {
		return err
	}
	if p.Get("token") == "" {
		return oauth.InvalidRequest("token is missing")
	}
	id, ok := e.Tokens.GrantID(p.Get("token"))
	if !ok {
		return nil // an unknown token counts as revoked (RFC 7009 §2.2)
	}
	g, _, err := e.Grants.Get(r.Context(), id)
	if errors.Is(err, store.ErrUnknown) {
		return nil // ended already
	}
	if err != nil {
		return err
	}
	if g.ClientID != c.ID {
		return oauth.InvalidGrant("the token was issued to another client")
	}
	if err := e.Grants.Revoke(r.Context(), id); err != nil {
		return err
	}
	e.Log.InfoContext(r.Context(), "revoked", "client", c.ID, "subject", g.Subject)
	return nil
}
