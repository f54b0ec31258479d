package mcpauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpauthtest"
)

// Covers RS9, RS10. A remembered token is refused as soon as its time is over.
func TestCachedTokenExpires(t *testing.T) {
	t.Parallel()
	c, server, auth := newClocked(t, mcpauthtest.Config{AccessTokenTTL: time.Minute})
	token := mint(t, server)
	for range 3 {
		if got := status(auth, token); got != http.StatusOK {
			t.Fatal(got)
		}
	}
	c.advance(2 * time.Minute)
	if got := status(auth, token); got != http.StatusUnauthorized {
		t.Errorf("expired: %d", got)
	}
}

// Covers RS9. A remembered token is refused once its key was withdrawn.
func TestCachedTokenDiesWithItsKey(t *testing.T) {
	t.Parallel()
	c, server, auth := newClocked(t, mcpauthtest.Config{AccessTokenTTL: 100 * time.Hour})
	token := admitted(t, server, auth)
	rotate(t, server)
	admitted(t, server, auth) // fetches the new set
	c.advance(time.Minute)    // beyond the cool-down
	if got := status(auth, token); got != http.StatusUnauthorized {
		t.Errorf("a remembered token of a withdrawn key: %d, want 401", got)
	}
}

// Covers RS7. A token remembered for one resource opens no other.
func TestCacheIsPerResource(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	second := config.Resources[0]
	second.Identifier = "https://api.example.com/second"
	config.Resources = append(config.Resources, second)
	auth := newAuth(t, config)
	req := bearer(mint(t, server))
	for _, want := range []struct {
		resource string
		admitted bool
	}{{resourceID, true}, {second.Identifier, false}, {resourceID, true}} {
		req.Resource = want.resource
		if _, err := auth.Authorize(context.Background(), req); (err == nil) != want.admitted {
			t.Errorf("%s: %v", want.resource, err)
		}
	}
}

// A custom verifier is asked each time: it may change its mind.
func TestCustomVerifierIsNotCached(t *testing.T) {
	t.Parallel()
	calls := 0
	config := oneResource()
	config.Resources[0].AuthorizationServers[0].Verifier = mcpauth.VerifierFunc(func(context.Context, string) (*mcpauth.Claims, error) {
		calls++
		return &mcpauth.Claims{Issuer: issuerID, Audience: []string{resourceID}, ExpiresAt: time.Now().Add(time.Hour)}, nil
	})
	auth := newAuth(t, config)
	for range 3 {
		if got := status(auth, "opaque-token"); got != http.StatusOK {
			t.Fatal(got)
		}
	}
	if calls != 3 {
		t.Errorf("%d calls, want 3", calls)
	}
}

// The cache is bounded: many distinct tokens do not add up in memory.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{Algorithm: "EdDSA"})
	for _, size := range []int{-1, 64} {
		config := trusting(server.Issuer())
		config.TokenCacheSize = size
		auth := newAuth(t, config)
		for i := range 500 {
			token, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{resourceID}, Subject: strconv.Itoa(i)})
			if err != nil {
				t.Fatal(err)
			}
			if got := status(auth, token); got != http.StatusOK {
				t.Fatal(got)
			}
		}
		if n := mcpauth.CachedTokens(auth); n > max(size, 0) {
			t.Errorf("size %d: %d tokens remembered", size, n)
		}
	}
	runtime.GC()
}

// BenchmarkWarm is a request with a token that came before, through the door.
func BenchmarkWarm(b *testing.B) {
	server, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	auth, err := mcpauth.New(trusting(server.Issuer()))
	if err != nil {
		b.Fatal(err)
	}
	token, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{resourceID}, Scopes: []string{"read"}})
	if err != nil {
		b.Fatal(err)
	}
	handler := auth.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), mcpauth.Scopes("read"))
	r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(w, r)
	}
	if w.Code != http.StatusOK {
		b.Fatal(w.Code)
	}
}
