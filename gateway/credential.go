package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/gateway/internal/headers"
)

// The faults of a header that is a credential.
const (
	// InvalidCredentialHeader is the fault of a name that is none, or that is not for
	// credentials.
	InvalidCredentialHeader configerr.Fault = "the value is not the name of a header that can hold a credential, such as Authorization or X-Api-Key"
	// InvalidCredentialValue is the fault of a value that is empty or has characters
	// that no header has.
	InvalidCredentialValue configerr.Fault = "the value is empty, or cannot be in a header: is there a line break in it?"
)

// header is a header that is the same for all callers.
type header struct {
	name  string
	value mcpauth.Secret
}

// StaticHeader returns a [Credential] that is a header of its own for the upstream, the
// same for all callers: an API key, or "Bearer " and a token. A mistake is a
// [*configerr.Error].
func StaticHeader(name string, value mcpauth.Secret) (Credential, error) {
	canonical := http.CanonicalHeaderKey(name)
	isStrange := func(r rune) bool { return r < ' ' || r > '~' }
	switch {
	case !headers.MayBeAdded(canonical):
		return nil, &configerr.Error{Field: "Name", Value: name, Fault: InvalidCredentialHeader}
	case value == "" || strings.ContainsFunc(string(value), isStrange):
		return nil, &configerr.Error{Field: "Value", Fault: InvalidCredentialValue}
	}
	return &header{canonical, value}, nil
}

// Apply implements [Credential].
func (c *header) Apply(_ context.Context, _ *mcpauth.AuthInfo, h http.Header) error {
	h[c.name] = []string{string(c.value)}
	return nil
}

// bearer is a token that is got for each request.
type bearer func(context.Context) (mcpauth.Secret, error)

// BearerToken returns a [Credential] that sends a token of the upstream's own
// authorization server. The function is called for each request, with its context, and
// gets the token from a clientcredentials.Source or a tokenexchange.Exchanger. If it
// returns the caller's own token, the request is not sent.
//
// If the error of the function is or wraps a [*mcpauth.Challenge], the client gets it:
// 401 if a new token would help. A challenge with 503 is answered with 503, and every
// other error as [Credential] says.
func BearerToken(token func(context.Context) (mcpauth.Secret, error)) Credential {
	return bearer(token)
}

// Apply implements [Credential].
func (b bearer) Apply(ctx context.Context, info *mcpauth.AuthInfo, h http.Header) error {
	token, err := b(ctx)
	switch {
	case err != nil:
		return err
	case info != nil && string(token) == info.Token.Reveal():
		return errPassedOn
	}
	h["Authorization"] = []string{"Bearer " + string(token)}
	return nil
}

// errPassedOn is the error of a function that would pass the caller's token on, which
// MCP forbids.
var errPassedOn = errors.New("the token for the upstream is the caller's own")

// Credentials returns a [Credential] that applies several in turn.
func Credentials(all ...Credential) Credential { return credentials(slices.Clone(all)) }

type credentials []Credential

// Apply implements [Credential].
func (all credentials) Apply(ctx context.Context, info *mcpauth.AuthInfo, h http.Header) error {
	for _, c := range all {
		if err := c.Apply(ctx, info, h); err != nil {
			return err
		}
	}
	return nil
}
