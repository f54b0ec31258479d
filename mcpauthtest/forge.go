package mcpauthtest

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/mcp-auth/go/internal/authserver/key"
	"github.com/mcp-auth/go/internal/authserver/token"
)

// recipe says how to make a token.
type recipe struct {
	claims map[string]any
	header map[string]any // nil removes typ or kid
	key    keyChoice
	after  func(token string) string
	opaque bool
	// revoked makes a token of a grant that does not exist.
	revoked bool
}

type keyChoice int

const (
	currentKey      keyChoice = iota
	unknownKey                // unpublished, under its own kid
	wrongKey                  // unpublished, under the current key's kid
	noKey                     // alg none
	publicKeyHMAC             // HS256 with the public key as its secret
	selfSuppliedKey           // unpublished, carried in the header
)

// forger signs tokens with the keys of a server and with a key that the server
// never publishes.
type forger struct {
	keys   *key.Ring
	stray  func() (*key.Key, error) // never published, made when first wanted
	faults *faultState
}

var _ token.Signer = (*forger)(nil)

func newForger(keys *key.Ring, faults *faultState) *forger {
	stray := sync.OnceValues(func() (*key.Key, error) { return key.New(keys.Algorithm()) })
	return &forger{keys: keys, stray: stray, faults: faults}
}

// Sign implements [token.Signer] for the endpoints of the server, under
// [Faults.UnknownKey] with the stray key.
func (f *forger) Sign(typ string, claims map[string]any, expiry time.Time) (string, error) {
	if !f.faults.get().UnknownKey {
		return f.keys.Sign(typ, claims, expiry)
	}
	stray, err := f.stray()
	if err != nil {
		return "", err
	}
	return stray.Sign(typ, claims)
}

// sign signs the claims of a recipe.
func (f *forger) sign(r recipe) (string, error) {
	payload, err := json.Marshal(r.claims)
	if err != nil {
		return "", fmt.Errorf("mcpauthtest: writing the claims: %w", err)
	}
	if f.faults.get().UnknownKey && r.key == currentKey {
		r.key = unknownKey
	}
	current := f.keys.Current(expiry(r.claims))
	if r.key == noKey {
		return unsigned(r.header, payload)
	}
	chosen, header, err := f.choose(r, current)
	if err != nil {
		return "", err
	}
	return signWith(chosen, header, payload)
}

// expiry returns the exp of claims that the caller may have replaced.
func expiry(claims map[string]any) time.Time {
	switch exp := claims["exp"].(type) {
	case int64:
		return time.Unix(exp, 0)
	case int:
		return time.Unix(int64(exp), 0)
	case float64:
		return time.Unix(int64(exp), 0)
	}
	return time.Time{}
}

// choose returns the key to sign with, and the header that goes with it.
func (f *forger) choose(r recipe, current *key.Key) (jose.SigningKey, map[string]any, error) {
	header := maps.Clone(r.header)
	if _, set := header["kid"]; !set && r.key != selfSuppliedKey {
		header["kid"] = current.ID()
	}
	switch r.key {
	case currentKey:
		return jose.SigningKey{Algorithm: current.Algorithm, Key: current.Private}, header, nil
	case publicKeyHMAC:
		secret, err := publicPEM(current)
		return jose.SigningKey{Algorithm: jose.HS256, Key: secret}, header, err
	}
	stray, err := f.stray()
	if err != nil {
		return jose.SigningKey{}, nil, err
	}
	if _, set := r.header["kid"]; !set && r.key == unknownKey {
		header["kid"] = stray.ID()
	}
	if r.key == selfSuppliedKey {
		header["jwk"] = stray.Public
	}
	return jose.SigningKey{Algorithm: stray.Algorithm, Key: stray.Private}, header, nil
}

// signWith returns a JWS with exactly this header, apart from alg. Nil leaves typ
// or kid out.
func signWith(k jose.SigningKey, header map[string]any, payload []byte) (string, error) {
	options := &jose.SignerOptions{}
	for name, value := range header {
		if value != nil || (name != "typ" && name != "kid") {
			options.WithHeader(jose.HeaderKey(name), value)
		}
	}
	signer, err := jose.NewSigner(k, options)
	if err != nil {
		return "", fmt.Errorf("mcpauthtest: preparing to sign: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("mcpauthtest: signing: %w", err)
	}
	return signed.CompactSerialize()
}

func unsigned(header map[string]any, payload []byte) (string, error) {
	header = maps.Clone(header)
	header["alg"] = "none"
	rawHeader, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("mcpauthtest: writing the header: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(rawHeader) + "." + encode(payload) + ".", nil
}

func publicPEM(k *key.Key) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.Private.Public())
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: writing the public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}
