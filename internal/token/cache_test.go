package token

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/claims"
)

func verified(text string) *Verified {
	v := NewVerified(text, claims.Claims{})
	return v
}

// Covers RS9. Two tokens of one hash do not stand for each other.
func TestHashCollisionAdmitsNobody(t *testing.T) {
	t.Parallel()
	c := newVerifiedTokens(0)
	first, second := verified("first"), verified("second token")
	hash := c.hash(first.Token)
	c.add(first)
	if got := c.get(first.Token); got != first {
		t.Errorf("the first token is not there: %v", got)
	}
	c.tokens.Add(hash, second, second.size()) // as if the hashes were the same
	if got := c.get(first.Token); got != nil {
		t.Error("the second token is taken for the first")
	}
	if n := c.len(); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

// Tokens that share their beginning share no hash, and tokens are remembered
// without the memory of the request.
func TestOnlyTheEndIsHashed(t *testing.T) {
	t.Parallel()
	c := newVerifiedTokens(0)
	long := make([]byte, 1000)
	for i := range long {
		long[i] = 'a'
	}
	for _, end := range []string{"b", "c"} {
		c.add(verified(string(long) + end))
	}
	if n := c.len(); n != 2 {
		t.Errorf("%d tokens", n)
	}
	if c.hash(string(long)+"b") != c.hash("x"+string(long)+"b") {
		t.Error("the beginning is hashed")
	}
}

func TestNoTokensAreRemembered(t *testing.T) {
	t.Parallel()
	c := newVerifiedTokens(-1)
	c.add(verified("a"))
	if got := c.get("a"); got != nil || c.len() != 0 {
		t.Error("a token is remembered")
	}
}

// The bytes that are counted are those that a token takes, of whatever it consists.
func TestRememberedTokensAreBounded(t *testing.T) {
	const count, limit = 600, 10 << 20
	many := func(text string) []string { return strings.Fields(strings.Repeat(text+" ", 5500)) }
	for name, list := range map[string]func(c *claims.Claims){
		"scopes":       func(c *claims.Claims) { c.Scopes = many("s") },
		"audiences":    func(c *claims.Claims) { c.Audience = many("a") },
		"plain":        func(*claims.Claims) {},
		"large claims": func(c *claims.Claims) { c.Raw = make([]byte, 12<<10) },
	} {
		t.Run(name, func(t *testing.T) {
			before := heap()
			c := newVerifiedTokens(limit / bytesPerToken)
			for i := range count {
				v := NewVerified(fmt.Sprintf("%016384d", i), claims.Claims{})
				list(v.Claims)
				c.add(v)
			}
			if used := heap() - before; used > limit {
				t.Errorf("%d KiB for %d tokens, at most %d are promised", used>>10, c.len(), limit>>10)
			}
			runtime.KeepAlive(c)
		})
	}
}

func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
