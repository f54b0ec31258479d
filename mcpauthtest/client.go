package mcpauthtest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/jose"
)

// Grant types.
const (
	grantAuthorizationCode = "authorization_code"
	grantRefreshToken      = "refresh_token"
	grantClientCredentials = "client_credentials"
	grantJWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"     // RFC 7523 §2.1
	grantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange" // RFC 8693 §2.1
)

// Ways to authenticate at the token endpoint (RFC 7591 §2).
const (
	authNone       = "none"
	authBasic      = "client_secret_basic"
	authPost       = "client_secret_post"
	authPrivateKey = "private_key_jwt"
)

func grantTypesSupported() []string {
	return []string{
		grantAuthorizationCode, grantRefreshToken, grantClientCredentials, grantJWTBearer, grantTokenExchange,
	}
}

func authMethodsSupported() []string { return []string{authNone, authBasic, authPost, authPrivateKey} }

func confidentialMethods() []string { return []string{authBasic, authPost, authPrivateKey} }

// client is a registered client. It is never changed.
type client struct {
	id           string
	name         string
	origin       clientOrigin
	secretHash   []byte     // nil without a secret
	keys         *keySource // nil without keys
	dpopBound    bool
	redirectURIs []string
	grantTypes   []string
}

// clientOrigin tells how far a client is known.
type clientOrigin int

const (
	configured     clientOrigin = iota
	selfRegistered              // RFC 7591
	selfDescribed               // by a Client ID Metadata Document
)

func (c *client) confidential() bool { return c.secretHash != nil || c.keys != nil }

func configuredClients(configured []Client) (map[string]*client, error) {
	clients := make(map[string]*client, len(configured))
	for i, c := range configured {
		made := &client{
			id: c.ID, name: c.Name, dpopBound: c.DPoPBound,
			redirectURIs: c.RedirectURIs, grantTypes: c.GrantTypes,
		}
		if c.Secret != "" {
			made.secretHash = hashSecret(c.Secret)
		}
		if len(c.JWKS) > 0 || c.JWKSURI != "" {
			keys, err := newKeySource(c.JWKS, c.JWKSURI)
			if err != nil {
				return nil, &ConfigError{fmt.Sprintf("Clients[%d].JWKS", i), "is no JWK Set"}
			}
			made.keys = keys
		}
		clients[c.ID] = made
	}
	return clients, nil
}

func (c *client) may(grantType string) bool { return slices.Contains(c.grantTypes, grantType) }

func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func (c *client) knows(secret string) bool {
	return c.secretHash != nil && subtle.ConstantTimeCompare(hashSecret(secret), c.secretHash) == 1
}

// findClient returns a client, or ErrUnknown, or a [*clientDocumentError].
func (s *Server) findClient(ctx context.Context, id string) (*client, error) {
	if c, ok := s.clients[id]; ok {
		return c, nil
	}
	if s.isClientDocument(id) {
		return s.describedClient(ctx, id)
	}
	raw, err := s.store.Client(ctx, id, s.now())
	if err != nil {
		return nil, err
	}
	var stored storedClient
	if err := json.Unmarshal(raw, &stored); err != nil {
		return nil, errors.New("a stored client cannot be read")
	}
	return stored.client(id)
}

// storedClient is a dynamically registered client at rest.
type storedClient struct {
	Metadata   registration `json:"metadata"`
	SecretHash []byte       `json:"secret_hash,omitempty"`
}

func (c storedClient) client(id string) (*client, error) {
	made, err := c.Metadata.client(id, selfRegistered)
	if err == nil {
		made.secretHash = c.SecretHash
	}
	return made, err
}

// authenticate returns the client that sent a request (RFC 6749 §2.3, RFC 7523
// §2.2). Either way to send a secret is good for every client that has one. A
// public client may use Basic with an empty password: libraries that do not know
// how the server wants it try that first.
func (s *Server) authenticate(r *http.Request, p parameters) (*client, *oauthError) {
	if p.get("client_assertion") != "" || p.get("client_assertion_type") != "" {
		return s.authenticateByKey(r, p)
	}
	id, secret, failed := credentials(r, p)
	if failed != nil {
		return nil, failed
	}
	c, failed := s.knownClient(r, id)
	if failed != nil {
		return nil, failed
	}
	if c.secretHash == nil && secret != "" {
		return nil, invalidClient("the client has no secret")
	}
	if c.confidential() && !c.knows(secret) {
		return nil, invalidClient("the client secret is missing or wrong")
	}
	return c, nil
}

// clientForm reads a form and authenticates the client that sent it.
func (s *Server) clientForm(w http.ResponseWriter, r *http.Request) (parameters, *client, *oauthError) {
	p, failed := formParameters(w, r)
	if failed == nil {
		failed = p.check()
	}
	if failed != nil {
		return nil, nil, failed
	}
	c, failed := s.authenticate(r, p)
	return p, c, failed
}

// knownClient finds the client of a request that programs send.
func (s *Server) knownClient(r *http.Request, id string) (*client, *oauthError) {
	c, err := s.findClient(r.Context(), id)
	var described *clientDocumentError
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, ErrUnknown):
		return nil, invalidClient("the client is unknown, or its registration has expired")
	case errors.As(err, &described):
		s.log.InfoContext(r.Context(), "a client metadata document cannot be used", "client", id, "error", err)
		return nil, invalidClient("the client's metadata document cannot be used")
	}
	return nil, s.serverError(r, err)
}

// authenticateByKey is private_key_jwt (RFC 7523 §2.2 and §3): the client signs
// its own name, for this server, once.
func (s *Server) authenticateByKey(r *http.Request, p parameters) (*client, *oauthError) {
	if p.get("client_assertion_type") != jose.ClientAssertionType || p.get("client_assertion") == "" {
		return nil, invalidClient("the client_assertion is missing, or of another type")
	}
	if p.get("client_secret") != "" || r.Header.Get("Authorization") != "" {
		return nil, invalidRequest("client credentials were sent in two ways")
	}
	a, err := parseAssertion(p.get("client_assertion"))
	if err != nil || !a.typed("", "JWT", "client-authentication+jwt") {
		return nil, invalidClient("the client_assertion is no JWT for authentication")
	}
	if id := p.get("client_id"); id != "" && id != a.subject {
		return nil, invalidClient("client_id differs from sub of the client_assertion")
	}
	c, failed := s.knownClient(r, a.subject)
	if failed != nil {
		return nil, failed
	}
	if failed := s.checkClientAssertion(r, c, a); failed != nil {
		return nil, failed
	}
	return c, nil
}

func (s *Server) checkClientAssertion(r *http.Request, c *client, a *assertion) *oauthError {
	if c.keys == nil {
		return invalidClient("the client has no keys")
	}
	if a.issuer != c.id || !s.isAudience(a.audience) {
		return invalidClient("iss of the client_assertion is not the client, or aud is not this server")
	}
	if err := a.check(s.now()); err != nil {
		return invalidClient("the client_assertion cannot be used: " + err.Error())
	}
	if err := s.keyDocuments.verify(r.Context(), a.jws, c.keys); err != nil {
		s.log.InfoContext(r.Context(), "a client_assertion does not verify", "client", c.id, "error", err)
		return invalidClient("the signature of the client_assertion does not verify")
	}
	err := s.consume(r.Context(), a)
	if errors.Is(err, ErrReplayed) {
		return invalidClient("the client_assertion was used before")
	}
	if err != nil {
		return s.serverError(r, err)
	}
	return nil
}

// isAudience tells whether an assertion is for this server alone: its issuer
// identifier, or its token endpoint, as RFC 7523 §3 has it.
func (s *Server) isAudience(audience []string) bool {
	return len(audience) == 1 && (audience[0] == s.issuer || audience[0] == s.base+tokenPath)
}

// assertionAlgorithms are those that assertions and proofs may be signed with.
func assertionAlgorithms() []string {
	var names []string
	for _, algorithm := range jose.Algorithms() {
		names = append(names, string(algorithm))
	}
	return names
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
