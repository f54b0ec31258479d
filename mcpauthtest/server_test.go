package mcpauthtest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authserver/store"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
)

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		config Config
		fields []string
	}{
		{"nothing", Config{}, []string{"Issuer"}},
		{"relative issuer", Config{Issuer: "as.example"}, []string{"Issuer"}},
		{"http issuer", Config{Issuer: "http://as.example"}, []string{"Issuer"}},
		{"issuer with a query and a user", Config{Issuer: "http://u@as.example?x"}, []string{"Issuer", "Issuer"}},
		{"issuer with an empty fragment", Config{Issuer: "https://as.example#"}, []string{"Issuer"}},
		{"issuer not in ASCII", Config{Issuer: "https://as.example/ü"}, []string{"Issuer"}},
		{"issuer and path", Config{Issuer: "https://as.example", Path: "/x"}, []string{"Path"}},
		{"users", Config{Issuer: testIssuer, Users: []User{{Username: "a"}, {Username: "a", Password: "b"}, {Password: "c"}}},
			[]string{"Users[0].Password", "Users[1].Username", "Users[2].Username"}},
		{"clients", Config{Issuer: testIssuer, Clients: []Client{
			{},
			{ID: "a", RedirectURIs: []string{"http://x.example/"}},
			{ID: "a", Secret: "s"},
			{ID: "b", GrantTypes: []string{"authorization_code", "client_credentials", "password"}},
		}}, []string{
			"Clients[0].ID", "Clients[0]", "Clients[1].RedirectURIs[0]", "Clients[2].ID",
			"Clients[3].GrantTypes", "Clients[3].RedirectURIs", "Clients[3].Secret",
		}},
		{"scopes", Config{Issuer: testIssuer, Scopes: []string{"ok", "not ok"}, DefaultScopes: []string{"ok", "other"}},
			[]string{"Scopes[1]", "DefaultScopes[1]"}},
		{"resources", Config{Issuer: testIssuer, Resources: []string{"https://x.example", "http://x.example", "x", "https://x.example/#"}},
			[]string{"Resources[1]", "Resources[2]", "Resources[3]"}},
		{"keys of clients", Config{Issuer: testIssuer, Clients: []Client{
			{ID: "a", JWKS: []byte("{}")},
			{ID: "b", JWKS: []byte(`{"keys":[{"kty":"oct","k":"AAAA"}]}`)},
			{ID: "c", JWKSURI: "http://x.example/jwks"},
			{ID: "d", JWKS: newParty(t, "d").jwks, JWKSURI: "https://x.example/jwks"},
		}}, []string{"Clients[0].JWKS", "Clients[1].JWKS", "Clients[2].JWKSURI", "Clients[3].JWKSURI"}},
		{"trusted issuers", Config{Issuer: testIssuer, Scopes: []string{"read"}, Resources: []string{testResource}, TrustedIssuers: []TrustedIssuer{
			{Issuer: "https://idp.example", IdentityAssertions: true},
			{Issuer: "https://idp.example"},
			{Issuer: "spiffe://cloud.example", IdentityAssertions: true},
			{JWKSURI: "https://x.example/jwks", Workloads: []Workload{{}, {Subject: "s", Scopes: []string{"admin", "openid"}, Resources: []string{otherTarget}}}},
		}}, []string{
			"TrustedIssuers[1].Issuer", "TrustedIssuers[1]", "TrustedIssuers[2].Issuer", "TrustedIssuers[3].Issuer",
			"TrustedIssuers[3].Workloads[0].Subject", "TrustedIssuers[3].Workloads[1].Scopes[0]",
			"TrustedIssuers[3].Workloads[1].Scopes[1]", "TrustedIssuers[3].Workloads[1].Resources[0]",
		}},
		{"audiences", Config{Issuer: testIssuer, AssertionAudiences: []AssertionAudience{{Issuer: "x", Resources: []string{"http://x.example"}}}},
			[]string{"AssertionAudiences[0].Issuer", "AssertionAudiences[0].Resources[0]"}},
		{"the rest", Config{Issuer: testIssuer, AccessTokenTTL: -1, RefreshTokenTTL: time.Millisecond, RegistrationTTL: -time.Hour, Algorithm: "HS256"},
			[]string{"AccessTokenTTL", "RefreshTokenTTL", "RegistrationTTL", "Algorithm"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, err := New(test.config)
			if s != nil || err == nil {
				t.Fatalf("got %v, %v", s, err)
			}
			if got := fields(t, err); !slices.Equal(got, test.fields) {
				t.Errorf("fields %q, want %q", got, test.fields)
			}
		})
	}
}

// fields returns those of the joined errors.
func fields(t *testing.T, err error) []string {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%T is not joined", err)
	}
	var names []string
	for _, e := range joined.Unwrap() {
		var mistake *configerr.Error
		if !errors.As(e, &mistake) || mistake.Fault == "" {
			t.Fatalf("%v is not a configuration error", e)
		}
		names = append(names, mistake.Field)
	}
	return names
}

func TestConfigIsCopied(t *testing.T) {
	t.Parallel()
	config := Config{
		Issuer: testIssuer, AutoApprove: true, Scopes: []string{"read"}, Resources: []string{testResource},
		Clients: []Client{{ID: "app", RedirectURIs: []string{testRedirect}, GrantTypes: []string{"authorization_code"}}},
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	config.Scopes[0], config.Resources[0] = "admin", "https://evil.example"
	config.Clients[0].RedirectURIs[0], config.Clients[0].GrantTypes[0] = "https://evil.example/", "refresh_token"
	if got := redeem(t, s, login(t, s, "scope", "")).Scope; got != "read" {
		t.Errorf("scope %q", got)
	}
}

func TestNewServerListens(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		config Config
		issuer string // with PORT
	}{
		{Config{}, "http://127.0.0.1:PORT"},
		{Config{Path: "/tenant1"}, "http://127.0.0.1:PORT/tenant1"},
		{Config{Path: "/"}, "http://127.0.0.1:PORT/"},
		{Config{Listen: "localhost:0"}, "http://localhost:PORT"},
		{Config{Issuer: "https://as.example/x/"}, "https://as.example/x/"},
	} {
		s, err := NewServer(test.config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		u, err := url.Parse(s.Issuer())
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Replace(s.Issuer(), ":"+u.Port(), ":PORT", 1); u.Port() != "" && got != test.issuer || u.Port() == "" && s.Issuer() != test.issuer {
			t.Errorf("issuer %q, want %q", s.Issuer(), test.issuer)
		}
		if u.Port() == "" {
			continue
		}
		r, err := http.Get(strings.TrimSuffix(s.Issuer(), "/") + "/.well-known/openid-configuration")
		if err != nil {
			t.Fatal(err)
		}
		var m metadata.AuthorizationServer
		decode(t, r, http.StatusOK, &m)
		_ = r.Body.Close()
		if m.Issuer != s.Issuer() {
			t.Errorf("metadata of %q, want %q", m.Issuer, s.Issuer())
		}
	}
}

func TestNewServerRefuses(t *testing.T) {
	t.Parallel()
	for _, config := range []Config{
		{Listen: "0.0.0.0:0"},
		{Listen: ":0"},
		{Listen: "nonsense"},
		{Path: "tenant1"},
		{Path: "/x?y"},
		{Algorithm: "none"},
	} {
		s, err := NewServer(config)
		var mistake *configerr.Error
		if s != nil || !errors.As(err, &mistake) {
			t.Errorf("%+v: %v", config, err)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := NewServer(Config{Listen: taken.Addr().String()}); err == nil {
		t.Error("listens on an address that is taken")
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	s, err := NewServer(Config{})
	if err != nil {
		t.Fatal(err)
	}
	s.SetFaults(Faults{JWKS: DocumentFault{Delay: time.Hour}})
	sent := make(chan struct{})
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) }}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, s.Issuer()+"/jwks", nil)
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error, 1)
	go func() {
		r, err := (&http.Transport{}).RoundTrip(request)
		if err == nil {
			err = r.Body.Close()
		}
		waiting <- err
	}()
	<-sent
	s.Close()
	s.Close()
	<-waiting // answered or cut off, but not left waiting
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(s.Issuer(), "http://"), time.Second); err == nil {
		t.Error("still listening")
	}
}

func TestCloseOfAServerThatDoesNotListen(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.Close()
	s.Close()
}

// The server stands under a real certificate, and the user agent comes through.
func TestEmbeddedUnderTLS(t *testing.T) {
	t.Parallel()
	var handler http.Handler
	host := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	defer host.Close()
	s := start(t, func(c *Config) { withPages(c); c.Issuer = host.URL + "/tenant1" })
	handler = s.Handler()
	user := s.UserAgent()
	user.Transport = host.Client().Transport
	_, challenge := pkce()
	back, err := user.Login(t.Context(), s.Issuer()+"/authorize?"+authorization(challenge).Encode())
	if err != nil {
		t.Fatal(err)
	}
	if back.Query().Get("code") == "" || back.Query().Get("iss") != s.Issuer() {
		t.Errorf("called back with %v", sortedKeys(back.Query()))
	}
}

// Nothing that gives access is written to the log.
func TestLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := start(t, func(c *Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	registered := register(t, s, `{"redirect_uris":["http://127.0.0.1/callback"]}`)
	form := login(t, s)
	answer := redeem(t, s, form)
	next := redeem(t, s, refreshRequest(answer.RefreshToken))
	postForm(s, tokenEndpoint(s), form)
	postForm(s, tokenEndpoint(s), refreshRequest(answer.RefreshToken))
	if log.Len() == 0 {
		t.Fatal("nothing was logged")
	}
	for name, secret := range map[string]string{
		"code": form.Get("code"), "verifier": form.Get("code_verifier"), "client secret": registered.ClientSecret,
		"access token": strings.Split(answer.AccessToken, ".")[2], "claims": strings.Split(answer.AccessToken, ".")[1],
		"refresh token": answer.RefreshToken, "next refresh token": next.RefreshToken,
	} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the %s is in the log", name)
		}
	}
}

// brokenStore fails in every way.
type brokenStore struct{ Store }

var errDisk = errors.New("disk full, path /secret")

func (brokenStore) Client(context.Context, string, time.Time) ([]byte, error) { return nil, errDisk }
func (brokenStore) AddClient(context.Context, StoredClient, time.Time) error  { return errDisk }
func (brokenStore) ConsumeCode(context.Context, GrantID, time.Time) ([]byte, error) {
	return nil, errDisk
}
func (brokenStore) Grant(context.Context, GrantID, time.Time) (GrantState, error) {
	return GrantState{}, errDisk
}
func (brokenStore) AddGrant(context.Context, StoredGrant, time.Time) error { return errDisk }

func TestAStoreThatFails(t *testing.T) {
	t.Parallel()
	changing := &changingStore{store.NewMemory()}
	s := start(t, func(c *Config) { c.Store = changing })
	form, issued := login(t, s), redeem(t, s, login(t, s))
	changing.Store = brokenStore{}
	wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusInternalServerError, "server_error")
	revocation := url.Values{"client_id": {"app"}, "token": {issued.RefreshToken}}
	wantError(t, postForm(s, base(s)+"/revoke", revocation), http.StatusInternalServerError, "server_error")
	wantError(t, postRegistration(s, `{"redirect_uris":["https://x.example/"]}`), http.StatusInternalServerError, "server_error")
	_, challenge := pkce()
	wantCallback(t, callback(t, s, authorization(challenge)), "server_error")
	page := get(t, s, "/authorize?"+authorization(challenge, "client_id", "dynamic").Encode())
	if page.StatusCode != http.StatusInternalServerError || strings.Contains(body(t, page), "disk") {
		t.Errorf("status %d", page.StatusCode)
	}
}

// Inside one network a service has a name and no certificate.
func TestNamedHostsMayBeHTTP(t *testing.T) {
	t.Parallel()
	const issuer, resource = "http://mcpauth:9473", "http://notes:3001/mcp"
	_, err := New(Config{Issuer: issuer})
	if err == nil || !strings.Contains(err.Error(), "DangerouslyAllowHTTP") {
		t.Errorf("not named: %v, want the remedy", err)
	}
	for _, hosts := range [][]string{{"http://mcpauth"}, {"mcpauth:9473"}, {"mcpauth/"}, {""}, {"other"}, {"mcpauth.example"}} {
		if _, err := New(Config{Issuer: issuer, Network: network.Settings{DangerouslyAllowHTTP: hosts}}); err == nil {
			t.Errorf("hosts %q: the issuer is accepted", hosts)
		}
	}
	s := start(t, func(c *Config) {
		withPages(c)
		c.Issuer, c.Resources, c.Network.DangerouslyAllowHTTP = issuer, []string{resource}, []string{"mcpauth", "Notes"}
		c.Scopes = []string{"read", "write"}
	})
	_, challenge := pkce()
	query := func(target string) string {
		return issuer + "/authorize?" + authorization(challenge, "resource", target).Encode()
	}
	if r := get(t, s, query(resource)); r.StatusCode != http.StatusOK {
		t.Errorf("status %d: %s", r.StatusCode, body(t, r))
	}
	if r := get(t, s, strings.Replace(query(resource), "http://mcpauth:9473", "http://rebound.example:9473", 1)); r.StatusCode != http.StatusForbidden {
		t.Errorf("a page under another name: status %d", r.StatusCode)
	}
	open := start(t, func(c *Config) { c.Issuer, c.Network.DangerouslyAllowHTTP = issuer, []string{"mcpauth"} })
	if answer := callback(t, open, authorization(challenge, "resource", resource)); answer.Get("error") != "invalid_target" {
		t.Errorf("a resource on a host that is not named: %v", answer)
	}
}
