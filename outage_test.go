package mcpauth_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
)

// clock is a clock that only tests move, so that a busy machine changes nothing.
type clock struct {
	start  time.Time
	offset atomic.Int64
}

func newClock() *clock { return &clock{start: time.Now()} }

func (c *clock) now() time.Time          { return c.start.Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// Covers RS8, RS9.
func TestFirstRequestsShareOneFetch(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	server.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Delay: 50 * time.Millisecond}})
	auth := newAuth(t, trusting(server.Issuer()))
	token := mint(t, server)
	var refused atomic.Int64
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if status(auth, token) != http.StatusOK {
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
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	second := config.Resources[0]
	second.Identifier = "https://api.example.com/second"
	config.Resources = append(config.Resources, second)
	auth := newAuth(t, config)
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
	c := newClock()
	c.advance(1000 * time.Hour)
	web := httptest.NewUnstartedServer(nil)
	t.Cleanup(web.Close)
	server, err := mcpauthtest.New(mcpauthtest.Config{Issuer: "http://" + web.Listener.Addr().String(), Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.Handler().ServeHTTP(&expiring{w, c.now().Add(2 * time.Hour)}, r)
	})
	web.Start()
	fetched := make(chan mcpauth.FetchEvent, 10)
	config := trusting(server.Issuer())
	config.Now, config.Hooks.Fetched = c.now, func(e mcpauth.FetchEvent) { fetched <- e }
	auth := newAuth(t, config)
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
		c.advance(3 * time.Hour)
	}
}

// Covers RS8, RS9. With the authorization server gone, cached keys go on
// verifying for a day, and then nobody is told 401.
func TestOutageKeepsKeys(t *testing.T) {
	t.Parallel()
	c, server, auth := newClocked(t, mcpauthtest.Config{AccessTokenTTL: 100 * time.Hour})
	token := admitted(t, server, auth)
	server.Close()
	for _, step := range []time.Duration{time.Minute, time.Hour, 20 * time.Hour} {
		c.advance(step)
		if got := status(auth, token); got != http.StatusOK {
			t.Errorf("%s later: %d", step, got)
		}
	}
	if got := status(auth, mint(t, server, mcpauthtest.UnknownKey())); got != http.StatusServiceUnavailable {
		t.Errorf("an unknown key during the outage: %d, want 503", got)
	}
	if got := status(auth, mint(t, server, mcpauthtest.WrongKey())); got != http.StatusUnauthorized {
		t.Errorf("a forged token during the outage: %d, want 401", got)
	}
	c.advance(48 * time.Hour)
	if got := status(auth, token); got != http.StatusServiceUnavailable {
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
			c, server, auth := newClocked(t, mcpauthtest.Config{})
			server.SetFaults(faults)
			token := mint(t, server)
			_, err := auth.Authorize(context.Background(), bearer(token))
			var refused *mcpauth.Challenge
			if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable || refused.RetryAfter <= 0 {
				t.Fatalf("got %v, want 503 with Retry-After", err)
			}
			before := server.Requests()
			for range 50 {
				if got := status(auth, token); got != http.StatusServiceUnavailable {
					t.Fatalf("again: %d, want 503", got)
				}
			}
			if after := server.Requests(); after != before {
				t.Errorf("a server in trouble was asked again within the cool-down: %+v, then %+v", before, after)
			}
			server.SetFaults(mcpauthtest.Faults{})
			c.advance(time.Minute)
			if got := status(auth, token); got != http.StatusOK {
				t.Errorf("after the trouble: %d", got)
			}
		})
	}
}

// Covers RS9, AS10. A rotation is noticed by the first token of the new key.
func TestRotation(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	auth := newAuth(t, trusting(server.Issuer()))
	admitted(t, server, auth)
	rotate(t, server)
	if got := status(auth, mint(t, server)); got != http.StatusOK {
		t.Errorf("the first token of the new key: %d", got)
	}
	if got := server.Requests().JWKS; got != 2 {
		t.Errorf("%d JWKS fetches, want 2", got)
	}
}

// Covers RS9. Random kids cause one fetch per cool-down, forged signatures none.
func TestFloodOfUnknownKeys(t *testing.T) {
	t.Parallel()
	c, server, auth := newClocked(t, mcpauthtest.Config{})
	admitted(t, server, auth)
	flood := func() {
		var all sync.WaitGroup
		for range 1000 {
			token := mint(t, server, mcpauthtest.UnknownKey())
			all.Go(func() {
				if got := status(auth, token); got == http.StatusOK {
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
		if got := status(auth, mint(t, server, mcpauthtest.WrongKey())); got != http.StatusUnauthorized {
			t.Fatalf("forged: %d", got)
		}
	}
	if got := server.Requests().JWKS; got != 2 {
		t.Errorf("%d JWKS fetches within the cool-down, want 2", got)
	}
	rotate(t, server)
	fresh := mint(t, server)
	if got := status(auth, fresh); got == http.StatusUnauthorized {
		t.Error("a good token of a new key got 401 during a flood, want 503 or 200")
	}
	c.advance(10 * time.Second)
	flood()
	if got := status(auth, fresh); got != http.StatusOK {
		t.Errorf("10 s after a rotation in a flood: %d", got)
	}
}

// Covers RS8, RS9. During an outage a good token of a key that is not known yet
// is never called invalid, however old its iat.
func TestOutageNeverCallsNewKeysInvalid(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	auth := newAuth(t, trusting(server.Issuer()))
	admitted(t, server, auth)
	rotate(t, server)
	server.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Status: http.StatusInternalServerError}})
	for _, back := range []time.Duration{0, 5 * time.Minute, time.Hour} {
		token, err := server.Token(mcpauthtest.TokenClaims{
			Audience: []string{resourceID}, IssuedAt: time.Now().Add(-back), ExpiresAt: time.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if got := status(auth, token); got != http.StatusServiceUnavailable {
				t.Errorf("issued %s ago: %d, want 503", back, got)
			}
		}
	}
}

// Covers RS9. A made-up kid makes nobody verify again what was verified.
func TestSameKeysKeepCachedTokens(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	auth := newAuth(t, trusting(server.Issuer()))
	admitted(t, server, auth)
	before := mcpauth.KeyGeneration(auth)
	if got := status(auth, mint(t, server, mcpauthtest.UnknownKey())); got != http.StatusUnauthorized {
		t.Fatal(got)
	}
	if got := server.Requests().JWKS; got != 2 {
		t.Fatalf("%d fetches, want 2", got)
	}
	if after := mcpauth.KeyGeneration(auth); after != before {
		t.Errorf("generation %d, then %d with the same keys", before, after)
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	if err := newAuth(t, trusting(server.Issuer())).Ready(context.Background()); err != nil {
		t.Error(err)
	}
	err := newAuth(t, trusting(server.Issuer(), "http://127.0.0.1:1")).Ready(context.Background())
	var discovery *metadata.DiscoveryError
	if !errors.As(err, &discovery) || discovery.Kind != metadata.Unavailable {
		t.Errorf("got %v, want a DiscoveryError of kind unavailable", err)
	}
}

// A caller that goes away does not take the fetch away from the others.
func TestCancelledCaller(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	server.SetFaults(mcpauthtest.Faults{Metadata: mcpauthtest.DocumentFault{Delay: 100 * time.Millisecond}})
	auth := newAuth(t, trusting(server.Issuer()))
	token := mint(t, server)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := auth.Authorize(ctx, bearer(token)); err == nil || err.(*mcpauth.Challenge).Status != http.StatusServiceUnavailable {
		t.Errorf("a cancelled caller got %v", err)
	}
	if got := status(auth, token); got != http.StatusOK {
		t.Errorf("the next caller: %d", got)
	}
}

// Covers RS8. The ways to give an authorization server.
func TestServerConfigurations(t *testing.T) {
	t.Parallel()
	plain := newServer(t, mcpauthtest.Config{})
	tenant := newServer(t, mcpauthtest.Config{Path: "/tenant1"})
	oidcOnly := newServer(t, mcpauthtest.Config{Path: "/tenant1"})
	oidcOnly.SetFaults(mcpauthtest.Faults{HideOAuthMetadata: true})
	broken := newServer(t, mcpauthtest.Config{})
	broken.SetFaults(mcpauthtest.Faults{MetadataIssuer: "https://internal.example"})
	keys, err := plain.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	fetched, err := mcpauth.DiscoverAuthorizationServer(context.Background(), mcpauth.AuthorizationServer{Issuer: plain.Issuer(), Type: mcpauth.OAuth}, network.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		as     *mcpauthtest.Server
		config mcpauth.AuthorizationServer
	}{
		"any":               {plain, mcpauth.AuthorizationServer{}},
		"oauth":             {plain, mcpauth.AuthorizationServer{Type: mcpauth.OAuth}},
		"oidc":              {plain, mcpauth.AuthorizationServer{Type: mcpauth.OIDC}},
		"oauth with path":   {tenant, mcpauth.AuthorizationServer{Type: mcpauth.OAuth}},
		"oidc with path":    {tenant, mcpauth.AuthorizationServer{Type: mcpauth.OIDC}},
		"any, only oidc":    {oidcOnly, mcpauth.AuthorizationServer{}},
		"explicit URL":      {tenant, mcpauth.AuthorizationServer{MetadataURL: tenant.Issuer() + "/.well-known/openid-configuration"}},
		"keys by hand":      {plain, mcpauth.AuthorizationServer{JWKS: keys}},
		"fetched up front":  {plain, fetched},
		"metadata by hand":  {plain, mcpauth.AuthorizationServer{Metadata: &metadata.AuthorizationServer{Issuer: plain.Issuer(), JWKSURI: fetched.Metadata.JWKSURI}}},
		"repaired document": {broken, mcpauth.AuthorizationServer{RepairMetadata: repairIssuer(broken.Issuer())}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := oneResource()
			test.config.Issuer = test.as.Issuer()
			config.Resources[0].AuthorizationServers = []mcpauth.AuthorizationServer{test.config}
			if _, err := newAuth(t, config).Authorize(context.Background(), bearer(mint(t, test.as))); err != nil {
				t.Errorf("%v: %v", err, errors.Unwrap(err))
			}
		})
	}
}

// Covers RS8.
func TestDiscoverAuthorizationServerFaults(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	server.SetFaults(mcpauthtest.Faults{MetadataIssuer: server.Issuer() + "/"})
	_, err := mcpauth.DiscoverAuthorizationServer(context.Background(), mcpauth.AuthorizationServer{Issuer: server.Issuer()}, network.Settings{})
	var discovery *metadata.DiscoveryError
	if !errors.As(err, &discovery) || discovery.Kind != metadata.IssuerMismatch {
		t.Errorf("got %v, want a DiscoveryError of kind issuer mismatch", err)
	}
	if _, err := mcpauth.DiscoverAuthorizationServer(context.Background(), mcpauth.AuthorizationServer{Issuer: "x"}, network.Settings{}); !errors.Is(err, configerr.InvalidIssuer) {
		t.Errorf("got %v, want %q", err, configerr.InvalidIssuer)
	}
}

// Covers RS21.
func TestDiscoverAuthorizationServerWithNetworkSettings(t *testing.T) {
	t.Parallel()
	var issuer string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, issuer, issuer+"/jwks")
	}))
	t.Cleanup(server.Close)
	issuer = server.URL
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	found, err := mcpauth.DiscoverAuthorizationServer(t.Context(), mcpauth.AuthorizationServer{Issuer: issuer}, network.Settings{RootCAs: roots})
	if err != nil || found.Metadata.JWKSURI != issuer+"/jwks" {
		t.Errorf("%v, %v", found.Metadata, err)
	}
}

// A repair function that panics is an outage, not the end of the process.
func TestRepairPanics(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	config.Resources[0].AuthorizationServers[0].RepairMetadata = func([]byte) ([]byte, error) { panic("no") }
	if got := status(newAuth(t, config), mint(t, server)); got != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", got)
	}
}

// unreliable fails some of its answers, in the ways that servers behind a load
// balancer fail.
type unreliable struct {
	next  http.Handler
	share float64

	mu     sync.Mutex
	random *rand.Rand
	failed int
}

func (u *unreliable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch u.outcome() {
	case 0:
		http.Error(w, "out of order", http.StatusInternalServerError)
	case 1:
		http.Error(w, "<html><h1>502 Bad Gateway</h1></html>", http.StatusBadGateway)
	case 2:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>Back soon</title>"))
	case 3:
		reset(w)
	default:
		u.next.ServeHTTP(w, r)
	}
}

// outcome is how to fail, -1 for not at all.
func (u *unreliable) outcome() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.random.Float64() >= u.share {
		return -1
	}
	u.failed++
	return u.random.IntN(4)
}

// reset breaks the connection off with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// newUnreliable is an authorization server that fails one answer in twenty.
func newUnreliable(t *testing.T, c *clock, seed uint64) (*mcpauthtest.Server, *unreliable) {
	t.Helper()
	u := &unreliable{share: 0.05, random: rand.New(rand.NewPCG(seed, seed))}
	web := httptest.NewUnstartedServer(u)
	t.Cleanup(web.Close)
	server, err := mcpauthtest.New(mcpauthtest.Config{
		Issuer: "http://" + web.Listener.Addr().String(), Now: c.now, Clients: []mcpauthtest.Client{{ID: "rs", Secret: "s3cret"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	u.next = server.Handler()
	web.Start()
	return server, u
}

// twoMinutes are two minutes of valid requests beside an authorization server that
// fails one answer in twenty.
type twoMinutes struct {
	requests      int
	rotate        bool // the keys, every ten seconds
	introspection *mcpauth.Introspection
}

// run returns how many requests were refused, and how many answers failed.
func (m *twoMinutes) run(t *testing.T, seed uint64) (refused, failed int) {
	t.Helper()
	c := newClock()
	server, u := newUnreliable(t, c, seed)
	config := trusting(server.Issuer())
	config.Now = c.now
	config.Resources[0].AuthorizationServers[0].Introspection = m.introspection
	auth := newAuth(t, config)
	for auth.Ready(t.Context()) != nil {
		c.advance(5 * time.Second)
	}
	var tokens []string
	stranger := mint(t, server, mcpauthtest.UnknownKey())
	step := 2 * time.Minute / time.Duration(m.requests)
	for n := range m.requests {
		if n%(m.requests/12) == 0 {
			tokens = m.tokens(t, server)
		}
		switch got := status(auth, tokens[n%len(tokens)]); got {
		case http.StatusOK:
		case http.StatusServiceUnavailable:
			refused++
		default:
			t.Fatalf("a valid token: status %d", got)
		}
		if !m.rotate && n%10 == 0 && status(auth, stranger) == http.StatusOK { // has the keys fetched
			t.Fatal("an unknown key was admitted")
		}
		c.advance(step)
	}
	return refused, u.failed
}

// tokens are some new ones, of a new key if keys rotate.
func (m *twoMinutes) tokens(t *testing.T, server *mcpauthtest.Server) (tokens []string) {
	var options []mcpauthtest.TokenOption
	if m.introspection != nil {
		options = append(options, mcpauthtest.Opaque())
	}
	if m.rotate {
		rotate(t, server)
	}
	for range 10 {
		tokens = append(tokens, mint(t, server, options...))
	}
	return tokens
}

// Two minutes with an authorization server that fails one answer in twenty cost
// no valid request if its keys are known, and one in a thousand at most if they
// rotate every ten seconds, or if each token is introspected.
//
// Covers RS8, RS9, RS17.
func TestUnreliableAuthorizationServer(t *testing.T) {
	t.Parallel()
	introspection := func(ttl time.Duration) *mcpauth.Introspection {
		return &mcpauth.Introspection{ClientID: "rs", ClientSecret: "s3cret", CacheTTL: ttl}
	}
	for name, test := range map[string]struct {
		times twoMinutes
		runs  int
		most  float64 // refused, as a share
	}{
		"known keys":                {twoMinutes{11_000, false, nil}, 5, 0},
		"rotating keys":             {twoMinutes{11_000, true, nil}, 10, 0.001},
		"introspection":             {twoMinutes{4_000, false, introspection(0)}, 1, 0.001},
		"introspection, remembered": {twoMinutes{11_000, false, introspection(10 * time.Second)}, 1, 0.001},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused, failed := 0, 0
			for run := range test.runs {
				r, f := test.times.run(t, uint64(run))
				refused, failed = refused+r, failed+f
			}
			requests := test.runs * test.times.requests
			t.Logf("%d of %d refused, %d answers failed", refused, requests, failed)
			if failed == 0 {
				t.Error("no answer failed: nothing was tried")
			}
			if share := float64(refused) / float64(requests); share > test.most {
				t.Errorf("%d of %d valid requests refused, which is more than %g", refused, requests, test.most)
			}
		})
	}
}

// Of 300 starts beside such a server, one at most refuses its first request.
//
// Covers RS8.
func TestUnreliableAuthorizationServerAtTheStart(t *testing.T) {
	t.Parallel()
	c := newClock()
	server, u := newUnreliable(t, c, 2)
	token := mint(t, server)
	refused := 0
	for range 300 {
		config := trusting(server.Issuer())
		config.Now = c.now
		if status(newAuth(t, config), token) != http.StatusOK {
			refused++
		}
	}
	t.Logf("%d of 300 refused, %d answers failed", refused, u.failed)
	if refused > 1 {
		t.Errorf("%d of 300 first requests refused", refused)
	}
}
