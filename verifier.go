package mcpauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/panics"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/token"
	"github.com/mcp-auth/go/reason"
)

// ErrInvalidToken is the error that a [Verifier] wraps if the token is not valid.
// Every other error of a verifier means that it could not find out, and is
// answered with 503.
var ErrInvalidToken = errors.New("mcpauth: invalid token")

// Verifier proves an access token in its own way and returns its claims.
// Issuer, audience, expiry and scopes are then checked as for every token; a
// verifier cannot skip that.
//
// An error that wraps [ErrInvalidToken] is answered with 401 invalid_token.
// Any other error, and a panic, is answered with 503, because clients throw a
// token away when they see 401. The error text must not contain the token.
//
// Verify must honour ctx and be safe for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, token string) (*Claims, error)
}

// VerifierFunc is a function that is a [Verifier].
type VerifierFunc func(ctx context.Context, token string) (*Claims, error)

// Verify calls f.
func (f VerifierFunc) Verify(ctx context.Context, token string) (*Claims, error) {
	return f(ctx, token)
}

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
	NotBefore time.Time // zero: the token does not say
	IssuedAt  time.Time // zero: the token does not say
	// Confirmation is the sender constraint (claim cnf, RFC 7800), if any. A
	// token with one is refused if the constraint cannot be checked.
	Confirmation *Confirmation
	// Raw is the JSON object with all claims, for [AuthInfo.Claims]. Optional.
	Raw json.RawMessage
}

// Confirmation is the key a token is bound to (claim cnf, RFC 7800).
type Confirmation struct {
	// JWKThumbprint is the DPoP key (jkt, RFC 9449 §6.1).
	JWKThumbprint string
	// CertificateThumbprint is the mTLS certificate (x5t#S256, RFC 8705 §3.1).
	CertificateThumbprint string
}

// customVerifier has a Verifier prove the tokens of an issuer.
type customVerifier struct {
	verifier Verifier
	issuer   string
}

// Verify implements the interface of package token.
func (v customVerifier) Verify(ctx context.Context, text, _ string) (*token.Verified, *refusal.Refusal) {
	c, err := panics.Call("the Verifier", func() (*Claims, error) { return v.verifier.Verify(ctx, text) })
	if err == nil && c == nil {
		err = fmt.Errorf("the verifier of %q returned neither claims nor an error", v.issuer)
	}
	switch {
	case errors.Is(err, ErrInvalidToken):
		return nil, refusal.RejectedToken(reason.RejectedByVerifier, err)
	case err != nil:
		return nil, refusal.Unavailable(reason.ServerUnavailable, err)
	}
	return token.NewVerified(text, claims.Claims{
		Issuer: c.Issuer, Subject: c.Subject, ClientID: c.ClientID, Audience: c.Audience, Scopes: c.Scopes,
		ExpiresAt: c.ExpiresAt, NotBefore: c.NotBefore, IssuedAt: c.IssuedAt,
		Confirmation: c.Confirmation.proven(), Raw: c.Raw,
	}), nil
}

func (c *Confirmation) proven() *claims.Confirmation {
	if c == nil {
		return nil
	}
	return &claims.Confirmation{JWKThumbprint: c.JWKThumbprint, CertificateThumbprint: c.CertificateThumbprint}
}
