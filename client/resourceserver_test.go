package client

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

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
		if !slices.ContainsFunc(strings.Fields(need), func(s string) bool { return !slices.Contains(scopes, s) }) {
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
