package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"math/big"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/mcp-auth/go/internal/jose"
)

func signingKeys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	keys := map[string]crypto.Signer{}
	for name, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521(), "P-224": elliptic.P224()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = key
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		keys[name] = key
	}
	keys["EdDSA"] = ed
	return keys
}

// What a Signer makes, Verify takes, for every algorithm, chosen or named.
func TestSign(t *testing.T) {
	t.Parallel()
	keys := signingKeys(t)
	for _, alg := range jose.Algorithms() {
		for _, named := range []string{string(alg), ""} {
			signer, err := jose.NewSigner(keys[string(alg)], named, "key-1")
			if err != nil {
				t.Fatal(alg, err)
			}
			public, err := gojose.JSONWebKey{Key: keys[string(alg)].Public(), KeyID: "key-1"}.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			key, err := jose.ParseKey(public)
			if err != nil {
				t.Fatal(err)
			}
			for range 8 { // signatures of ECDSA vary in length before they are fixed
				token, err := signer.Sign("x+jwt", map[string]string{"a": "b"})
				if err != nil {
					t.Fatal(alg, err)
				}
				jws, err := jose.Parse(token)
				if err != nil {
					t.Fatal(alg, err)
				}
				if named != "" && jws.Header.Algorithm != alg || jws.Header.Type != "x+jwt" || jws.Header.KeyID != "key-1" || string(jws.Payload) != `{"a":"b"}` {
					t.Errorf("%s: header %+v, payload %s", alg, jws.Header, jws.Payload)
				}
				if err := jws.Verify(key); err != nil {
					t.Errorf("%s: %v", alg, err)
				}
			}
		}
	}
}

func TestNewSignerRefuses(t *testing.T) {
	t.Parallel()
	keys := signingKeys(t)
	weak := weakKey{keys["RS256"]}
	for name, test := range map[string]struct {
		key crypto.Signer
		alg string
	}{
		"no key":       {nil, "ES256"},
		"other curve":  {keys["ES256"], "ES384"},
		"other type":   {keys["ES256"], "RS256"},
		"RSA for EC":   {keys["RS256"], "ES256"},
		"Ed for EC":    {keys["EdDSA"], "ES256"},
		"none":         {keys["ES256"], "none"},
		"HS256":        {keys["RS256"], "HS256"},
		"weak RSA":     {weak, "RS256"},
		"small curve":  {keys["P-224"], ""},
		"unknown name": {keys["ES256"], "es256"},
	} {
		if _, err := jose.NewSigner(test.key, test.alg, ""); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// weakKey is a key of 1024 bits, as far as anybody can see.
type weakKey struct{ crypto.Signer }

func (weakKey) Public() crypto.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}
}

// brokenKey is a key service that answers nonsense.
type brokenKey struct {
	crypto.Signer
	answer []byte
	err    error
}

func (b brokenKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return b.answer, b.err }

func TestSignFails(t *testing.T) {
	t.Parallel()
	key := signingKeys(t)["ES256"]
	down := errors.New("key service down")
	for _, broken := range []brokenKey{
		{key, nil, down}, {key, []byte{1}, nil}, {key, []byte{0x30, 6, 2, 1, 0, 2, 1, 1}, nil}, {key, []byte{0x30, 6, 2, 1, 1, 2, 1, 1, 0}, nil},
	} {
		signer, err := jose.NewSigner(broken, "ES256", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signer.Sign("JWT", struct{}{}); err == nil || broken.err != nil && !errors.Is(err, down) {
			t.Errorf("%x: %v", broken.answer, err)
		}
	}
}
