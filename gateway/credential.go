package gateway

import (
	"context"
	"net/http"
	"slices"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
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
	ofMessage := strings.HasPrefix(canonical, "Content-") || strings.HasPrefix(canonical, "Mcp-") || strings.HasPrefix(canonical, "X-Forwarded-")
	ofConnection := slices.Contains([]string{"Host", "Connection", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Accept", "Expect"}, canonical)
	isName := name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
	isStrange := func(r rune) bool { return r < ' ' || r > '~' }
	switch {
	case !isName || ofMessage || ofConnection:
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
