package tokenendpoint

import (
	"context"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/mcp-auth/go/internal/authserver/assertion"
	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/clientauth"
	"github.com/mcp-auth/go/internal/authserver/document"
	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/proof"
	"github.com/mcp-auth/go/internal/authserver/respond"
	"github.com/mcp-auth/go/internal/authserver/store"
	"github.com/mcp-auth/go/internal/authserver/token"
	"github.com/mcp-auth/go/internal/authserver/trustedissuer"
)

// Parts are the parts of the server that the token endpoint needs.
type Parts struct {
	Clients   *clientauth.Authenticator
	Proofs    *proof.Checker
	Grants    *grant.Store
	Issuer    *token.Issuer
	Reader    *token.Reader
	Supported *oauth.Supported
	// TrustedIssuers sign assertions, by their names. Assertions verifies them
	// with keys from KeyDocuments.
	TrustedIssuers map[string]*trustedissuer.Issuer
	Assertions     *assertion.Verifier
	KeyDocuments   *document.Cache
	// Audiences are the authorization servers that assertions are issued for.
	Audiences []Audience
	Respond   respond.Responder
	Log       *slog.Logger
	Now       func() time.Time
}

// client authenticates the client of a request.
func (p Parts) client(q *request) (*client.Client, error) {
	c, err := p.Clients.Authenticate(q.Request, q.p)
	if err != nil {
		return nil, err
	}
	if c.DPoPBound && q.proof == nil {
		return nil, oauth.InvalidProof("the client is registered to send DPoP proofs")
	}
	return c, nil
}

// accessToken issues an access token for a grant.
func (p Parts) accessToken(ctx context.Context, id store.GrantID, g grant.Grant) (*Response, error) {
	issued, err := p.Issuer.Access(ctx, id, g)
	if err != nil {
		return nil, err
	}
	return respondWith(issued), nil
}

// refreshToken binds the refresh token of a public client to the key of its
// first proof (RFC 9449 §5). Confidential clients have to authenticate instead.
func (p Parts) refreshToken(c *client.Client, v grant.Handle) string {
	if c.Confidential() {
		v.JKT = ""
	}
	return p.Grants.RefreshToken(v)
}

// once gives the single token of a grant without a code and without refresh
// tokens. confirm is called last before anything is issued.
func (p Parts) once(q *request, g grant.Grant, confirm func() error) (*Response, error) {
	g, err := g.BoundTo(q.jkt())
	if err != nil {
		return nil, err
	}
	access, err := g.Requested(oauth.Parameters{"resource": q.p["resource"]})
	if err != nil {
		return nil, err
	}
	if err := p.Proofs.Use(q.Context(), q.proof, ""); err != nil {
		return nil, err
	}
	if err := confirm(); err != nil {
		return nil, err
	}
	id, err := p.Grants.Add(q.Context(), access, p.Now().Add(p.Issuer.TTL))
	if err != nil {
		return nil, err
	}
	return p.accessToken(q.Context(), id, access)
}

// useProof uses up the DPoP proof of a request for a grant, which has places of
// its own to remember proofs.
func (p Parts) useProof(q *request, id store.GrantID) error {
	return p.Proofs.Use(q.Context(), q.proof, hex.EncodeToString(id[:]))
}
