package client_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/mcpauthtest"
)

// A development server that is restarted, and keeps nothing, has forgotten its
// clients: one visit of the browser is enough to log in again.
//
// Covers CL6.
func TestRestartedDevelopmentServer(t *testing.T) {
	t.Parallel()
	var running atomic.Pointer[mcpauthtest.Server]
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { running.Load().Handler().ServeHTTP(w, r) }))
	defer front.Close()
	var resource string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/mcp" {
			_ = json.NewEncoder(w).Encode(map[string]any{"resource": resource, "authorization_servers": []string{front.URL}})
			return
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	resource = server.URL + "/mcp"
	start := func() {
		as, err := mcpauthtest.New(mcpauthtest.Config{Issuer: front.URL, Resources: []string{resource}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(as.Close)
		running.Store(as)
	}
	store, visits := client.NewMemoryStore(), 0
	login := func() {
		t.Helper()
		c, err := client.New(client.Config{ServerURL: resource, Store: store, Grant: client.AuthorizationCode{
			Timeout: 20 * time.Second,
			OpenURL: func(ctx context.Context, target string) error {
				visits++
				callback, err := running.Load().UserAgent().Login(ctx, target)
				if err != nil {
					return err
				}
				response, err := http.Get(callback.String())
				if err != nil {
					return err
				}
				return response.Body.Close()
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	start()
	login()
	start()
	login()
	if visits != 2 {
		t.Errorf("%d visits for two logins", visits)
	}
}
