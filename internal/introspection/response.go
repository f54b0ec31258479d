package introspection

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

const (
	// maxBody bounds an answer in bytes.
	maxBody = 64 << 10

	unsupportedTokenType = "unsupported_token_type" // RFC 7009 §2.2.1, used for introspection too
)

// read turns a response into an answer. What cannot be relied on is an error:
// it says nothing about the token.
func (i *Introspector) read(ctx context.Context, resp *fetch.Response) (answer, error) {
	switch {
	case len(resp.Body) > maxBody:
		return answer{}, fmt.Errorf("the answer has more than %d bytes", maxBody)
	case resp.Status == http.StatusBadRequest && errorCode(resp.Body) == unsupportedTokenType:
		return answer{refused: refusal.InvalidToken(reason.NotIntrospectable, "%q does not introspect tokens of this kind (%s)",
			i.config.Expected.Issuer, unsupportedTokenType)}, nil
	case resp.Status == http.StatusUnauthorized, resp.Status == http.StatusForbidden:
		return answer{}, fmt.Errorf("status %d: the endpoint does not accept the client credentials of this resource server", resp.Status)
	case resp.Status != http.StatusOK:
		return answer{}, resp.Unexpected()
	}
	document, err := i.open(ctx, resp)
	if err != nil {
		return answer{}, err
	}
	said, err := parse(document, &i.config.Expected)
	if err != nil {
		return answer{}, err
	}
	return i.judge(said), nil
}

// errorCode returns the error member of an error response (RFC 6749 §5.2).
func errorCode(body []byte) (code string) {
	err := jsonx.Object(body, claims.MaxDepth, func(name string, raw []byte) error {
		if name == "error" {
			code, _ = jsonx.String(raw)
		}
		return nil
	})
	if err != nil {
		return ""
	}
	return code
}

// open returns the JSON object of the response (RFC 7662 §2.2), verified if it
// is signed (RFC 9701 §5).
func (i *Introspector) open(ctx context.Context, resp *fetch.Response) ([]byte, error) {
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case media == "application/"+signedType:
		return i.openSigned(ctx, resp.Body)
	case i.config.Signed && media == "application/json":
		return nil, errNotSigned
	case i.config.Signed: // such as the error page of a proxy
		return nil, &fetch.UnreadableError{Err: errNotSigned}
	}
	return resp.Body, nil
}

// response is an introspection response (RFC 7662 §2.2).
type response struct {
	active      bool
	tokenType   string
	namesIssuer bool
	claims      claims.Claims
	kind        claims.Kind
}

var (
	errNoActive  = errors.New("no active")
	errNotSigned = errors.New("the answer is not signed")
)

// parse reads a response strictly: a member of the wrong type spoils it. null
// counts as absent, because some servers write it for that. Nothing else that is
// said of an inactive token matters.
func parse(document []byte, expected *claims.Expected) (*response, error) {
	m := members{payload: claims.Payload{ScopeClaims: []string{expected.ScopeClaim}}}
	said := &response{}
	if err := jsonx.Walk(document, claims.MaxDepth, m.note); err != nil {
		return nil, unacceptable(err)
	}
	if err := said.read(&m, expected); err != nil {
		return nil, unacceptable(err)
	}
	said.claims.Raw = document
	return said, nil
}

// unacceptable is the error of an answer that says nothing. One that is not JSON,
// such as the error page of a proxy, is not the server's answer at all.
func unacceptable(err error) error {
	fault, ok := err.(*jsonx.Error) // as Walk returns it
	err = fmt.Errorf("the answer is not acceptable: %w", err)
	if ok && fault.Reason == jsonx.Syntax {
		return &fetch.UnreadableError{Err: err}
	}
	return err
}

// members are the members of a response as they stand there.
type members struct {
	active, tokenType []byte
	payload           claims.Payload
}

func (m *members) note(name, raw []byte) error {
	switch {
	case string(name) == "active":
		m.active = raw
	case string(raw) == "null":
	case string(name) == "token_type":
		m.tokenType = raw
	default:
		m.payload.Note(name, raw)
	}
	return nil
}

func (r *response) read(m *members, expected *claims.Expected) (err error) {
	if m.active == nil {
		return errNoActive
	}
	var ok bool
	if r.active, ok = jsonx.Bool(m.active); !ok {
		return errors.New("active has the wrong type")
	}
	if !r.active {
		return nil
	}
	if r.tokenType, ok = jsonx.String(m.tokenType); !ok && m.tokenType != nil {
		return errors.New("token_type has the wrong type")
	}
	r.namesIssuer = m.payload.Issuer() != nil
	r.claims, r.kind, err = m.payload.Decode(expected)
	return err
}

// judge decides what the response means for the token. What is checked of every
// token is left to others.
func (i *Introspector) judge(said *response) answer {
	if !said.active {
		return answer{refused: refusal.InvalidToken(reason.InactiveToken, "%q calls the token inactive", i.config.Expected.Issuer)}
	}
	bearer, dpop := strings.EqualFold(said.tokenType, "Bearer"), strings.EqualFold(said.tokenType, "DPoP")
	typed := said.tokenType != ""
	if typed && !bearer && !dpop {
		return answer{refused: refusal.InvalidToken(reason.NotAnAccessToken, "the token's token_type is %.40q", said.tokenType)}
	}
	if why := said.kind.NotAccessToken(typed); why != "" {
		return answer{refused: refusal.InvalidToken(reason.NotAnAccessToken, "not an access token: %s", why)}
	}
	c := said.claims
	if !said.namesIssuer {
		c.Issuer = i.config.Expected.Issuer // the server that was asked
	}
	if dpop && (c.Confirmation == nil || c.Confirmation.JWKThumbprint == "") {
		// The token is bound to a key that the answer does not name: it is no
		// bearer token, and no proof can distinguish it from a stolen one.
		c.Confirmation = &claims.Confirmation{}
	}
	// Some servers call refresh tokens active too, and say neither token_type nor
	// token_use of them.
	c.AllowClient(i.config.AllowedClients, &said.kind, typed || i.config.OnlyAccessTokens)
	return answer{claims: &c}
}
