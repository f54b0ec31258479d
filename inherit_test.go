package mcpauth_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"
	"weak"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/reason"
)

// reloaded is an Auth of a configuration that replaces another.
func reloaded(t *testing.T, config mcpauth.Config, old *mcpauth.Auth) *mcpauth.Auth {
	t.Helper()
	config.Inherit = old
	return authtest.NewAuth(t, config)
}

// Covers RS8, RS9. A configuration that is read again while the authorization
// server is out of reach keeps working, for as long as the old one would have.
func TestReloadDuringAnOutage(t *testing.T) {
	t.Parallel()
	c := authtest.NewClock()
	server := authtest.NewServer(t, mcpauthtest.Config{Now: c.Now, AccessTokenTTL: 100 * time.Hour})
	config := authtest.Trusting(server.Issuer())
	config.Now = c.Now
	auth := authtest.NewAuth(t, config)
	known := authtest.Admitted(t, server, auth)
	unknown := authtest.Mint(t, server)
	server.Close()
	for _, step := range []time.Duration{time.Minute, time.Hour, 20 * time.Hour} {
		c.Advance(step)
		config.Resources[0].ScopesSupported = append(config.Resources[0].ScopesSupported, "read") // what the reload is for
		next := reloaded(t, config, auth)
		if err := auth.Close(); err != nil {
			t.Fatal(err)
		}
		auth = next
		for name, token := range map[string]string{"a token that came before": known, "a new token": unknown} {
			if got := authtest.Status(auth, token); got != http.StatusOK {
				t.Errorf("%s later, %s: %d", step, name, got)
			}
		}
		if got := authtest.Status(auth, authtest.Mint(t, server, mcpauthtest.WrongKey())); got != http.StatusUnauthorized {
			t.Errorf("%s later, a forged token: %d", step, got)
		}
	}
	if got := authtest.Status(authtest.NewAuth(t, config), known); got != http.StatusServiceUnavailable {
		t.Errorf("without Inherit: %d, so the test shows nothing", got)
	}
	c.Advance(48 * time.Hour)
	if got := authtest.Status(reloaded(t, config, auth), known); got != http.StatusServiceUnavailable {
		t.Errorf("with keys too old: %d", got)
	}
}

// Covers RS8, RS9. What is known of an authorization server is taken over only if it is
// configured as before.
func TestReloadWithOtherSettings(t *testing.T) {
	t.Parallel()
	type change func(*mcpauth.Config)
	networks := func(list ...string) change {
		return func(c *mcpauth.Config) { c.Network.AllowedNetworks = authtest.Prefixes(list...) }
	}
	server := func(f func(*mcpauth.AuthorizationServer)) change {
		return func(c *mcpauth.Config) { f(&c.Resources[0].AuthorizationServers[0]) }
	}
	document := func(jwks string) change {
		return server(func(s *mcpauth.AuthorizationServer) {
			s.Metadata = &metadata.AuthorizationServer{Issuer: s.Issuer, JWKSURI: s.Issuer + jwks}
		})
	}
	repair := server(func(s *mcpauth.AuthorizationServer) { s.RepairMetadata = authtest.RepairIssuer(s.Issuer) })
	certificates := func(c *mcpauth.Config) { c.Network.RootCAs = x509.NewCertPool() }
	nothing := func(*mcpauth.Config) {}
	const ok, refused, unknown = http.StatusOK, http.StatusUnauthorized, http.StatusServiceUnavailable
	for name, test := range map[string]struct {
		before, after change
		want          int
	}{
		"the same":           {nothing, nothing, ok},
		"another network":    {networks("10.0.0.0/8"), networks("172.16.0.0/12", "10.0.0.0/8"), ok},
		"a wider network":    {networks("10.1.0.0/16"), networks("10.0.0.0/8"), ok},
		"a network less":     {networks("10.0.0.0/8", "fd00::/8"), networks("10.0.0.0/8"), unknown},
		"a narrower network": {networks("10.0.0.0/8"), networks("10.0.0.0/9"), unknown},
		"other certificates": {nothing, certificates, unknown},
		"no certificates":    {certificates, nothing, unknown},
		"equal certificates": {certificates, certificates, ok},
		"another type":       {nothing, server(func(s *mcpauth.AuthorizationServer) { s.Type = mcpauth.OIDC }), unknown},
		"another place":      {nothing, server(func(s *mcpauth.AuthorizationServer) { s.MetadataURL = s.Issuer + "/metadata" }), unknown},
		"metadata by hand":   {nothing, document("/jwks"), unknown},
		"equal metadata":     {document("/jwks"), document("/jwks"), ok},
		"another metadata":   {document("/jwks"), document("/other"), unknown},
		"a repair":           {nothing, repair, unknown},
		"the same repair":    {repair, repair, ok},
		"another repair": {repair, server(func(s *mcpauth.AuthorizationServer) {
			s.RepairMetadata = func(document []byte) ([]byte, error) { return document, nil }
		}), unknown},
		"an audience more": {nothing, server(func(s *mcpauth.AuthorizationServer) { s.Audiences = []string{"a"} }), ok},
		"a leeway":         {nothing, func(c *mcpauth.Config) { c.Leeway = time.Minute }, ok},
		"a smaller cache":  {nothing, func(c *mcpauth.Config) { c.TokenCacheSize = -1 }, ok},
		"another identifier, the old one an audience": {nothing, func(c *mcpauth.Config) {
			c.Resources[0].AuthorizationServers[0].Audiences = []string{authtest.ResourceID}
			c.Resources[0].Identifier += "/new"
		}, ok},
		"another identifier": {nothing, func(c *mcpauth.Config) { c.Resources[0].Identifier += "/new" }, refused},
		"another algorithm":  {nothing, server(func(s *mcpauth.AuthorizationServer) { s.Algorithms = []string{"ES512"} }), refused},
		"another token type": {nothing, server(func(s *mcpauth.AuthorizationServer) { s.TokenTypes = []string{"other+jwt"} }), refused},
		"another issuer":     {nothing, server(func(s *mcpauth.AuthorizationServer) { s.Issuer = authtest.IssuerID }), refused},
		"introspection of all": {nothing, server(func(s *mcpauth.AuthorizationServer) {
			s.Introspection = &mcpauth.Introspection{Endpoint: "https://127.0.0.1:1/", ClientID: "rs", ClientSecret: "s", Tokens: mcpauth.AllTokens}
		}), unknown},
		"a verifier": {nothing, server(func(s *mcpauth.AuthorizationServer) {
			s.Verifier = mcpauth.VerifierFunc(func(context.Context, string) (*mcpauth.Claims, error) { return nil, mcpauth.ErrInvalidToken })
		}), refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := authtest.NewServer(t, mcpauthtest.Config{})
			before, after := authtest.Trusting(server.Issuer()), authtest.Trusting(server.Issuer())
			test.before(&before)
			test.after(&after)
			old := authtest.NewAuth(t, before)
			token := authtest.Admitted(t, server, old)
			server.Close()
			if got := authtest.Status(reloaded(t, after, old), token); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
			if got := authtest.Status(old, token); got != ok {
				t.Errorf("the old Auth now answers %d", got)
			}
		})
	}
}

// Covers RS9. Verified tokens are taken over, and end with their key all the same.
func TestReloadKeepsVerifiedTokens(t *testing.T) {
	t.Parallel()
	c := authtest.NewClock()
	server := authtest.NewServer(t, mcpauthtest.Config{Now: c.Now, AccessTokenTTL: 100 * time.Hour})
	config := authtest.Trusting(server.Issuer())
	config.Now = c.Now
	old := authtest.NewAuth(t, config)
	token := authtest.Admitted(t, server, old)
	next := reloaded(t, config, old)
	if got := mcpauth.CachedTokens(next); got != 1 {
		t.Errorf("%d tokens are remembered, want 1", got)
	}
	// The old one, which is still in use, verifies a token with a key that is then
	// withdrawn before the new one asks for keys.
	authtest.Rotate(t, server)
	withdrawn := authtest.Admitted(t, server, old)
	authtest.Rotate(t, server)
	authtest.Admitted(t, server, next)
	for name, token := range map[string]string{"taken over": token, "verified by the old one since": withdrawn} {
		c.Advance(time.Minute) // beyond the cool-down
		if got := authtest.Status(next, token); got != http.StatusUnauthorized {
			t.Errorf("a token of a withdrawn key, %s: %d", name, got)
		}
	}
}

// Covers RS8. Remembered answers about tokens are taken over if the questions would be the
// same, and are not remembered for longer than configured.
func TestReloadKeepsIntrospectionAnswers(t *testing.T) {
	t.Parallel()
	expires := time.Now().Add(time.Hour)
	for name, test := range map[string]struct {
		change func(*mcpauth.Introspection)
		want   int
	}{
		"the same":          {func(*mcpauth.Introspection) {}, http.StatusOK},
		"a new secret":      {func(in *mcpauth.Introspection) { in.ClientSecret = "rotated" }, http.StatusOK},
		"a longer time":     {func(in *mcpauth.Introspection) { in.CacheTTL = time.Hour }, http.StatusOK},
		"a shorter time":    {func(in *mcpauth.Introspection) { in.CacheTTL = time.Minute }, http.StatusServiceUnavailable},
		"none":              {func(in *mcpauth.Introspection) { in.CacheTTL = 0 }, http.StatusServiceUnavailable},
		"another client":    {func(in *mcpauth.Introspection) { in.ClientID = "other" }, http.StatusServiceUnavailable},
		"another endpoint":  {func(in *mcpauth.Introspection) { in.Endpoint += "/other" }, http.StatusServiceUnavailable},
		"clients of a list": {func(in *mcpauth.Introspection) { in.AllowedClients = []string{"app"} }, http.StatusServiceUnavailable},
		"signed answers":    {func(in *mcpauth.Introspection) { in.SignedResponses = true }, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := authtest.NewEndpoint(t, authtest.Answering(http.StatusOK, authtest.Active(expires)))
			remembering := func(in *mcpauth.Introspection) { in.CacheTTL = 10 * time.Minute }
			old := authtest.NewAuth(t, authtest.Introspecting(e, remembering))
			if got := authtest.Status(old, "opaque"); got != http.StatusOK {
				t.Fatal(got)
			}
			e.Answer(authtest.Answering(http.StatusInternalServerError, ""))
			next := reloaded(t, authtest.Introspecting(e, func(in *mcpauth.Introspection) { remembering(in); test.change(in) }), old)
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			if got := authtest.Status(next, "opaque"); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
		})
	}
}

// Covers RS23. Sessions stay those of their callers.
func TestReloadKeepsSessions(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Mcp-Session-Id", "s") })
	owner := "Bearer " + authtest.Mint(t, server)
	thief, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{authtest.ResourceID}, Subject: "thief"})
	if err != nil {
		t.Fatal(err)
	}
	old := authtest.NewAuth(t, authtest.Trusting(server.Issuer()))
	if w := authtest.Do(t, old.Protect(handler), http.MethodPost, "/mcp", "Authorization", owner); w.Code != http.StatusOK {
		t.Fatal(w.Code)
	}
	for name, test := range map[string]struct {
		change       func(*mcpauth.Resource)
		owner, thief int
	}{
		"the same":           {func(*mcpauth.Resource) {}, http.StatusOK, http.StatusForbidden},
		"another resource":   {func(r *mcpauth.Resource) { r.Identifier += "/other" }, http.StatusUnauthorized, http.StatusUnauthorized},
		"a store of its own": {func(r *mcpauth.Resource) { r.Sessions = emptySessions{} }, http.StatusNotFound, http.StatusNotFound},
		"shared sessions":    {func(r *mcpauth.Resource) { r.DangerouslyShareSessions = true }, http.StatusOK, http.StatusOK},
	} {
		config := authtest.Trusting(server.Issuer())
		test.change(&config.Resources[0])
		protected := reloaded(t, config, old).Protect(handler)
		for token, want := range map[string]int{owner: test.owner, "Bearer " + thief: test.thief} {
			if w := authtest.Do(t, protected, http.MethodPost, "/mcp", "Authorization", token, "Mcp-Session-Id", "s"); w.Code != want {
				t.Errorf("%s: %d, want %d", name, w.Code, want)
			}
		}
	}
}

// emptySessions knows no session.
type emptySessions struct{}

func (emptySessions) Bind(context.Context, string, string) (string, error) { return "", nil }

// Covers RS18. A used proof stays used, also if proofs now live longer, and nonces
// stay valid.
func TestReloadKeepsUsedProofs(t *testing.T) {
	t.Parallel()
	c := authtest.NewClock()
	server, key := authtest.NewServer(t, mcpauthtest.Config{Now: c.Now}), authtest.NewDPoPKey(t)
	token := authtest.Mint(t, server, mcpauthtest.BoundTo(key))
	config := authtest.Trusting(server.Issuer())
	config.Now = c.Now
	config.Resources[0].DPoP = &mcpauth.DPoP{RequireNonce: true}
	old := &authtest.Bound{Auth: authtest.NewAuth(t, config), Key: key, Token: token}
	nonce := old.Auth.DPoPNonce("")
	used := old.Request(t, nonce)
	if got := authtest.ReasonOf(t, old.Auth, used); got != "" {
		t.Fatal(got)
	}
	for name, dpop := range map[string]*mcpauth.DPoP{
		"the same": {RequireNonce: true}, "optional nonces": {}, "longer": {ProofLifetime: 5 * time.Minute}, "a smaller cache": {ReplayCacheSize: 10},
	} {
		config.Resources[0].DPoP = dpop
		next := reloaded(t, config, old.Auth)
		if got := authtest.ReasonOf(t, next, used); got != reason.DPoPProofReplayed {
			t.Errorf("%s: a used proof: %q", name, got)
		}
		if got := authtest.ReasonOf(t, next, old.Request(t, nonce)); got != "" {
			t.Errorf("%s: a new proof with a nonce of the old one: %q", name, got)
		}
	}
	config.Resources[0].DPoP = &mcpauth.DPoP{RequireNonce: true, NonceKey: make([]byte, 32)}
	if got := authtest.ReasonOf(t, reloaded(t, config, old.Auth), old.Request(t, nonce)); got != reason.DPoPNonceRequired {
		t.Errorf("with a key of its own: %q", got)
	}
	// Forgotten, and within the longer lifetime.
	c.Advance(100 * time.Second)
	_ = authtest.ReasonOf(t, old.Auth, authtest.Bearer(token))
	config.Resources[0].DPoP = &mcpauth.DPoP{ProofLifetime: 5 * time.Minute}
	if got := authtest.ReasonOf(t, reloaded(t, config, old.Auth), used); got != reason.DPoPProofReplayed {
		t.Errorf("later, with a longer lifetime: %q", got)
	}
}

// A configuration that New refuses changes nothing of the old Auth.
func TestReloadThatFails(t *testing.T) {
	t.Parallel()
	b := authtest.NewBound(t, &mcpauth.DPoP{})
	config := authtest.OneResource()
	config.Inherit = b.Auth
	config.Resources[0].DPoP = &mcpauth.DPoP{ReplayCacheSize: 1}
	config.Resources = append(config.Resources, mcpauth.Resource{})
	if _, err := mcpauth.New(config); !errors.Is(err, configerr.InvalidIdentifier) {
		t.Fatal(err)
	}
	for range 10 {
		if got := authtest.ReasonOf(t, b.Auth, b.Request(t, "")); got != "" {
			t.Fatal(got)
		}
	}
}

// Requests that run through the new Auth are not harmed when the old one is closed, whoever
// began what they wait for.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	server.SetFaults(mcpauthtest.Faults{JWKS: mcpauthtest.DocumentFault{Delay: 20 * time.Millisecond}})
	config := authtest.Trusting(server.Issuer())
	var mu sync.RWMutex
	auth := authtest.NewAuth(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for ctx.Err() == nil {
				token := authtest.Mint(t, server)
				mu.RLock()
				current := auth
				got := authtest.Status(current, token)
				mu.RUnlock()
				if got != http.StatusOK {
					t.Errorf("a request was answered with %d", got)
				}
			}
		})
	}
	for range 20 {
		mu.RLock()
		old := auth
		mu.RUnlock()
		next := reloaded(t, config, old)
		mu.Lock() // waits for the requests of the old one
		auth = next
		mu.Unlock()
		if err := old.Close(); err != nil {
			t.Error(err)
		}
	}
	cancel()
	callers.Wait()
}

// An Auth that was replaced is not kept in memory by those that came after it.
func TestReloadForgetsTheOldOne(t *testing.T) {
	t.Parallel()
	server := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(server.Issuer())
	config.Resources[0].DPoP = &mcpauth.DPoP{}
	config.Resources[0].AuthorizationServers[0].Introspection = &mcpauth.Introspection{
		Endpoint: server.Issuer() + "/introspect", ClientID: "rs", ClientSecret: "s", CacheTTL: time.Minute,
	}
	last, old := func() (*mcpauth.Auth, weak.Pointer[mcpauth.Auth]) {
		first, err := mcpauth.New(config)
		if err != nil {
			t.Fatal(err)
		}
		authtest.Admitted(t, server, first)
		config.Inherit = first
		next, err := mcpauth.New(config)
		if err != nil {
			t.Fatal(err)
		}
		config.Inherit = nil
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		return next, weak.Make(first)
	}()
	defer last.Close()
	for range 10 {
		if runtime.GC(); old.Value() == nil {
			return
		}
	}
	t.Error("the old Auth is still in memory")
}
