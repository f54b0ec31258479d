package token

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/store"
)

// Signer signs a JWT of the given typ, which expires at expiry.
type Signer interface {
	Sign(typ string, claims map[string]any, expiry time.Time) (string, error)
}

// assertionTTL is how long an ID-JAG is valid.
const assertionTTL = 5 * time.Minute

// Issuer issues tokens.
type Issuer struct {
	// Issuer is the iss claim.
	Issuer string
	// TTL is how long access tokens and ID tokens are valid.
	TTL    time.Duration
	Signer Signer
	// Opaque makes access tokens opaque. Nil makes JWTs.
	Opaque *Sealer
	Grants *grant.Store
	Log    *slog.Logger
	Now    func() time.Time
}

// Issued is a token with what the response says about it.
type Issued struct {
	Token    string
	Type     string
	Scope    string
	Lifetime time.Duration
}

// Access issues an access token (RFC 9068 §2.2) that can be traced to its grant.
func (i *Issuer) Access(ctx context.Context, id store.GrantID, g grant.Grant) (Issued, error) {
	now := i.Now()
	scope := strings.Join(g.Scopes, " ")
	claims := map[string]any{
		"iss":       i.Issuer,
		"sub":       g.Subject,
		"aud":       i.audience(g),
		"client_id": g.ClientID,
		"iat":       now.Unix(),
		"exp":       now.Add(i.TTL).Unix(),
		"jti":       i.Grants.NewTokenID(id),
	}
	if g.JKT != "" {
		claims["cnf"] = map[string]any{"jkt": g.JKT}
	}
	if scope != "" {
		claims["scope"] = scope
	}
	signed, err := i.Signer.Sign(oauth.TypeAccessToken, claims, now.Add(i.TTL))
	if err != nil {
		return Issued{}, err
	}
	if i.Opaque != nil {
		signed = i.Opaque.Seal(signed)
	}
	i.Log.InfoContext(ctx, "issued an access token",
		"client", g.ClientID, "subject", g.Subject, "scope", scope, "audience", claims["aud"])
	return Issued{Token: signed, Type: Type(claims["cnf"]), Scope: scope, Lifetime: i.TTL}, nil
}

// audience returns the resource of a narrowed grant. Without one it returns this
// server, so that no other server accepts the token.
func (i *Issuer) audience(g grant.Grant) any {
	if len(g.Resources) == 0 {
		return i.Issuer
	}
	return Audience(g.Resources)
}

// ID issues an ID token (OpenID Connect Core §2).
func (i *Issuer) ID(g grant.Grant) (string, error) {
	now := i.Now()
	claims := map[string]any{
		"iss":       i.Issuer,
		"sub":       g.Subject,
		"aud":       g.ClientID,
		"iat":       now.Unix(),
		"exp":       now.Add(i.TTL).Unix(),
		"auth_time": g.Given.Unix(),
	}
	if g.Nonce != "" {
		claims["nonce"] = g.Nonce
	}
	if slices.Contains(g.Scopes, oauth.ScopeProfile) {
		claims["preferred_username"] = g.Username
		if g.Name != "" {
			claims["name"] = g.Name
		}
	}
	if slices.Contains(g.Scopes, oauth.ScopeEmail) && g.Email != "" {
		claims["email"] = g.Email
	}
	return i.Signer.Sign(oauth.TypeIDToken, claims, now.Add(i.TTL))
}

// Identity is what an identity assertion says.
type Identity struct {
	Subject string
	// Audience is the authorization server that the assertion is for, ClientID
	// the client's ID there.
	Audience, ClientID string
	Resources, Scopes  []string
}

// Assertion issues an identity assertion (Identity Assertion JWT Authorization
// Grant §3.1).
func (i *Issuer) Assertion(v Identity) (Issued, error) {
	now := i.Now()
	scope := strings.Join(v.Scopes, " ")
	claims := map[string]any{
		"iss":       i.Issuer,
		"sub":       v.Subject,
		"aud":       v.Audience,
		"client_id": v.ClientID,
		"jti":       rand.Text(),
		"iat":       now.Unix(),
		"exp":       now.Add(assertionTTL).Unix(),
	}
	if len(v.Resources) > 0 {
		claims["resource"] = Audience(v.Resources)
	}
	if scope != "" {
		claims["scope"] = scope
	}
	signed, err := i.Signer.Sign(oauth.TypeIDJAG, claims, now.Add(assertionTTL))
	if err != nil {
		return Issued{}, err
	}
	return Issued{Token: signed, Type: "N_A", Scope: scope, Lifetime: assertionTTL}, nil
}
