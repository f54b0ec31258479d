package dpop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/jose"
)

const token = "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl"

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// client signs proofs with ES256.
type client struct {
	key *ecdsa.PrivateKey
	jwk map[string]any
}

func newClient(t testing.TB) *client {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return &client{key, map[string]any{"kty": "EC", "crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:])}}
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func (c *client) thumbprint(t testing.TB) string {
	t.Helper()
	key, err := jose.ParseKey(marshal(t, c.jwk))
	if err != nil {
		t.Fatal(err)
	}
	return key.Thumbprint()
}

// proof is a good proof with changed claims; nil removes one.
func (c *client) proof(t testing.TB, change map[string]any) string {
	t.Helper()
	sum := sha256.Sum256([]byte(token))
	claims := map[string]any{
		"jti": "id", "htm": "POST", "htu": "https://api.example.com/mcp", "iat": now.Unix(), "ath": encode(sum[:]),
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return c.sign(t, map[string]any{"alg": "ES256", "typ": "dpop+jwt", "jwk": c.jwk}, claims)
}

func (c *client) sign(t testing.TB, header, claims map[string]any) string {
	t.Helper()
	input := encode(marshal(t, header)) + "." + encode(marshal(t, claims))
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, c.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return input + "." + encode(sig)
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (c *client) expected(t testing.TB) *Expected {
	t.Helper()
	return &Expected{
		Method: "POST", URL: "https://api.example.com/mcp", Token: token, Thumbprint: c.thumbprint(t),
		Algorithms: jose.Algorithms(), Now: now, Lifetime: time.Minute, Leeway: 5 * time.Second,
	}
}

func long(n int) string { return strings.Repeat("x", n) }
