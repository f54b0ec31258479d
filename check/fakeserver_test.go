package check_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// fakeServer is an authorization server that is in order, but for what a test
// changes before the first request.
type fakeServer struct {
	*httptest.Server
	issuer string
	// oauth and oidc are the documents, nil: 404.
	oauth, oidc map[string]any
	keys        []any
	// header is changed by tests, for all answers.
	header http.Header
	// keysHeader wins over header.
	keysHeader http.Header
	// answers are whole answers by path, which win over all else.
	answers map[string]http.HandlerFunc
	noCORS  bool

	mu       sync.Mutex
	requests []string
	tokens   []string // of all requests
}

// newFakeServer starts a server. path is that of its issuer.
func newFakeServer(t *testing.T, path string, tls bool) *fakeServer {
	t.Helper()
	f := &fakeServer{header: http.Header{}, keysHeader: http.Header{}, answers: map[string]http.HandlerFunc{}}
	f.Server = httptest.NewUnstartedServer(f)
	if tls {
		f.StartTLS()
	} else {
		f.Start()
	}
	t.Cleanup(f.Close)
	f.issuer = f.URL + path
	f.oauth = map[string]any{
		"issuer":                                         f.issuer,
		"authorization_endpoint":                         f.URL + "/authorize",
		"token_endpoint":                                 f.URL + "/token",
		"registration_endpoint":                          f.URL + "/register",
		"introspection_endpoint":                         f.URL + "/introspect",
		"revocation_endpoint":                            f.URL + "/revoke",
		"jwks_uri":                                       f.URL + "/jwks",
		"response_types_supported":                       []string{"code"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"code_challenge_methods_supported":               []string{"S256"},
		"scopes_supported":                               []string{"read", "write", "offline_access"},
		"token_endpoint_auth_methods_supported":          []string{"none", "client_secret_basic"},
		"introspection_endpoint_auth_methods_supported":  []string{"client_secret_basic"},
		"dpop_signing_alg_values_supported":              []string{"ES256"},
		"id_token_signing_alg_values_supported":          []string{"ES256"},
		"client_id_metadata_document_supported":          true,
		"authorization_response_iss_parameter_supported": true,
	}
	f.oidc = maps.Clone(f.oauth)
	f.keys = []any{publicKey(t, ecKey(t), "one", "ES256")}
	f.header.Set("Cache-Control", "public, max-age=300")
	f.header.Set("Content-Type", "application/json")
	return f
}

// set changes a member of both documents; nil takes it out.
func (f *fakeServer) set(name string, value any) {
	for _, document := range []map[string]any{f.oauth, f.oidc} {
		if document[name] = value; value == nil {
			delete(document, name)
		}
	}
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method)
	f.tokens = append(f.tokens, r.Header.Get("Authorization"))
	f.mu.Unlock()
	if answer := f.answers[r.URL.Path]; answer != nil {
		answer(w, r)
		return
	}
	path := strings.TrimPrefix(f.issuer, f.URL)
	switch {
	case r.Method == http.MethodOptions && (r.URL.Path == "/token" || r.URL.Path == "/register"):
		f.allow(w)
		w.WriteHeader(http.StatusNoContent)
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case r.URL.Path == "/.well-known/oauth-authorization-server"+strings.TrimSuffix(path, "/"):
		f.document(w, r, f.oauth, nil)
	case r.URL.Path == strings.TrimSuffix(path, "/")+"/.well-known/openid-configuration":
		f.document(w, r, f.oidc, nil)
	case r.URL.Path == "/jwks":
		f.document(w, r, map[string]any{"keys": f.keys}, f.keysHeader)
	default:
		http.NotFound(w, r)
	}
}

func (f *fakeServer) allow(w http.ResponseWriter) {
	if !f.noCORS {
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}
}

func (f *fakeServer) document(w http.ResponseWriter, r *http.Request, document map[string]any, more http.Header) {
	if document == nil {
		http.NotFound(w, r)
		return
	}
	maps.Copy(w.Header(), f.header)
	maps.Copy(w.Header(), more)
	f.allow(w)
	_ = json.NewEncoder(w).Encode(document)
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func edKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// publicKey is a JWK for signatures.
func publicKey(t *testing.T, key crypto.Signer, kid, alg string) map[string]any {
	t.Helper()
	return asMap(t, jose.JSONWebKey{Key: key.Public(), KeyID: kid, Algorithm: alg, Use: "sig"})
}

func privateKey(t *testing.T, key crypto.Signer, kid, alg string) map[string]any {
	t.Helper()
	return asMap(t, jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: alg, Use: "sig"})
}

func asMap(t *testing.T, key jose.JSONWebKey) map[string]any {
	t.Helper()
	data, err := key.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}
