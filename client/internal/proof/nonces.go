package proof

import (
	"net/http"
	"strings"
	"sync"

	"github.com/mcp-auth/go/client/internal/urls"
)

const (
	maxNonce  = 1024
	maxNonces = 16
)

// Nonces holds the last DPoP nonce of each origin (RFC 9449 §8.2). The zero
// value is empty.
type Nonces struct {
	mu       sync.Mutex
	byOrigin map[string]string
}

// Get returns the nonce for a URL, empty if its origin has sent none.
func (n *Nonces) Get(target string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byOrigin[urls.Origin(target)]
}

// Learn keeps the nonce of a response. It ignores a value that is not a nonce
// (RFC 9449 §8.1).
func (n *Nonces) Learn(target string, header http.Header) {
	nonce := header.Get("DPoP-Nonce")
	if nonce == "" || len(nonce) > maxNonce || !validNonce(nonce) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byOrigin == nil || len(n.byOrigin) >= maxNonces {
		n.byOrigin = map[string]string{}
	}
	n.byOrigin[urls.Origin(target)] = nonce
}

func validNonce(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}
