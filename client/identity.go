package client

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
	methodNone       = "none"
	methodBasic      = "client_secret_basic"
	methodPost       = "client_secret_post"
	methodPrivateKey = "private_key_jwt"
)

// identity is a client as one authorization server knows it. The zero value is
// nobody, who sends no client_id.
type identity struct {
	id, secret string
	method     string
	signer     *jose.Signer
}

// identify turns configured credentials into an identity, with the method that
// the server supports.
func (c *Credentials) identify(as *metadata.AuthorizationServer) (identity, error) {
	who := identity{id: c.ClientID, secret: c.ClientSecret, method: c.AuthMethod}
	if c.PrivateKey != nil {
		signer, err := jose.NewSigner(c.PrivateKey, c.Algorithm, c.KeyID)
		if err != nil {
			return identity{}, &ConfigError{Field: "Credentials.PrivateKey", Fault: InvalidClientKey, detail: err}
		}
		who.signer = signer
	}
	if who.method == "" {
		who.method = chooseMethod(as, who.secret != "", who.signer != nil)
	}
	return who, nil
}

// chooseMethod picks how to authenticate with what the client has. A server
// that names no methods takes client_secret_basic (RFC 8414 §2).
func chooseMethod(as *metadata.AuthorizationServer, hasSecret, hasKey bool) string {
	methods := as.TokenEndpointAuthMethodsSupported
	switch {
	case hasKey:
		return methodPrivateKey
	case !hasSecret:
		return methodNone
	case methods == nil || slices.Contains(methods, methodBasic):
		return methodBasic
	case slices.Contains(methods, methodPost):
		return methodPost
	case slices.Contains(methods, methodNone):
		return methodNone
	}
	return methodBasic
}

// authenticate puts the client's credentials into a request to the token
// endpoint.
func (who *identity) authenticate(form url.Values, header http.Header, issuer string, now time.Time) error {
	switch {
	case who.id == "":
		return nil
	case who.method == methodBasic:
		// RFC 6749 §2.3.1 encodes both before they are joined.
		pair := url.QueryEscape(who.id) + ":" + url.QueryEscape(who.secret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	case who.method == methodPost:
		form.Set("client_id", who.id)
		form.Set("client_secret", who.secret)
	case who.method == methodPrivateKey:
		// The assertion tells who the client is (RFC 7523 §3).
		assertion, err := who.signer.ClientAssertion(who.id, issuer, now)
		if err != nil {
			return err
		}
		form.Set("client_assertion_type", jose.ClientAssertionType)
		form.Set("client_assertion", assertion)
	default:
		form.Set("client_id", who.id)
	}
	return nil
}
