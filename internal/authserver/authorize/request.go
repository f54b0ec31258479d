// Package authorize is the authorization endpoint (RFC 6749 §3.1). It checks
// authorization requests, leaves it to a [Login] to find out who the user is and
// whether they consent, and sends the code to the client.
package authorize

import (
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/oauth"
)

// Request is an authorization request that was found to be valid.
type Request struct {
	Client      *client.Client
	RedirectURI string
	State       string
	Scopes      []string
	Resources   []string
	Challenge   string // code_challenge, S256
	Nonce       string
	JKT         string // dpop_jkt (RFC 9449 §10)
	LoginHint   string
	Silent      bool // prompt=none
}

// parse checks everything but client and redirect URI.
func parse(p oauth.Parameters, c *client.Client, redirectURI string, supported *oauth.Supported) (*Request, error) {
	for _, check := range []func(oauth.Parameters) error{oauth.Parameters.Check, checkForm, checkChallenge} {
		if err := check(p); err != nil {
			return nil, err
		}
	}
	if jkt := p.Get("dpop_jkt"); jkt != "" && !grant.ValidHash(jkt) {
		return nil, oauth.InvalidRequest("dpop_jkt is not the base64url form of a SHA-256 thumbprint")
	}
	if !c.May(oauth.GrantAuthorizationCode) {
		return nil, oauth.UnauthorizedClient("the client may not use authorization_code")
	}
	scopes, err := supported.RequestedScopes(p)
	if err != nil {
		return nil, err
	}
	resources, err := supported.RequestedResources(p)
	if err != nil {
		return nil, err
	}
	return &Request{
		Client:      c,
		RedirectURI: redirectURI,
		State:       p.Get("state"),
		Scopes:      scopes,
		Resources:   resources,
		Challenge:   p.Get("code_challenge"),
		Nonce:       p.Get("nonce"),
		JKT:         p.Get("dpop_jkt"),
		LoginHint:   p.Get("login_hint"),
		Silent:      slices.Contains(strings.Fields(p.Get("prompt")), "none"),
	}, nil
}

// checkForm refuses the forms of request that the endpoint does not offer.
func checkForm(p oauth.Parameters) error {
	if p.Get("request") != "" {
		return oauth.BadRequest("request_not_supported", "request objects are not supported")
	}
	if p.Get("request_uri") != "" {
		return oauth.BadRequest("request_uri_not_supported", "request_uri is not supported")
	}
	switch p.Get("response_type") {
	case "":
		return oauth.InvalidRequest("response_type is missing")
	case "code":
	default:
		return oauth.BadRequest("unsupported_response_type", "the only response_type is code")
	}
	if mode := p.Get("response_mode"); mode != "" && mode != "query" {
		return oauth.InvalidRequest("the only response_mode is query")
	}
	return nil
}

// checkChallenge demands PKCE with S256 (RFC 7636 §4.3).
func checkChallenge(p oauth.Parameters) error {
	if p.Get("code_challenge") == "" {
		return oauth.InvalidRequest("code_challenge is missing, PKCE is required")
	}
	if p.Get("code_challenge_method") != "S256" {
		return oauth.InvalidRequest("code_challenge_method must be S256")
	}
	if !grant.ValidHash(p.Get("code_challenge")) {
		return oauth.InvalidRequest("code_challenge is not the base64url form of a SHA-256 hash")
	}
	return nil
}
