package grant

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"
)

func TestHandles(t *testing.T) {
	t.Parallel()
	h, id := NewHandles([]byte("one key")), NewID()
	sum := sha256.Sum256([]byte("a key"))
	thumbprint := base64.RawURLEncoding.EncodeToString(sum[:])
	for _, v := range []Handle{{ID: id, Number: 7}, {ID: id, Number: 7, JKT: thumbprint}} {
		sealed := h.Seal(Code, v)
		if got, ok := h.Open(Code, sealed); !ok || got != v {
			t.Errorf("opened %v, %v, want %v", got, ok, v)
		}
		// The last character has unused bits: only one spelling is accepted.
		spelt := []byte(sealed)
		spelt[len(spelt)-1]++
		for name, handle := range map[string]string{
			"other spelling": string(spelt),
			"line break":     sealed[:10] + "\n" + sealed[10:],
			"padded":         sealed + "==",
			"longer":         sealed + "AAAA",
			"empty":          "",
		} {
			if _, ok := h.Open(Code, handle); ok {
				t.Errorf("%s: opened", name)
			}
		}
		if _, ok := h.Open(Refresh, sealed); ok {
			t.Error("a code was opened as a refresh token")
		}
		if _, ok := NewHandles([]byte("another key")).Open(Code, sealed); ok {
			t.Error("opened with another key")
		}
	}
}
