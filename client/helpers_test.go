package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// authServer is an authorization server that does as it is told.
type authServer struct {
	*httptest.Server
	issuer string

	// What it does otherwise than well. Set before the first request.
	metadata func(document map[string]any)
	callback func(query url.Values)
	register func(answer map[string]any) (status int)
	token    func(r *http.Request, answer map[string]any) (status int)
	places   []string // of metadata; nil: the RFC 8414 place

	mu             sync.Mutex
	paths          []string // of all requests
	authorizations []url.Values
	registrations  []map[string]any
	tokens         []url.Values
	headers        []http.Header // of token requests
	revocations    []url.Values
	issued         map[string][]string // scopes by access token
	count          int
	name           string
}

func newAuthServer(t *testing.T, name, path string) *authServer {
	t.Helper()
	s := &authServer{issued: map[string][]string{}, name: name}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	s.issuer = s.URL + path
	s.places = []string{"/.well-known/oauth-authorization-server" + path}
	return s
}

func (s *authServer) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paths = append(s.paths, r.Method+" "+r.URL.Path)
	switch {
	case slices.Contains(s.places, r.URL.Path):
		document := map[string]any{
			"issuer":                                         s.issuer,
			"authorization_endpoint":                         s.URL + "/authorize?tenant=one",
			"token_endpoint":                                 s.URL + "/token",
			"registration_endpoint":                          s.URL + "/register",
			"revocation_endpoint":                            s.URL + "/revoke",
			"response_types_supported":                       []string{"code"},
			"code_challenge_methods_supported":               []string{"S256"},
			"token_endpoint_auth_methods_supported":          []string{"none"},
			"authorization_response_iss_parameter_supported": true,
		}
		if s.metadata != nil {
			s.metadata(document)
		}
		answer(w, http.StatusOK, document)
	case r.URL.Path == "/authorize":
		s.authorize(w, r)
	case r.URL.Path == "/register":
		s.registered(w, r)
	case r.URL.Path == "/token":
		s.grant(w, r)
	case r.URL.Path == "/revoke":
		_ = r.ParseForm()
		s.revocations = append(s.revocations, r.PostForm)
	default:
		http.NotFound(w, r)
	}
}

func (s *authServer) authorize(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	s.authorizations = append(s.authorizations, asked)
	query := url.Values{"code": {"code-" + s.name}, "state": {asked.Get("state")}, "iss": {s.issuer}}
	if s.callback != nil {
		s.callback(query)
	}
	w.Header().Set("Location", asked.Get("redirect_uri")+"?"+query.Encode())
	w.WriteHeader(http.StatusFound)
}

func (s *authServer) registered(w http.ResponseWriter, r *http.Request) {
	var about map[string]any
	_ = json.NewDecoder(r.Body).Decode(&about)
	s.registrations = append(s.registrations, about)
	body := map[string]any{"client_id": fmt.Sprintf("client-%s-%d", s.name, len(s.registrations))}
	status := http.StatusCreated
	if s.register != nil {
		status = s.register(body)
	}
	answer(w, status, body)
}

func (s *authServer) grant(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.tokens = append(s.tokens, r.PostForm)
	s.headers = append(s.headers, r.Header.Clone())
	s.count++
	scope := r.PostForm.Get("scope")
	if len(s.authorizations) > 0 && scope == "" {
		scope = s.authorizations[len(s.authorizations)-1].Get("scope")
	}
	token := fmt.Sprintf("access-%s-%d", s.name, s.count)
	body := map[string]any{
		"access_token": token, "token_type": "bearer", "expires_in": 3600,
		"refresh_token": fmt.Sprintf("refresh-%s-%d", s.name, s.count),
	}
	status := http.StatusOK
	if s.token != nil {
		status = s.token(r, body)
	}
	if text, ok := body["access_token"].(string); ok && status == http.StatusOK {
		s.issued[text] = strings.Fields(scope)
	}
	if nonce, ok := body["DPoP-Nonce"].(string); ok {
		w.Header().Set("DPoP-Nonce", nonce)
		delete(body, "DPoP-Nonce")
	}
	answer(w, status, body)
}

// log returns what was asked so far, metadata aside.
func (s *authServer) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.paths), func(p string) bool { return strings.Contains(p, "/.well-known/") })
}

func (s *authServer) scopes(token string) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scopes, ok := s.issued[token]
	return scopes, ok
}

func (s *authServer) revokeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.issued)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// needHeader is how a test says which scopes its request needs.
const needHeader = "X-Need"

// resourceServer is a protected MCP server, as far as a client can tell.
type resourceServer struct {
	*httptest.Server
	url    string
	places map[string]func(document map[string]any) // of metadata; nil: as usual
	// challenge makes the WWW-Authenticate header; nil: as usual.
	challenge func(status int, need string) string
	refuse    func(w http.ResponseWriter, r *http.Request) bool

	mu      sync.Mutex
	servers []*authServer
	paths   []string
	sent    []string // Authorization headers
	bodies  []string
}

func newResourceServer(t *testing.T, path string, servers ...*authServer) *resourceServer {
	t.Helper()
	s := &resourceServer{servers: servers}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	s.url = s.URL + path
	s.places = map[string]func(map[string]any){"/.well-known/oauth-protected-resource" + path: nil}
	return s
}

func (s *resourceServer) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.paths = append(s.paths, r.Method+" "+r.URL.Path)
	servers := s.servers
	change, isMetadata := s.places[r.URL.Path]
	s.mu.Unlock()
	if isMetadata {
		var issuers []string
		for _, server := range servers {
			issuers = append(issuers, server.issuer)
		}
		document := map[string]any{"resource": s.url, "authorization_servers": issuers}
		if change != nil {
			change(document)
		}
		answer(w, http.StatusOK, document)
		return
	}
	if s.URL+r.URL.Path != s.url {
		http.NotFound(w, r)
		return
	}
	s.protected(w, r, servers)
}

func (s *resourceServer) protected(w http.ResponseWriter, r *http.Request, servers []*authServer) {
	body, _ := io.ReadAll(r.Body)
	authorization := r.Header.Get("Authorization")
	s.mu.Lock()
	s.sent = append(s.sent, authorization)
	s.bodies = append(s.bodies, string(body))
	s.mu.Unlock()
	if s.refuse != nil && s.refuse(w, r) {
		return
	}
	need := r.Header.Get(needHeader)
	_, token, _ := strings.Cut(authorization, " ")
	for _, server := range servers {
		scopes, ok := server.scopes(token)
		if !ok {
			continue
		}
		if covers(scopes, strings.Fields(need)) {
			_, _ = w.Write([]byte("welcome"))
			return
		}
		s.challenged(w, http.StatusForbidden, need)
		return
	}
	s.challenged(w, http.StatusUnauthorized, need)
}

func (s *resourceServer) challenged(w http.ResponseWriter, status int, need string) {
	text := `Bearer resource_metadata="` + s.URL + "/.well-known/oauth-protected-resource" + strings.TrimPrefix(s.url, s.URL) + `"`
	if need != "" {
		text += `, scope="` + need + `"`
	}
	if status == http.StatusForbidden {
		text += `, error="insufficient_scope"`
	}
	if s.challenge != nil {
		text = s.challenge(status, need)
	}
	if text != "" {
		w.Header().Set("WWW-Authenticate", text)
	}
	w.WriteHeader(status)
}

func (s *resourceServer) moveTo(servers ...*authServer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.servers = servers
}

func (s *resourceServer) requests() (paths, sent []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.paths), slices.Clone(s.sent)
}

// world is a resource server, its authorization server and a client's
// configuration.
type world struct {
	as     *authServer
	rs     *resourceServer
	config Config
	log    *syncBuffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	as := newAuthServer(t, "one", "")
	rs := newResourceServer(t, "/mcp", as)
	log := &syncBuffer{}
	return &world{as, rs, Config{
		ServerURL: rs.url,
		Grant:     AuthorizationCode{Callback: visit},
		Logger:    slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, log}
}

func (w *world) client(t *testing.T) *Client {
	t.Helper()
	c, err := New(w.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// visit is a browser whose user agrees to everything.
func visit(ctx context.Context, authorizationURL string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, authorizationURL, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	return response.Header.Get("Location"), nil
}

// request sends a request to the protected server, and returns its status.
func request(t *testing.T, c *Client, need string) (int, error) {
	t.Helper()
	return requestTo(t, c.HTTPClient(), c.ServerURL(), need)
}

func requestTo(t *testing.T, client *http.Client, target, need string) (int, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader("the body"))
	if err != nil {
		t.Fatal(err)
	}
	if need != "" {
		r.Header.Set(needHeader, need)
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, nil
}

// mustRequest is request where nothing may go wrong.
func mustRequest(t *testing.T, c *Client, need string) {
	t.Helper()
	status, err := request(t, c, need)
	if err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK {
		t.Fatalf("status %d, want 200", status)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// clock is moved by the test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// claimsOf reads a JWT's payload, unverified.
func claimsOf(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s %v, want %v", what, got, want)
	}
}
