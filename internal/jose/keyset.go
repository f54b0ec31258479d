package jose

import (
	"errors"

	"github.com/mcp-auth/go/internal/jsonx"
)

// KeySet is a JSON Web Key Set (RFC 7517 §5): the keys in it that may verify
// signatures. It is immutable and safe for concurrent use; the zero KeySet has
// no keys.
type KeySet struct {
	keys    []*Key
	skipped int
}

// ParseKeySet reads a JSON Web Key Set. A member that ParseKey refuses, or that
// is no key at all, is skipped and does not spoil the others (RFC 7517 §5). A
// set that has none left is no error.
//
// The error is an *Error: the document is not a key set, or beyond the limits.
func ParseKeySet(raw []byte) (*KeySet, error) {
	if len(raw) > MaxKeySetSize {
		return nil, refuse(ReasonTooLarge, "key set larger than the limit")
	}
	// Members and Elements leave the names inside a key to ParseKey, so that a
	// faulty key is that key's fault only.
	var list []byte
	err := jsonx.Members(raw, maxSetDepth, func(name string, value []byte) error {
		if name == "keys" {
			list = value
		}
		return nil
	})
	if err != nil {
		return nil, &Error{Reason: ReasonInvalidKeySet, Detail: "key set is not acceptable JSON", Err: err}
	}
	if len(list) == 0 || list[0] != '[' {
		return nil, refuse(ReasonInvalidKeySet, "key set without an array of keys")
	}
	set := new(KeySet)
	if err := jsonx.Elements(list, maxSetDepth, set.add); err != nil {
		return nil, refuse(ReasonTooLarge, "key set with too many keys")
	}
	return set, nil
}

var errTooManyKeys = errors.New("jose: too many keys")

// add reads the next member of the set.
func (s *KeySet) add(raw []byte) error {
	if len(s.keys)+s.skipped == MaxKeys {
		return errTooManyKeys
	}
	key, err := ParseKey(raw)
	if err != nil {
		s.skipped++
		return nil
	}
	s.keys = append(s.keys, key)
	return nil
}

// Len returns how many keys the set has, without the skipped ones.
func (s *KeySet) Len() int { return len(s.keys) }

// Candidates returns the keys to try on a token with header h, in the set's
// order and at most MaxCandidates: those that allow its algorithm and, if it
// has a kid, have the same one. A kid that only keys for other algorithms have
// matches nothing. A key set may use one kid for keys of several types. The
// slice is not to be modified.
func (s *KeySet) Candidates(h Header) []*Key {
	var found []*Key
	for i, k := range s.keys {
		if h.HasKeyID && (!k.hasKid || k.kid != h.KeyID) {
			continue
		}
		if !k.Allows(h.Algorithm) {
			continue
		}
		if found == nil {
			// Nearly always the only one: a part of the set instead of a copy.
			found = s.keys[i : i+1 : i+1]
			continue
		}
		if found = append(found, k); len(found) == MaxCandidates {
			break
		}
	}
	return found
}
