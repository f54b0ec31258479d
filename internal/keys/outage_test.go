package keys_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
)

// What cannot be fetched is told in one sentence: what, of whom, from where, why;
// and nothing of it twice.
//
// Covers RS8.
func TestTextsOfOutages(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	issuer := server.Issuer()
	oauth, oidc := issuer+"/.well-known/oauth-authorization-server", issuer+"/.well-known/openid-configuration"
	for name, test := range map[string]struct {
		faults mcpauthtest.Faults
		change func(*mcpauth.AuthorizationServer)
		want   string
	}{
		"metadata": {
			mcpauthtest.Faults{Metadata: mcpauthtest.DocumentFault{Status: 500}}, nil,
			`no metadata of "` + issuer + `": ` + oauth + `: unavailable: status 500; ` + oidc + `: unavailable: status 500`,
		},
		"another issuer": {
			mcpauthtest.Faults{MetadataIssuer: "https://x.example"}, nil,
			`no metadata of "` + issuer + `": ` + oauth + `: issuer mismatch: the document is of the issuer "https://x.example", not of "` + issuer + `"`,
		},
		"no JSON": {
			mcpauthtest.Faults{Metadata: mcpauthtest.DocumentFault{Body: []byte("<html>")}},
			func(s *mcpauth.AuthorizationServer) { s.Type = mcpauth.OAuth },
			`no metadata of "` + issuer + `": ` + oauth + `: malformed: not an acceptable JSON object: json: syntax error at byte 0`,
		},
		"keys": {
			mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Status: 502}}, nil,
			`no keys of "` + issuer + `": ` + issuer + `/jwks: status 502`,
		},
		"no keys": {
			mcpauthtest.Faults{EmptyJWKS: true}, nil,
			`no keys of "` + issuer + `": ` + issuer + `/jwks: the key set is empty`,
		},
		"refused connection": {
			mcpauthtest.Faults{},
			func(s *mcpauth.AuthorizationServer) { s.Issuer, s.Type = "http://127.0.0.1:1", mcpauth.OAuth },
			`no metadata of "http://127.0.0.1:1": http://127.0.0.1:1/.well-known/oauth-authorization-server: unavailable: dial tcp 127.0.0.1:1: connect: connection refused`,
		},
	} {
		server.SetFaults(test.faults)
		config := authtest.Trusting(issuer)
		if test.change != nil {
			test.change(&config.Resources[0].AuthorizationServers[0])
		}
		auth := authtest.NewAuth(t, config)
		if err := auth.Ready(t.Context()); err == nil || err.Error() != "mcpauth: "+test.want {
			t.Errorf("%s: Ready: %v\nwant mcpauth: %s", name, err, test.want)
		}
		if test.change != nil {
			continue
		}
		if refused := authtest.Refusal(auth, authtest.Mint(t, server)); refused == nil || refused.Unwrap().Error() != test.want {
			t.Errorf("%s: cause: %v\nwant %s", name, errors.Unwrap(refused), test.want)
		}
	}
}

// Covers RS8, RS9.
func TestFirstRequestsShareOneFetch(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	server.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Delay: 50 * time.Millisecond}})
	auth := authtest.NewAuth(t, authtest.Trusting(server.Issuer()))
	token := authtest.Mint(t, server)
	var refused atomic.Int64
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if authtest.Status(auth, token) != http.StatusOK {
				refused.Add(1)
			}
		})
	}
	all.Wait()
	if n := refused.Load(); n != 0 {
		t.Errorf("%d of 1,000 requests refused", n)
	}
	if got := server.Requests(); got.Metadata != 1 || got.JWKS != 1 {
		t.Errorf("%d metadata and %d JWKS fetches, want one each", got.Metadata, got.JWKS)
	}
}

// Resources that name an issuer alike share what is fetched.
func TestResourcesShareIssuer(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(server.Issuer())
	second := config.Resources[0]
	second.Identifier = "https://api.example.com/second"
	config.Resources = append(config.Resources, second)
	auth := authtest.NewAuth(t, config)
	if err := auth.Ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := server.Requests(); got.Metadata != 1 || got.JWKS != 1 {
		t.Errorf("%d metadata and %d JWKS fetches, want one each", got.Metadata, got.JWKS)
	}
}

// expiring sends each answer with the header Expires alone, of a clock.
type expiring struct {
	http.ResponseWriter
	at time.Time
}

func (w *expiring) WriteHeader(status int) {
	w.Header().Del("Cache-Control")
	w.Header()["Date"] = nil
	w.Header().Set("Expires", w.at.UTC().Format(http.TimeFormat))
	w.ResponseWriter.WriteHeader(status)
}

// Documents expire by the clock of the configuration.
func TestExpiryIsOfTheClock(t *testing.T) {
	t.Parallel()
	c := authtest.NewClock()
	c.Advance(1000 * time.Hour)
	web := httptest.NewUnstartedServer(nil)
	t.Cleanup(web.Close)
	server, err := mcpauthtest.New(mcpauthtest.Config{Issuer: "http://" + web.Listener.Addr().String(), Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.Handler().ServeHTTP(&expiring{w, c.Now().Add(2 * time.Hour)}, r)
	})
	web.Start()
	fetched := make(chan mcpauth.FetchEvent, 10)
	config := authtest.Trusting(server.Issuer())
	config.Now, config.Hooks.Fetched = c.Now, func(e mcpauth.FetchEvent) { fetched <- e }
	auth := authtest.NewAuth(t, config)
	for range 2 { // at first, and when all has expired
		if err := auth.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen := map[mcpauth.FetchedDocument]bool{}
		for range 2 {
			select {
			case e := <-fetched:
				seen[e.Document] = true
			case <-time.After(10 * time.Second):
				t.Fatalf("only %v fetched", seen)
			}
		}
		if len(seen) != 2 {
			t.Errorf("%v fetched", seen)
		}
		c.Advance(3 * time.Hour)
	}
}

// Covers RS8, RS9. With the authorization server gone, cached keys go on
// verifying for a day, and then nobody is told 401.
func TestOutageKeepsKeys(t *testing.T) {
	t.Parallel()
	c, server, auth := authtest.NewClocked(t, mcpauthtest.Config{AccessTokenTTL: 100 * time.Hour})
	token := authtest.Admitted(t, server, auth)
	server.Close()
	for _, step := range []time.Duration{time.Minute, time.Hour, 20 * time.Hour} {
		c.Advance(step)
		if got := authtest.Status(auth, token); got != http.StatusOK {
			t.Errorf("%s later: %d", step, got)
		}
	}
	if got := authtest.Status(auth, authtest.Mint(t, server, mcpauthtest.UnknownKey())); got != http.StatusServiceUnavailable {
		t.Errorf("an unknown key during the outage: %d, want 503", got)
	}
	if got := authtest.Status(auth, authtest.Mint(t, server, mcpauthtest.WrongKey())); got != http.StatusUnauthorized {
		t.Errorf("a forged token during the outage: %d, want 401", got)
	}
	c.Advance(48 * time.Hour)
	if got := authtest.Status(auth, token); got != http.StatusServiceUnavailable {
		t.Errorf("with keys too old: %d, want 503", got)
	}
}

// Covers RS8.
func TestOutageFromTheStart(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]mcpauthtest.Faults{
		"metadata fail":     {Metadata: mcpauthtest.DocumentFault{Status: http.StatusInternalServerError}},
		"metadata garbage":  {Metadata: mcpauthtest.DocumentFault{Body: []byte("<html>")}},
		"metadata missing":  {Metadata: mcpauthtest.DocumentFault{Status: http.StatusNotFound}},
		"wrong issuer":      {MetadataIssuer: "https://evil.example"},
		"JWKS fails":        {JWKS: mcpauthtest.DocumentFault{Status: http.StatusBadGateway}},
		"JWKS garbage":      {JWKS: mcpauthtest.DocumentFault{Body: []byte("[]")}},
		"JWKS without keys": {EmptyJWKS: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, server, auth := authtest.NewClocked(t, mcpauthtest.Config{})
			server.SetFaults(faults)
			token := authtest.Mint(t, server)
			_, err := auth.Authorize(context.Background(), authtest.Bearer(token))
			var refused *mcpauth.Challenge
			if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable || refused.RetryAfter <= 0 {
				t.Fatalf("got %v, want 503 with Retry-After", err)
			}
			before := server.Requests()
			for range 50 {
				if got := authtest.Status(auth, token); got != http.StatusServiceUnavailable {
					t.Fatalf("again: %d, want 503", got)
				}
			}
			if after := server.Requests(); after != before {
				t.Errorf("a server in trouble was asked again within the cool-down: %+v, then %+v", before, after)
			}
			server.SetFaults(mcpauthtest.Faults{})
			c.Advance(time.Minute)
			if got := authtest.Status(auth, token); got != http.StatusOK {
				t.Errorf("after the trouble: %d", got)
			}
		})
	}
}

// Covers RS9, AS10. A rotation is noticed by the first token of the new key.
func TestRotation(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	auth := authtest.NewAuth(t, authtest.Trusting(server.Issuer()))
	authtest.Admitted(t, server, auth)
	authtest.Rotate(t, server)
	if got := authtest.Status(auth, authtest.Mint(t, server)); got != http.StatusOK {
		t.Errorf("the first token of the new key: %d", got)
	}
	if got := server.Requests().JWKS; got != 2 {
		t.Errorf("%d JWKS fetches, want 2", got)
	}
}

// Covers RS9. Random kids cause one fetch per cool-down, forged signatures none.
func TestFloodOfUnknownKeys(t *testing.T) {
	t.Parallel()
	c, server, auth := authtest.NewClocked(t, mcpauthtest.Config{})
	authtest.Admitted(t, server, auth)
	flood := func() {
		var all sync.WaitGroup
		for range 1000 {
			token := authtest.Mint(t, server, mcpauthtest.UnknownKey())
			all.Go(func() {
				if got := authtest.Status(auth, token); got == http.StatusOK {
					t.Error("an unknown key admitted")
				}
			})
		}
		all.Wait()
	}
	flood()
	if got := server.Requests().JWKS; got != 2 {
		t.Errorf("%d JWKS fetches after the first flood, want 2", got)
	}
	flood()
	for range 100 {
		if got := authtest.Status(auth, authtest.Mint(t, server, mcpauthtest.WrongKey())); got != http.StatusUnauthorized {
			t.Fatalf("forged: %d", got)
		}
	}
	if got := server.Requests().JWKS; got != 2 {
		t.Errorf("%d JWKS fetches within the cool-down, want 2", got)
	}
	authtest.Rotate(t, server)
	fresh := authtest.Mint(t, server)
	if got := authtest.Status(auth, fresh); got == http.StatusUnauthorized {
		t.Error("a good token of a new key got 401 during a flood, want 503 or 200")
	}
	c.Advance(10 * time.Second)
	flood()
	if got := authtest.Status(auth, fresh); got != http.StatusOK {
		t.Errorf("10 s after a rotation in a flood: %d", got)
	}
}

// Covers RS8, RS9. During an outage a good token of a key that is not known yet
// is never called invalid, however old its iat.
func TestOutageNeverCallsNewKeysInvalid(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	auth := authtest.NewAuth(t, authtest.Trusting(server.Issuer()))
	authtest.Admitted(t, server, auth)
	authtest.Rotate(t, server)
	server.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Status: http.StatusInternalServerError}})
	for _, back := range []time.Duration{0, 5 * time.Minute, time.Hour} {
		token, err := server.Token(mcpauthtest.TokenClaims{
			Audience: []string{authtest.ResourceID}, IssuedAt: time.Now().Add(-back), ExpiresAt: time.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if got := authtest.Status(auth, token); got != http.StatusServiceUnavailable {
				t.Errorf("issued %s ago: %d, want 503", back, got)
			}
		}
	}
}

// A caller that goes away does not take the fetch away from the others.
func TestCancelledCaller(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	server.SetFaults(mcpauthtest.Faults{Metadata: mcpauthtest.DocumentFault{Delay: 100 * time.Millisecond}})
	auth := authtest.NewAuth(t, authtest.Trusting(server.Issuer()))
	token := authtest.Mint(t, server)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := auth.Authorize(ctx, authtest.Bearer(token)); err == nil || err.(*mcpauth.Challenge).Status != http.StatusServiceUnavailable {
		t.Errorf("a cancelled caller got %v", err)
	}
	if got := authtest.Status(auth, token); got != http.StatusOK {
		t.Errorf("the next caller: %d", got)
	}
}
