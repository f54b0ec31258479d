package parts

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/proc"
)

// The pre-registered clients of an [AuthorizationServer], for client_credentials.
const (
	Machine      = "machine"       // gets at+jwt access tokens
	BriefMachine = "machine-brief" // gets at+jwt access tokens that live for BriefTTL
	OpaqueClient = "machine-opaque"
)

// BriefTTL is the lifetime of the tokens of [BriefMachine].
const BriefTTL = 2 * time.Second

const maxBody = 1 << 20

// Provider configures an [AuthorizationServer].
type Provider struct {
	// Scopes are known to every resource.
	Scopes []string
	// KeysFile holds the signing keys; they are made when it does not exist.
	// Empty means keys of this server's own, kept across restarts.
	KeysFile string
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
	process  *proc.Process
}

// authorizationServerSettings is what js/oidc-provider.mjs reads.
type authorizationServerSettings struct {
	Port     int              `json:"port"`
	KeysFile string           `json:"keysFile"`
	Scopes   []string         `json:"scopes"`
	Clients  []map[string]any `json:"clients"`
}

// StartAuthorizationServer starts an authorization server and waits until it
// is ready.
func StartAuthorizationServer(tb testing.TB, p Provider) *AuthorizationServer {
	tb.Helper()
	if p.KeysFile == "" {
		p.KeysFile = filepath.Join(tb.TempDir(), "keys.json")
	}
	s := &AuthorizationServer{KeysFile: p.KeysFile, secret: rand.Text()}
	s.settings = authorizationServerSettings{
		KeysFile: p.KeysFile,
		Scopes:   p.Scopes,
		Clients: []map[string]any{
			s.client(Machine, nil),
			s.client(BriefMachine, map[string]any{"access_token_ttl": int(BriefTTL / time.Second)}),
			s.client(OpaqueClient, map[string]any{"access_token_format": "opaque"}),
		},
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
	for name, value := range extra {
		c[name] = value
	}
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

// Token obtains an access token by client_credentials (RFC 6749 §4.4) for a
// resource (RFC 8707).
func (s *AuthorizationServer) Token(tb testing.TB, client, resource string, scopes ...string) string {
	tb.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {resource}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	token, err := s.requestToken(tb.Context(), client, form)
	if err != nil {
		tb.Fatalf("access token of %s for %s: %v", client, resource, err)
	}
	return token
}

func (s *AuthorizationServer) requestToken(ctx context.Context, client string, form url.Values) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(client, s.secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return "", err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK || answer.AccessToken == "" {
		return "", fmt.Errorf("status %d: %s: %s", resp.StatusCode, answer.Error, answer.Description)
	}
	return answer.AccessToken, nil
}
