package token

import (
	"hash/maphash"
	"strings"

	"github.com/mcp-auth/go/internal/cache"
)

// This file is there for speed: a token that comes again costs no cryptography,
// which is most of what a request costs.

const (
	// DefaultCacheSize is how many verified tokens are remembered by default.
	DefaultCacheSize = 10_000
	// MaxCacheSize is how many can be.
	MaxCacheSize = 10_000_000

	// bytesPerToken is what a token may take on average.
	bytesPerToken = 4 << 10
	// overhead is what a token takes beside its text and its claims.
	overhead    = 512
	hashedBytes = 64
)

// verifiedTokens remembers tokens that keys verified. What can change is checked
// at each use: time, sender constraint, scopes, and that the keys are still in
// use. Refusals are not remembered. Nil remembers nothing.
//
// Tokens are looked up by a hash whose seed nobody knows and compared in full,
// so a hash collision cannot admit another token. Only the end of the token is
// hashed, which costs less than all of it. The end is a part of the signature,
// and nobody can choose it for a token that verifies: one token does not push
// out another.
type verifiedTokens struct {
	seed   maphash.Seed
	tokens *cache.Cache[uint64, *Verified]
}

// newVerifiedTokens remembers size tokens, the default if that is zero, and none
// if it is negative.
func newVerifiedTokens(size int) *verifiedTokens {
	if size < 0 {
		return nil
	}
	if size == 0 {
		size = DefaultCacheSize
	}
	limits := cache.Limits{Entries: size, Bytes: size * bytesPerToken}
	own := func(hash uint64) uint64 { return hash }
	return &verifiedTokens{maphash.MakeSeed(), cache.New[uint64, *Verified](limits, own)}
}

func (c *verifiedTokens) hash(text string) uint64 {
	return maphash.String(c.seed, text[max(0, len(text)-hashedBytes):])
}

// get returns what is known of the token, or nil.
func (c *verifiedTokens) get(text string) *Verified {
	if c == nil {
		return nil
	}
	if v, ok := c.tokens.Get(c.hash(text)); ok && v.Token == text {
		return v
	}
	return nil
}

// add remembers a token, which must then not be changed.
func (c *verifiedTokens) add(v *Verified) {
	if c == nil {
		return
	}
	v.Token = strings.Clone(v.Token) // the memory of the request is not kept alive
	c.tokens.Add(c.hash(v.Token), v, v.size())
}

func (c *verifiedTokens) len() int {
	if c == nil {
		return 0
	}
	return c.tokens.Len()
}

// size is about what the token takes. Scopes and audiences count one by one: a
// token of 16 KiB can have thousands, which take many times its length.
func (v *Verified) size() int { return overhead + len(v.Token) + v.Claims.Size() }
