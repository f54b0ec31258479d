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

// ClientDocument is a Client ID Metadata Document that is being served, over
// https: the TypeScript clients take no other URL, not even on loopback.
type ClientDocument struct {
	// URL is where it is, and the client's client_id.
	URL string
	// Certificates is a PEM file with what the server's certificate is verified by.
	Certificates string
}

// ServeClientDocument serves the document of a public client.
func ServeClientDocument(tb testing.TB, name string, redirectURIs ...string) ClientDocument {
	tb.Helper()
	var body []byte
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}))
	tb.Cleanup(server.Close)
	document := ClientDocument{URL: server.URL + "/client.json", Certificates: filepath.Join(tb.TempDir(), "roots.pem")}
	var err error
	body, err = json.Marshal(map[string]any{
		"client_id":                  document.URL,
		"client_name":                name,
		"redirect_uris":              redirectURIs,
		"grant_types":                []string{"authorization_code", "refresh_token"},
		"response_types":             []string{"code"},
		"token_endpoint_auth_method": "none",
	})
	if err != nil {
		tb.Fatal(err)
	}
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(document.Certificates, roots, 0o600); err != nil {
		tb.Fatal(err)
	}
	return document
}
