package provider_test

import (
	"crypto"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/mcp-auth/go/provider"
)

func all(t *testing.T) []*provider.Profile {
	t.Helper()
	profiles, err := provider.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(profiles) == 0 {
		t.Fatal("no profiles")
	}
	return profiles
}

func get(t *testing.T, name string) *provider.Profile {
	t.Helper()
	p, err := provider.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// signed makes a JWT. A stranger's key has the kid of the key it stands for, and
// "hmac" signs with the text of a public key.
func signed(t *testing.T, keys map[string]crypto.Signer, name string, header, claims map[string]any) string {
	t.Helper()
	kid := strings.TrimPrefix(name, "stranger-")
	var key any = keys[name]
	algorithm := algorithms[kid]
	if name == "hmac" {
		secret, err := json.Marshal(jose.JSONWebKey{Key: keys["rs"].Public()})
		if err != nil {
			t.Fatal(err)
		}
		kid, key, algorithm = "rs", secret, jose.HS256
	}
	opts := (&jose.SignerOptions{}).WithHeader("kid", kid)
	for name, value := range header {
		opts = opts.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}
