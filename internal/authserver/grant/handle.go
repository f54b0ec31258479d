package grant

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/mcp-auth/go/internal/authserver/store"
)

// NewID returns a new random ID.
func NewID() store.GrantID {
	var id store.GrantID
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	return id
}

// Kind keeps the uses of a handle apart.
type Kind byte

// The uses of handles.
const (
	Code    Kind = iota + 1
	Refresh      // a refresh token
	TokenID      // a jti: names the grant that an access token comes from
)

// Handle is what a code, a refresh token or a jti stands for.
type Handle struct {
	ID     store.GrantID
	Number uint32
	// JKT is the thumbprint of the DPoP key that a refresh token is bound to
	// (RFC 9449 §5). It is empty if the token is not bound.
	JKT string
}

// Handles makes authorization codes and refresh tokens: a grant and a number
// under a MAC. With the MAC, an old refresh token and a forged one can be told
// apart without a list of all tokens, and nothing that gives access is stored.
type Handles struct{ key []byte }

// NewHandles returns handles under a key.
func NewHandles(key []byte) Handles { return Handles{key} }

const (
	handleBody      = len(store.GrantID{}) + 4
	boundHandleBody = handleBody + sha256.Size
)

// Seal returns the text of a handle.
func (h Handles) Seal(kind Kind, v Handle) string {
	body := binary.BigEndian.AppendUint32(v.ID[:], v.Number)
	if thumbprint, ok := decodeExactly(v.JKT, sha256.Size); ok {
		body = append(body, thumbprint...)
	}
	return base64.RawURLEncoding.EncodeToString(append(body, h.mac(kind, body)...))
}

// Open returns what was sealed. It reports false for a text that was not sealed
// with this key for this use.
func (h Handles) Open(kind Kind, sealed string) (v Handle, ok bool) {
	raw, ok := decodeExactly(sealed, handleBody+sha256.Size)
	if !ok {
		raw, ok = decodeExactly(sealed, boundHandleBody+sha256.Size)
	}
	if !ok {
		return Handle{}, false
	}
	body, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if !hmac.Equal(mac, h.mac(kind, body)) {
		return Handle{}, false
	}
	copy(v.ID[:], body)
	v.Number = binary.BigEndian.Uint32(body[len(v.ID):])
	v.JKT = base64.RawURLEncoding.EncodeToString(body[handleBody:])
	return v, true
}

func (h Handles) mac(kind Kind, body []byte) []byte {
	m := hmac.New(sha256.New, h.key)
	m.Write([]byte{byte(kind)})
	m.Write(body)
	return m.Sum(nil)
}

// decodeExactly reads the base64url form of n bytes. It accepts one spelling:
// without padding, without line breaks, which the decoder would skip, and
// without unused bits that are set.
func decodeExactly(s string, n int) ([]byte, bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(n) {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return raw, err == nil && len(raw) == n
}
