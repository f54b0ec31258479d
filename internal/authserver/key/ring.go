package key

import (
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// publishedGrace is how much longer than its last token a former key is
	// published, because the clocks of verifiers differ.
	publishedGrace = time.Minute
	// maxFormer limits how many keys a series of rotations leaves behind.
	maxFormer = 16
)

// Ring holds the key in use, the next one, which is published already, and
// former ones whose tokens have not expired. It is safe for concurrent use.
type Ring struct {
	algorithm string
	save      func(Saved) error // called under mu

	mu      sync.Mutex
	current ringKey
	next    ringKey
	former  []ringKey // oldest first
}

// ringKey is a key with the time when the last token signed by it expires.
type ringKey struct {
	*Key
	lastExpiry time.Time
}

// NewRing makes a ring with new keys. It is not saved.
func NewRing(algorithm string) (*Ring, error) {
	current, err := New(algorithm)
	if err != nil {
		return nil, err
	}
	next, err := New(algorithm)
	if err != nil {
		return nil, err
	}
	return &Ring{
		algorithm: algorithm, save: func(Saved) error { return nil },
		current: ringKey{Key: current}, next: ringKey{Key: next},
	}, nil
}

// Algorithm returns the algorithm of new keys.
func (r *Ring) Algorithm() string { return r.algorithm }

// Current returns the key in use and keeps it published until a token that
// expires at expiry has expired.
func (r *Ring) Current(expiry time.Time) *Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	if expiry.After(r.current.lastExpiry) {
		r.current.lastExpiry = expiry
	}
	return r.current.Key
}

// Sign signs a JWT of the given typ, which expires at expiry, with the key in
// use.
func (r *Ring) Sign(typ string, claims map[string]any, expiry time.Time) (string, error) {
	return r.Current(expiry).Sign(typ, claims)
}

// Rotate puts the next key into use and announces another one. The former key
// stays published until the last token it signed has expired.
func (r *Ring) Rotate() error {
	announced, err := New(r.algorithm)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retire(r.current)
	r.current, r.next = r.next, ringKey{Key: announced}
	return r.save(r.saved())
}

// retire makes a key a former one. The caller holds mu.
func (r *Ring) retire(k ringKey) {
	r.former = append(r.former, k)
	if surplus := len(r.former) - maxFormer; surplus > 0 {
		r.former = r.former[surplus:]
	}
}

// Replace withdraws every key at once.
func (r *Ring) Replace() error {
	fresh, err := NewRing(r.algorithm)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current, r.next, r.former = fresh.current, fresh.next, nil
	return r.save(r.saved())
}

// Published returns the public keys of the JWK Set at now.
func (r *Ring) Published(now time.Time) []jose.JSONWebKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := []jose.JSONWebKey{r.current.Public, r.next.Public}
	kept := r.former[:0:0]
	for _, former := range r.former {
		if former.lastExpiry.Add(publishedGrace).After(now) {
			kept = append(kept, former)
			keys = append(keys, former.Public)
		}
	}
	r.former = kept
	return keys
}
