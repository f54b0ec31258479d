package key

import (
	"crypto"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Saved is a ring at rest. It holds private keys.
type Saved struct {
	Current jose.JSONWebKey `json:"current"`
	Next    jose.JSONWebKey `json:"next"`
	Former  []SavedFormer   `json:"former,omitempty"`
}

// SavedFormer is a former key at rest.
type SavedFormer struct {
	Key jose.JSONWebKey `json:"key"`
	// Until is when the last token signed with the key expires.
	Until time.Time `json:"until"`
}

// Restore makes a saved ring usable. lastExpiry is when the last token signed
// with its current key expires at the latest. If algorithm is another one than
// before, the saved keys become former ones.
func Restore(saved Saved, algorithm string, lastExpiry time.Time) (*Ring, error) {
	current, err := load(saved.Current)
	if err != nil {
		return nil, err
	}
	next, err := load(saved.Next)
	if err != nil {
		return nil, err
	}
	r := &Ring{algorithm: algorithm, current: ringKey{current, lastExpiry}, next: ringKey{Key: next}}
	for _, f := range saved.Former {
		former, err := load(f.Key)
		if err != nil {
			return nil, err
		}
		r.former = append(r.former, ringKey{former, f.Until})
	}
	if string(current.Algorithm) == algorithm {
		return r, nil
	}
	fresh, err := NewRing(algorithm)
	if err != nil {
		return nil, err
	}
	r.retire(r.current)
	r.current, r.next = fresh.current, fresh.next
	return r, nil
}

func load(saved jose.JSONWebKey) (*Key, error) {
	private, ok := saved.Key.(crypto.Signer)
	if !ok || !Supported(saved.Algorithm) {
		return nil, errors.New("a stored key is not a private signing key")
	}
	return of(saved.Algorithm, private)
}

// SaveWith saves the ring with save, now and whenever it changes.
func (r *Ring) SaveWith(save func(Saved) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.save = save
	return r.save(r.saved())
}

// saved returns the ring at rest. The caller holds mu.
func (r *Ring) saved() Saved {
	saved := Saved{Current: r.current.atRest(), Next: r.next.atRest()}
	for _, former := range r.former {
		saved.Former = append(saved.Former, SavedFormer{former.atRest(), former.lastExpiry})
	}
	return saved
}

func (k *Key) atRest() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.Private, KeyID: k.ID(), Algorithm: string(k.Algorithm), Use: "sig"}
}
