// Package introspection is the introspection endpoint (RFC 7662).
package introspection

import (
	"net/http"

	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/clientauth"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/respond"
	"github.com/mcp-auth/go/internal/authserver/token"
)

// Endpoint describes access tokens to confidential clients that are configured.
// Anyone can make a client of another kind, which must not learn what is in the
// tokens of others (RFC 7662 §4).
type Endpoint struct {
	Clients *clientauth.Authenticator
	Tokens  *token.Reader
	Respond respond.Responder
}

// ServeHTTP answers an introspection request.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	description, err := e.describe(w, r)
	if err != nil {
		e.Respond.Error(w, r, err)
		return
	}
	e.Respond.JSON(w, r, http.StatusOK, description)
}

func (e *Endpoint) describe(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	p, c, err := e.Clients.Form(w, r)
	if err != nil {
		return nil, err
	}
	if !c.Confidential() {
		return nil, oauth.InvalidClient("introspection is for confidential clients")
	}
	if c.Origin != client.Configured {
		return nil, oauth.UnauthorizedClient("introspection is for clients that are configured here")
	}
	if p.Get("token") == "" {
		return nil, oauth.InvalidRequest("token is missing")
	}
	claims, active := e.Tokens.Active(r.Context(), p.Get("token"))
	if !active {
		return map[string]any{"active": false}, nil
	}
	claims["active"] = true
	claims["token_type"] = token.Type(claims["cnf"])
	return claims, nil
}
