// Package senderconstraint holds requests to the constraint of their access
// token (claim cnf, RFC 7800): the key (RFC 9449) or the certificate (RFC 8705)
// that the token is bound to.
package senderconstraint

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"

	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/credential"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// Config configures a [Checker].
type Config struct {
	// Origin is scheme and authority of the resource identifier.
	Origin string
	// DPoP, if set, accepts tokens that are bound to a key.
	DPoP *DPoP
	// MTLS, if set, accepts tokens that are bound to a certificate.
	MTLS *MTLS
}

// Checker checks the sender constraints of one resource's tokens.
type Checker struct{ config Config }

// New makes a Checker.
func New(config Config) *Checker { return &Checker{config} }

// Schemes returns the schemes that the resource accepts.
func (c *Checker) Schemes() credential.Schemes {
	d := c.config.DPoP
	return credential.Schemes{DPoP: d != nil, DPoPOnly: d != nil && d.Required}
}

// DPoP returns how the resource accepts tokens that are bound to a key, or nil.
func (c *Checker) DPoP() *DPoP { return c.config.DPoP }

// Inherit shares what another Checker of the same resource remembers in memory. It
// is called before the first use.
func (c *Checker) Inherit(old *Checker) { c.config.DPoP.inherit(old.config.DPoP) }

// Request is what is checked of a request.
type Request struct {
	Method string
	// URL is absolute, or begins with the path.
	URL        string
	Header     http.Header
	TLS        *tls.ConnectionState // nil: no TLS
	RemoteAddr string
}

// Check refuses a request that is not from the sender that its token is bound
// to. It checks every part of the constraint, and what the resource demands (RFC
// 9449 §7, RFC 8705 §3). cnf is nil for a token that is not bound.
func (c *Checker) Check(ctx context.Context, r *Request, used credential.Credential, cnf *claims.Confirmation) *refusal.Refusal {
	var key, certificate string
	if cnf != nil {
		key, certificate = cnf.JWKThumbprint, cnf.CertificateThumbprint
	}
	withProof := used.Scheme == credential.DPoP
	switch {
	case cnf != nil && (cnf.Unknown || key == "" && certificate == ""):
		return refusal.InvalidToken(reason.SenderConstraint, "the token is bound to something (cnf) that cannot be checked")
	case key != "" && !withProof:
		return refusal.InvalidToken(reason.SenderConstraint, "the token is bound to a key (cnf) and was sent as a bearer token")
	case key == "" && withProof:
		return refusal.InvalidToken(reason.SenderConstraint, "the token was sent with the scheme DPoP and is not bound to a key")
	}
	if refused := c.config.MTLS.check(r, certificate); refused != nil {
		return refused
	}
	if key == "" {
		return nil
	}
	// Last, because it uses the proof up.
	return c.config.DPoP.check(ctx, r, c.absolute(r.URL), used.Token, key)
}

// absolute returns the URL that the client asked for. A path is resolved against
// the resource identifier: any client can invent Host and X-Forwarded-*.
func (c *Checker) absolute(target string) string {
	if strings.HasPrefix(target, "/") {
		return c.config.Origin + target
	}
	return target
}
