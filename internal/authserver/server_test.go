package authserver_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authserver"
	"github.com/mcp-auth/go/internal/authserver/authorize"
	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/consent"
	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/page"
	"github.com/mcp-auth/go/internal/authserver/secret"
	"github.com/mcp-auth/go/internal/authserver/store"
)

const (
	issuer   = "https://as.example"
	resource = "https://notes.example/mcp"
	redirect = "https://app.example/callback"
	verifier = "a-code-verifier-of-more-than-forty-three-characters"
)

// detour is a login at another provider: it asks for consent, sends the browser
// away, and keeps the request until the browser comes back.
type detour struct {
	page *consent.Page

	mu   sync.Mutex
	kept map[string]*authorize.Request
}

func (d *detour) Login(w http.ResponseWriter, r *http.Request, request *authorize.Request) authorize.Decision {
	if r.Method == http.MethodGet {
		d.page.Show(w, r, request, http.StatusOK, "")
		return authorize.Answered()
	}
	form, ok := d.page.Read(w, r)
	if !ok {
		return authorize.Answered()
	}
	if !form.Approved {
		return authorize.Denied()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept["transaction"] = request
	http.Redirect(w, r, "https://provider.example/authorize?state=transaction", http.StatusSeeOther)
	return authorize.Answered()
}

func (d *detour) take(state string) *authorize.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	request := d.kept[state]
	delete(d.kept, state)
	return request
}

// start makes a server with a login that knows no passwords.
func start(t *testing.T) (*authserver.Server, *detour, http.Handler) {
	t.Helper()
	var mistakes configerr.List
	config := authserver.Parse(&mistakes, authserver.Settings{
		Issuer: issuer, Resources: []string{resource}, Scopes: []string{"read"},
		Clients:        []client.Settings{{ID: "app", RedirectURIs: []string{redirect}}},
		AccessTokenTTL: time.Hour, RefreshTokenTTL: time.Hour, RegistrationTTL: time.Hour,
	})
	if err := mistakes.Err(); err != nil {
		t.Fatal(err)
	}
	memory, log := store.NewMemory(), slog.New(slog.DiscardHandler)
	secrets, keys, err := secret.Load(memory, "ES256", time.Hour, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pages, err := page.New(page.Config{Issuer: issuer, FormKey: secrets.Forms, Cookie: "form", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	login := &detour{page: &consent.Page{Pages: pages}, kept: map[string]*authorize.Request{}}
	s, err := authserver.New(config, authserver.Parts{
		Store: memory, Secrets: secrets, Keys: keys, Signer: keys, Login: login, Pages: pages, Realm: "test", Log: log, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, login, s.Handler(s.Routes())
}

func authorizationURL() string {
	sum := sha256.Sum256([]byte(verifier))
	return issuer + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "state": {"s"}, "scope": {"read"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

func post(handler http.Handler, target string, form url.Values, cookies ...*http.Cookie) *http.Response {
	request := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		request.AddCookie(c)
	}
	return serve(handler, request)
}

func serve(handler http.Handler, request *http.Request) *http.Response {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Result()
}

// consentForm opens the consent page and returns its cookies and its form, which
// has no fields for a login.
func consentForm(t *testing.T, handler http.Handler) ([]*http.Cookie, url.Values) {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, authorizationURL(), nil))
	shown := recorder.Body.String()
	if strings.Contains(shown, "password") || !strings.Contains(shown, ">Allow</button>") {
		t.Errorf("the page asks for more than consent: %s", shown)
	}
	_, after, ok := strings.Cut(shown, `name="csrf" value="`)
	token, _, closed := strings.Cut(after, `"`)
	if !ok || !closed {
		t.Fatalf("no form token in %s", shown)
	}
	return recorder.Result().Cookies(), url.Values{"csrf": {token}}
}

func TestALoginCanTakeADetour(t *testing.T) {
	t.Parallel()
	s, login, handler := start(t)
	cookies, form := consentForm(t, handler)
	form.Set("decision", "approve")
	away := post(handler, authorizationURL(), form, cookies...)
	if got := away.Header.Get("Location"); !strings.HasPrefix(got, "https://provider.example/") {
		t.Fatalf("status %d, sent to %q", away.StatusCode, got)
	}

	callback := httptest.NewRecorder()
	returned := httptest.NewRequest(http.MethodGet, issuer+"/callback?state=transaction", nil)
	user := grant.User{Subject: "user at the provider"}
	s.Authorization.Complete(callback, returned, login.take("transaction"), authorize.Approved(user))
	location, err := callback.Result().Location()
	if err != nil || callback.Code != http.StatusFound {
		t.Fatalf("status %d, %v", callback.Code, err)
	}
	if location.Query().Get("state") != "s" || location.Query().Get("iss") != issuer {
		t.Errorf("called back with %v", location.Query())
	}

	response := post(handler, issuer+"/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"app"},
		"code": {location.Query().Get("code")}, "code_verifier": {verifier},
	})
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&tokens); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", response.StatusCode, err)
	}
	claims, active := s.Tokens.Active(t.Context(), tokens.AccessToken)
	if !active || claims["sub"] != user.Subject || claims["aud"] != resource || claims["scope"] != "read" {
		t.Errorf("active %v, claims %v", active, claims)
	}
}

func TestAUserCanDeny(t *testing.T) {
	t.Parallel()
	_, _, handler := start(t)
	cookies, form := consentForm(t, handler)
	form.Set("decision", "deny")
	location, err := post(handler, authorizationURL(), form, cookies...).Location()
	if err != nil || location.Query().Get("error") != "access_denied" || location.Query().Get("iss") != issuer {
		t.Errorf("called back with %v, %v", location, err)
	}
}

// A zero decision must not approve anything.
func TestTheZeroDecisionGivesNothing(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t)
	recorder := httptest.NewRecorder()
	s.Authorization.Complete(recorder, httptest.NewRequest(http.MethodGet, authorizationURL(), nil), &authorize.Request{}, authorize.Decision{})
	if grants, err := s.Grants.List(t.Context(), 1); len(grants) > 0 || err != nil || recorder.Header().Get("Location") != "" {
		t.Errorf("%d grants, %v, sent to %q", len(grants), err, recorder.Header().Get("Location"))
	}
}

func TestParseReportsEveryMistake(t *testing.T) {
	t.Parallel()
	var mistakes configerr.List
	authserver.Parse(&mistakes, authserver.Settings{
		Issuer: "http://u@as.example?x", Clients: []client.Settings{{ID: "a"}}, Resources: []string{"x"}, AccessTokenTTL: time.Hour,
	})
	var fields []string
	for _, e := range configerr.All(mistakes.Err()) {
		fields = append(fields, e.Field)
		if strings.Contains(e.Value, "u@") {
			t.Errorf("%v shows user information", e)
		}
	}
	if got, want := strings.Join(fields, " "), "Issuer Issuer Clients[0] Resources[0] RefreshTokenTTL RegistrationTTL"; got != want {
		t.Errorf("fields %s, want %s", got, want)
	}
}
