package token

import (
	"context"
	"fmt"
	"strings"

	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// unproven is a JWT that was read, and whose word does not count yet.
type unproven struct {
	text    string
	jws     *jose.JWS
	payload claims.Payload
	fault   error // the payload is not strict JSON
}

// prove has the one authorization server that may have issued the token prove
// it.
func (t *Trust) prove(ctx context.Context, text, from string) (*Verified, *refusal.Refusal) {
	jws, err := jose.Parse(text)
	if err != nil {
		return t.proveOther(ctx, text, from, err)
	}
	u := unproven{text: text, jws: jws, payload: claims.Payload{ScopeClaims: t.scopeClaims}}
	s, refused := t.route(&u)
	switch {
	case refused != nil:
		return nil, refused
	case s.takesJWTs():
		return s.ask(ctx, text, from)
	}
	v, refused := s.verify(ctx, &u)
	if refused != nil {
		return nil, refused
	}
	t.cache.add(v)
	return v, nil
}

// route finds the server that a JWT names. The token's own iss is not proven
// yet: it only selects among trusted servers.
func (t *Trust) route(u *unproven) (found *server, _ *refusal.Refusal) {
	u.fault = u.payload.Read(u.jws.Payload, func(iss []byte) bool {
		found = t.server(iss)
		return found != nil && !found.takesJWTs() // nothing else of others matters
	})
	if found != nil {
		return found, nil
	}
	iss, named := jsonx.String(u.payload.Issuer())
	switch {
	case named:
		return nil, refusal.RejectedToken(reason.UntrustedIssuer, untrustedIssuer(iss))
	case t.other != nil && t.other.takesJWTs():
		return t.other, nil
	}
	return nil, refusal.InvalidToken(reason.UntrustedIssuer, "the token names no issuer")
}

// server returns the server with the issuer that stands in a token, or nil.
func (t *Trust) server(iss []byte) *server {
	if plain, ok := jsonx.Plain(iss); ok { // the usual case, without a copy
		return t.servers[string(plain)]
	}
	text, ok := jsonx.String(iss)
	if !ok {
		return nil
	}
	return t.servers[text]
}

// untrustedIssuer is a cause of its own because anybody can cause it as often as
// they like: its text is only made if it is read.
type untrustedIssuer string

func (iss untrustedIssuer) Error() string {
	return fmt.Sprintf("the issuer %.200q is not trusted for this resource", string(iss))
}

// proveOther has a token proven that is no JWS which keys could verify. Only a
// verifier or introspection can take it, whatever characters it has: RFC 6749
// Appendix A.12 allows more than RFC 6750 §2.1. A broken JWS of a server whose keys
// decide is not sent out.
func (t *Trust) proveOther(ctx context.Context, text, from string, fault error) (*Verified, *refusal.Refusal) {
	if hasControl(text) {
		return nil, refusal.InvalidRequest(reason.MalformedCredentials, "the token has a character that no header can carry")
	}
	if t.other != nil && (!looksLikeJWS(text) || t.other.takesJWTs() && len(t.servers) == 1) {
		return t.other.ask(ctx, text, from)
	}
	why := reason.MalformedToken
	if e, ok := fault.(*jose.Error); ok && e.Reason == jose.ReasonUnsupportedAlgorithm { // as Parse returns it
		why = reason.UnsupportedAlgorithm
	}
	return nil, refusal.RejectedToken(why, fault)
}

// hasControl reports whether a text has a character that cannot be in the value of a
// header (RFC 9110 §5.5). Bytes will do: in UTF-8, none of another character is one.
func hasControl(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

// looksLikeJWS reports whether a text has the form of a signed JWT, sound or not:
// two dots, and either nothing that is not base64 of some kind, or what a JOSE
// header begins with. One stray character must not have the token of one server
// sent to another.
func looksLikeJWS(text string) bool {
	if strings.Count(text, ".") != 2 {
		return false
	}
	return strings.Contains(text, "eyJ") || !strings.ContainsFunc(text, isNotBase64)
}

func isNotBase64(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("-_+/=.", r)
}
