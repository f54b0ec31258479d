package proof

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Each proof is used once, and is for a URL without its query.
//
// Covers CL11.
func TestProofs(t *testing.T) {
	t.Parallel()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for _, token := range []string{"", "", "token", "token"} {
		proof, err := key.Sign(Request{Method: http.MethodPost, URL: "https://as.example.com/token?tenant=one#x", Token: token}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		claims := claimsOf(t, proof)
		if id := claims["jti"]; id == "" || id == nil || seen[id] {
			t.Errorf("jti %v was used before, or is missing", id)
		}
		seen[claims["jti"]] = true
		if claims["htu"] != "https://as.example.com/token" {
			t.Errorf("htu %v", claims["htu"])
		}
		if _, has := claims["ath"]; has != (token != "") {
			t.Errorf("token %q, ath %v", token, claims["ath"])
		}
	}
}

// claimsOf reads the payload of a JWT, unverified.
func claimsOf(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	data, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// A key that was kept is the same key, and nothing else is taken for one.
//
// Covers CL11.
func TestKeysAreKept(t *testing.T) {
	t.Parallel()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := key.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := ParseKey(der)
	if err != nil {
		t.Fatal(err)
	}
	if kept.Thumbprint() != key.Thumbprint() {
		t.Errorf("thumbprint %s, want %s", kept.Thumbprint(), key.Thumbprint())
	}
	_, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	otherDER, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"empty": nil, "cut": der[:len(der)-1], "another kind": otherDER} {
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
