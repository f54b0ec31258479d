package dpop

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

const (
	// NonceWindow is how often nonces change. Each is accepted until the end of
	// the window after its own.
	NonceWindow = 2 * time.Minute
	// MinNonceKeySize is the size of the shortest key for nonces, in bytes.
	MinNonceKeySize = 32

	counterSize = 8
	macSize     = 16
)

// Nonces makes and recognizes nonces without remembering any: each is the
// number of its time window and a MAC over it.
type Nonces struct {
	key     []byte
	random  bool // the key
	purpose string
}

// NewNonces makes nonces with a key, or with a random one if key is nil.
// purpose keeps apart what uses the same key.
func NewNonces(key []byte, purpose string) *Nonces {
	if key != nil {
		return &Nonces{key: append([]byte(nil), key...), purpose: purpose}
	}
	n := &Nonces{key: make([]byte, MinNonceKeySize), random: true, purpose: purpose}
	rand.Read(n.key) // never fails, see its documentation
	return n
}

// Continue returns the old nonces if both have a random key, and n otherwise.
// Either may be nil.
func (n *Nonces) Continue(old *Nonces) *Nonces {
	if n != nil && old != nil && n.random && old.random && n.purpose == old.purpose {
		return old
	}
	return n
}

// Issue returns the nonce of the present window.
func (n *Nonces) Issue(now time.Time) string {
	return n.make(window(now))
}

// Valid reports whether a nonce is of the present window or of the one before.
// That of the next is accepted within the leeway, for replicas that share a key
// but not quite a clock.
func (n *Nonces) Valid(nonce string, now time.Time, leeway time.Duration) bool {
	got, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(got) != counterSize+macSize {
		return false
	}
	counter := int64(binary.BigEndian.Uint64(got))
	if counter < window(now)-1 || counter > window(now.Add(leeway)) {
		return false
	}
	// As text: there is one spelling only.
	return hmac.Equal([]byte(nonce), []byte(n.make(counter)))
}

func window(t time.Time) int64 { return t.Unix() / int64(NonceWindow/time.Second) }

func (n *Nonces) make(counter int64) string {
	nonce := binary.BigEndian.AppendUint64(make([]byte, 0, counterSize+sha256.Size), uint64(counter))
	mac := hmac.New(sha256.New, n.key)
	mac.Write(nonce)
	mac.Write([]byte("DPoP-Nonce\x00" + n.purpose))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nonce)[:counterSize+macSize])
}
