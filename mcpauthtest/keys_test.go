package mcpauthtest

import (
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/authserver/store"
)

func mint(t *testing.T, s *Server, claims TokenClaims, options ...TokenOption) string {
	t.Helper()
	token, err := s.Token(claims, options...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func kid(t *testing.T, token string) string {
	t.Helper()
	id, ok := part(t, token, 0)["kid"].(string)
	if !ok {
		t.Fatal("no kid")
	}
	return id
}

func published(t *testing.T, s *Server, id string) bool {
	t.Helper()
	return len(keySet(t, s).Key(id)) == 1
}

// Covers AS10.
func TestKeysRotateWithoutAnOutage(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now; config.Resources = []string{testResource} })
	first := kid(t, mint(t, s, TokenClaims{}))
	cached := keySet(t, s) // by a verifier that does not look again

	if err := s.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	second := kid(t, mint(t, s, TokenClaims{}))
	if second == first {
		t.Fatal("the key is still the same")
	}
	if len(cached.Key(second)) != 1 {
		t.Error("the new key was not published before it was used")
	}
	if !published(t, s, first) {
		t.Error("the old key is gone while its token is valid")
	}
	if err := s.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Hour)
	if !published(t, s, first) || !published(t, s, second) {
		t.Error("an old key is gone at the moment its token expires")
	}
	c.advance(keyGrace + time.Second)
	if published(t, s, first) || published(t, s, second) {
		t.Error("an old key is still published though its tokens are expired")
	}
}

// Covers AS10.
func TestKeyStaysAsLongAsItsLastToken(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now; config.Resources = []string{testResource} })
	long := kid(t, mint(t, s, TokenClaims{ExpiresAt: c.now().Add(10 * time.Hour)}))
	mint(t, s, TokenClaims{}) // a shorter one must not shorten it
	if err := s.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	c.advance(9 * time.Hour)
	if !published(t, s, long) {
		t.Error("the key is gone while a token is valid")
	}
	c.advance(2 * time.Hour)
	if published(t, s, long) {
		t.Error("the key is kept for nothing")
	}
}

func TestDropOldKeys(t *testing.T) {
	t.Parallel()
	s := start(t, func(config *Config) { config.Resources = []string{testResource} })
	mint(t, s, TokenClaims{})
	if err := s.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	before := keySet(t, s) // a former one, the current, the next
	if err := s.RotateKeys(DropOldKeys()); err != nil {
		t.Fatal(err)
	}
	for _, key := range before.Keys {
		if published(t, s, key.KeyID) {
			t.Errorf("key %s is still published", key.KeyID)
		}
	}
	token := mint(t, s, TokenClaims{})
	if len(before.Key(kid(t, token))) != 0 {
		t.Error("the new key was published before")
	}
	verified(t, s, token)
}

func TestManyRotationsAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t, func(config *Config) { config.Resources = []string{testResource} })
	for range 2 * maxFormerKeys {
		mint(t, s, TokenClaims{})
		if err := s.RotateKeys(); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(keySet(t, s).Keys); got != maxFormerKeys+2 {
		t.Errorf("%d keys, want %d", got, maxFormerKeys+2)
	}
}

func TestAlgorithms(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(config *Config) { config.Algorithm = algorithm })
			header, _ := verified(t, s, mint(t, s, TokenClaims{Audience: []string{testResource}}))
			if header["alg"] != algorithm || header["typ"] != "at+jwt" {
				t.Errorf("header %v", header)
			}
		})
	}
}

func TestServersDoNotShareKeys(t *testing.T) {
	t.Parallel()
	a, b := start(t, nil), start(t, nil)
	for _, key := range keySet(t, a).Keys {
		if published(t, b, key.KeyID) {
			t.Error("two servers have the same key")
		}
	}
}

// Covers AS10.
func TestAnotherAlgorithmAfterARestart(t *testing.T) {
	t.Parallel()
	c, memory := newClock(), store.NewMemory()
	before := start(t, func(config *Config) { config.Now, config.Store = c.now, memory })
	token := mint(t, before, TokenClaims{Audience: []string{testResource}})
	after := start(t, func(config *Config) { config.Now, config.Store, config.Algorithm = c.now, memory, "EdDSA" })
	if !after.TokenActive(t.Context(), token) || !published(t, after, kid(t, token)) {
		t.Error("a token of the time before does not verify")
	}
	if header, _ := verified(t, after, mint(t, after, TokenClaims{Audience: []string{testResource}})); header["alg"] != "EdDSA" {
		t.Errorf("header %v", header)
	}
	c.advance(time.Hour + keyGrace)
	if published(t, after, kid(t, token)) {
		t.Error("a former key outlives its last token")
	}
}

// Covers AS10.
func TestStoredKeysThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, stored := range []string{"garbage", `{}`, `{"keys":{"current":{"kty":"oct","k":"AAAA","alg":"HS256"}}}`} {
		memory := store.NewMemory()
		if err := memory.SaveSecrets(t.Context(), []byte(stored)); err != nil {
			t.Fatal(err)
		}
		if s, err := New(Config{Issuer: testIssuer, Store: memory}); err == nil {
			s.Close()
			t.Errorf("%s: a server started", stored)
		} else if strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%v shows a key", err)
		}
	}
}
