package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
)

// signer makes tokens with the standard library only, so that a test may put
// anything into header and signature.
type signer struct {
	alg     Algorithm
	private crypto.Signer
}

// privateKeys returns one key per type; they are made once.
var privateKeys = sync.OnceValue(func() map[keyType]crypto.Signer {
	_, ed, errEd := ed25519.GenerateKey(rand.Reader)
	rsaPrivate, errRSA := rsa.GenerateKey(rand.Reader, 2048)
	p256, err256 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, err384 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p521, err521 := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err := errors.Join(errEd, errRSA, err256, err384, err521); err != nil {
		panic(err)
	}
	return map[keyType]crypto.Signer{rsaKey: rsaPrivate, p256Key: p256, p384Key: p384, p521Key: p521, ed25519Key: ed}
})

func newSigner(t testing.TB, alg Algorithm) signer {
	t.Helper()
	private, ok := privateKeys()[alg.keyType()]
	if !ok {
		t.Fatalf("no key for %q", alg)
	}
	return signer{alg, private}
}

// raw signs message as alg says.
func (s signer) raw(t testing.TB, message string) []byte {
	t.Helper()
	if s.alg == EdDSA {
		return must(s.private.Sign(nil, []byte(message), crypto.Hash(0)))(t)
	}
	hash := s.alg.hash()
	h := hash.New()
	h.Write([]byte(message))
	var options crypto.SignerOpts = hash
	if s.alg.pss() {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	ec, ok := s.private.(*ecdsa.PrivateKey)
	if !ok {
		return must(s.private.Sign(rand.Reader, h.Sum(nil), options))(t)
	}
	r, sig, err := ecdsa.Sign(rand.Reader, ec, h.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	size := coordinateSize(s.alg.keyType())
	return append(r.FillBytes(make([]byte, size)), sig.FillBytes(make([]byte, size))...)
}

// token signs header and payload as they are.
func (s signer) token(t testing.TB, header, payload string) string {
	t.Helper()
	message := encode(header) + "." + encode(payload)
	return message + "." + encode(string(s.raw(t, message)))
}

// jwk returns the public key with the given members over its own.
func (s signer) jwk(t testing.TB, over map[string]any) []byte {
	t.Helper()
	m := jwkMembers(t, s.private.Public())
	maps.Copy(m, over)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return must(json.Marshal(m))(t)
}

func (s signer) key(t testing.TB) *Key {
	t.Helper()
	return must(ParseKey(s.jwk(t, nil)))(t)
}

func jwkMembers(t testing.TB, public crypto.PublicKey) map[string]any {
	t.Helper()
	switch k := public.(type) {
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "n": encode(string(k.N.Bytes())), "e": encode(string(big.NewInt(int64(k.E)).Bytes()))}
	case *ecdsa.PublicKey:
		point := must(k.Bytes())(t)
		size := len(point) / 2
		return map[string]any{"kty": "EC", "crv": k.Params().Name, "x": encode(string(point[1 : 1+size])), "y": encode(string(point[1+size:]))}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": encode(string(k))}
	default:
		t.Fatalf("key of type %T", public)
		return nil
	}
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// must fails the test on an error of the call that it wraps.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantReason(t testing.TB, err error, reason Reason) {
	t.Helper()
	var fault *Error
	if !errors.As(err, &fault) {
		t.Fatalf("got %v, want an *Error of reason %q", err, reason)
	}
	if fault.Reason != reason {
		t.Errorf("got reason %q (%v), want %q", fault.Reason, err, reason)
	}
}

// holds reports whether the set's keys verify the token.
func holds(set *KeySet, token string) bool {
	j, err := Parse(token)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(set.Candidates(j.Header), func(k *Key) bool { return j.Verify(k) == nil })
}

func joined(parts ...string) string { return strings.Join(parts, ".") }
