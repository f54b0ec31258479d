package mcpauthtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	rsaKeyBits = 2048
	// keyGrace is how much longer than its last token a former key is
	// published: verifiers tolerate a clock difference.
	keyGrace = time.Minute
	// maxFormerKeys bounds what many rotations leave behind.
	maxFormerKeys = 16
)

// signingKey is a key pair. Only its keyring changes lastExpiry.
type signingKey struct {
	algorithm  jose.SignatureAlgorithm
	id         string
	private    crypto.Signer
	public     jose.JSONWebKey
	lastExpiry time.Time // of the tokens signed with it
}

// algorithms maps each supported algorithm to how its keys are made.
func algorithms() map[string]func() (crypto.Signer, error) {
	rsaKey := func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, rsaKeyBits) }
	ecKey := func(curve elliptic.Curve) func() (crypto.Signer, error) {
		return func() (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) }
	}
	return map[string]func() (crypto.Signer, error){
		"RS256": rsaKey, "RS384": rsaKey, "RS512": rsaKey,
		"PS256": rsaKey, "PS384": rsaKey, "PS512": rsaKey,
		"ES256": ecKey(elliptic.P256()), "ES384": ecKey(elliptic.P384()), "ES512": ecKey(elliptic.P521()),
		"EdDSA": func() (crypto.Signer, error) {
			_, private, err := ed25519.GenerateKey(rand.Reader)
			return private, err
		},
	}
}

// newSigningKey makes a key whose id is its thumbprint (RFC 7638), so that two
// servers never share an id.
func newSigningKey(algorithm string) (*signingKey, error) {
	generate, ok := algorithms()[algorithm]
	if !ok {
		return nil, fmt.Errorf("mcpauthtest: algorithm %q is not supported", algorithm)
	}
	private, err := generate()
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: making a signing key: %w", err)
	}
	return signingKeyOf(algorithm, private)
}

func signingKeyOf(algorithm string, private crypto.Signer) (*signingKey, error) {
	public := jose.JSONWebKey{Key: private.Public(), Algorithm: algorithm, Use: "sig"}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: naming a signing key: %w", err)
	}
	public.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return &signingKey{
		algorithm: jose.SignatureAlgorithm(algorithm),
		id:        public.KeyID,
		private:   private,
		public:    public,
	}, nil
}

// keyring holds the key in use, the one that follows, which is published
// already, and former ones whose tokens are not expired.
type keyring struct {
	algorithm string
	save      func(savedKeys) error // called under mu, with what is new

	mu      sync.Mutex
	current *signingKey
	next    *signingKey
	former  []*signingKey // oldest first
	stray   *signingKey   // never published, made when first wanted
}

func newKeyring(algorithm string) (*keyring, error) {
	current, err := newSigningKey(algorithm)
	if err != nil {
		return nil, err
	}
	next, err := newSigningKey(algorithm)
	if err != nil {
		return nil, err
	}
	return &keyring{algorithm: algorithm, save: func(savedKeys) error { return nil }, current: current, next: next}, nil
}

// forSigning returns the key in use and keeps it published until a token that
// expires at expiry has done so.
func (k *keyring) forSigning(expiry time.Time) *signingKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if expiry.After(k.current.lastExpiry) {
		k.current.lastExpiry = expiry
	}
	return k.current
}

// unpublished returns a key of the same kind that verifiers never get to see.
func (k *keyring) unpublished() (*signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stray != nil {
		return k.stray, nil
	}
	stray, err := newSigningKey(k.algorithm)
	if err != nil {
		return nil, err
	}
	k.stray = stray
	return stray, nil
}

// rotate puts the announced key into use and announces another one.
func (k *keyring) rotate() error {
	announced, err := newSigningKey(k.algorithm)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.retire(k.current)
	k.current, k.next = k.next, announced
	return k.save(k.saved())
}

// retire makes a key a former one. The caller holds mu.
func (k *keyring) retire(key *signingKey) {
	k.former = append(k.former, key)
	if surplus := len(k.former) - maxFormerKeys; surplus > 0 {
		k.former = k.former[surplus:]
	}
}

// replace withdraws every key at once.
func (k *keyring) replace() error {
	fresh, err := newKeyring(k.algorithm)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current, k.next, k.former = fresh.current, fresh.next, nil
	return k.save(k.saved())
}

// published returns the public keys that belong into the JWK Set at now.
func (k *keyring) published(now time.Time) []jose.JSONWebKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := []jose.JSONWebKey{k.current.public, k.next.public}
	kept := k.former[:0:0]
	for _, former := range k.former {
		if former.lastExpiry.Add(keyGrace).After(now) {
			kept = append(kept, former)
			keys = append(keys, former.public)
		}
	}
	k.former = kept
	return keys
}

// JWKS returns the current JWK Set (RFC 7517), for a resource server whose keys
// are configured by hand. It is not affected by Faults.
func (s *Server) JWKS() ([]byte, error) {
	return json.Marshal(jose.JSONWebKeySet{Keys: s.keys.published(s.now())})
}

// RotateOption changes what [Server.RotateKeys] does.
type RotateOption struct{ dropOldKeys bool }

// DropOldKeys withdraws all keys at once, including the next one, which was
// published already, and signs with a key that was never published before.
// Older tokens can then no longer be verified, and new ones only after the JWK
// Set is fetched again.
func DropOldKeys() RotateOption { return RotateOption{dropOldKeys: true} }

// RotateKeys signs with the next key from now on. There is no outage: that key
// was published before, the one that follows it is published now, and the old
// one stays published until the last token it signed has expired.
func (s *Server) RotateKeys(options ...RotateOption) error {
	for _, o := range options {
		if o.dropOldKeys {
			return s.keys.replace()
		}
	}
	return s.keys.rotate()
}
