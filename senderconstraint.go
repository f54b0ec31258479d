package mcpauth

import (
	"context"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// authScheme is the scheme of the Authorization header.
type authScheme uint8

const (
	schemeNone authScheme = iota
	schemeBearer
	schemeDPoP
)

// originOf returns scheme and authority of a URL that New has checked.
func originOf(identifier string) string {
	u, err := url.Parse(identifier)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// externalURL is the URL that the client asked for. A path is resolved against
// the resource identifier: Host and X-Forwarded-* are anybody's word.
func (r *resource) externalURL(target string) string {
	if strings.HasPrefix(target, "/") {
		return r.origin + target
	}
	return target
}

// confirm checks the sender constraint: what the token is bound to (claim cnf),
// all of it, and what the resource demands (RFC 9449 §7, RFC 8705 §3).
func (r *resource) confirm(ctx context.Context, req *Request, scheme authScheme, token string, c *Claims) *refusal.Refusal {
	cnf := c.Confirmation
	if cnf == nil {
		return r.confirmUnbound(req, scheme)
	}
	keyed := cnf.JWKThumbprint != ""
	switch {
	case cnf.unknown || !keyed && cnf.CertificateThumbprint == "":
		return refusal.InvalidToken(reason.SenderConstraint, "the token is bound to something (cnf) that cannot be checked")
	case keyed && scheme != schemeDPoP:
		return refusal.InvalidToken(reason.SenderConstraint, "the token is bound to a key (cnf) and was sent as a bearer token")
	case !keyed && scheme == schemeDPoP:
		return refusal.InvalidToken(reason.SenderConstraint, "the token was sent with the scheme DPoP and is not bound to a key")
	}
	if refused := r.mtls.check(req, cnf.CertificateThumbprint); refused != nil {
		return refused
	}
	if !keyed {
		return nil
	}
	// Last, because it uses the proof up.
	return r.dpop.check(ctx, req, r.externalURL(req.URL), token, cnf.JWKThumbprint)
}

func (r *resource) confirmUnbound(req *Request, scheme authScheme) *refusal.Refusal {
	if scheme == schemeDPoP {
		return refusal.InvalidToken(reason.SenderConstraint, "the token was sent with the scheme DPoP and is not bound to a key")
	}
	return r.mtls.check(req, "")
}
