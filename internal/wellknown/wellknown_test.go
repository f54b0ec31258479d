package wellknown_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/metadata"
)

// Covers RS18, RS19.
func TestSenderConstraintMetadata(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change     func(*mcpauth.Resource)
		algorithms []string
		dpop, mtls bool
	}{
		"neither":       {func(*mcpauth.Resource) {}, nil, false, false},
		"DPoP":          {func(r *mcpauth.Resource) { r.DPoP = &mcpauth.DPoP{Algorithms: []string{"ES256"}} }, []string{"ES256"}, false, false},
		"DPoP required": {func(r *mcpauth.Resource) { r.DPoP = &mcpauth.DPoP{Required: true} }, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}, true, false},
		"mutual TLS":    {func(r *mcpauth.Resource) { r.MTLS = &mcpauth.MTLS{} }, nil, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := authtest.OneResource()
			test.change(&config.Resources[0])
			w := authtest.Get(t, authtest.NewAuth(t, config).MetadataHandler(), "/.well-known/oauth-protected-resource/mcp")
			doc, err := metadata.ParseProtectedResource(w.Body.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(doc.DPoPSigningAlgValuesSupported, test.algorithms) || doc.DPoPBoundAccessTokensRequired != test.dpop ||
				doc.TLSClientCertificateBoundAccessTokens != test.mtls {
				t.Errorf("%s", w.Body)
			}
			var members map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &members); err != nil {
				t.Fatal(err)
			}
			if _, said := members["dpop_signing_alg_values_supported"]; said != (test.algorithms != nil) {
				t.Errorf("members %q", slices.Sorted(maps.Keys(members)))
			}
		})
	}
}

// Covers RS1, RS2.
func TestMetadataPaths(t *testing.T) {
	t.Parallel()
	const root, one, two = "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/one", "/.well-known/oauth-protected-resource/two"
	for name, test := range map[string]struct {
		identifiers []string
		host        string
		want        map[string]string // path to identifier, "" for 404
	}{
		"one with path":       {[]string{"https://a.example/one"}, "", map[string]string{one: "https://a.example/one", root: "https://a.example/one", two: "", root + "/": "", one + "/": ""}},
		"root":                {[]string{"https://a.example"}, "", map[string]string{root: "https://a.example", one: ""}},
		"root slash":          {[]string{"https://a.example/"}, "", map[string]string{root: "https://a.example/"}},
		"trailing slash":      {[]string{"https://a.example/one/"}, "", map[string]string{one + "/": "https://a.example/one/", one: ""}},
		"query":               {[]string{"https://a.example/one?x=1"}, "", map[string]string{one + "?x=1": "https://a.example/one?x=1", one: "", one + "?x=2": "", root: "https://a.example/one?x=1"}},
		"ignored query":       {[]string{"https://a.example/one"}, "", map[string]string{one + "?x=1": "https://a.example/one"}},
		"two paths":           {[]string{"https://a.example/one", "https://a.example/two"}, "", map[string]string{one: "https://a.example/one", two: "https://a.example/two", root: ""}},
		"root and path":       {[]string{"https://a.example/", "https://a.example/two"}, "", map[string]string{root: "https://a.example/", two: "https://a.example/two"}},
		"two hosts, a":        {[]string{"https://a.example/one", "https://b.example/one"}, "a.example", map[string]string{one: "https://a.example/one", root: "https://a.example/one"}},
		"two hosts, b":        {[]string{"https://a.example/one", "https://b.example/one"}, "B.example", map[string]string{one: "https://b.example/one", root: "https://b.example/one"}},
		"unknown host":        {[]string{"https://a.example/one", "https://b.example/one"}, "c.example", map[string]string{one: "", root: ""}},
		"one, any host":       {[]string{"https://a.example/one"}, "evil.example", map[string]string{one: "https://a.example/one"}},
		"root elsewhere":      {[]string{"https://a.example", "https://b.example/two"}, "b.example", map[string]string{root: "https://b.example/two", two: "https://b.example/two"}},
		"root behind a proxy": {[]string{"https://a.example", "https://a.example/two"}, "internal", map[string]string{root: "https://a.example", two: "https://a.example/two"}},
		"three, two here":     {[]string{"https://a.example/one", "https://a.example/two", "https://b.example/one"}, "a.example", map[string]string{root: "", one: "https://a.example/one"}},
		"two by query":        {[]string{"https://a.example/one?x=1", "https://a.example/one?x=2"}, "", map[string]string{root: "", one + "?x=2": "https://a.example/one?x=2"}},
		"escaped":             {[]string{"https://a.example/a%2Fb"}, "", map[string]string{root + "/a%2Fb": "https://a.example/a%2Fb", root + "/a/b": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := authtest.NewAuth(t, authtest.Resources(test.identifiers...)).MetadataHandler()
			for path, want := range test.want {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				if test.host != "" {
					r.Host = test.host
				}
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if want == "" {
					if w.Code != http.StatusNotFound {
						t.Errorf("%s: status %d, want 404", path, w.Code)
					}
					continue
				}
				doc, err := metadata.ParseProtectedResource(w.Body.Bytes())
				if err != nil {
					t.Fatalf("%s: status %d: %v", path, w.Code, err)
				}
				if doc.Resource != want || !slices.Equal(doc.AuthorizationServers, []string{authtest.IssuerID}) {
					t.Errorf("%s: resource %q by %q, want %q", path, doc.Resource, doc.AuthorizationServers, want)
				}
			}
		})
	}
}

// Covers RS1.
func TestMetadataMembers(t *testing.T) {
	t.Parallel()
	config := authtest.OneResource()
	r := &config.Resources[0]
	r.ScopesSupported = []string{"read"}
	r.Name, r.Documentation, r.PolicyURI, r.TOSURI = "Notes", "https://d.example", "https://p.example", "https://t.example"
	r.JWKSURI, r.SigningAlgValues, r.AuthorizationDetailsTypes = "https://k.example", []string{"ES256"}, []string{"x"}
	r.Extra = map[string]any{"resource_name#de": "Notizen"}
	w := authtest.Get(t, authtest.NewAuth(t, config).MetadataHandler(), "/.well-known/oauth-protected-resource/mcp")
	var got, want map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{
		"resource": "https://api.example.com/mcp", "authorization_servers": ["https://auth.example.com"],
		"scopes_supported": ["read"], "bearer_methods_supported": ["header"], "resource_name": "Notes",
		"resource_documentation": "https://d.example", "resource_policy_uri": "https://p.example",
		"resource_tos_uri": "https://t.example", "jwks_uri": "https://k.example",
		"resource_signing_alg_values_supported": ["ES256"], "authorization_details_types_supported": ["x"],
		"resource_name#de": "Notizen"}`), &want); err != nil {
		t.Fatal(err)
	}
	if g, w := marshal(t, got), marshal(t, want); g != w {
		t.Errorf("got  %s\nwant %s", g, w)
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Covers RS2, RS20.
func TestMetadataMethods(t *testing.T) {
	t.Parallel()
	handler := authtest.NewAuth(t, authtest.OneResource()).MetadataHandler()
	const path = "/.well-known/oauth-protected-resource/mcp"
	full := authtest.Get(t, handler, path, "Origin", "https://app.example", "Mcp-Protocol-Version", "2025-11-25")
	etag := full.Header().Get("ETag")
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*",
	} {
		if got := full.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	head := authtest.Do(t, handler, http.MethodHead, path)
	if head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("Content-Length") != full.Header().Get("Content-Length") {
		t.Errorf("HEAD: %d with %d bytes, headers %v", head.Code, head.Body.Len(), head.Header())
	}
	if w := authtest.Get(t, handler, path, "If-None-Match", `"x", W/`+etag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("If-None-Match: %d with %d bytes", w.Code, w.Body.Len())
	}
	preflight := authtest.Do(t, handler, http.MethodOptions, path, "Origin", "https://app.example",
		"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "mcp-protocol-version")
	if preflight.Code/100 != 2 || preflight.Header().Get("Access-Control-Allow-Origin") != "*" || preflight.Header().Get("Access-Control-Allow-Headers") == "" {
		t.Errorf("preflight: %d, %v", preflight.Code, preflight.Header())
	}
	if w := authtest.Do(t, handler, http.MethodOptions, path); w.Code != http.StatusNoContent || w.Header().Get("Allow") == "" {
		t.Errorf("OPTIONS: %d, %v", w.Code, w.Header())
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, "X"} {
		if w := authtest.Do(t, handler, method, path); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("%s: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}
