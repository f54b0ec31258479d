package jose

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mcp-auth/go/internal/jsonx"
)

// KeySet is a JSON Web Key Set (RFC 7517 §5): the keys in it that may verify
// signatures. It is immutable and safe for concurrent use; the zero KeySet has
// no keys.
type KeySet struct {
	keys    []*Key
	skipped []SkippedKey
}

// SkippedKey is a member of a set that cannot verify signatures here.
type SkippedKey struct {
	// Index is its place in the set, from 0.
	Index int
	// KeyID is its kid, or "" if it has none that can be read.
	KeyID string
	// OtherPurpose is set for a key that is meant for something else, such as
	// encryption, or is of a type that is not known here.
	OtherPurpose bool
	// Err is why it was skipped.
	Err error
}

// String names the key and why it was skipped.
func (k SkippedKey) String() string {
	why := strings.TrimPrefix(k.Err.Error(), "jose: ")
	if k.KeyID == "" {
		return fmt.Sprintf("key %d of the set: %s", k.Index+1, why)
	}
	return fmt.Sprintf("key %d of the set (kid %.80q): %s", k.Index+1, k.KeyID, why)
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
	index := len(s.keys) + len(s.skipped)
	if index == MaxKeys {
		return errTooManyKeys
	}
	key, err := ParseKey(raw)
	if err != nil {
		s.skip(index, raw, err)
		return nil
	}
	s.keys = append(s.keys, key)
	return nil
}

func (s *KeySet) skip(index int, raw []byte, err error) {
	skipped := SkippedKey{Index: index, Err: err}
	if refused, ok := err.(*Error); ok { // as ParseKey returns it
		skipped.OtherPurpose = refused.otherPurpose
	}
	// A key that is no acceptable JSON may still have a name.
	_ = jsonx.Members(raw, maxSetDepth, func(name string, value []byte) error {
		if name == "kid" {
			skipped.KeyID, _ = jsonx.String(value)
		}
		return nil
	})
	s.skipped = append(s.skipped, skipped)
}

// Skipped returns the members of the set that cannot verify signatures here, in
// the set's order. It is not to be modified.
func (s *KeySet) Skipped() []SkippedKey { return s.skipped }

// Len returns how many keys the set has, without the skipped ones.
func (s *KeySet) Len() int { return len(s.keys) }

// Fault is nil if the set has a key that may verify signatures, and names what is
// wrong with its keys otherwise.
func (s *KeySet) Fault() error {
	switch {
	case len(s.keys) > 0:
		return nil
	case len(s.skipped) == 0:
		return errors.New("the key set is empty")
	}
	const most = 3
	var texts []string
	for _, key := range s.skipped[:min(len(s.skipped), most)] {
		texts = append(texts, key.String())
	}
	if more := len(s.skipped) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return errors.New("the key set has no key that can verify tokens: " + strings.Join(texts, "; "))
}

// Lacks says why the set has no candidate for a header: what is wrong with its key
// of that kid, or with all of its keys. It is empty if there is no such key.
func (s *KeySet) Lacks(h Header) string {
	for _, key := range s.skipped {
		if h.HasKeyID && key.KeyID == h.KeyID {
			return key.String()
		}
	}
	if err := s.Fault(); err != nil {
		return err.Error()
	}
	return ""
}

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
