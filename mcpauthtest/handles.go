package mcpauthtest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

func newGrantID() GrantID {
	var id GrantID
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

// handle is what a code, a refresh token or a jti stands for.
type handle struct {
	id     GrantID
	number uint32
	// jkt is the thumbprint of the DPoP key that a refresh token is bound to
	// (RFC 9449 §5), empty without one.
	jkt string
}

// handles makes authorization codes and refresh tokens: a grant and a number
// under a MAC. So an old refresh token is told from a forged one without
// keeping each that was ever issued, and nothing that gives access is stored.
type handles struct{ key []byte }

const (
	handleBody      = len(GrantID{}) + 4
	boundHandleBody = handleBody + sha256.Size
)

func (h *handles) seal(kind handleKind, v handle) string {
	body := binary.BigEndian.AppendUint32(v.id[:], v.number)
	if thumbprint, ok := decodeExactly(v.jkt, sha256.Size); ok {
		body = append(body, thumbprint...)
	}
	return base64.RawURLEncoding.EncodeToString(append(body, h.mac(kind, body)...))
}

// open returns what was sealed; ok is false for anything that was not sealed
// here and for this use.
func (h *handles) open(kind handleKind, sealed string) (v handle, ok bool) {
	raw, ok := decodeExactly(sealed, handleBody+sha256.Size)
	if !ok {
		raw, ok = decodeExactly(sealed, boundHandleBody+sha256.Size)
	}
	if !ok {
		return handle{}, false
	}
	body, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if !hmac.Equal(mac, h.mac(kind, body)) {
		return handle{}, false
	}
	copy(v.id[:], body)
	v.number = binary.BigEndian.Uint32(body[len(v.id):])
	v.jkt = base64.RawURLEncoding.EncodeToString(body[handleBody:])
	return v, true
}

func (h *handles) mac(kind handleKind, body []byte) []byte {
	m := hmac.New(sha256.New, h.key)
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
