package mcpauthtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/token"
)

// inspector explains tokens.
type inspector struct {
	tokens *token.Reader
	opaque *token.Sealer
	grants *grant.Store
	now    func() time.Time
}

// inspection is the explanation of a token.
type inspection struct {
	Verdict        string
	Valid          bool
	Findings       []finding
	Header, Claims string // JSON, empty if the token has none
}

// finding is one property of a token.
type finding struct {
	Good bool
	Text string
}

func (i *inspection) find(good bool, format string, args ...any) {
	i.Findings = append(i.Findings, finding{good, fmt.Sprintf(format, args...)})
}

// inspect reads a token, with or without the scheme in front of it.
func (p *inspector) inspect(ctx context.Context, token string) *inspection {
	token = strings.TrimSpace(token)
	for _, scheme := range []string{"Bearer ", "DPoP "} {
		if len(token) > len(scheme) && strings.EqualFold(token[:len(scheme)], scheme) {
			token = strings.TrimSpace(token[len(scheme):])
		}
	}
	i := &inspection{Verdict: "Not a token of this server, or no longer valid"}
	if v, ok := p.grants.Open(grant.Refresh, token); ok {
		p.inspectRefresh(ctx, i, v)
		return i
	}
	if _, ok := p.grants.Open(grant.Code, token); ok {
		i.Verdict = "An authorization code of this server"
		return i
	}
	jwt := p.opaque.Open(token)
	if jwt != token {
		i.find(true, "Opaque: resource servers see nothing of what follows and must introspect it")
	}
	p.inspectJWT(ctx, i, jwt)
	return i
}

func (p *inspector) inspectRefresh(ctx context.Context, i *inspection, v grant.Handle) {
	i.Verdict = "A refresh token of this server, no longer valid"
	_, state, err := p.grants.Get(ctx, v.ID)
	if err != nil {
		i.find(false, "Its login has ended")
		return
	}
	i.find(!state.Revoked, "Its login is %s", map[bool]string{true: "revoked", false: "not revoked"}[state.Revoked])
	i.find(state.Refresh == v.Number, "It is number %d of its login; number %d is the valid one", v.Number, state.Refresh)
	if i.Valid = !state.Revoked && state.Refresh == v.Number; i.Valid {
		i.Verdict = "A valid refresh token of this server"
	}
}

func (p *inspector) inspectJWT(ctx context.Context, i *inspection, token string) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		i.find(false, "It is not a JWT")
		return
	}
	i.Header, i.Claims = indented(parts[0]), indented(parts[1])
	typ, claims, err := p.tokens.SignedClaims(token)
	if err != nil {
		i.find(false, "Not to be trusted: %v", err)
		return
	}
	i.find(true, "Signed with a key of this server, and iss is this server")
	kind, known := map[string]string{
		oauth.TypeAccessToken: "an access token",
		oauth.TypeIDToken:     "an ID token, which no resource server may accept",
		oauth.TypeIDJAG:       "an identity assertion for another authorization server",
	}[typ]
	i.find(known, "typ is %q: %s", typ, cmp.Or(kind, "not known here"))
	if exp, ok := claims["exp"].(float64); ok {
		left := time.Unix(int64(exp), 0).Sub(p.now()).Round(time.Second)
		i.find(left > 0, "exp is %s, %s", time.Unix(int64(exp), 0).UTC().Format(time.RFC3339), fromNow(left))
	}
	if err := p.tokens.CheckValidity(ctx, claims); err != nil {
		i.find(false, "Not valid: %v", err)
		return
	}
	i.Valid, i.Verdict = true, "Valid, and signed by this server"
}

func fromNow(left time.Duration) string {
	if left > 0 {
		return "in " + left.String()
	}
	return (-left).String() + " ago"
}

// indented returns a part of a JWT as readable JSON.
func indented(part string) string {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return ""
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		return ""
	}
	return pretty.String()
}
