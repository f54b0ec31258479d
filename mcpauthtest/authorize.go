package mcpauthtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/challenge"
)

const codeTTL = time.Minute

// authorizationRequest is a request that was found to be in order.
type authorizationRequest struct {
	client      *client
	redirectURI string
	state       string
	scopes      []string
	resources   []string
	challenge   string
	nonce       string
	jkt         string // dpop_jkt (RFC 9449 §10)
	loginHint   string
	silent      bool // prompt=none
}

// serveAuthorize is the authorization endpoint: GET is the request of the
// client, POST the form of the page that GET shows, under the same query.
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	s.counts.authorize.Add(1)
	s.pages.SetHeaders(w.Header())
	if len(r.URL.RawQuery) > maxQueryBytes {
		s.showError(w, r, http.StatusRequestURITooLong, "The authorization request is too long.")
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		s.showError(w, r, http.StatusBadRequest, "The authorization request is malformed.")
		return
	}
	p := parameters(query)
	c, redirectURI, ok := s.redirectTarget(w, r, p)
	if !ok {
		return
	}
	request, failed := s.parseAuthorization(p, c, redirectURI)
	if failed != nil {
		s.redirectError(w, r, redirectURI, p.get("state"), failed)
		return
	}
	s.answerAuthorization(w, r, request)
}

// redirectTarget finds out where answers may go. Before that is certain,
// errors are shown to the user and never sent on (RFC 6749 §4.1.2.1).
func (s *Server) redirectTarget(w http.ResponseWriter, r *http.Request, p parameters) (*client, string, bool) {
	c, err := s.findClient(r.Context(), p.get("client_id"))
	var described *clientDocumentError
	switch {
	case errors.Is(err, ErrUnknown):
		s.showError(w, r, http.StatusBadRequest, "The application is not registered here, or its registration has expired.")
		return nil, "", false
	case errors.As(err, &described):
		s.showError(w, r, http.StatusBadRequest, "The document that describes the application cannot be used: "+described.err.Error()+".")
		return nil, "", false
	case err != nil:
		failed := s.serverError(r, err)
		s.showError(w, r, failed.status, "The server failed.")
		return nil, "", false
	}
	if len(p["redirect_uri"]) > 1 {
		s.showError(w, r, http.StatusBadRequest, "The redirect URI was sent more than once.")
		return nil, "", false
	}
	redirectURI, ok := c.redirectURI(p.get("redirect_uri"))
	if !ok {
		s.showError(w, r, http.StatusBadRequest, "The redirect URI is not one that the application registered.")
		return nil, "", false
	}
	return c, redirectURI, true
}

// parseAuthorization checks everything but client and redirect URI.
func (s *Server) parseAuthorization(p parameters, c *client, redirectURI string) (*authorizationRequest, *oauthError) {
	for _, check := range []func(parameters) *oauthError{parameters.check, checkForm, checkChallenge} {
		if failed := check(p); failed != nil {
			return nil, failed
		}
	}
	if jkt := p.get("dpop_jkt"); jkt != "" && !validChallenge(jkt) { // the same form
		return nil, invalidRequest("dpop_jkt is not the base64url form of a SHA-256 thumbprint")
	}
	if !c.may(grantAuthorizationCode) {
		return nil, unauthorizedClient("the client may not use authorization_code")
	}
	scopes, failed := s.requestedScopes(p)
	if failed != nil {
		return nil, failed
	}
	resources, failed := s.requestedResources(p)
	if failed != nil {
		return nil, failed
	}
	return &authorizationRequest{
		client:      c,
		redirectURI: redirectURI,
		state:       p.get("state"),
		scopes:      scopes,
		resources:   resources,
		challenge:   p.get("code_challenge"),
		nonce:       p.get("nonce"),
		jkt:         p.get("dpop_jkt"),
		loginHint:   p.get("login_hint"),
		silent:      slices.Contains(strings.Fields(p.get("prompt")), "none"),
	}, nil
}

// checkForm refuses the forms of request that this server does not offer.
func checkForm(p parameters) *oauthError {
	bad := func(code, description string) *oauthError {
		return &oauthError{http.StatusBadRequest, code, description}
	}
	if p.get("request") != "" {
		return bad("request_not_supported", "request objects are not supported")
	}
	if p.get("request_uri") != "" {
		return bad("request_uri_not_supported", "request_uri is not supported")
	}
	switch p.get("response_type") {
	case "":
		return invalidRequest("response_type is missing")
	case "code":
	default:
		return bad("unsupported_response_type", "the only response_type is code")
	}
	if mode := p.get("response_mode"); mode != "" && mode != "query" {
		return invalidRequest("the only response_mode is query")
	}
	return nil
}

// checkChallenge demands PKCE with S256 (RFC 7636 §4.3).
func checkChallenge(p parameters) *oauthError {
	if p.get("code_challenge") == "" {
		return invalidRequest("code_challenge is missing, PKCE is required")
	}
	if p.get("code_challenge_method") != "S256" {
		return invalidRequest("code_challenge_method must be S256")
	}
	if !validChallenge(p.get("code_challenge")) {
		return invalidRequest("code_challenge is not the base64url form of a SHA-256 hash")
	}
	return nil
}

// requestedScopes returns the scopes asked for, or the default ones.
func (s *Server) requestedScopes(p parameters) ([]string, *oauthError) {
	scopes, failed := splitScopes(p.get("scope"))
	if failed != nil {
		return nil, failed
	}
	if len(scopes) == 0 {
		return slices.Clone(s.config.DefaultScopes), nil
	}
	for _, scope := range scopes {
		if !s.config.scopeSupported(scope) {
			return nil, invalidScope("a scope is not one that the server supports")
		}
	}
	return scopes, nil
}

// splitScopes reads a scope parameter (RFC 6749 §3.3).
func splitScopes(raw string) ([]string, *oauthError) {
	if raw == "" {
		return nil, nil
	}
	scopes := strings.Split(raw, " ")
	if len(scopes) > maxScopes {
		return nil, invalidScope("too many scopes")
	}
	for _, scope := range scopes {
		if !challenge.ValidScope(scope) {
			return nil, invalidScope("the scope is malformed")
		}
	}
	return dedupe(scopes), nil
}

// requestedResources returns the resource indicators asked for (RFC 8707 §2),
// or the default one.
func (s *Server) requestedResources(p parameters) ([]string, *oauthError) {
	resources := dedupe(p.resources())
	if len(resources) == 0 {
		return slices.Clone(s.config.Resources[:min(1, len(s.config.Resources))]), nil
	}
	for _, resource := range resources {
		if !validResource(resource) {
			return nil, invalidTarget("a resource is not an https or loopback URL without a fragment")
		}
		if len(s.config.Resources) > 0 && !slices.Contains(s.config.Resources, resource) {
			return nil, invalidTarget("a resource is not one that the server knows")
		}
	}
	return resources, nil
}

// dedupe returns the values in their order, each once.
func dedupe(values []string) []string {
	var unique []string
	for _, v := range values {
		if !slices.Contains(unique, v) {
			unique = append(unique, v)
		}
	}
	return unique
}

func (s *Server) answerAuthorization(w http.ResponseWriter, r *http.Request, request *authorizationRequest) {
	switch {
	case r.Method == http.MethodPost:
		s.decide(w, r, request)
	case s.config.AutoApprove:
		s.approve(w, r, request, s.hintedUser(request.loginHint))
	case request.silent:
		s.redirectError(w, r, request.redirectURI, request.state, &oauthError{
			code: "login_required", description: "nobody stays logged in at this server",
		})
	default:
		s.showConsent(w, r, request, http.StatusOK, "")
	}
}

// hintedUser is the user of AutoApprove.
func (s *Server) hintedUser(hint string) User {
	for _, u := range s.config.Users {
		if hint != "" && u.Username == hint {
			return u
		}
	}
	return s.config.Users[0]
}

// decide handles the form of the consent page.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, request *authorizationRequest) {
	p, failed := formParameters(w, r)
	if failed != nil {
		s.showError(w, r, http.StatusBadRequest, "The form cannot be read.")
		return
	}
	if !s.pages.sameSite(r) || !s.pages.checkCSRF(r, p.get("csrf")) {
		s.showError(w, r, http.StatusForbidden,
			"The form was not sent from this server's page, or cookies are blocked. Start again in the application.")
		return
	}
	if p.get("decision") != "approve" {
		s.redirectError(w, r, request.redirectURI, request.state, &oauthError{
			code: "access_denied", description: "the user did not consent",
		})
		return
	}
	request.loginHint = p.get("username") // not to be typed again
	if !s.logins.allow(s.now()) {
		w.Header().Set("Retry-After", "1")
		s.showConsent(w, r, request, http.StatusTooManyRequests, "Too many attempts. Wait a moment.")
		return
	}
	user, ok := s.login(p.get("username"), p.get("password"))
	if !ok {
		s.showConsent(w, r, request, http.StatusForbidden, "The username or the password is wrong.")
		return
	}
	s.approve(w, r, request, user)
}

// login compares with every user, whether the name is known or not.
func (s *Server) login(username, password string) (User, bool) {
	var found User
	ok := false
	for _, u := range s.config.Users {
		if sameSecret(u.Username, username)&sameSecret(u.Password, password) == 1 {
			found, ok = u, true
		}
	}
	return found, ok
}

func sameSecret(a, b string) int {
	sumA, sumB := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(sumA[:], sumB[:])
}

// approve fixes the grant and sends its code to the client.
func (s *Server) approve(w http.ResponseWriter, r *http.Request, request *authorizationRequest, user User) {
	code, err := s.newCode(r.Context(), request, user)
	if err != nil {
		s.redirectError(w, r, request.redirectURI, request.state, s.serverError(r, err))
		return
	}
	s.log.InfoContext(r.Context(), "granted", "client", request.client.id, "subject", user.Subject,
		"scope", strings.Join(request.scopes, " "), "resource", request.resources)
	s.redirect(w, r, request.redirectURI, url.Values{"code": {code}}, request.state)
}

func (s *Server) newCode(ctx context.Context, request *authorizationRequest, user User) (string, error) {
	now := s.now()
	id, err := s.addGrant(ctx, grant{
		Type:        grantAuthorizationCode,
		ClientID:    request.client.id,
		ClientName:  request.client.name,
		Subject:     user.Subject,
		Username:    user.Username,
		Name:        user.Name,
		Email:       user.Email,
		Scopes:      request.scopes,
		Resources:   request.resources,
		RedirectURI: request.redirectURI,
		Challenge:   request.challenge,
		Nonce:       request.nonce,
		JKT:         request.jkt,
	}, now.Add(codeTTL), now.Add(s.config.RefreshTokenTTL))
	if err != nil {
		return "", err
	}
	return s.handles.seal(codeHandle, handle{id: id}), nil
}

// addGrant stores a grant. A zero codeExpires is for one that has no code.
func (s *Server) addGrant(ctx context.Context, g grant, codeExpires, expires time.Time) (GrantID, error) {
	g.Given = s.now()
	id := newGrantID()
	data, err := json.Marshal(g)
	if err != nil {
		return id, err
	}
	return id, s.store.AddGrant(ctx, StoredGrant{id, data, codeExpires, expires}, g.Given)
}

func (s *Server) redirectError(w http.ResponseWriter, r *http.Request, redirectURI, state string, e *oauthError) {
	s.log.InfoContext(r.Context(), "refused", "path", r.URL.Path, "error", e.code, "reason", e.description)
	s.redirect(w, r, redirectURI, url.Values{"error": {e.code}, "error_description": {e.description}}, state)
}

// redirect sends the authorization response, with iss whether it is an error or
// not (RFC 9207 §2).
func (s *Server) redirect(w http.ResponseWriter, r *http.Request, redirectURI string, response url.Values, state string) {
	if faults := s.faults.Load(); !faults.NoAuthorizationIssuer {
		response.Set("iss", cmp.Or(faults.AuthorizationIssuer, s.issuer))
	}
	if state != "" {
		response.Set("state", state)
	}
	separator := "?"
	if strings.Contains(redirectURI, "?") {
		separator = "&"
	}
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther // the browser must drop the form with the password
	}
	w.Header().Set("Location", redirectURI+separator+response.Encode())
	w.WriteHeader(status)
}
