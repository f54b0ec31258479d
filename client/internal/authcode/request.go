// Package authcode makes authorization requests (OAuth 2.1 §4.1, PKCE with S256)
// and validates their responses.
package authcode

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authserver"
)

// scopeOfflineAccess requests a refresh token (OpenID Connect Core §11).
const scopeOfflineAccess = "offline_access"

// Request is an authorization request.
type Request struct {
	// Server is the validated metadata of the authorization server.
	Server      *authserver.Server
	ClientID    string
	RedirectURI string
	Resource    string
	Scopes      []string
	// Thumbprint is the thumbprint of the key to bind the token to, empty if it
	// is not to be bound.
	Thumbprint string
}

// Attempt is an authorization request with the secrets of one login.
type Attempt struct {
	request  Request
	state    string
	verifier string
}

// New returns an attempt with a new state and code verifier.
func New(r Request) *Attempt {
	return &Attempt{r, rand.Text(), rand.Text() + rand.Text()} // 52 characters (RFC 7636 §4.1)
}

// Verifier returns the PKCE code verifier.
func (a *Attempt) Verifier() string { return a.verifier }

// URL returns the authorization URL, to which the user is sent (RFC 6749 §4.1.1,
// RFC 7636 §4.3, RFC 8707 §2.1, RFC 9449 §10).
func (a *Attempt) URL() (string, error) {
	r := a.request
	target, err := url.Parse(r.Server.AuthorizationEndpoint)
	if err != nil {
		return "", &clienterr.UnsuitableError{Issuer: r.Server.Issuer, Reason: "its authorization_endpoint is not a URL"}
	}
	sum := sha256.Sum256([]byte(a.verifier))
	query := target.Query()
	for name, value := range map[string]string{
		"response_type":         "code",
		"client_id":             r.ClientID,
		"redirect_uri":          r.RedirectURI,
		"state":                 a.state,
		"code_challenge":        base64.RawURLEncoding.EncodeToString(sum[:]),
		"code_challenge_method": "S256",
	} {
		query.Set(name, value)
	}
	if !r.Server.Settings.OmitResource {
		query.Set("resource", r.Resource)
	}
	if len(r.Scopes) > 0 {
		query.Set("scope", strings.Join(r.Scopes, " "))
	}
	if slices.Contains(r.Scopes, scopeOfflineAccess) {
		// OpenID providers ignore offline_access without it (OpenID Connect Core §11).
		query.Set("prompt", "consent")
	}
	if r.Thumbprint != "" {
		query.Set("dpop_jkt", r.Thumbprint)
	}
	for name, value := range r.Server.Settings.AuthorizationParameters {
		query.Set(name, value)
	}
	target.RawQuery = query.Encode()
	return target.String(), nil
}

// CheckServer returns a [*clienterr.UnsuitableError] if the authorization code
// flow of MCP is not possible or not safe with a server.
func CheckServer(as *authserver.Server) error {
	reason := ""
	switch {
	case as.AuthorizationEndpoint == "":
		reason = "its metadata has no authorization_endpoint"
	case as.RequirePushedAuthorizationRequests:
		reason = "it requires pushed authorization requests, which this client does not support"
	case len(as.CodeChallengeMethodsSupported) == 0 && !as.Settings.AssumePKCE:
		return &clienterr.UnsuitableError{
			Issuer: as.Issuer, PKCENotAdvertised: true,
			Reason: "its metadata has no code_challenge_methods_supported, so nothing shows that it supports PKCE",
		}
	case len(as.CodeChallengeMethodsSupported) > 0 && !slices.Contains(as.CodeChallengeMethodsSupported, "S256"):
		reason = "code_challenge_methods_supported lacks S256"
	}
	if reason != "" {
		return &clienterr.UnsuitableError{Issuer: as.Issuer, Reason: reason}
	}
	return nil
}
