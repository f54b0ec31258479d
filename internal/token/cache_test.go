package token

import (
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/keys"
)

// given is a server whose keys are given, so that they never change.
func given() *server {
	source := keys.NewSources(keys.Config{}).Of(keys.Server{Issuer: issuerID, Keys: &jose.KeySet{}})
	return &server{Server{Keys: source}}
}

// Covers RS9. Two tokens of one hash do not stand for each other.
func TestHashCollisionAdmitsNobody(t *testing.T) {
	t.Parallel()
	c := newVerifiedTokens(0)
	first, second := &Verified{Token: "first", server: given()}, &Verified{Token: "second token", server: given()}
	hash := c.hash(first.Token)
	c.add(first)
	if got, _ := c.get(first.Token, time.Now); got != first {
		t.Errorf("the first token is not there: %v", got)
	}
	c.tokens.Add(hash, second, second.size()) // as if the hashes were the same
	if got, _ := c.get(first.Token, time.Now); got != nil {
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
		c.add(&Verified{Token: string(long) + end, server: given()})
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
	c.add(&Verified{Token: "a", server: given()})
	if got, _ := c.get("a", nil); got != nil || c.len() != 0 {
		t.Error("a token is remembered")
	}
}
