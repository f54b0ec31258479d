package parts

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"testing"

	"github.com/mcp-auth/go/interop/internal/settings"
)

// The pre-registered clients of an [AuthorizationServer] that introspect, by how
// they authenticate.
const (
	BasicIntrospector  = "introspector-basic"
	PostIntrospector   = "introspector-post"
	KeyIntrospector    = "introspector-key"    // private_key_jwt
	SignedIntrospector = "introspector-signed" // client_secret_basic, and gets signed answers (RFC 9701)
)

const introspectorKeyID = "introspector"

// introspectors are the clients in RFC 7591 terms.
func (s *AuthorizationServer) introspectors(tb testing.TB) []map[string]any {
	tb.Helper()
	keyed := s.introspector(KeyIntrospector, map[string]any{
		"token_endpoint_auth_method":      "private_key_jwt",
		"token_endpoint_auth_signing_alg": "ES256",
		"jwks":                            map[string]any{"keys": []any{s.publicJWK(tb)}},
	})
	delete(keyed, "client_secret")
	return []map[string]any{
		s.introspector(BasicIntrospector, nil),
		s.introspector(PostIntrospector, map[string]any{"token_endpoint_auth_method": "client_secret_post"}),
		s.introspector(SignedIntrospector, map[string]any{"introspection_signed_response_alg": "ES256"}),
		keyed,
	}
}

// introspector is a client that gets no tokens.
func (s *AuthorizationServer) introspector(id string, extra map[string]any) map[string]any {
	c := s.client(id, extra)
	c["grant_types"] = []string{}
	return c
}

func (s *AuthorizationServer) publicJWK(tb testing.TB) map[string]any {
	tb.Helper()
	point, err := s.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		tb.Fatal(err)
	}
	x, y := point[1:33], point[33:]
	return map[string]any{
		"kty": "EC", "crv": "P-256", "use": "sig", "kid": introspectorKeyID,
		"x": base64.RawURLEncoding.EncodeToString(x), "y": base64.RawURLEncoding.EncodeToString(y),
	}
}

// Introspection returns what a resource server needs to introspect as one of
// the clients.
func (s *AuthorizationServer) Introspection(tb testing.TB, client string) *settings.Introspection {
	tb.Helper()
	i := &settings.Introspection{ClientID: client, ClientSecret: s.secret}
	switch client {
	case BasicIntrospector:
	case PostIntrospector:
		i.AuthMethod = "client_secret_post"
	case SignedIntrospector:
		i.SignedResponses = true
	case KeyIntrospector:
		i.ClientSecret, i.Key, i.KeyID = "", s.keyPEM(tb), introspectorKeyID
	default:
		tb.Fatalf("%q does not introspect", client)
	}
	return i
}

func (s *AuthorizationServer) keyPEM(tb testing.TB) string {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
