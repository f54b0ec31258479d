package mcpauth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpauthtest"
)

func newAuth(t *testing.T, config mcpauth.Config) *mcpauth.Auth {
	t.Helper()
	auth, err := mcpauth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := auth.Close(); err != nil {
			t.Error(err)
		}
	})
	return auth
}

func newServer(t *testing.T, config mcpauthtest.Config) *mcpauthtest.Server {
	t.Helper()
	server, err := mcpauthtest.NewServer(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// newClocked makes an authorization server and an Auth that trusts it, with one
// clock for both.
func newClocked(t *testing.T, config mcpauthtest.Config) (*clock, *mcpauthtest.Server, *mcpauth.Auth) {
	t.Helper()
	c := newClock()
	config.Now = c.now
	server := newServer(t, config)
	trust := trusting(server.Issuer())
	trust.Now = c.now
	return c, server, newAuth(t, trust)
}

// admitted mints a token and has it admitted, so that keys are fetched.
func admitted(t *testing.T, server *mcpauthtest.Server, auth *mcpauth.Auth) string {
	t.Helper()
	token := mint(t, server)
	if got := status(auth, token); got != http.StatusOK {
		t.Fatalf("a good token: %d", got)
	}
	return token
}

// rotate withdraws all keys at once.
func rotate(t *testing.T, server *mcpauthtest.Server) {
	t.Helper()
	if err := server.RotateKeys(mcpauthtest.DropOldKeys()); err != nil {
		t.Fatal(err)
	}
}

// trusting is a configuration with one resource that trusts the servers.
func trusting(issuers ...string) mcpauth.Config {
	config := oneResource()
	config.Resources[0].AuthorizationServers = nil
	for _, issuer := range issuers {
		config.Resources[0].AuthorizationServers = append(config.Resources[0].AuthorizationServers, mcpauth.AuthorizationServer{Issuer: issuer})
	}
	return config
}

func mint(t *testing.T, server *mcpauthtest.Server, options ...mcpauthtest.TokenOption) string {
	t.Helper()
	token, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{resourceID}, Scopes: []string{"read"}}, options...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func bearer(token string) mcpauth.Request {
	return mcpauth.Request{Method: http.MethodPost, URL: "/mcp", Header: http.Header{"Authorization": {"Bearer " + token}}}
}

// status authorizes a token and tells the status, 200 if it is admitted.
func status(auth *mcpauth.Auth, token string) int {
	_, err := auth.Authorize(context.Background(), bearer(token))
	if err == nil {
		return http.StatusOK
	}
	return err.(*mcpauth.Challenge).Status
}

func get(t *testing.T, h http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return do(t, h, http.MethodGet, target, headers...)
}

func do(t *testing.T, h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// repairIssuer mends a document that names a wrong issuer.
func repairIssuer(issuer string) func([]byte) ([]byte, error) {
	return func(document []byte) ([]byte, error) {
		var members map[string]any
		if err := json.Unmarshal(document, &members); err != nil {
			return nil, err
		}
		members["issuer"] = issuer
		return json.Marshal(members)
	}
}
