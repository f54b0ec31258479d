// Package proof makes the client's DPoP proofs (RFC 9449): keys, proofs and the
// nonces that servers ask for.
package proof

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/mcp-auth/go/client/internal/urls"
)

const (
	// Algorithm is the signature algorithm of all proofs.
	Algorithm = "ES256"

	// typ is the type of a proof (RFC 9449 §4.2).
	typ = "dpop+jwt"
)

// Key is a key that tokens are bound to, on P-256.
type Key struct {
	private    *ecdsa.PrivateKey
	signer     jose.Signer
	thumbprint string
}

// NewKey generates a key.
func NewKey() (*Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return keyOf(private)
}

// ParseKey reads a key that [Key.Marshal] wrote.
func ParseKey(der []byte) (*Key, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("the DPoP key cannot be read")
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("the DPoP key is not on the curve P-256")
	}
	return keyOf(private)
}

func keyOf(private *ecdsa.PrivateKey) (*Key, error) {
	public := jose.JSONWebKey{Key: private.Public()}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType(typ)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: private}, options)
	if err != nil {
		return nil, err
	}
	return &Key{private, signer, base64.RawURLEncoding.EncodeToString(thumbprint)}, nil
}

// Marshal returns the private key in PKCS #8.
func (k *Key) Marshal() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.private) }

// Thumbprint returns the thumbprint of the key (RFC 7638), which dpop_jkt and
// cnf.jkt hold.
func (k *Key) Thumbprint() string { return k.thumbprint }

// Request is an HTTP request to make a proof for.
type Request struct {
	Method, URL string
	// Token is the access token that the request carries, empty if none.
	Token string
	// Nonce is the nonce that the server asked for, empty if none.
	Nonce string
}

// Sign returns the proof for a request (RFC 9449 §4.2).
func (k *Key) Sign(r Request, now time.Time) (string, error) {
	target, _, _ := strings.Cut(r.URL, "#")
	claims := map[string]any{
		"jti": rand.Text(), "htm": r.Method, "htu": urls.WithoutQuery(target), "iat": now.Unix(),
	}
	if r.Token != "" {
		sum := sha256.Sum256([]byte(r.Token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if r.Nonce != "" {
		claims["nonce"] = r.Nonce
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := k.signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
