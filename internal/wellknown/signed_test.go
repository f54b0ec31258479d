package wellknown_test

import (
	"crypto"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authtest"
)

// Covers RS22.
func TestSignedMetadata(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, alg := range []string{"RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			key := authtest.Signer(t, alg)
			config := authtest.OneResource()
			config.Now = func() time.Time { return now }
			config.Resources[0].Name = "Notes & <more>"
			config.Resources[0].ScopesSupported = []string{"read"}
			config.Resources[0].Extra = map[string]any{"x_number": json.Number("12345678901234567890"), "iss": "https://evil.example"}
			config.Resources[0].MetadataSigner = &mcpauth.MetadataSigner{Key: key, Algorithm: alg, KeyID: "one"}
			w := authtest.Get(t, authtest.NewAuth(t, config).MetadataHandler(), "/.well-known/oauth-protected-resource/mcp")
			var members map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &members); err != nil {
				t.Fatal(err)
			}
			text, _ := members["signed_metadata"].(string)
			jws, err := gojose.ParseSignedCompact(text, []gojose.SignatureAlgorithm{gojose.SignatureAlgorithm(alg)})
			if err != nil {
				t.Fatal(err)
			}
			payload, err := jws.Verify(key.Public())
			if err != nil {
				t.Fatal(err)
			}
			var claims map[string]any
			if err := json.Unmarshal(payload, &claims); err != nil {
				t.Fatal(err)
			}
			if claims["iss"] != authtest.ResourceID || claims["iat"] != float64(now.Unix()) {
				t.Errorf("iss %v, iat %v", claims["iss"], claims["iat"])
			}
			// Apart from these, the claims are the other members exactly.
			for _, name := range []string{"iss", "iat"} {
				delete(claims, name)
				delete(members, name)
			}
			delete(members, "signed_metadata")
			if !reflect.DeepEqual(claims, members) {
				t.Errorf("claims %v, members %v", claims, members)
			}
			if header := jws.Signatures[0].Header; header.KeyID != "one" || header.ExtraHeaders["typ"] != "JWT" {
				t.Errorf("header %+v", header)
			}
		})
	}
}

// unreachableSigner is a key that cannot be reached.
type unreachableSigner struct{ crypto.Signer }

func (unreachableSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("out of reach")
}

// Covers RS22.
func TestSignedMetadataWithoutItsKey(t *testing.T) {
	t.Parallel()
	config := authtest.OneResource()
	config.Resources[0].MetadataSigner = &mcpauth.MetadataSigner{Key: unreachableSigner{authtest.Signer(t, "ES256")}, Algorithm: "ES256"}
	_, err := mcpauth.New(config)
	var fault *configerr.Error
	if !errors.Is(err, configerr.InvalidSigner) || !errors.As(err, &fault) {
		t.Error(err)
	}
}
