package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// authServer is an authorization server whose faults a test chooses.
type authServer struct {
	*httptest.Server
	issuer string

	// Its faults, set before the first request.
	metadata func(document map[string]any)
	callback func(query url.Values)
	register func(answer map[string]any) (status int)
	token    func(r *http.Request, answer map[string]any) (status int)
	forgets  func(clientID string) bool // nil: no client
	places   []string                   // of metadata; nil: the RFC 8414 place

	mu             sync.Mutex
	paths          []string // of all requests
	authorizations []url.Values
	registrations  []map[string]any
	tokens         []url.Values  // token requests, but for probes
	probes         []url.Values  // requests with a code that was never issued
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
		if s.forgets != nil && s.forgets(r.PostForm.Get("client_id")) {
			answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
			return
		}
		s.revocations = append(s.revocations, r.PostForm)
	default:
		http.NotFound(w, r)
	}
}

func (s *authServer) authorize(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	s.authorizations = append(s.authorizations, asked)
	if s.forgets != nil && s.forgets(asked.Get("client_id")) {
		http.Error(w, "unknown client", http.StatusBadRequest)
		return
	}
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
	if s.forgets != nil && s.forgets(r.PostForm.Get("client_id")) {
		s.probes = append(s.probes, r.PostForm)
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	code, refresh := r.PostForm.Get("code"), r.PostForm.Get("refresh_token")
	if code != "" && !strings.HasPrefix(code, "code-") || refresh != "" && !strings.HasPrefix(refresh, "refresh-") {
		s.probes = append(s.probes, r.PostForm)
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
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

// log returns the requests so far, except for metadata.
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
