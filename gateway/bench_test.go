package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/policy"
)

// discardWriter is a response that nobody reads.
type discardWriter struct{ header http.Header }

func (w *discardWriter) Header() http.Header         { return w.header }
func (w *discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *discardWriter) WriteHeader(int)             {}

// The deadlines are those of a connection, which cost little.
func (w *discardWriter) SetReadDeadline(time.Time) error  { return nil }
func (w *discardWriter) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkGateway is what the gateway costs on top of Auth.Protect, with an upstream
// in the same process.
func BenchmarkGateway(b *testing.B) {
	const identifier = "https://mcp.example.com/mcp"
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer as.Close()
	token, err := as.Token(mcpauthtest.TokenClaims{Audience: []string{identifier}})
	if err != nil {
		b.Fatal(err)
	}
	resource := mcpauth.Resource{
		Identifier: identifier, AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
		Policy: &policy.Policy{Default: policy.Authenticated(), ShowAll: true},
	}
	upstream := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json"}
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":7,"result":{}}`)
	})
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{resource}})
	if err != nil {
		b.Fatal(err)
	}
	defer auth.Close()
	g, err := gateway.New(gateway.Config{Resources: []gateway.Resource{{Resource: resource, Upstream: upstream}}})
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	for name, handler := range map[string]http.Handler{"protect": auth.Protect(upstream, mcpauth.WithoutToken()), "gateway": g} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			body := strings.NewReader(ping)
			r := httptest.NewRequest(http.MethodPost, identifier, body)
			for range 12 {
				r.Header.Set("X-Header-"+strings.Repeat("a", len(r.Header)), "some value")
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+token)
			w := &discardWriter{http.Header{}}
			for b.Loop() {
				body.Reset(ping)
				r.Body = io.NopCloser(body)
				clear(w.header)
				handler.ServeHTTP(w, r)
			}
		})
	}
}
