package parts

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/proc"
)

// The pre-registered clients of an [AuthorizationServer]. Machines ask for
// tokens by client_credentials, apps sign users in and have no secret.
const (
	Machine      = "machine"       // gets at+jwt access tokens
	BriefMachine = "machine-brief" // gets at+jwt access tokens that live for BriefTTL
	OpaqueClient = "machine-opaque"
	BriefOpaque  = "machine-opaque-brief" // gets opaque tokens that live for BriefTTL
	App          = "app"                  // gets at+jwt access tokens
	OpaqueApp    = "app-opaque"
)

// BriefTTL is the lifetime of the tokens of [BriefMachine] and [BriefOpaque].
const BriefTTL = 5 * time.Second

// redirectURI is where js/oauth.mjs has users sent back to.
const redirectURI = "http://127.0.0.1:33418/callback"

const maxBody = 1 << 20

// Provider configures an [AuthorizationServer].
type Provider struct {
	// Scopes are known to every resource.
	Scopes []string
	// KeysFile holds the signing keys; they are made when it does not exist.
	// Empty means keys of this server's own, kept across restarts.
	KeysFile string
	// Nonces demands a nonce of the server in DPoP proofs.
	Nonces bool
}

// AuthorizationServer is npm oidc-provider on a free port of 127.0.0.1. It
// issues access tokens for any resource on 127.0.0.1.
type AuthorizationServer struct {
	// Issuer is its issuer identifier.
	Issuer string
	// KeysFile holds its signing keys.
	KeysFile string

	settings authorizationServerSettings
	secret   string
	key      *ecdsa.PrivateKey
	process  *proc.Process
}

// authorizationServerSettings is what js/oidc-provider.mjs reads.
type authorizationServerSettings struct {
	Port     int              `json:"port"`
	KeysFile string           `json:"keysFile"`
	Scopes   []string         `json:"scopes"`
	Nonces   bool             `json:"nonces"`
	Clients  []map[string]any `json:"clients"`
}

// StartAuthorizationServer starts an authorization server and waits until it
// is ready.
func StartAuthorizationServer(tb testing.TB, p Provider) *AuthorizationServer {
	tb.Helper()
	if p.KeysFile == "" {
		p.KeysFile = filepath.Join(tb.TempDir(), "keys.json")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	s := &AuthorizationServer{KeysFile: p.KeysFile, secret: rand.Text(), key: key}
	s.settings = authorizationServerSettings{
		KeysFile: p.KeysFile,
		Scopes:   p.Scopes,
		Nonces:   p.Nonces,
		Clients: append(s.introspectors(tb),
			s.client(Machine, nil),
			s.client(BriefMachine, map[string]any{"access_token_ttl": int(BriefTTL / time.Second)}),
			s.client(OpaqueClient, map[string]any{"access_token_format": "opaque"}),
			s.client(BriefOpaque, map[string]any{
				"access_token_format": "opaque",
				"access_token_ttl":    int(BriefTTL / time.Second),
			}),
			app(App, nil),
			app(OpaqueApp, map[string]any{"access_token_format": "opaque"}),
		),
	}
	s.Start(tb)
	return s
}

func (s *AuthorizationServer) client(id string, extra map[string]any) map[string]any {
	c := map[string]any{
		"client_id":                  id,
		"client_secret":              s.secret,
		"grant_types":                []string{"client_credentials"},
		"token_endpoint_auth_method": "client_secret_basic",
	}
	maps.Copy(c, extra)
	return c
}

func app(id string, extra map[string]any) map[string]any {
	c := map[string]any{
		"client_id":                  id,
		"application_type":           "native",
		"redirect_uris":              []string{redirectURI},
		"response_types":             []string{"code"},
		"grant_types":                []string{"authorization_code", "refresh_token"},
		"token_endpoint_auth_method": "none",
	}
	maps.Copy(c, extra)
	return c
}

// Start starts the server again, after [AuthorizationServer.Stop], under the
// same issuer and with the same keys.
func (s *AuthorizationServer) Start(tb testing.TB) {
	tb.Helper()
	settings, err := json.Marshal(s.settings)
	if err != nil {
		tb.Fatal(err)
	}
	s.process = proc.Start(tb, proc.Command{
		Name: "oidc-provider",
		Path: "node",
		Args: []string{path(tb, "js", "oidc-provider.mjs")},
		Env:  []string{"INTEROP_AUTHORIZATION_SERVER=" + string(settings)},
	})
	ctx, cancel := context.WithTimeout(tb.Context(), startTimeout)
	defer cancel()
	var ready struct {
		Issuer string `json:"issuer"`
	}
	_, err = s.process.Line(ctx, func(line string) bool {
		return json.Unmarshal([]byte(line), &ready) == nil && ready.Issuer != ""
	})
	if err != nil {
		tb.Fatal(err)
	}
	u, err := url.Parse(ready.Issuer)
	if err != nil {
		tb.Fatal(err)
	}
	if s.settings.Port, err = strconv.Atoi(u.Port()); err != nil {
		tb.Fatal(err)
	}
	s.Issuer = ready.Issuer
}

// Stop stops the server. Its port then refuses connections.
func (s *AuthorizationServer) Stop() { s.process.Stop() }

// Secret returns the secret of the pre-registered clients that have one.
func (s *AuthorizationServer) Secret() string { return s.secret }

// Token obtains an access token by client_credentials (RFC 6749 §4.4) for a
// resource (RFC 8707).
func (s *AuthorizationServer) Token(tb testing.TB, client, resource string, scopes ...string) string {
	tb.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {resource}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	body, err := s.post(tb.Context(), "/token", client, form)
	if err != nil {
		tb.Fatalf("access token of %s for %s: %v", client, resource, err)
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.AccessToken == "" {
		tb.Fatalf("access token of %s for %s: none in the answer (%v)", client, resource, err)
	}
	return answer.AccessToken
}

// Revoke revokes an access token of a client (RFC 7009).
func (s *AuthorizationServer) Revoke(tb testing.TB, client, token string) {
	tb.Helper()
	if _, err := s.post(tb.Context(), "/token/revocation", client, url.Values{"token": {token}}); err != nil {
		tb.Fatalf("revoke a token of %s: %v", client, err)
	}
}

// post sends a form as a client and returns the body of the answer.
func (s *AuthorizationServer) post(ctx context.Context, endpoint, client string, form url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Issuer+endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(client, s.secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	return body, nil
}
