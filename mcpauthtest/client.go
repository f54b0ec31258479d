package mcpauthtest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Grant types.
const (
	grantAuthorizationCode = "authorization_code"
	grantRefreshToken      = "refresh_token"
	grantClientCredentials = "client_credentials"
)

// Ways to authenticate at the token endpoint (RFC 7591 §2).
const (
	authNone  = "none"
	authBasic = "client_secret_basic"
	authPost  = "client_secret_post"
)

func grantTypesSupported() []string {
	return []string{grantAuthorizationCode, grantRefreshToken, grantClientCredentials}
}

func authMethodsSupported() []string { return []string{authNone, authBasic, authPost} }

// client is a registered client. It is never changed.
type client struct {
	id           string
	name         string
	confidential bool
	secretHash   [sha256.Size]byte
	redirectURIs []string
	grantTypes   []string
	expires      time.Time // of dynamic ones
}

func configuredClients(configured []Client) map[string]*client {
	clients := make(map[string]*client, len(configured))
	for _, c := range configured {
		clients[c.ID] = &client{
			id: c.ID, name: c.Name,
			confidential: c.Secret != "", secretHash: sha256.Sum256([]byte(c.Secret)),
			redirectURIs: c.RedirectURIs, grantTypes: c.GrantTypes,
		}
	}
	return clients
}

func (c *client) may(grantType string) bool { return slices.Contains(c.grantTypes, grantType) }

func (c *client) knows(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(sum[:], c.secretHash[:]) == 1
}

// findClient returns a client, or errUnknown.
func (s *Server) findClient(ctx context.Context, id string) (*client, error) {
	if c, ok := s.clients[id]; ok {
		return c, nil
	}
	return s.store.client(ctx, id, s.now())
}

// authenticate returns the client that sent a token request (RFC 6749 §2.3).
// Either way to send a secret is good for every client that has one. A public
// client may use Basic with an empty password: libraries that do not know how
// the server wants it try that first.
func (s *Server) authenticate(r *http.Request, p parameters) (*client, *oauthError) {
	id, secret, failed := credentials(r, p)
	if failed != nil {
		return nil, failed
	}
	c, err := s.findClient(r.Context(), id)
	if errors.Is(err, errUnknown) {
		return nil, invalidClient("the client is unknown, or its registration has expired")
	}
	if err != nil {
		return nil, s.serverError(r, err)
	}
	if !c.confidential && secret != "" {
		return nil, invalidClient("the client has no secret")
	}
	if c.confidential && !c.knows(secret) {
		return nil, invalidClient("the client secret is missing or wrong")
	}
	return c, nil
}

// credentials reads client_id and secret from the one place where they stand.
func credentials(r *http.Request, p parameters) (id, secret string, failed *oauthError) {
	if r.Header.Get("Authorization") == "" {
		if p.get("client_id") == "" {
			return "", "", invalidClient("the client_id is missing")
		}
		return p.get("client_id"), p.get("client_secret"), nil
	}
	user, password, ok := r.BasicAuth()
	if !ok || len(r.Header["Authorization"]) != 1 {
		return "", "", invalidClient("the Authorization header is not one of Basic")
	}
	if p.get("client_secret") != "" {
		return "", "", invalidRequest("client credentials were sent in two ways")
	}
	id, errID := url.QueryUnescape(user) // RFC 6749 §2.3.1
	secret, errSecret := url.QueryUnescape(password)
	if errID != nil || errSecret != nil || id == "" {
		return "", "", invalidClient("the Basic credentials are malformed")
	}
	if other := p.get("client_id"); other != "" && other != id {
		return "", "", invalidRequest("client_id differs from the Basic credentials")
	}
	return id, secret, nil
}

// redirectURI returns where an authorization response goes: asked as it is, if
// it matches a registered one. It may be left out by a client that has one only.
func (c *client) redirectURI(asked string) (string, bool) {
	if asked == "" {
		if len(c.redirectURIs) != 1 {
			return "", false
		}
		return c.redirectURIs[0], true
	}
	for _, registered := range c.redirectURIs {
		if redirectMatches(registered, asked) {
			return asked, true
		}
	}
	return "", false
}

// redirectMatches compares byte for byte, ports of loopback http URLs aside
// (RFC 8252 §7.3).
func redirectMatches(registered, asked string) bool {
	if registered == asked {
		return true
	}
	registeredHost, registeredRest, ok := cutLoopback(registered)
	if !ok {
		return false
	}
	askedHost, askedRest, ok := cutLoopback(asked)
	return ok && registeredHost == askedHost && registeredRest == askedRest
}

// cutLoopback takes the port out of an http URL on loopback.
func cutLoopback(uri string) (host, rest string, ok bool) {
	authority, ok := strings.CutPrefix(uri, "http://")
	if !ok {
		return "", "", false
	}
	if i := strings.IndexAny(authority, "/?#"); i >= 0 {
		authority, rest = authority[:i], authority[i:]
	}
	for _, host := range []string{"127.0.0.1", "[::1]", "localhost"} {
		port, found := strings.CutPrefix(authority, host)
		if found && (port == "" || port[0] == ':' && digits(port[1:])) {
			return host, rest, true
		}
	}
	return "", "", false
}

func digits(s string) bool {
	return s != "" && len(s) <= 5 && strings.Trim(s, "0123456789") == ""
}

// checkRedirectURI says why uri cannot be a redirect URI.
func checkRedirectURI(uri string) error {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || len(uri) > maxValueBytes || !printableASCII(uri) {
		return errors.New("is not an absolute URL")
	}
	if !secureURL(u) {
		return errors.New("must be https, or http on a loopback host")
	}
	if u.User != nil || strings.Contains(uri, "#") {
		return errors.New("must not have user information or a fragment")
	}
	return nil
}
