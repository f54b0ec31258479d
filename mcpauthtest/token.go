package mcpauthtest

import (
	"crypto/rand"
	"time"

	"github.com/mcp-auth/go/internal/authserver/oauth"
)

// TokenClaims are the claims of a token made by [Server.Token]. For a zero field,
// the token has the value that a well-behaved authorization server would use.
type TokenClaims struct {
	// Issuer is iss. Empty means [Server.Issuer].
	Issuer string
	// Subject is sub. Empty means the subject of the first user.
	Subject string
	// Audience is aud, the resource identifier of the server under test. Empty
	// means the first of [Config.Resources].
	Audience []string
	// ClientID is client_id. Empty means "test-client".
	ClientID string
	// Scopes are joined to scope. Empty leaves the claim out.
	Scopes []string
	// IssuedAt is iat. Zero means now.
	IssuedAt time.Time
	// ExpiresAt is exp. Zero means [Config.AccessTokenTTL] after IssuedAt.
	ExpiresAt time.Time
	// NotBefore is nbf. Zero leaves the claim out.
	NotBefore time.Time
	// ID is jti. Empty means a random one.
	ID string
	// Extra are further claims. They replace those above; nil removes one.
	Extra map[string]any
}

// TokenOption changes a token made by [Server.Token]. Most options make a token
// that a resource server must refuse.
type TokenOption struct{ apply func(*recipe) }

// Header sets a member of the JOSE header, such as typ, kid or crit, to any
// JSON value. Nil removes typ or kid.
func Header(name string, value any) TokenOption {
	return TokenOption{func(r *recipe) { r.header[name] = value }}
}

// Expired makes a token that expired an hour ago.
func Expired() TokenOption {
	return TokenOption{func(r *recipe) {
		issued, _ := r.claims["iat"].(int64)
		r.claims["iat"] = issued - int64((2 * time.Hour).Seconds())
		r.claims["exp"] = issued - int64(time.Hour.Seconds())
	}}
}

// NotYetValid makes a token whose nbf lies an hour ahead.
func NotYetValid() TokenOption {
	return TokenOption{func(r *recipe) {
		issued, _ := r.claims["iat"].(int64)
		r.claims["nbf"] = issued + int64(time.Hour.Seconds())
		r.claims["exp"] = issued + int64((2 * time.Hour).Seconds())
	}}
}

// WrongIssuer makes a token that names another issuer, signed by this one.
func WrongIssuer() TokenOption {
	return TokenOption{func(r *recipe) { r.claims["iss"] = "https://other-issuer.example" }}
}

// WrongAudience makes a token for another resource.
func WrongAudience() TokenOption {
	return TokenOption{func(r *recipe) { r.claims["aud"] = "https://other-resource.example/mcp" }}
}

// UnknownKey signs with a key that is not in the JWK Set, under the key's own kid.
func UnknownKey() TokenOption { return signedWith(unknownKey) }

// WrongKey signs with a key that is not in the JWK Set, under the kid of a key in
// the set.
func WrongKey() TokenOption { return signedWith(wrongKey) }

// EmbeddedKey signs with a key that is not in the JWK Set and supplies it in
// the header's jwk member.
func EmbeddedKey() TokenOption { return signedWith(selfSuppliedKey) }

// Unsigned makes a token with the algorithm none and no signature.
func Unsigned() TokenOption { return signedWith(noKey) }

// HMACWithPublicKey makes a token with the algorithm HS256, keyed with the PEM
// form of the public key, under the kid of that key.
func HMACWithPublicKey() TokenOption { return signedWith(publicKeyHMAC) }

func signedWith(k keyChoice) TokenOption {
	return TokenOption{func(r *recipe) { r.key = k }}
}

// BrokenSignature changes one bit of the signature.
func BrokenSignature() TokenOption {
	return TokenOption{func(r *recipe) { r.after = breakSignature }}
}

// TamperedClaims changes the claims after signing: the subject becomes "mallory".
func TamperedClaims() TokenOption {
	return TokenOption{func(r *recipe) { r.after = tamperClaims }}
}

// IDToken makes an ID token (OpenID Connect Core §2), which is not an access
// token: typ is JWT, aud is the client unless Audience was given, scope and
// client_id are missing, and there are a nonce and an auth_time.
func IDToken() TokenOption {
	return TokenOption{func(r *recipe) {
		r.header["typ"] = oauth.TypeIDToken
		r.opaque = false
		if _, ok := r.claims["aud"]; !ok {
			r.claims["aud"] = r.claims["client_id"]
		}
		r.claims["auth_time"] = r.claims["iat"]
		r.claims["nonce"] = rand.Text()
		for _, name := range []string{"client_id", "scope", "jti"} {
			delete(r.claims, name)
		}
	}}
}

// Opaque makes an opaque token, as [Config.OpaqueAccessTokens] does for all
// tokens. The introspection endpoint reports it as inactive if a JWT with the
// same claims and options would have to be refused.
func Opaque() TokenOption {
	return TokenOption{func(r *recipe) { r.opaque = true }}
}

// Revoked makes a token whose grant was revoked: introspection and
// [Server.TokenActive] report it as inactive. A server that verifies it as a JWT
// cannot see that.
func Revoked() TokenOption {
	return TokenOption{func(r *recipe) { r.revoked = true }}
}
