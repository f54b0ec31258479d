package mcpauthtest

import (
	"cmp"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Media types of tokens, as they stand in typ.
const (
	typeAccessToken = "at+jwt" // RFC 9068 §2.1
	typeIDToken     = "JWT"
)

const mintedClientID = "test-client"

// TokenClaims are the claims of a token made by [Server.Token]. In place of a
// zero field, the token has what a well-behaved authorization server puts
// there.
type TokenClaims struct {
	// Issuer is iss. Empty means [Server.Issuer].
	Issuer string
	// Subject is sub. Empty means that of the first user.
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

// TokenOption changes a token made by [Server.Token], mostly to one that a
// resource server must refuse.
type TokenOption struct{ apply func(*recipe) }

// recipe says how to make a token.
type recipe struct {
	claims map[string]any
	header map[string]any // nil removes typ or kid
	key    keyChoice
	after  func(token string) string
	opaque bool
	// revoked makes the token one of a grant that is there no more.
	revoked bool
}

type keyChoice int

const (
	currentKey      keyChoice = iota
	unknownKey                // unpublished, under its own id
	wrongKey                  // unpublished, under the current key's id
	noKey                     // alg none
	publicKeyHMAC             // HS256 with the public key as its secret
	selfSuppliedKey           // unpublished, carried in the header
)

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

// UnknownKey signs with a key that is not in the JWK Set, under its own kid.
func UnknownKey() TokenOption { return signedWith(unknownKey) }

// WrongKey signs with a key that is not in the JWK Set, under the kid of one
// that is.
func WrongKey() TokenOption { return signedWith(wrongKey) }

// EmbeddedKey signs with a key that is not in the JWK Set and supplies it in
// the header's jwk member.
func EmbeddedKey() TokenOption { return signedWith(selfSuppliedKey) }

// Unsigned makes a token with the algorithm none and no signature.
func Unsigned() TokenOption { return signedWith(noKey) }

// HMACWithPublicKey makes a token with the algorithm HS256, keyed with the PEM
// form of the public key, under its kid.
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

// IDToken makes an ID token (OpenID Connect Core §2), which is no access token:
// typ is JWT, aud is the client unless Audience was given, scope and client_id
// are missing, and there are a nonce and an auth_time.
func IDToken() TokenOption {
	return TokenOption{func(r *recipe) {
		r.header["typ"] = typeIDToken
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
// tokens. The introspection endpoint calls it inactive if a JWT with the same
// claims and options would have to be refused.
func Opaque() TokenOption {
	return TokenOption{func(r *recipe) { r.opaque = true }}
}

// Revoked makes a token whose grant was revoked: introspection and
// [Server.TokenActive] call it inactive. A server that verifies it as a JWT
// cannot see that.
func Revoked() TokenOption {
	return TokenOption{func(r *recipe) { r.revoked = true }}
}

// Token makes a signed access token (RFC 9068) without any flow. Options make
// tokens that must be refused, and claims can be anything. It fails if the
// token has no audience, or if a claim cannot be encoded as JSON.
func (s *Server) Token(claims TokenClaims, options ...TokenOption) (string, error) {
	r := recipe{
		claims: s.mintedClaims(claims), header: map[string]any{"typ": typeAccessToken},
		opaque: s.config.OpaqueAccessTokens,
	}
	for _, o := range options {
		if o.apply != nil {
			o.apply(&r)
		}
	}
	if _, ok := r.claims["aud"]; !ok {
		if len(s.config.Resources) == 0 {
			return "", errors.New("mcpauthtest: the token has no audience: set TokenClaims.Audience or Config.Resources")
		}
		r.claims["aud"] = s.config.Resources[0]
	}
	if r.revoked {
		r.claims["jti"] = s.handles.seal(accessHandle, handle{id: newGrantID()})
	}
	applyExtra(r.claims, claims.Extra)
	token, err := s.makeToken(r)
	if err != nil {
		return "", err
	}
	if r.after != nil {
		token = r.after(token)
	}
	if r.opaque {
		token = s.opaque.conceal(token)
	}
	return token, nil
}

func (s *Server) mintedClaims(c TokenClaims) map[string]any {
	issued := c.IssuedAt
	if issued.IsZero() {
		issued = s.now()
	}
	expires := c.ExpiresAt
	if expires.IsZero() {
		expires = issued.Add(s.config.AccessTokenTTL)
	}
	claims := map[string]any{
		"iss":       cmp.Or(c.Issuer, s.issuer),
		"sub":       cmp.Or(c.Subject, s.config.Users[0].Subject),
		"client_id": cmp.Or(c.ClientID, mintedClientID),
		"iat":       issued.Unix(),
		"exp":       expires.Unix(),
		"jti":       cmp.Or(c.ID, rand.Text()),
	}
	if len(c.Audience) > 0 {
		claims["aud"] = audienceClaim(c.Audience)
	}
	if len(c.Scopes) > 0 {
		claims["scope"] = strings.Join(c.Scopes, " ")
	}
	if !c.NotBefore.IsZero() {
		claims["nbf"] = c.NotBefore.Unix()
	}
	return claims
}

func applyExtra(claims, extra map[string]any) {
	for name, value := range extra {
		if value == nil {
			delete(claims, name)
			continue
		}
		claims[name] = value
	}
}

// audienceClaim is a string for a single audience, as most servers send it
// (RFC 7519 §4.1.3).
func audienceClaim(audience []string) any {
	if len(audience) == 1 {
		return audience[0]
	}
	return slices.Clone(audience)
}

// makeToken signs the recipe's claims.
func (s *Server) makeToken(r recipe) (string, error) {
	payload, err := json.Marshal(r.claims)
	if err != nil {
		return "", fmt.Errorf("mcpauthtest: writing the claims: %w", err)
	}
	if s.faults.Load().UnknownKey && r.key == currentKey {
		r.key = unknownKey
	}
	current := s.keys.forSigning(expiry(r.claims))
	if r.key == noKey {
		return unsigned(r.header, payload)
	}
	key, header, err := s.chooseKey(r, current)
	if err != nil {
		return "", err
	}
	return sign(key, header, payload)
}

// expiry is that of claims which may have been replaced by the caller.
func expiry(claims map[string]any) time.Time {
	switch exp := claims["exp"].(type) {
	case int64:
		return time.Unix(exp, 0)
	case int:
		return time.Unix(int64(exp), 0)
	case float64:
		return time.Unix(int64(exp), 0)
	}
	return time.Time{}
}

// chooseKey returns what to sign with, and the header to go with it.
func (s *Server) chooseKey(r recipe, current *signingKey) (jose.SigningKey, map[string]any, error) {
	header := maps.Clone(r.header)
	if _, set := header["kid"]; !set && r.key != selfSuppliedKey {
		header["kid"] = current.id
	}
	switch r.key {
	case currentKey:
		return jose.SigningKey{Algorithm: current.algorithm, Key: current.private}, header, nil
	case publicKeyHMAC:
		secret, err := publicPEM(current)
		return jose.SigningKey{Algorithm: jose.HS256, Key: secret}, header, err
	}
	stray, err := s.keys.unpublished()
	if err != nil {
		return jose.SigningKey{}, nil, err
	}
	if _, set := r.header["kid"]; !set && r.key == unknownKey {
		header["kid"] = stray.id
	}
	if r.key == selfSuppliedKey {
		header["jwk"] = stray.public
	}
	return jose.SigningKey{Algorithm: stray.algorithm, Key: stray.private}, header, nil
}

func sign(key jose.SigningKey, header map[string]any, payload []byte) (string, error) {
	options := &jose.SignerOptions{}
	for name, value := range header {
		if value != nil || (name != "typ" && name != "kid") {
			options.WithHeader(jose.HeaderKey(name), value)
		}
	}
	signer, err := jose.NewSigner(key, options)
	if err != nil {
		return "", fmt.Errorf("mcpauthtest: preparing to sign: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("mcpauthtest: signing: %w", err)
	}
	return signed.CompactSerialize()
}

func unsigned(header map[string]any, payload []byte) (string, error) {
	header = maps.Clone(header)
	header["alg"] = "none"
	rawHeader, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("mcpauthtest: writing the header: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(rawHeader) + "." + encode(payload) + ".", nil
}

func publicPEM(key *signingKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key.private.Public())
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: writing the public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// breakSignature flips a bit in the middle of the signature, where every bit of
// the encoding counts.
func breakSignature(token string) string {
	begin := strings.LastIndexByte(token, '.') + 1
	signature, err := base64.RawURLEncoding.DecodeString(token[begin:])
	if err != nil || len(signature) == 0 {
		return token
	}
	signature[len(signature)/2] ^= 1
	return token[:begin] + base64.RawURLEncoding.EncodeToString(signature)
}

func tamperClaims(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return token
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return token
	}
	claims := map[string]json.RawMessage{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return token
	}
	claims["sub"] = json.RawMessage(`"mallory"`)
	changed, err := json.Marshal(claims)
	if err != nil {
		return token
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(changed)
	return strings.Join(parts, ".")
}
