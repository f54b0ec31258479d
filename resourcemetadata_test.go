package mcpauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
)

// signer makes a key for an algorithm.
func signer(t *testing.T, alg string) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch alg {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Covers RS22.
func TestSignedMetadata(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, alg := range []string{"RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			key := signer(t, alg)
			config := oneResource()
			config.Now = func() time.Time { return now }
			config.Resources[0].Name = "Notes & <more>"
			config.Resources[0].ScopesSupported = []string{"read"}
			config.Resources[0].Extra = map[string]any{"x_number": json.Number("12345678901234567890"), "iss": "https://evil.example"}
			config.Resources[0].MetadataSigner = &mcpauth.MetadataSigner{Key: key, Algorithm: alg, KeyID: "one"}
			w := get(t, newAuth(t, config).MetadataHandler(), "/.well-known/oauth-protected-resource/mcp")
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
			if claims["iss"] != resourceID || claims["iat"] != float64(now.Unix()) {
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
	config := oneResource()
	config.Resources[0].MetadataSigner = &mcpauth.MetadataSigner{Key: unreachableSigner{signer(t, "ES256")}, Algorithm: "ES256"}
	_, err := mcpauth.New(config)
	var fault *configerr.Error
	if !errors.Is(err, configerr.InvalidSigner) || !errors.As(err, &fault) {
		t.Error(err)
	}
}
