package introspection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/jsonx"
)

const (
	signedType = "token-introspection+jwt" // RFC 9701 §5

	// A signed answer is made for one question: an old one was recorded.
	maxSignedAge = 5 * time.Minute
	// maxSkew is the clock difference tolerated in a signed answer.
	maxSkew = time.Minute
)

// signedAnswer is the claims of a signed response (RFC 9701 §5).
type signedAnswer struct {
	issuer             string
	audience           []string
	issuedAt, expires  time.Time
	tokenIntrospection []byte
}

func (i *Introspector) openSigned(ctx context.Context, body []byte) ([]byte, error) {
	document, err := i.verifySigned(ctx, body)
	if err != nil {
		return nil, fmt.Errorf("signed answer: %w", err)
	}
	return document, nil
}

func (i *Introspector) verifySigned(ctx context.Context, body []byte) ([]byte, error) {
	jws, err := jose.Parse(string(bytes.TrimSpace(body)))
	if err != nil {
		return nil, err
	}
	if jose.MediaType(jws.Header.Type) != signedType {
		return nil, fmt.Errorf("typ is %.40q", jws.Header.Type)
	}
	if i.config.Algorithms != nil && !slices.Contains(i.config.Algorithms, jws.Header.Algorithm) {
		return nil, fmt.Errorf("the algorithm %q is not allowed", jws.Header.Algorithm)
	}
	said, err := parseSigned(jws.Payload)
	if err != nil {
		return nil, err
	}
	if err := i.checkSigned(said); err != nil {
		return nil, err
	}
	if _, refused := i.config.Keys.Verify(ctx, jws, said.issuedAt); refused != nil {
		return nil, refused.Cause
	}
	return said.tokenIntrospection, nil
}

func parseSigned(payload []byte) (*signedAnswer, error) {
	said := &signedAnswer{}
	err := jsonx.Object(payload, claims.MaxDepth, func(name string, raw []byte) error {
		ok := true
		switch name {
		case "iss":
			said.issuer, ok = jsonx.String(raw)
		case "aud":
			said.audience, ok = jsonx.StringOrStrings(raw)
		case "iat":
			said.issuedAt, ok = jsonx.NumericDate(raw)
		case "exp":
			said.expires, ok = jsonx.NumericDate(raw)
		case "token_introspection":
			said.tokenIntrospection = raw
		}
		if !ok {
			return fmt.Errorf("claim %q has the wrong type", name)
		}
		return nil
	})
	return said, err
}

// checkSigned checks that the answer comes from the server, is for this resource
// server, and is recent.
func (i *Introspector) checkSigned(said *signedAnswer) error {
	now := i.config.Now()
	mine := func(audience string) bool { return audience == i.config.Client.ID || i.accepts(audience) }
	switch {
	case said.issuer != i.config.Expected.Issuer:
		return fmt.Errorf("the issuer is %.200q", said.issuer)
	case !slices.ContainsFunc(said.audience, mine):
		return fmt.Errorf("the audience is %.200q", said.audience)
	case said.issuedAt.IsZero():
		return errors.New("no iat")
	case now.Sub(said.issuedAt) > maxSignedAge || said.issuedAt.Sub(now) > maxSkew:
		return fmt.Errorf("made at %s", said.issuedAt.UTC().Format(time.RFC3339))
	case !said.expires.IsZero() && !now.Before(said.expires.Add(maxSkew)):
		return errors.New("expired")
	case said.tokenIntrospection == nil:
		return errors.New("no token_introspection")
	}
	return nil
}
