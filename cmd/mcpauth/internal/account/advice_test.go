package account

import (
	"errors"
	"strings"
	"testing"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/filestore"
	"github.com/mcp-auth/go/metadata"
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
		"three ways":                   &filestore.KeyError{Kind: filestore.AutoKey, Err: errors.New("x")},
		"mcpauth logout":               &filestore.KeyError{Kind: filestore.PassphraseKey, Err: errors.New("x")},
		"unlock that":                  &filestore.KeyError{Kind: filestore.KeyringKey, Err: errors.New("x")},
		"--assume-pkce":                &clienterr.UnsuitableError{Issuer: "https://as", PKCENotAdvertised: true},
		"known of Amazon Cognito":      &clienterr.UnsuitableError{Issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf", PKCENotAdvertised: true},
		"--own-issuer https://other":   &metadata.DiscoveryError{Kind: metadata.IssuerMismatch, Err: &metadata.IssuerMismatchError{Want: "https://as", Got: "https://other"}},
		"--omit-resource":              &clienterr.TokenError{Status: 400, Code: "invalid_target"},
		server + " --omit-resource":    &clienterr.AuthorizationError{Code: "invalid_request", Description: "AADSTS9010010: the resource"},
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
	if got := explain(&clienterr.LoginRequiredError{}, server+"?a=1&b=2"); !strings.HasSuffix(got.Error(), " '"+server+"?a=1&b=2'") {
		t.Errorf("a shell would take %q apart", got)
	}
	mismatch := &metadata.DiscoveryError{Err: &metadata.IssuerMismatchError{Want: "https://as", Got: "javascript:\n"}}
	if got := explain(mismatch, server); strings.Contains(got.Error(), "--own-issuer") {
		t.Errorf("%q advises what is no issuer", got)
	}
}
