package parts

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// ClientDocument is a Client ID Metadata Document that is being served.
type ClientDocument struct {
	// URL is where it is, and the client's client_id.
	URL string
	// Certificates is a PEM file to verify the server's certificate with. Empty
	// means plain http.
	Certificates string
}

// ServeClientDocument serves the document of a public client over https: the
// TypeScript clients take no other URL, not even on loopback.
func ServeClientDocument(tb testing.TB, name string, redirectURIs ...string) ClientDocument {
	tb.Helper()
	mux := http.NewServeMux()
	server := httptest.NewTLSServer(mux)
	tb.Cleanup(server.Close)
	document := serveDocument(tb, mux, server.URL, name, redirectURIs)
	document.Certificates = filepath.Join(tb.TempDir(), "roots.pem")
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(document.Certificates, roots, 0o600); err != nil {
		tb.Fatal(err)
	}
	return document
}

// ServePlainClientDocument serves it over http.
func ServePlainClientDocument(tb testing.TB, name string, redirectURIs ...string) ClientDocument {
	tb.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	tb.Cleanup(server.Close)
	return serveDocument(tb, mux, server.URL, name, redirectURIs)
}

func serveDocument(tb testing.TB, mux *http.ServeMux, origin, name string, redirectURIs []string) ClientDocument {
	tb.Helper()
	const path = "/client.json"
	body, err := json.Marshal(map[string]any{
		"client_id":                  origin + path,
		"client_name":                name,
		"redirect_uris":              redirectURIs,
		"grant_types":                []string{"authorization_code", "refresh_token"},
		"response_types":             []string{"code"},
		"token_endpoint_auth_method": "none",
	})
	if err != nil {
		tb.Fatal(err)
	}
	mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
	return ClientDocument{URL: origin + path}
}
