package account

import (
	"errors"
	"strings"
	"testing"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/filestore"
)

// Each failure says what can be done about it, and shows no more than the user
// may see.
func TestExplain(t *testing.T) {
	t.Parallel()
	const server = "https://mcp.example.com/mcp"
	for want, err := range map[string]error{
		"Run: mcpauth login " + server: &clienterr.LoginRequiredError{ServerURL: server},
		"--client-id ID":               &clienterr.RegistrationError{Issuer: "https://as", Kind: clienterr.RegistrationNeeded},
		"If you trust the change":      &clienterr.RegistrationError{Kind: clienterr.OtherIssuer, Err: errors.New("x")},
		"register a client by hand":    &clienterr.RegistrationError{Kind: clienterr.RegistrationRefused, Err: errors.New("x")},
		"RFC 9728":                     &clienterr.ResourceError{Kind: clienterr.ResourceNotFound, Err: errors.New("x")},
		"Nothing was sent":             &clienterr.ResourceError{Kind: clienterr.ResourceMismatch, Err: errors.New("x")},
		passphraseVariable:             &filestore.KeyError{Err: errors.New("x")},
		"only its operator":            &clienterr.UnsuitableError{Issuer: "https://as", Reason: "x"},
		"as it is":                     errors.New("as it is"),
	} {
		if got := explain(err, server); !strings.Contains(got.Error(), want) {
			t.Errorf("%v does not say %q", got, want)
		}
	}
	if explain(nil, server) != nil {
		t.Error("nothing was explained")
	}
}
