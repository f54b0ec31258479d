package mcpauthtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/mcp-auth/go/internal/authserver/tokenendpoint"
)

const (
	testIssuer   = "https://as.example"
	testResource = "https://notes.example/mcp"
	otherTarget  = "https://todo.example/mcp"
	testRedirect = "http://127.0.0.1/callback"
	testState    = "state with spaces & signs"
)

// Limits of the authorization server, as its clients meet them.
const (
	assertionLeeway       = 30 * time.Second
	maxAssertionLife      = 24 * time.Hour
	proofLifetime         = 5 * time.Minute
	proofLeeway           = 5 * time.Minute
	documentCooldown      = 10 * time.Second
	documentFresh         = time.Minute
	maxDocumentFresh      = 24 * time.Hour
	fetchBurst            = 50
	maxRedirectURIs       = 16
	maxClientName         = 200
	maxRegistrationBytes  = 64 << 10
	registrationBurst     = 200
	pageRegistrationBurst = 30
	registrationRate      = 2
	maxFormerKeys         = 16
	keyGrace              = time.Minute
)

// base returns the issuer without a terminating slash.
func base(s *Server) string { return strings.TrimSuffix(s.issuer, "/") }

// kidInUse returns the kid of the key that signs.
func kidInUse(s *Server) string { return s.keys.Current(time.Time{}).ID() }

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// start makes a server that is reached without a network. Its clients are
// "app", public, and "robot", confidential.
func start(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	config := Config{
		Issuer:      testIssuer,
		AutoApprove: true,
		Users: []User{
			{Username: "alice", Password: "wonderland", Subject: "sub-alice", Name: "Alice", Email: "alice@example.com"},
			{Username: "bob", Password: "builder"},
		},
		Clients: []Client{
			{ID: "app", Name: "The App", RedirectURIs: []string{testRedirect, "https://app.example/cb?keep=1"}},
			{ID: "other", RedirectURIs: []string{testRedirect}, GrantTypes: []string{"authorization_code"}},
			{ID: "robot", Secret: "robot secret: 100%", RedirectURIs: []string{testRedirect}},
		},
		Scopes:           []string{"read", "write", "admin"},
		OpenRegistration: true,
	}
	if change != nil {
		change(&config)
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// do sends a request to the server's handler.
func do(s *Server, request *http.Request) *http.Response {
	recorder := httptest.NewRecorder()
	s.Handler().ServeHTTP(recorder, request)
	return recorder.Result()
}

func get(t *testing.T, s *Server, target string) *http.Response {
	t.Helper()
	return do(s, httptest.NewRequest(http.MethodGet, target, nil))
}

func postForm(s *Server, target string, form url.Values, header ...string) *http.Response {
	request := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return do(s, request)
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func decode(t *testing.T, r *http.Response, status int, into any) {
	t.Helper()
	raw := body(t, r)
	if r.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", r.StatusCode, status, raw)
	}
	if err := json.Unmarshal([]byte(raw), into); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
}

// wantError checks a JSON error response.
func wantError(t *testing.T, r *http.Response, status int, code string) {
	t.Helper()
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	decode(t, r, status, &answer)
	if answer.Error != code || answer.Description == "" {
		t.Errorf("error %q (%s), want %q with a description", answer.Error, answer.Description, code)
	}
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q, want no-store", got)
	}
	if challenge := r.Header.Get("WWW-Authenticate"); (status == http.StatusUnauthorized) != (challenge != "") {
		t.Errorf("status %d with WWW-Authenticate %q", status, challenge)
	}
}

// pkce returns a verifier and its challenge.
func pkce() (verifier, challenge string) {
	verifier = rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	return verifier, base64.RawURLEncoding.EncodeToString(sum[:])
}

// authorization is an authorization request in order, changed by pairs of name
// and value; an empty value removes the parameter.
func authorization(challenge string, changes ...string) url.Values {
	query := url.Values{
		"response_type":         {"code"},
		"client_id":             {"app"},
		"redirect_uri":          {"http://127.0.0.1:5555/callback"},
		"code_challenge":        {challenge},
		"code_challenge_method": {"S256"},
		"scope":                 {"read write"},
		"resource":              {testResource},
		"state":                 {testState},
	}
	change(query, changes)
	return query
}

func change(values url.Values, changes []string) {
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			values.Del(changes[i])
			continue
		}
		values.Set(changes[i], changes[i+1])
	}
}

// callback sends an authorization request and returns the parameters that the
// client is called back with.
func callback(t *testing.T, s *Server, query url.Values) url.Values {
	t.Helper()
	r := get(t, s, base(s)+"/authorize?"+query.Encode())
	location, err := r.Location()
	if err != nil || r.StatusCode != http.StatusFound {
		t.Fatalf("status %d, %v: %s", r.StatusCode, err, body(t, r))
	}
	answer := location.Query()
	if got := answer.Get("iss"); got != s.issuer {
		t.Errorf("iss %q, want %q", got, s.issuer)
	}
	if got, want := answer.Get("state"), query.Get("state"); got != want {
		t.Errorf("state %q, want %q", got, want)
	}
	return answer
}

// login goes through an authorization request and returns the code and the
// token request that redeems it.
func login(t *testing.T, s *Server, changes ...string) url.Values {
	t.Helper()
	verifier, challenge := pkce()
	query := authorization(challenge, changes...)
	code := callback(t, s, query).Get("code")
	if code == "" {
		t.Fatal("no code")
	}
	return url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"client_id":     {query.Get("client_id")},
		"redirect_uri":  {query.Get("redirect_uri")},
		"code_verifier": {verifier},
		"resource":      query["resource"],
	}
}

func tokenEndpoint(s *Server) string { return base(s) + "/token" }

// redeem sends a token request that must succeed.
func redeem(t *testing.T, s *Server, form url.Values, header ...string) tokenendpoint.Response {
	t.Helper()
	r := postForm(s, tokenEndpoint(s), form, header...)
	var answer tokenendpoint.Response
	decode(t, r, http.StatusOK, &answer)
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q, want no-store", got)
	}
	if answer.TokenType != "Bearer" || answer.AccessToken == "" {
		t.Errorf("token_type %q, access token present: %v", answer.TokenType, answer.AccessToken != "")
	}
	return answer
}

// keySet fetches the JWK Set as a verifier does.
func keySet(t *testing.T, s *Server) *jose.JSONWebKeySet {
	t.Helper()
	var set jose.JSONWebKeySet
	decode(t, get(t, s, base(s)+"/jwks"), http.StatusOK, &set)
	return &set
}

// verified checks the signature under the published keys, by an implementation
// that is not ours, and returns header and claims.
func verified(t *testing.T, s *Server, token string) (header map[string]any, claims map[string]any) {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(s.keys.Algorithm())})
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Claims(keySet(t, s), &claims); err != nil {
		t.Fatal(err)
	}
	return part(t, token, 0), claims
}

// part decodes header (0) or claims (1) without verifying anything.
func part(t *testing.T, token string, i int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
