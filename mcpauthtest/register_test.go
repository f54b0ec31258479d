package mcpauthtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/authserver/registration"
	"github.com/mcp-auth/go/internal/authserver/store"
)

// registered is a client information response.
type registered struct {
	ClientID              string `json:"client_id"`
	ClientIDIssuedAt      int64  `json:"client_id_issued_at"`
	ClientSecret          string `json:"client_secret"`
	ClientSecretExpiresAt *int64 `json:"client_secret_expires_at"`
	registration.Metadata
}

func postRegistration(s *Server, metadata string) *http.Response {
	request := httptest.NewRequest(http.MethodPost, base(s)+"/register", strings.NewReader(metadata))
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	return do(s, request)
}

func register(t *testing.T, s *Server, metadata string) registered {
	t.Helper()
	var answer registered
	r := postRegistration(s, metadata)
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q, want no-store", got)
	}
	decode(t, r, http.StatusCreated, &answer)
	if answer.ClientID == "" || answer.ClientIDIssuedAt == 0 {
		t.Errorf("answer %+v", answer)
	}
	return answer
}

// Covers AS7.
func TestRegistration(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, test := range []struct {
		name     string
		metadata string
		want     registration.Metadata
		secret   bool
	}{
		{
			"defaults", `{"redirect_uris":["http://localhost:1234/cb"]}`,
			registration.Metadata{
				RedirectURIs:            []string{"http://localhost:1234/cb"},
				TokenEndpointAuthMethod: "client_secret_basic",
				GrantTypes:              []string{"authorization_code"},
			}, true,
		},
		{
			"a native client",
			`{"redirect_uris":["http://127.0.0.1/cb","https://x.example/cb"],"token_endpoint_auth_method":"none","client_name":"Näme",
			  "grant_types":["refresh_token","authorization_code"],"response_types":["code"],"application_type":"native","scope":"read",
			  "software_id":"s","software_version":"1","contacts":["a@b.example"]}`,
			registration.Metadata{
				RedirectURIs:            []string{"http://127.0.0.1/cb", "https://x.example/cb"},
				TokenEndpointAuthMethod: "none",
				GrantTypes:              []string{"authorization_code", "refresh_token"},
				ApplicationType:         "native", ClientName: "Näme", Scope: "read",
				SoftwareID: "s", SoftwareVersion: "1", Contacts: []string{"a@b.example"},
			}, false,
		},
		{
			"what is not offered is dropped",
			`{"redirect_uris":["https://x.example/cb"],"token_endpoint_auth_method":"client_secret_post","unknown":{"a":[1]},
			  "grant_types":["authorization_code","urn:ietf:params:oauth:grant-type:device_code","client_credentials"],"response_types":["code","token"]}`,
			registration.Metadata{
				RedirectURIs:            []string{"https://x.example/cb"},
				TokenEndpointAuthMethod: "client_secret_post",
				GrantTypes:              []string{"authorization_code"},
			}, true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answer := register(t, s, test.metadata)
			test.want.ResponseTypes = []string{"code"}
			if !reflect.DeepEqual(answer.Metadata, test.want) {
				t.Errorf("registered %+v, want %+v", answer.Metadata, test.want)
			}
			if (answer.ClientSecret != "") != test.secret || (answer.ClientSecretExpiresAt != nil) != test.secret {
				t.Errorf("secret present: %v, want %v", answer.ClientSecret != "", test.secret)
			}
			form := login(t, s, "client_id", answer.ClientID, "redirect_uri", answer.RedirectURIs[0])
			if test.secret {
				form.Set("client_secret", answer.ClientSecret)
			}
			redeem(t, s, form)
		})
	}
}

// Cursor registers the URIs for its desktop app and for the web at once.
//
// Covers AS1, AS7, AS8.
func TestPrivateUseSchemesOnLoopback(t *testing.T) {
	t.Parallel()
	const app, web = "cursor://anysphere.cursor-mcp/oauth/callback", "https://app.example/cb"
	const metadata = `{"redirect_uris":["` + app + `","` + web + `","javascript:alert(1)"],"token_endpoint_auth_method":"none"}`
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"on loopback", func(c *Config) { onLoopback(c); withPages(c) }, []string{app, web}},
		{"elsewhere", withPages, []string{web}},
	} {
		s := start(t, test.change)
		answer := register(t, s, metadata)
		if !slices.Equal(answer.RedirectURIs, test.want) {
			t.Errorf("%s: redirect URIs %q, want %q", test.name, answer.RedirectURIs, test.want)
		}
	}
	s := start(t, onLoopback)
	answer := register(t, s, metadata)
	redeem(t, s, login(t, s, "client_id", answer.ClientID, "redirect_uri", app))

	pages := start(t, func(c *Config) { onLoopback(c); withPages(c) })
	answer = register(t, pages, metadata)
	_, challenge := pkce()
	shown := body(t, get(t, pages, base(pages)+"/authorize?"+authorization(challenge, "client_id", answer.ClientID, "redirect_uri", app).Encode()))
	if !strings.Contains(shown, "the application that opens <code>cursor:</code> links") {
		t.Errorf("the page does not say where the answer goes: %s", shown)
	}
}

// Covers AS7.
func TestRegistrationRefused(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	const uri = `"redirect_uris":["https://x.example/cb"]`
	many := `"https://x.example/cb"` + strings.Repeat(`,"https://x.example/cb"`, maxRedirectURIs)
	for _, test := range []struct{ metadata, want string }{
		{``, "invalid_client_metadata"},
		{`[]`, "invalid_client_metadata"},
		{`{"redirect_uris":"https://x.example/cb"}`, "invalid_client_metadata"},
		{`{` + uri + `} {}`, "invalid_client_metadata"},
		{`{}`, "invalid_redirect_uri"},
		{`{"redirect_uris":[]}`, "invalid_redirect_uri"},
		{`{"redirect_uris":["http://x.example/cb"]}`, "invalid_redirect_uri"},
		{`{"redirect_uris":["javascript:alert(1)"]}`, "invalid_redirect_uri"},
		{`{"redirect_uris":["cursor://cb"]}`, "invalid_redirect_uri"},
		{`{"redirect_uris":["https://x.example/cb#f"]}`, "invalid_redirect_uri"},
		{`{"redirect_uris":[` + many + `]}`, "invalid_redirect_uri"},
		{`{` + uri + `,"token_endpoint_auth_method":"private_key_jwt"}`, "invalid_client_metadata"},
		{`{` + uri + `,"grant_types":["client_credentials"]}`, "invalid_client_metadata"},
		{`{` + uri + `,"grant_types":["implicit"]}`, "invalid_client_metadata"},
		{`{` + uri + `,"response_types":["token"]}`, "invalid_client_metadata"},
		{`{` + uri + `,"application_type":"toaster"}`, "invalid_client_metadata"},
		{`{` + uri + `,"scope":"a  b"}`, "invalid_client_metadata"},
		{`{` + uri + `,"client_name":"a\u0007b"}`, "invalid_client_metadata"},
		{`{` + uri + `,"client_name":"` + strings.Repeat("n", maxClientName+1) + `"}`, "invalid_client_metadata"},
		{`{` + uri + `,"x":"` + strings.Repeat("x", maxRegistrationBytes) + `"}`, "invalid_client_metadata"},
	} {
		wantError(t, postRegistration(s, test.metadata), http.StatusBadRequest, test.want)
	}
	form := httptest.NewRequest(http.MethodPost, "/register", strings.NewReader(`{`+uri+`}`))
	form.Header.Set("Content-Type", "text/plain")
	wantError(t, do(s, form), http.StatusBadRequest, "invalid_client_metadata")
}

// Covers AS7.
func TestRegisteredScopeDoesNotCapStepUp(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, registered := range []string{`,"scope":"read"`, ``} {
		answer := register(t, s, `{"redirect_uris":["http://127.0.0.1/callback"],"token_endpoint_auth_method":"none"`+registered+`}`)
		for _, scope := range []string{"read", "read write", "read write admin offline_access"} {
			if got := redeem(t, s, login(t, s, "client_id", answer.ClientID, "scope", scope)).Scope; got != scope {
				t.Errorf("registered %q: scope %q, want %q", registered, got, scope)
			}
		}
	}
}

// Covers AS7.
func TestRegistrationsExpire(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now; config.RegistrationTTL = time.Hour })
	answer := register(t, s, `{"redirect_uris":["http://127.0.0.1/callback"]}`)
	if got, want := *answer.ClientSecretExpiresAt, c.now().Add(time.Hour).Unix(); got != want {
		t.Errorf("client_secret_expires_at %d, want %d", got, want)
	}
	form := login(t, s, "client_id", answer.ClientID)
	form.Set("client_secret", answer.ClientSecret)
	redeem(t, s, form)
	c.advance(time.Hour)
	_, challenge := pkce()
	r := get(t, s, "/authorize?"+authorization(challenge, "client_id", answer.ClientID).Encode())
	if r.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d, want an error page", r.StatusCode)
	}
}

// Covers AS7.
func TestRegistrationIsRateLimited(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) { config.Now = c.now })
	const metadata = `{"redirect_uris":["http://127.0.0.1/callback"]}`
	fromPage := func(name, value string) int {
		request := httptest.NewRequest(http.MethodPost, base(s)+"/register", strings.NewReader(metadata))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set(name, value)
		return do(s, request).StatusCode
	}
	for range pageRegistrationBurst {
		if got := fromPage("Origin", "https://page.example"); got != http.StatusCreated {
			t.Fatalf("a page: status %d", got)
		}
	}
	for name, value := range map[string]string{"Origin": "null", "Sec-Fetch-Site": "cross-site"} {
		if got := fromPage(name, value); got != http.StatusTooManyRequests {
			t.Errorf("a page with %s: status %d, want 429", name, got)
		}
	}
	for range registrationBurst { // the page takes nothing from programs
		register(t, s, metadata)
	}
	refused := postRegistration(s, metadata)
	if refused.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	wantError(t, refused, http.StatusTooManyRequests, "temporarily_unavailable")
	c.advance(time.Second)
	for range registrationRate {
		register(t, s, metadata)
	}
	wantError(t, postRegistration(s, metadata), http.StatusTooManyRequests, "temporarily_unavailable")
}

// Covers AS7.
func TestRegistrationsAreBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	memory := store.NewMemory()
	s := start(t, func(config *Config) {
		config.Now, config.RegistrationTTL, config.Store = c.now, 24*time.Hour, memory
	})
	for i := range MaxClients {
		dynamic := StoredClient{ID: fmt.Sprint(i), Expires: c.now().Add(24 * time.Hour)}
		if err := memory.AddClient(t.Context(), dynamic, c.now()); err != nil {
			t.Fatal(err)
		}
	}
	const metadata = `{"redirect_uris":["http://127.0.0.1/callback"]}`
	wantError(t, postRegistration(s, metadata), http.StatusServiceUnavailable, "temporarily_unavailable")
	c.advance(UnusedClientAge) // those that never had a grant go first
	kept := register(t, s, metadata)
	login(t, s, "client_id", kept.ClientID)
	c.advance(UnusedClientAge)
	for range registrationBurst {
		register(t, s, metadata)
	}
	if _, err := memory.Client(t.Context(), kept.ClientID, c.now()); err != nil {
		t.Errorf("a client with a grant is dropped: %v", err)
	}
}

// Covers AS7.
func TestRegistrationIsOpenOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		issuer string
		opened bool
		want   bool
	}{
		{"http://127.0.0.1:9000", false, true},
		{"http://localhost:9000/tenant", false, true},
		{"https://[::1]", false, true},
		{"https://as.example", true, true},
		{"https://as.example", false, false},
		{"https://127.0.0.1.example", false, false},
	} {
		s := start(t, func(c *Config) { c.Issuer, c.OpenRegistration = test.issuer, test.opened })
		r := postRegistration(s, `{"redirect_uris":["http://127.0.0.1/callback"]}`)
		if open := r.StatusCode == http.StatusCreated; open != test.want {
			t.Errorf("%s, opened %v: status %d", test.issuer, test.opened, r.StatusCode)
		}
		if advertised := s.Metadata().RegistrationEndpoint != ""; advertised != test.want {
			t.Errorf("%s: advertised %v", test.issuer, advertised)
		}
	}
}

func TestRegistrationReadsStrictly(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, metadata := range []string{
		`{"redirect_uris":["https://x.example/cb"],"redirect_uris":["https://y.example/cb"]}`,
		`{"Redirect_URIs":["https://x.example/cb"]}`,
		`{"redirect_uris":["https://x.example/cb"],"token_endpoint_auth_method":1}`,
		`{"redirect_uris":["https://x.example/cb"],"dpop_bound_access_tokens":"true"}`,
	} {
		if r := postRegistration(s, metadata); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d", metadata, r.StatusCode)
		}
	}
}
