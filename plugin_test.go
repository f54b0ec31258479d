package mcpauth_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/network"
	"github.com/mcp-auth/go/reason"
)

type panickingStore struct{}

func (panickingStore) Bind(context.Context, string, string) (string, error) { panic("s3cret") }

type panickingCache struct{}

func (panickingCache) Seen(context.Context, string, time.Time) (bool, error) { panic("s3cret") }

// What users plug in may panic: the request is then answered as if it had failed,
// and the log says where, without the words of the panic.
func TestPanicsOfWhatIsPluggedIn(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	key := newDPoPKey(t)
	b := &bound{key: key, token: mint(t, server, mcpauthtest.BoundTo(key))}
	var nobody *verifierOfNobody
	for name, test := range map[string]struct {
		config  func(*mcpauth.Config)
		request mcpauth.Request
		want    reason.Reason
		says    string
	}{
		"Verifier": {
			func(c *mcpauth.Config) {
				*c = verifiedBy(func(context.Context, string) (*mcpauth.Claims, error) { panic("s3cret") })
			},
			bearer("x"), reason.ServerUnavailable, "the Verifier panicked with a value of type string",
		},
		"nil Verifier": {
			func(c *mcpauth.Config) {
				*c = verifiedBy(nil)
				c.Resources[0].AuthorizationServers[0].Verifier = nobody
			},
			bearer("x"), reason.ServerUnavailable, "the Verifier panicked: runtime error: invalid memory address or nil pointer dereference",
		},
		"SessionStore": {
			func(c *mcpauth.Config) { *c = trusting(server.Issuer()); c.Resources[0].Sessions = panickingStore{} },
			mcpauth.Request{Method: http.MethodPost, URL: "/mcp", Header: http.Header{"Authorization": {"Bearer " + mint(t, server)}, "Mcp-Session-Id": {"1"}}},
			reason.SessionStoreUnavailable, "the SessionStore panicked with a value of type string",
		},
		"ReplayCache": {
			func(c *mcpauth.Config) {
				*c = trusting(server.Issuer())
				c.Resources[0].DPoP = &mcpauth.DPoP{ReplayCache: panickingCache{}}
			},
			b.request(t, ""), reason.ReplayCacheUnavailable, "the ReplayCache panicked with a value of type string",
		},
		"RepairMetadata": {
			func(c *mcpauth.Config) {
				*c = trusting(server.Issuer())
				c.Resources[0].AuthorizationServers[0].RepairMetadata = func([]byte) ([]byte, error) { panic("s3cret") }
			},
			bearer(mint(t, server)), reason.ServerUnavailable, "the repair function panicked with a value of type string",
		},
		"RepairJWKS": {
			func(c *mcpauth.Config) {
				*c = trusting(server.Issuer())
				c.Resources[0].AuthorizationServers[0].RepairJWKS = func([]byte) ([]byte, error) { panic("s3cret") }
			},
			bearer(mint(t, server)), reason.ServerUnavailable, "the repair function panicked with a value of type string",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var config mcpauth.Config
			test.config(&config)
			var log logBuffer
			config.Logger = log.logger()
			auth := newAuth(t, config)
			_, err := auth.Authorize(t.Context(), test.request)
			refused, ok := err.(*mcpauth.Challenge)
			if !ok || refused.Status != http.StatusServiceUnavailable || refused.Reason != test.want || refused.RetryAfter <= 0 {
				t.Fatalf("got %v, want 503 for %s", err, test.want)
			}
			text := log.String()
			if !strings.Contains(text, test.says) || !strings.Contains(text, "stack=") || strings.Contains(text, "s3cret") {
				t.Errorf("the log: %s", text)
			}
		})
	}
}

type verifierOfNobody struct{ who string }

func (v *verifierOfNobody) Verify(context.Context, string) (*mcpauth.Claims, error) {
	return &mcpauth.Claims{Subject: v.who}, nil
}

// A store that panics while a response is written keeps back that response only.
func TestStorePanicsWithTheResponse(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	config.Resources[0].Sessions = panickingStore{}
	handler := newAuth(t, config).Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Mcp-Session-Id", "new")
	}))
	w := do(t, handler, http.MethodPost, "/mcp", "Authorization", "Bearer "+mint(t, server))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Mcp-Session-Id") != "" {
		t.Errorf("status %d, session %q", w.Code, w.Header().Get("Mcp-Session-Id"))
	}
}

type panickingLog struct{ slog.Handler }

func (panickingLog) Enabled(_ context.Context, level slog.Level) bool {
	if level == slog.LevelDebug {
		panic("s3cret")
	}
	return true
}
func (panickingLog) Handle(context.Context, slog.Record) error { panic("s3cret") }

// A log that panics keeps no answer from its caller.
func TestLogPanics(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	config := trusting(server.Issuer())
	config.Logger = slog.New(panickingLog{})
	handler := newAuth(t, config).Protect(http.NotFoundHandler())
	for _, headers := range [][]string{nil, {"Authorization", "Bearer x"}} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
		if headers != nil {
			r.Header.Set(headers[0], headers[1])
		}
		if handler.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
			t.Errorf("%q: status %d", headers, w.Code)
		}
	}
}

// Covers RS8. At the start, too, a repair function that panics is an error.
func TestDiscoverWithPanickingRepair(t *testing.T) {
	t.Parallel()
	server := newServer(t, mcpauthtest.Config{})
	_, err := mcpauth.DiscoverAuthorizationServer(t.Context(), mcpauth.AuthorizationServer{
		Issuer: server.Issuer(), RepairMetadata: func([]byte) ([]byte, error) { panic("s3cret") },
	}, network.Settings{})
	if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "the repair function panicked") {
		t.Errorf("got %v", err)
	}
}
