package mcpauthtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const assertionTypeJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523 §2.2

// party is a client or an issuer with a key of its own.
type party struct {
	key    *ecdsa.PrivateKey
	issuer string
	jwks   []byte
}

func newParty(t *testing.T, issuer string) *party {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := jose.JSONWebKey{Key: key.Public(), KeyID: "key of " + issuer, Use: "sig", Algorithm: "ES256"}
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}})
	if err != nil {
		t.Fatal(err)
	}
	return &party{key, issuer, jwks}
}

// sign makes a JWT. Changes replace claims; nil removes one; "typ" is the
// header's.
func (p *party) sign(t *testing.T, now time.Time, claims map[string]any, changes map[string]any) string {
	t.Helper()
	all := map[string]any{"iss": p.issuer, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	maps.Copy(all, claims)
	applyExtra(all, changes)
	header := map[string]any{"kid": "key of " + p.issuer, "typ": all["typ"]}
	delete(all, "typ")
	payload, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signWith(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, header, payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// worker is a client that authenticates by private_key_jwt.
func withWorker(t *testing.T, c *clock) (*Server, *party) {
	t.Helper()
	worker := newParty(t, "worker")
	s := start(t, func(config *Config) {
		config.Now = c.now
		config.Clients = append(config.Clients, Client{ID: "worker", JWKS: worker.jwks})
	})
	return s, worker
}

func (p *party) authenticated(t *testing.T, c *clock, changes map[string]any) url.Values {
	t.Helper()
	return url.Values{
		"grant_type": {"client_credentials"}, "scope": {"read"}, "resource": {testResource},
		"client_assertion_type": {assertionTypeJWT},
		"client_assertion":      {p.sign(t, c.now(), map[string]any{"sub": p.issuer, "aud": testIssuer}, changes)},
	}
}

// Covers AS9.
func TestPrivateKeyJWT(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, worker := withWorker(t, c)
	for name, changes := range map[string]map[string]any{
		"plain":       nil,
		"list of one": {"aud": []string{testIssuer}},
		"typ":         {"typ": "client-authentication+jwt"},
		"no iat":      {"iat": nil},
	} {
		answer := redeem(t, s, worker.authenticated(t, c, changes))
		if _, claims := verified(t, s, answer.AccessToken); claims["sub"] != "worker" || claims["client_id"] != "worker" {
			t.Errorf("%s: claims %v", name, claims)
		}
	}
	form := worker.authenticated(t, c, nil)
	form.Set("client_id", "worker")
	redeem(t, s, form)
}

// Covers AS9.
func TestClientAssertionsThatAreRefused(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, worker := withWorker(t, c)
	now := c.now()
	for name, test := range map[string]struct {
		claims map[string]any
		form   []string
		header []string
		want   string
	}{
		"expired":             {map[string]any{"exp": now.Add(-assertionLeeway).Unix()}, nil, nil, "invalid_client"},
		"no exp":              {map[string]any{"exp": nil}, nil, nil, "invalid_client"},
		"valid for too long":  {map[string]any{"exp": now.Add(maxAssertionLife + time.Second).Unix()}, nil, nil, "invalid_client"},
		"not yet valid":       {map[string]any{"nbf": now.Add(time.Minute).Unix()}, nil, nil, "invalid_client"},
		"issued later":        {map[string]any{"iat": now.Add(time.Minute).Unix()}, nil, nil, "invalid_client"},
		"no jti":              {map[string]any{"jti": nil}, nil, nil, "invalid_client"},
		"no sub":              {map[string]any{"sub": nil}, nil, nil, "invalid_client"},
		"other sub":           {map[string]any{"sub": "robot"}, nil, nil, "invalid_client"},
		"sub nobody":          {map[string]any{"sub": "nobody"}, nil, nil, "invalid_client"},
		"other iss":           {map[string]any{"iss": "robot"}, nil, nil, "invalid_client"},
		"token endpoint":      {map[string]any{"aud": testIssuer + "/token"}, nil, nil, "invalid_client"},
		"token endpoint too":  {map[string]any{"aud": []string{testIssuer, testIssuer + "/token"}}, nil, nil, "invalid_client"},
		"other aud":           {map[string]any{"aud": "https://other.example"}, nil, nil, "invalid_client"},
		"two aud":             {map[string]any{"aud": []string{testIssuer, "https://other.example"}}, nil, nil, "invalid_client"},
		"no aud":              {map[string]any{"aud": nil}, nil, nil, "invalid_client"},
		"longer aud":          {map[string]any{"aud": testIssuer + "/"}, nil, nil, "invalid_client"},
		"an access token":     {map[string]any{"typ": "at+jwt"}, nil, nil, "invalid_client"},
		"a proof":             {map[string]any{"typ": "dpop+jwt"}, nil, nil, "invalid_client"},
		"exp of a wrong type": {map[string]any{"exp": "soon"}, nil, nil, "invalid_client"},
		"other client_id":     {nil, []string{"client_id", "robot"}, nil, "invalid_client"},
		"other type":          {nil, []string{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, nil, "invalid_client"},
		"no type":             {nil, []string{"client_assertion_type", ""}, nil, "invalid_client"},
		"no assertion":        {nil, []string{"client_assertion", ""}, nil, "invalid_client"},
		"garbage":             {nil, []string{"client_assertion", "a.b.c"}, nil, "invalid_client"},
		"with a secret":       {nil, []string{"client_secret", "x"}, nil, "invalid_request"},
		"with Basic":          {nil, nil, []string{"Authorization", "Basic d29ya2VyOng="}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := worker.authenticated(t, c, test.claims)
			change(form, test.form)
			status := http.StatusUnauthorized
			if test.want == "invalid_request" {
				status = http.StatusBadRequest
			}
			wantError(t, postForm(s, tokenEndpoint(s), form, test.header...), status, test.want)
		})
	}
	stranger := newParty(t, "worker")
	wantError(t, postForm(s, tokenEndpoint(s), stranger.authenticated(t, c, nil)), http.StatusUnauthorized, "invalid_client")
	for _, form := range []url.Values{
		{"grant_type": {"client_credentials"}, "client_id": {"worker"}},
		{"grant_type": {"client_credentials"}, "client_id": {"worker"}, "client_secret": {"x"}},
	} {
		wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusUnauthorized, "invalid_client")
	}
}

// Covers AS9.
func TestAssertionsAreGoodOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, worker := withWorker(t, c)
	form := worker.authenticated(t, c, nil)
	var succeeded atomic.Int64
	var contest sync.WaitGroup
	for range 100 {
		contest.Go(func() {
			if r := postForm(s, tokenEndpoint(s), form); r.StatusCode == http.StatusOK {
				succeeded.Add(1)
			} else {
				wantError(t, r, http.StatusUnauthorized, "invalid_client")
			}
		})
	}
	contest.Wait()
	if got := succeeded.Load(); got != 1 {
		t.Errorf("%d uses of one assertion succeeded, want 1", got)
	}
	// Its jti is remembered as long as it holds, leeway included.
	c.advance(time.Minute + assertionLeeway - time.Second)
	wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusUnauthorized, "invalid_client")
}

// Covers AS9.
func TestKeysOfAClientAreFetched(t *testing.T) {
	t.Parallel()
	c := newClock()
	first, second := newParty(t, "worker"), newParty(t, "worker")
	var serving atomic.Pointer[party]
	var fetched atomic.Int64
	serving.Store(first)
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetched.Add(1)
		w.Header().Set("Cache-Control", "max-age=3600")
		_, _ = w.Write(serving.Load().jwks)
	}))
	t.Cleanup(host.Close)
	s := start(t, func(config *Config) {
		onLoopback(config)
		config.Now = c.now
		config.Clients = append(config.Clients, Client{ID: "worker", JWKSURI: host.URL + "/jwks"})
	})
	aud := map[string]any{"aud": loopbackIssuer}
	for range 2 {
		redeem(t, s, first.authenticated(t, c, aud))
	}
	serving.Store(second)
	// A stranger's signature does not make the server fetch at once again.
	for range 3 {
		wantError(t, postForm(s, tokenEndpoint(s), second.authenticated(t, c, aud)), http.StatusUnauthorized, "invalid_client")
	}
	if got := fetched.Load(); got != 1 {
		t.Errorf("%d fetches, want 1", got)
	}
	c.advance(documentCooldown)
	redeem(t, s, second.authenticated(t, c, aud))
	if got := fetched.Load(); got != 2 {
		t.Errorf("%d fetches, want 2", got)
	}
}

// Covers AS7, AS9.
func TestRegistrationWithKeys(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now })
	app := newParty(t, "")
	answer := register(t, s, `{"redirect_uris":["http://127.0.0.1/callback"],"token_endpoint_auth_method":"private_key_jwt","jwks":`+string(app.jwks)+`}`)
	if answer.ClientSecret != "" {
		t.Error("a client with keys got a secret")
	}
	form := login(t, s, "client_id", answer.ClientID)
	wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusUnauthorized, "invalid_client")
	form = login(t, s, "client_id", answer.ClientID)
	form.Set("client_assertion_type", assertionTypeJWT)
	form.Set("client_assertion", app.sign(t, c.now(), map[string]any{
		"iss": answer.ClientID, "sub": answer.ClientID, "aud": testIssuer,
	}, nil))
	redeem(t, s, form)
}
