package token

import (
	"context"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/key"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/store"
)

// Reader reads tokens that this server issued.
type Reader struct {
	// Issuer is the iss claim that tokens must have.
	Issuer string
	Keys   *key.Ring
	Opaque *Sealer
	Grants *grant.Store
	Now    func() time.Time
}

// Active returns the claims of an access token of this server that is neither
// expired nor revoked. It reports false for any other token.
func (r *Reader) Active(ctx context.Context, token string) (claims map[string]any, active bool) {
	claims, err := r.Claims(r.Opaque.Open(token), oauth.TypeAccessToken)
	if err != nil || r.CheckValidity(ctx, claims) != nil {
		return nil, false
	}
	return claims, true
}

// Claims returns the claims of a JWT of one type that this server signed, even
// if it is expired or revoked.
func (r *Reader) Claims(token, typ string) (map[string]any, error) {
	signed, claims, err := r.SignedClaims(token)
	if err != nil {
		return nil, err
	}
	if signed != typ {
		return nil, errors.New("its typ is not " + typ)
	}
	return claims, nil
}

// SignedClaims returns typ and claims of a JWT that this server signed.
func (r *Reader) SignedClaims(token string) (typ string, claims map[string]any, err error) {
	parsed, err := jwt.ParseSigned(token, key.Algorithms())
	if err != nil {
		return "", nil, errors.New("it is not a signed JWT")
	}
	if err := parsed.Claims(&jose.JSONWebKeySet{Keys: r.Keys.Published(r.Now())}, &claims); err != nil {
		return "", nil, errors.New("it was not signed with a key of this server that is still published")
	}
	if claims["iss"] != r.Issuer {
		return "", nil, errors.New("its iss is not this server")
	}
	typ, _ = parsed.Headers[0].ExtraHeaders[jose.HeaderType].(string)
	return typ, claims, nil
}

// CheckValidity returns why a token of this server is not valid now.
func (r *Reader) CheckValidity(ctx context.Context, claims map[string]any) error {
	exp, ok := claims["exp"].(float64)
	if !ok || !r.Now().Before(time.Unix(int64(exp), 0)) {
		return errors.New("it is expired")
	}
	jti, _ := claims["jti"].(string)
	v, ok := r.Grants.Open(grant.TokenID, jti)
	if !ok {
		return nil // issued without a grant
	}
	if !r.Grants.Active(ctx, v.ID) {
		return errors.New("its grant was revoked")
	}
	return nil
}

// GrantID returns the grant that a refresh token or an access token came from.
func (r *Reader) GrantID(token string) (store.GrantID, bool) {
	if v, ok := r.Grants.Open(grant.Refresh, token); ok {
		return v.ID, true
	}
	claims, err := r.Claims(r.Opaque.Open(token), oauth.TypeAccessToken)
	if err != nil {
		return store.GrantID{}, false
	}
	jti, _ := claims["jti"].(string)
	v, ok := r.Grants.Open(grant.TokenID, jti)
	return v.ID, ok
}
