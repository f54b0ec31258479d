package mcpauthtest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// grantID names a grant. It is no secret: only what [handles] makes of it gives
// access.
type grantID [16]byte

func newGrantID() grantID {
	var id grantID
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	return id
}

// handleKind keeps the uses of a handle apart.
type handleKind byte

const (
	codeHandle handleKind = iota + 1
	refreshHandle
	accessHandle // a jti: names the grant that a token comes from
)

// handles makes authorization codes and refresh tokens: a grant and a number
// under a MAC. So an old refresh token is told from a forged one without
// keeping each that was ever issued, and nothing that gives access is stored.
type handles struct{ key [32]byte }

func newHandles() *handles {
	h := &handles{}
	_, _ = rand.Read(h.key[:]) // never fails (crypto/rand)
	return h
}

const handleBody = len(grantID{}) + 4

func (h *handles) seal(kind handleKind, id grantID, number uint32) string {
	body := binary.BigEndian.AppendUint32(id[:], number)
	return base64.RawURLEncoding.EncodeToString(append(body, h.mac(kind, body)...))
}

// open returns what was sealed; ok is false for anything that was not sealed
// here and for this use.
func (h *handles) open(kind handleKind, handle string) (id grantID, number uint32, ok bool) {
	raw, ok := decodeExactly(handle, handleBody+sha256.Size)
	if !ok {
		return grantID{}, 0, false
	}
	body, mac := raw[:handleBody], raw[handleBody:]
	if !hmac.Equal(mac, h.mac(kind, body)) {
		return grantID{}, 0, false
	}
	copy(id[:], body)
	return id, binary.BigEndian.Uint32(body[len(id):]), true
}

func (h *handles) mac(kind handleKind, body []byte) []byte {
	m := hmac.New(sha256.New, h.key[:])
	m.Write([]byte{byte(kind)})
	m.Write(body)
	return m.Sum(nil)
}

// decodeExactly reads the base64url form of n bytes. There is one spelling:
// without padding, line breaks (which the decoder would step over) or bits that
// mean nothing.
func decodeExactly(s string, n int) ([]byte, bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(n) {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return raw, err == nil && len(raw) == n
}
