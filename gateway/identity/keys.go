package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/mcp-auth/go/internal/jose"
)

// maxKeys bounds the keys of a file.
const maxKeys = 16

// keyLifetime is how long verifiers may keep the keys.
const keyLifetime = "max-age=300"

var (
	errNoKey    = errors.New("there is no private key in PEM")
	errKeyType  = errors.New("a key is not an ECDSA key on P-256 in PKCS #8 or SEC 1")
	errTooMany  = fmt.Errorf("there are more than %d keys", maxKeys)
	errTwice    = errors.New("a key is there twice")
	errLeftover = errors.New("there is something that is not PEM")
)

// Keys sign assertions: the first of them does, and all are published, so that a new
// one is known before it signs. Keys are the [http.Handler] of their JWK Set.
type Keys struct {
	signer *jose.Signer
	set    []byte
}

// jwk is a public key (RFC 7517 §4, RFC 7518 §6.2.1).
type jwk struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	Y         string `json:"y"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
}

// GenerateKeys makes a key, for a gateway that is the only one at its address.
func GenerateKeys() (*Keys, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return newKeys([]*ecdsa.PrivateKey{key})
}

// ParseKeys reads ECDSA keys on P-256 from PEM, in PKCS #8 or SEC 1. The first one is
// to sign. Errors hold nothing of the keys.
func ParseKeys(data []byte) (*Keys, error) {
	var keys []*ecdsa.PrivateKey
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		if block.Type == "EC PARAMETERS" { // openssl ecparam writes it before a key
			continue
		}
		key, err := parseKey(block)
		switch {
		case err != nil:
			return nil, err
		case len(keys) == maxKeys:
			return nil, errTooMany
		case slices.ContainsFunc(keys, func(other *ecdsa.PrivateKey) bool { return other.Equal(key) }):
			return nil, errTwice
		}
		keys = append(keys, key)
	}
	switch {
	case len(keys) == 0:
		return nil, errNoKey
	case slices.ContainsFunc(data, func(c byte) bool { return c > ' ' }): // a key that is cut off would not be published
		return nil, errLeftover
	}
	return newKeys(keys)
}

func parseKey(block *pem.Block) (*ecdsa.PrivateKey, error) {
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if err != nil || !ok || private.Curve != elliptic.P256() {
		return nil, errKeyType
	}
	return private, nil
}

func newKeys(private []*ecdsa.PrivateKey) (*Keys, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	for _, key := range private {
		public, err := publicKey(&key.PublicKey)
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, public)
	}
	signer, err := jose.NewSigner(private[0], string(jose.ES256), set.Keys[0].ID)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(set)
	return &Keys{signer, data}, err
}

// publicKey returns a key whose identifier is its thumbprint (RFC 7638).
func publicKey(key *ecdsa.PublicKey) (jwk, error) {
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		return jwk{}, errKeyType
	}
	encode, half := base64.RawURLEncoding.EncodeToString, (len(point)+1)/2
	public := jwk{Type: "EC", Curve: "P-256", X: encode(point[1:half]), Y: encode(point[half:]), Use: "sig", Algorithm: string(jose.ES256)}
	data, err := json.Marshal(public)
	if err != nil {
		return jwk{}, err
	}
	parsed, err := jose.ParseKey(data)
	if err != nil {
		return jwk{}, err
	}
	public.ID = parsed.Thumbprint()
	return public, nil
}

// ServeHTTP answers GET and HEAD with the public keys.
func (k *Keys) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method not allowed.", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", keyLifetime)
	_, _ = w.Write(k.set)
}

// Format prints nothing of the keys, whatever the verb.
func (k *Keys) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("identity.Keys{}")) }
