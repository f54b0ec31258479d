package mcpauthtest

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/authserver/store"
	"github.com/mcp-auth/go/internal/authserver/tokenendpoint"
)

func dpopKey(t *testing.T) *DPoPKey {
	t.Helper()
	key, err := NewDPoPKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func proof(t *testing.T, k *DPoPKey, c *clock, change func(*DPoPProof)) string {
	t.Helper()
	p := DPoPProof{Method: http.MethodPost, URL: testIssuer + "/token", IssuedAt: c.now()}
	if change != nil {
		change(&p)
	}
	signed, err := k.Proof(p)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// redeemBound sends a token request with a proof, which must succeed with a
// token that is bound to the key.
func redeemBound(t *testing.T, s *Server, k *DPoPKey, c *clock, form url.Values) tokenendpoint.Response {
	t.Helper()
	var answer tokenendpoint.Response
	decode(t, postForm(s, tokenEndpoint(s), form, "DPoP", proof(t, k, c, nil)), http.StatusOK, &answer)
	_, claims := verified(t, s, answer.AccessToken)
	if cnf, _ := claims["cnf"].(map[string]any); cnf["jkt"] != k.Thumbprint() || answer.TokenType != "DPoP" {
		t.Errorf("token_type %q, cnf %v", answer.TokenType, claims["cnf"])
	}
	return answer
}

// Covers AS9.
func TestDPoPBindsTokens(t *testing.T) {
	t.Parallel()
	c, key, other := newClock(), dpopKey(t), dpopKey(t)
	s := start(t, func(config *Config) { config.Now = c.now })
	first := redeemBound(t, s, key, c, login(t, s))
	if answer := introspect(t, s, first.AccessToken); answer["token_type"] != "DPoP" {
		t.Errorf("introspection answers %v", answer)
	}
	// The refresh token of a public client is bound to its first key.
	form := refreshRequest(first.RefreshToken)
	wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusBadRequest, "invalid_grant")
	wantError(t, postForm(s, tokenEndpoint(s), form, "DPoP", proof(t, other, c, nil)), http.StatusBadRequest, "invalid_grant")
	second := redeemBound(t, s, key, c, form)
	form = refreshRequest(second.RefreshToken)
	wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusBadRequest, "invalid_grant")
	redeemBound(t, s, key, c, form)
	// A confidential client authenticates instead.
	credentials := func(form url.Values) url.Values {
		form.Set("client_id", "robot")
		form.Set("client_secret", "robot secret: 100%")
		return form
	}
	first = redeemBound(t, s, key, c, credentials(login(t, s, "client_id", "robot")))
	redeemBound(t, s, other, c, credentials(refreshRequest(first.RefreshToken)))
	// A client of its own right.
	redeemBound(t, s, key, c, credentials(url.Values{"grant_type": {"client_credentials"}}))
}

// Covers AS9.
func TestCodeBoundToAKey(t *testing.T) {
	t.Parallel()
	c, key, other := newClock(), dpopKey(t), dpopKey(t)
	s := start(t, func(config *Config) { config.Now = c.now })
	bound := func() url.Values { return login(t, s, "dpop_jkt", key.Thumbprint()) }
	answer := redeemBound(t, s, key, c, bound())
	wantError(t, postForm(s, tokenEndpoint(s), refreshRequest(answer.RefreshToken)), http.StatusBadRequest, "invalid_grant")
	form := bound()
	wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusBadRequest, "invalid_grant")
	wantError(t, postForm(s, tokenEndpoint(s), form, "DPoP", proof(t, key, c, nil)), http.StatusBadRequest, "invalid_grant")
	wantError(t, postForm(s, tokenEndpoint(s), bound(), "DPoP", proof(t, other, c, nil)), http.StatusBadRequest, "invalid_grant")
	_, challenge := pkce()
	wantCallback(t, callback(t, s, authorization(challenge, "dpop_jkt", "short")), "invalid_request")
}

// Covers AS4, AS9.
func TestProofsThatAreRefused(t *testing.T) {
	t.Parallel()
	c, key := newClock(), dpopKey(t)
	s := start(t, func(config *Config) { config.Now = c.now })
	for name, change := range map[string]func(*DPoPProof){
		"other method": func(p *DPoPProof) { p.Method = http.MethodGet },
		"other URL":    func(p *DPoPProof) { p.URL = testIssuer + "/revoke" },
		"other server": func(p *DPoPProof) { p.URL = "https://other.example/token" },
		"too old":      func(p *DPoPProof) { p.IssuedAt = c.now().Add(-proofLifetime - time.Second) },
		"too new":      func(p *DPoPProof) { p.IssuedAt = c.now().Add(proofLeeway + time.Second) },
		"no jti":       func(p *DPoPProof) { p.Claims = map[string]any{"jti": nil} },
		"no iat":       func(p *DPoPProof) { p.Claims = map[string]any{"iat": nil} },
		"typ JWT":      func(p *DPoPProof) { p.Header = map[string]any{"typ": "JWT"} },
		"other key":    func(p *DPoPProof) { p.Header = map[string]any{"jwk": dpopKey(t).public} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := login(t, s)
			wantError(t, postForm(s, tokenEndpoint(s), form, "DPoP", proof(t, key, c, change)), http.StatusBadRequest, "invalid_dpop_proof")
			wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusBadRequest, "invalid_grant") // burnt
		})
	}
	used := proof(t, key, c, nil)
	if r := postForm(s, tokenEndpoint(s), login(t, s), "DPoP", used); r.StatusCode != http.StatusOK {
		t.Errorf("status %d", r.StatusCode)
	}
	c.advance(proofLifetime)
	wantError(t, postForm(s, tokenEndpoint(s), login(t, s), "DPoP", used), http.StatusBadRequest, "invalid_dpop_proof")
	wantError(t, postForm(s, tokenEndpoint(s), asRobot(""), "DPoP", "garbage"), http.StatusBadRequest, "invalid_dpop_proof")
}

// Covers AS4, AS9.
func TestNonces(t *testing.T) {
	t.Parallel()
	c, key := newClock(), dpopKey(t)
	s := start(t, func(config *Config) { config.Now = c.now; config.DPoPNonce = true })
	form := login(t, s)
	r := postForm(s, tokenEndpoint(s), form, "DPoP", proof(t, key, c, nil))
	nonce := r.Header.Get("DPoP-Nonce")
	if nonce == "" {
		t.Fatal("no nonce")
	}
	wantError(t, r, http.StatusBadRequest, "use_dpop_nonce")
	// The code was not used up: the client comes again with all of it.
	r = postForm(s, tokenEndpoint(s), form, "DPoP", proof(t, key, c, func(p *DPoPProof) { p.Nonce = nonce }))
	var answer tokenendpoint.Response
	decode(t, r, http.StatusOK, &answer)
	if answer.TokenType != "DPoP" || r.Header.Get("DPoP-Nonce") == "" {
		t.Errorf("token_type %q, nonce %q", answer.TokenType, r.Header.Get("DPoP-Nonce"))
	}
	for _, stale := range []string{nonce, "made up"} {
		c.advance(4 * time.Minute)
		r = postForm(s, tokenEndpoint(s), refreshRequest(answer.RefreshToken), "DPoP", proof(t, key, c, func(p *DPoPProof) { p.Nonce = stale }))
		wantError(t, r, http.StatusBadRequest, "use_dpop_nonce")
	}
	// Without DPoP there is no nonce.
	if r := postForm(s, tokenEndpoint(s), login(t, s)); r.StatusCode != http.StatusOK || r.Header.Get("DPoP-Nonce") != "" {
		t.Errorf("status %d, nonce %q", r.StatusCode, r.Header.Get("DPoP-Nonce"))
	}
}

// Covers AS9.
func TestClientsThatMustSendProofs(t *testing.T) {
	t.Parallel()
	c, key := newClock(), dpopKey(t)
	s := start(t, func(config *Config) { config.Now = c.now; config.Clients[0].DPoPBound = true })
	wantError(t, postForm(s, tokenEndpoint(s), login(t, s)), http.StatusBadRequest, "invalid_dpop_proof")
	redeemBound(t, s, key, c, login(t, s))
	answer := register(t, s, `{"redirect_uris":["http://127.0.0.1/callback"],"token_endpoint_auth_method":"none","dpop_bound_access_tokens":true}`)
	if !answer.DPoPBound {
		t.Error("dpop_bound_access_tokens is not registered")
	}
	wantError(t, postForm(s, tokenEndpoint(s), login(t, s, "client_id", answer.ClientID)), http.StatusBadRequest, "invalid_dpop_proof")
}

// countingStore counts the identifiers that are used, and can be full.
type countingStore struct {
	Store
	used atomic.Int64
	full atomic.Bool
}

func (s *countingStore) ConsumeID(ctx context.Context, id UsedID, now time.Time) error {
	if s.full.Load() {
		return ErrFull
	}
	s.used.Add(1)
	return s.Store.ConsumeID(ctx, id, now)
}

// Anyone can make proofs: they must not take the places of clients.
//
// Covers AS9.
func TestProofsOfNoClientAreNotRemembered(t *testing.T) {
	t.Parallel()
	c, key := newClock(), dpopKey(t)
	counting := &countingStore{Store: store.NewMemory()}
	s := start(t, func(config *Config) { config.Now, config.Store = c.now, counting })
	worker := newParty(t, "worker")
	good := login(t, s)
	for name, form := range map[string]url.Values{
		"nothing":            {},
		"unknown grant type": {"grant_type": {"password"}},
		"no client":          {"grant_type": {"client_credentials"}},
		"wrong secret":       {"grant_type": {"client_credentials"}, "client_id": {"robot"}, "client_secret": {"x"}},
		"unknown code":       {"grant_type": {"authorization_code"}, "client_id": {"app"}, "code": {"x"}},
		"unknown refresh":    refreshRequest("x"),
		"untrusted issuer": {
			"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"},
			"assertion":  {worker.sign(t, c.now(), map[string]any{"sub": "w", "aud": testIssuer, "typ": "JWT"}, nil)},
		},
		"no assertion to authenticate with": worker.authenticated(t, c, nil),
	} {
		if r := postForm(s, tokenEndpoint(s), form, "DPoP", proof(t, key, c, nil)); r.StatusCode < 400 || r.StatusCode > 499 {
			t.Errorf("%s: status %d", name, r.StatusCode)
		}
		if got := counting.used.Load(); got != 0 {
			t.Fatalf("%s: %d proofs are remembered", name, got)
		}
	}
	redeemBound(t, s, key, c, good)
	if got := counting.used.Load(); got != 1 {
		t.Errorf("%d proofs are remembered, want 1", got)
	}
}

// A server that has no room fails before it uses anything up.
//
// Covers AS4, AS9.
func TestAFullStoreBurnsNothing(t *testing.T) {
	t.Parallel()
	c, key := newClock(), dpopKey(t)
	counting := &countingStore{Store: store.NewMemory()}
	s := start(t, func(config *Config) { config.Now, config.Store = c.now, counting })
	form := login(t, s)
	for range 2 { // the code, then the refresh token
		for range 2 {
			counting.full.Store(true)
			wantError(t, postForm(s, tokenEndpoint(s), form, "DPoP", proof(t, key, c, nil)), http.StatusServiceUnavailable, "temporarily_unavailable")
		}
		counting.full.Store(false)
		form = refreshRequest(redeemBound(t, s, key, c, form).RefreshToken)
	}
}
