package client

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
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	proofType = "dpop+jwt"
	proofAlg  = "ES256"

	maxNonce  = 1024
	maxNonces = 16
)

// proofKey is the key that tokens are bound to (RFC 9449), on P-256.
type proofKey struct {
	private *ecdsa.PrivateKey
	signer  jose.Signer
	// thumbprint is the key's (RFC 7638), as dpop_jkt and cnf.jkt hold it.
	thumbprint string
}

func newProofKey() (*proofKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return makeProofKey(private)
}

// parseProofKey reads what marshal wrote.
func parseProofKey(der []byte) (*proofKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("a DPoP key cannot be read")
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("a DPoP key is of another kind")
	}
	return makeProofKey(private)
}

func makeProofKey(private *ecdsa.PrivateKey) (*proofKey, error) {
	public := jose.JSONWebKey{Key: private.Public()}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType(proofType)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: private}, options)
	if err != nil {
		return nil, err
	}
	return &proofKey{private, signer, base64.RawURLEncoding.EncodeToString(thumbprint)}, nil
}

func (k *proofKey) marshal() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.private) }

// proof makes the proof for one request (RFC 9449 §4.2). The token is empty
// where none is sent.
func (k *proofKey) proof(method, target, token, nonce string, now time.Time) (string, error) {
	target, _, _ = strings.Cut(target, "#")
	claims := map[string]any{
		"jti": rand.Text(), "htm": method, "htu": withoutQuery(target), "iat": now.Unix(),
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if nonce != "" {
		claims["nonce"] = nonce
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

// nonces are the last DPoP nonces that each origin gave out (RFC 9449 §8.2).
type nonces struct {
	mu     sync.Mutex
	byHost map[string]string
}

func (n *nonces) get(target string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byHost[originOf(target)]
}

// learn keeps the nonce of an answer. One that is no nonce (RFC 9449 §8.1) is
// passed over.
func (n *nonces) learn(target string, header http.Header) {
	nonce := header.Get("DPoP-Nonce")
	if nonce == "" || len(nonce) > maxNonce || !validNonce(nonce) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byHost == nil || len(n.byHost) >= maxNonces {
		n.byHost = map[string]string{}
	}
	n.byHost[originOf(target)] = nonce
}

func validNonce(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// originOf is scheme and host of a URL, in one spelling.
func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
