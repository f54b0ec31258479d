package differential

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"testing"
)

// The factors of a key for tests: a fuzzing engine wants every process to have
// the same keys.
const (
	factor1 = "e39a284821ce095ec21d33e196ed680193c9027f368da3d89eba5fef38a2881dbabd0ae89772ace2880d9292aa62431069bd85ea21e58075ea22dc9207238dbc0d1e5b8df163e7199c56bea9199c9861068ac4ec9aadcc5555f75791ea9e181c381fb0c6f628532469127267e36732318a31d9fc8fcfdb08d08a87c833084221"
	factor2 = "d5f951064d8032e579fd0dabe4ebdbee5ef179848daf10d8f0bb4a4f2001bc7831db4e690269904502efaf697d358908903da796f179a63418aa0f054c5d1c34203d86c0d370be83ed02fd7a46c662720f219e42b22b607b49b40aaf660c2ee49f5a1a4828c541a2c3279e57b1f19b199a56d3bc565299a507414dc210bc36f5"
)

// key is a private key and the algorithm that it signs with when told nothing else.
type key struct {
	private crypto.Signer
	alg     string
	jwk     map[string]any // the public key, without any optional member
}

func fixedKeys(t testing.TB) []key {
	t.Helper()
	ed := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	keys := []key{
		{rsaKey(t), "RS256", nil},
		{ecKey(t, elliptic.P256(), 32), "ES256", nil},
		{ed, "EdDSA", nil},
		{ecKey(t, elliptic.P384(), 48), "ES384", nil}, // the slow ones last
		{ecKey(t, elliptic.P521(), 66), "ES512", nil},
	}
	for i := range keys {
		keys[i].jwk = publicJWK(t, keys[i].private)
	}
	return keys
}

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	p, ok1 := new(big.Int).SetString(factor1, 16)
	q, ok2 := new(big.Int).SetString(factor2, 16)
	if !ok1 || !ok2 {
		t.Fatal("the factors are no numbers")
	}
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	private := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         new(big.Int).ModInverse(big.NewInt(65537), phi),
		Primes:    []*big.Int{p, q},
	}
	private.Precompute()
	if err := private.Validate(); err != nil {
		t.Fatal(err)
	}
	return private
}

func ecKey(t testing.TB, curve elliptic.Curve, size int) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.ParseRawPrivateKey(curve, append(make([]byte, size-1), 7))
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func publicJWK(t testing.TB, private crypto.Signer) map[string]any {
	t.Helper()
	switch public := private.Public().(type) {
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "n": encode(public.N.Bytes()), "e": "AQAB"}
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		half := len(point) / 2
		return map[string]any{
			"kty": "EC", "crv": public.Params().Name, "x": encode(point[1 : 1+half]), "y": encode(point[1+half:]),
		}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": encode(public)}
	default:
		t.Fatalf("key of type %T", public)
		return nil
	}
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
