package mcpauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mcp-auth/go/internal/jsonx"
)

// maxClaimsDepth bounds the nesting of a token's payload.
const maxClaimsDepth = 16

// Claims is what a [Verifier] proved about a token. Issuer, Audience,
// ExpiresAt, NotBefore and IssuedAt are checked afterwards, whatever the
// verifier did.
type Claims struct {
	Issuer    string
	Subject   string
	ClientID  string
	Audience  []string
	Scopes    []string
	ExpiresAt time.Time
	NotBefore time.Time // zero: not said
	IssuedAt  time.Time // zero: not said
	// Confirmation is the sender constraint (claim cnf, RFC 7800), if any. A
	// token with one is refused if the constraint cannot be checked.
	Confirmation *Confirmation
	// Raw is the JSON object with all claims, for [AuthInfo.Claims]. Optional.
	Raw json.RawMessage

	introspected  bool // may change at any time
	allowedClient bool // stands for an audience, see AuthorizationServer.AllowedClients
}

// Confirmation is the key a token is bound to (claim cnf, RFC 7800).
type Confirmation struct {
	// JWKThumbprint is the DPoP key (jkt, RFC 9449 §6.1).
	JWKThumbprint string
	// CertificateThumbprint is the mTLS certificate (x5t#S256, RFC 8705 §3.1).
	CertificateThumbprint string

	unknown bool // there is a member that cannot be checked
}

// tokenClaims is a JWT's payload, read strictly: a claim of the wrong type
// makes the token invalid.
type tokenClaims struct {
	Claims
	server                 *trustedServer // that is to have issued the token, or nil
	scope, scp, configured []string
	hasScope, hasScp       bool
	clientIDs              [4]string // client_id, azp, cid, appid: the best first
	// What tells an ID token from an access token.
	use, innerType               string
	hasNonce, hasHash, hasEvents bool
}

func parseClaims(payload []byte, scopeClaim string, server *trustedServer) (tokenClaims, error) {
	c := tokenClaims{server: server}
	c.Raw = payload
	err := jsonx.Walk(payload, maxClaimsDepth, func(name, raw []byte) error {
		if c.set(name, raw, scopeClaim) {
			return nil
		}
		return fmt.Errorf("claim %.40q has the wrong type", name)
	})
	if err != nil {
		return tokenClaims{}, err
	}
	c.resolve(scopeClaim)
	return c, nil
}

func (c *tokenClaims) set(name, raw []byte, scopeClaim string) (ok bool) {
	if scopeClaim != "" && string(name) == scopeClaim {
		c.configured, ok = scopesOf(raw)
		if !ok {
			return false
		}
	}
	switch string(name) {
	case "iss":
		c.Issuer, ok = c.server.issuerOf(raw)
	case "sub":
		c.Subject, ok = jsonx.String(raw)
	case "aud":
		c.Audience, ok = c.server.audienceOf(raw)
	case "exp":
		c.ExpiresAt, ok = jsonx.NumericDate(raw)
	case "nbf":
		c.NotBefore, ok = jsonx.NumericDate(raw)
	case "iat":
		c.IssuedAt, ok = jsonx.NumericDate(raw)
	case "scope":
		c.scope, ok = scopesOf(raw)
		c.hasScope = true
	case "scp":
		c.scp, ok = scopesOf(raw)
		c.hasScp = true
	case "client_id":
		c.clientIDs[0], ok = jsonx.String(raw)
	case "azp":
		c.clientIDs[1], ok = jsonx.String(raw)
	case "cid":
		c.clientIDs[2], ok = jsonx.String(raw)
	case "appid":
		c.clientIDs[3], ok = jsonx.String(raw)
	case "cnf":
		c.Confirmation, ok = confirmationOf(raw)
	case "token_use":
		c.use, ok = jsonx.String(raw)
	case "typ":
		c.innerType, ok = jsonx.String(raw)
	case "nonce":
		c.hasNonce, ok = true, true
	case "at_hash", "c_hash":
		c.hasHash, ok = true, true
	case "events":
		c.hasEvents, ok = true, true
	default:
		ok = !variant(string(name))
	}
	return ok
}

// variant reports the name of a claim that the engine reads, written in another
// case. encoding/json, which handlers read claims with, takes one for the other,
// and also the longer "ſ" and the Kelvin sign for "s" and "k".
func variant(name string) bool {
	for _, known := range [...]string{
		"iss", "sub", "aud", "exp", "nbf", "iat", "scope", "scp", "client_id", "azp", "cid", "appid", "cnf", "token_use", "typ",
	} {
		if len(name) < len(known) || name[0] < utf8.RuneSelf && name[0]|0x20 != known[0] { // another letter in any case
			continue
		}
		if strings.EqualFold(name, known) {
			return true
		}
	}
	return false
}

func (c *tokenClaims) resolve(scopeClaim string) {
	switch {
	case scopeClaim != "":
		c.Scopes = c.configured
	case c.hasScope:
		c.Scopes = c.scope
	case c.hasScp:
		c.Scopes = c.scp
	}
	for _, id := range c.clientIDs {
		if id != "" {
			c.ClientID = id
			return
		}
	}
}

// scopesOf reads scopes as one space-separated string (RFC 9068 §2.2.3) or as
// an array, as some providers write them.
func scopesOf(raw []byte) ([]string, bool) {
	if s, ok := jsonx.String(raw); ok {
		return splitScopes(s), true
	}
	return jsonx.Strings(raw)
}

// splitScopes splits at spaces only: no other character separates scopes.
func splitScopes(s string) []string {
	if s == "" {
		return nil
	}
	scopes := make([]string, 0, strings.Count(s, " ")+1)
	for scope := range strings.SplitSeq(s, " ") {
		if scope != "" {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

func confirmationOf(raw []byte) (*Confirmation, bool) {
	cnf := &Confirmation{}
	err := jsonx.Object(raw, maxClaimsDepth, func(name string, raw []byte) error {
		ok := true
		switch name {
		case "jkt":
			cnf.JWKThumbprint, ok = jsonx.String(raw)
		case "x5t#S256":
			cnf.CertificateThumbprint, ok = jsonx.String(raw)
		default:
			cnf.unknown = true
		}
		cnf.unknown = cnf.unknown || string(raw) == `""` // bound to nothing
		if !ok {
			return errors.New("member of the wrong type")
		}
		return nil
	})
	return cnf, err == nil
}

// notAccessToken says why the token is of another kind, or nothing. typed is
// true where the typ header already says at+jwt.
func (c *tokenClaims) notAccessToken(typed bool) string {
	switch {
	case c.use != "" && c.use != "access" && c.use != "access_token":
		return "token_use is not access" // Amazon Cognito
	case otherKind(c.innerType):
		return "the claim typ says so" // Keycloak
	case typed:
		return ""
	case c.hasHash:
		return "has at_hash or c_hash, which ID tokens have"
	case c.hasEvents:
		return "has events, which logout and security event tokens have"
	case c.hasNonce && !strings.EqualFold(c.innerType, "Bearer"): // Keycloak before 24 put nonce into access tokens
		return "has nonce, which ID tokens have"
	}
	return ""
}

// ofAllowedClient reports whether the client the token was issued to stands for
// the audience that it has not. isAccess is true where something beside the
// claims says that it is an access token: without an audience, nothing else
// would give away an ID or a refresh token of that client.
func (c *tokenClaims) ofAllowedClient(clients []string, isAccess bool) bool {
	return len(c.Audience) == 0 && (isAccess || c.use != "") && slices.Contains(clients, c.ClientID)
}

// otherKind reports values of the claim typ that Keycloak gives to tokens that
// are no access tokens.
func otherKind(typ string) bool {
	for _, kind := range [...]string{"ID", "Refresh", "Offline", "Logout", "Serialized-ID"} {
		if strings.EqualFold(typ, kind) {
			return true
		}
	}
	return false
}
