package mcpauthtest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const typeDPoPProof = "dpop+jwt" // RFC 9449 §4.2

// DPoPKey is a client's key for DPoP proofs (RFC 9449), on P-256. Make one with
// [NewDPoPKey]; it is safe for concurrent use.
type DPoPKey struct {
	private *ecdsa.PrivateKey
	public  jose.JSONWebKey
	// thumbprint is cnf.jkt of a token bound to the key.
	thumbprint string
}

// NewDPoPKey makes a new key.
func NewDPoPKey() (*DPoPKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: making a DPoP key: %w", err)
	}
	public := jose.JSONWebKey{Key: private.Public()}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: naming a DPoP key: %w", err)
	}
	return &DPoPKey{private, public, base64.RawURLEncoding.EncodeToString(sum)}, nil
}

// Thumbprint returns the key's SHA-256 thumbprint (RFC 7638), as in cnf.jkt.
func (k *DPoPKey) Thumbprint() string { return k.thumbprint }

// BoundTo binds a token of [Server.Token] to a key (RFC 9449 §6.1).
func BoundTo(k *DPoPKey) TokenOption {
	return TokenOption{func(r *recipe) { r.claims["cnf"] = map[string]any{"jkt": k.thumbprint} }}
}

// DPoPProof says what a proof is for. For a zero field, the proof has the value
// that a well-behaved client would use.
type DPoPProof struct {
	// Method and URL are the method and the URL of the request (htm and htu).
	Method, URL string
	// AccessToken is hashed to ath. Empty leaves ath out, as in a proof for the
	// token endpoint.
	AccessToken string
	// Nonce is the nonce that the server gave, if any.
	Nonce string
	// ID is jti. Empty means a random one.
	ID string
	// IssuedAt is iat. Zero means now.
	IssuedAt time.Time
	// Header and Claims replace members; nil removes a claim. Use them to make
	// proofs that must be refused.
	Header, Claims map[string]any
}

// Proof signs a DPoP proof. It fails if a member cannot be written as JSON.
func (k *DPoPKey) Proof(p DPoPProof) (string, error) {
	issued := p.IssuedAt
	if issued.IsZero() {
		issued = time.Now()
	}
	claims := map[string]any{
		"jti": cmp.Or(p.ID, rand.Text()), "htm": p.Method, "htu": p.URL, "iat": issued.Unix(),
	}
	if p.AccessToken != "" {
		sum := sha256.Sum256([]byte(p.AccessToken))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if p.Nonce != "" {
		claims["nonce"] = p.Nonce
	}
	applyExtra(claims, p.Claims)
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("mcpauthtest: writing the proof: %w", err)
	}
	header := map[string]any{"typ": typeDPoPProof, "jwk": k.public}
	maps.Copy(header, p.Header)
	return signWith(jose.SigningKey{Algorithm: jose.ES256, Key: k.private}, header, payload)
}

// Authorize sets the headers Authorization and DPoP of a request to url, with
// a new proof. nonce is the nonce that the server gave, if any.
func (k *DPoPKey) Authorize(header http.Header, method, url, token, nonce string) error {
	proof, err := k.Proof(DPoPProof{Method: method, URL: url, AccessToken: token, Nonce: nonce})
	if err != nil {
		return err
	}
	header.Set("Authorization", "DPoP "+token)
	header.Set("DPoP", proof)
	return nil
}
