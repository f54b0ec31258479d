package endpoint

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/metadata"
)

// The ways a client authenticates at the token endpoint (RFC 7591 §2).
const (
	MethodNone       = "none"
	MethodBasic      = "client_secret_basic"
	MethodPost       = "client_secret_post"
	MethodPrivateKey = "private_key_jwt"
)

// Identity is a client as one authorization server knows it. The zero value is
// a client without an identifier, which sends no client_id.
type Identity struct {
	ID, Secret string
	// Method is how the client authenticates.
	Method string
	// Signer signs client assertions (RFC 7523), nil unless Method wants them.
	Signer *jose.Signer
}

// ChooseMethod returns how a client authenticates with what it has. A server
// that names no methods supports client_secret_basic (RFC 8414 §2).
func ChooseMethod(as *metadata.AuthorizationServer, hasSecret, hasKey bool) string {
	methods := as.TokenEndpointAuthMethodsSupported
	switch {
	case hasKey:
		return MethodPrivateKey
	case !hasSecret:
		return MethodNone
	case methods == nil || slices.Contains(methods, MethodBasic):
		return MethodBasic
	case slices.Contains(methods, MethodPost):
		return MethodPost
	case slices.Contains(methods, MethodNone):
		return MethodNone
	}
	return MethodBasic
}

// authenticate puts the client's credentials into a request to an endpoint.
func (id *Identity) authenticate(form url.Values, header http.Header, issuer string, now time.Time) error {
	switch {
	case id.ID == "":
		return nil
	case id.Method == MethodBasic:
		// RFC 6749 §2.3.1 encodes both before they are joined.
		pair := url.QueryEscape(id.ID) + ":" + url.QueryEscape(id.Secret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	case id.Method == MethodPost:
		form.Set("client_id", id.ID)
		form.Set("client_secret", id.Secret)
	case id.Method == MethodPrivateKey:
		// The assertion identifies the client (RFC 7523 §3).
		assertion, err := id.Signer.ClientAssertion(id.ID, issuer, now)
		if err != nil {
			return err
		}
		form.Set("client_assertion_type", jose.ClientAssertionType)
		form.Set("client_assertion", assertion)
	default:
		form.Set("client_id", id.ID)
	}
	return nil
}
