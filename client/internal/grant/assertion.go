package grant

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/registration"
	"github.com/mcp-auth/go/client/internal/untrusted"
	"github.com/mcp-auth/go/internal/jsonx"
)

const maxClaimsDepth = 32

// Assertion lets the client act with an assertion of its identity (RFC 7523
// §2.1).
type Assertion struct {
	Endpoint  *endpoint.Client
	Registrar *registration.Registrar
	// Issuer is the only authorization server that may get the assertion. Empty
	// means every one that the assertion is meant for.
	Issuer string
	// Source returns the assertion.
	Source func(ctx context.Context, r Request) (string, error)
}

// Interactive implements [Grant].
func (*Assertion) Interactive() bool { return false }

// Obtain implements [Grant].
func (g *Assertion) Obtain(ctx context.Context, r Request) (*Result, error) {
	if g.Issuer != "" && g.Issuer != r.Server.Issuer {
		return nil, &clienterr.AssertionError{Issuer: r.Server.Issuer, Reason: "the assertion is for " + g.Issuer + " only"}
	}
	client, err := g.Registrar.Preregistered(r.Server, r.Before)
	if err != nil {
		return nil, err
	}
	assertion, err := g.Source(ctx, r)
	if err != nil {
		return nil, err
	}
	return redeem(ctx, g.Endpoint, r, client, assertion)
}

// redeem exchanges an assertion for a token, provided that the assertion is meant
// for the server.
func redeem(ctx context.Context, e *endpoint.Client, r Request, client registration.Registration, assertion string) (*Result, error) {
	if reason := misdirected(assertion, r.Server); reason != "" {
		return nil, &clienterr.AssertionError{Issuer: r.Server.Issuer, Reason: reason}
	}
	request := r.request(endpoint.GrantJWTBearer, client.Identity, assertion)
	request.Form.Set("assertion", assertion)
	token, err := e.Token(ctx, request)
	if err != nil {
		return nil, err
	}
	return newResult(token, client), nil
}

// misdirected returns why an assertion must not be sent to a server, empty if it
// may be. The MCP server names the authorization server, so that server may be
// anyone's: whoever gets an assertion for others can use it there (RFC 7523 §3).
func misdirected(assertion string, as *authserver.Server) string {
	audiences, ok := audiencesOf(assertion)
	if !ok {
		return "it is not a JWT with an audience"
	}
	for _, audience := range audiences {
		if audience != as.OwnIssuer() && audience != as.TokenEndpoint {
			return "its audience is " + untrusted.Text(audience, untrusted.MaxDescription) + ", and must be the issuer or the token endpoint"
		}
	}
	return ""
}

// audiencesOf reads the audiences of a JWT without verifying it: that is for the
// server. It reports whether there is one.
func audiencesOf(token string) (audiences []string, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, false
	}
	err = jsonx.Object(claims, maxClaimsDepth, func(name string, raw []byte) error {
		if name == "aud" {
			audiences, ok = jsonx.StringOrStrings(raw)
		}
		return nil
	})
	return audiences, err == nil && ok && len(audiences) > 0
}
