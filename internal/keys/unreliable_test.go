package keys_test

import (
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
)

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
func newUnreliable(t *testing.T, c *authtest.Clock, seed uint64) (*mcpauthtest.Server, *unreliable) {
	t.Helper()
	u := &unreliable{share: 0.05, random: rand.New(rand.NewPCG(seed, seed))}
	web := httptest.NewUnstartedServer(u)
	t.Cleanup(web.Close)
	server, err := mcpauthtest.New(mcpauthtest.Config{
		Issuer: "http://" + web.Listener.Addr().String(), Now: c.Now, Clients: []mcpauthtest.Client{{ID: "rs", Secret: "s3cret"}},
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
	c := authtest.NewClock()
	server, u := newUnreliable(t, c, seed)
	config := authtest.Trusting(server.Issuer())
	config.Now = c.Now
	config.Resources[0].AuthorizationServers[0].Introspection = m.introspection
	auth := authtest.NewAuth(t, config)
	for auth.Ready(t.Context()) != nil {
		c.Advance(5 * time.Second)
	}
	var tokens []string
	stranger := authtest.Mint(t, server, mcpauthtest.UnknownKey())
	step := 2 * time.Minute / time.Duration(m.requests)
	for n := range m.requests {
		if n%(m.requests/12) == 0 {
			tokens = m.tokens(t, server)
		}
		switch got := authtest.Status(auth, tokens[n%len(tokens)]); got {
		case http.StatusOK:
		case http.StatusServiceUnavailable:
			refused++
		default:
			t.Fatalf("a valid token: status %d", got)
		}
		if !m.rotate && n%10 == 0 && authtest.Status(auth, stranger) == http.StatusOK { // has the keys fetched
			t.Fatal("an unknown key was admitted")
		}
		c.Advance(step)
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
		authtest.Rotate(t, server)
	}
	for range 10 {
		tokens = append(tokens, authtest.Mint(t, server, options...))
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
	c := authtest.NewClock()
	server, u := newUnreliable(t, c, 2)
	token := authtest.Mint(t, server)
	refused := 0
	for range 300 {
		config := authtest.Trusting(server.Issuer())
		config.Now = c.Now
		if authtest.Status(authtest.NewAuth(t, config), token) != http.StatusOK {
			refused++
		}
	}
	t.Logf("%d of 300 refused, %d answers failed", refused, u.failed)
	if refused > 1 {
		t.Errorf("%d of 300 first requests refused", refused)
	}
}
