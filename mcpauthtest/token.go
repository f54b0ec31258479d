package mcpauthtest

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// tokenResponse is a successful response (RFC 6749 §5.1).
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	Scope        string `json:"scope,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	s.counts.token.Add(1)
	p, failed := formParameters(w, r)
	if failed != nil {
		s.writeError(w, r, failed)
		return
	}
	response, failed := s.token(r, p)
	if failed != nil {
		s.writeError(w, r, failed)
		return
	}
	s.writeJSON(w, r, http.StatusOK, response)
}

func (s *Server) token(r *http.Request, p parameters) (*tokenResponse, *oauthError) {
	if p.get("grant_type") == grantAuthorizationCode {
		return s.redeemCode(r, p)
	}
	if failed := p.check(); failed != nil {
		return nil, failed
	}
	switch p.get("grant_type") {
	case "":
		return nil, invalidRequest("grant_type is missing")
	case grantRefreshToken:
		return s.refresh(r, p)
	case grantClientCredentials:
		return s.clientCredentials(r, p)
	}
	return nil, &oauthError{http.StatusBadRequest, "unsupported_grant_type", "the grant type is not supported"}
}

// redeemCode consumes the code before it looks at anything else, so that there
// is one attempt: whatever fails then burns the code, and a replay revokes what
// the first use was given (OAuth 2.1 §4.1.3).
func (s *Server) redeemCode(r *http.Request, p parameters) (*tokenResponse, *oauthError) {
	if codes := p["code"]; len(codes) != 1 {
		return nil, s.refuseCodes(r, codes)
	}
	id, _, ok := s.handles.open(codeHandle, p.get("code"))
	if !ok {
		return nil, invalidGrant("the authorization code is unknown")
	}
	g, err := s.store.consumeCode(r.Context(), id, s.now())
	if err != nil {
		return nil, s.grantError(r, err, "the authorization code was used before, so what it gave is revoked",
			"the authorization code is unknown or expired")
	}
	response, failed := s.exchange(r, p, id, g)
	if failed == nil {
		return response, nil
	}
	if err := s.store.revoke(r.Context(), id); err != nil {
		return nil, s.serverError(r, err)
	}
	return nil, failed
}

// refuseCodes burns the codes of a request that has not exactly one.
func (s *Server) refuseCodes(r *http.Request, codes []string) *oauthError {
	for _, code := range codes[:min(len(codes), maxParameters)] {
		id, _, ok := s.handles.open(codeHandle, code)
		if !ok {
			continue
		}
		if err := s.store.revoke(r.Context(), id); err != nil {
			return s.serverError(r, err)
		}
	}
	return invalidRequest("code must be sent once")
}

// exchange gives tokens for a grant whose code was consumed by this request.
func (s *Server) exchange(r *http.Request, p parameters, id grantID, g grant) (*tokenResponse, *oauthError) {
	if failed := p.check(); failed != nil {
		return nil, failed
	}
	c, failed := s.authenticate(r, p)
	if failed != nil {
		return nil, failed
	}
	if c.id != g.clientID {
		return nil, invalidGrant("the authorization code was issued to another client")
	}
	// OAuth 2.1 does not send redirect_uri here any more, OAuth 2.0 does.
	if uri := p.get("redirect_uri"); uri != "" && uri != g.redirectURI {
		return nil, invalidGrant("the redirect_uri differs from that of the authorization request")
	}
	if !g.provedBy(p.get("code_verifier")) {
		return nil, invalidGrant("the code_verifier does not match the code_challenge")
	}
	access, failed := narrowed(p, g)
	if failed != nil {
		return nil, failed
	}
	response, err := s.respond(id, access)
	if err != nil {
		return nil, s.serverError(r, err)
	}
	if c.may(grantRefreshToken) || slices.Contains(g.scopes, scopeOfflineAccess) {
		response.RefreshToken = s.handles.seal(refreshHandle, id, 1)
	}
	if !slices.Contains(g.scopes, scopeOpenID) {
		return response, nil
	}
	response.IDToken, err = s.idToken(g)
	if err != nil {
		return nil, s.serverError(r, err)
	}
	return response, nil
}

// refresh gives new tokens for a refresh token, which is good once
// (OAuth 2.1 §4.3.1). A request that is wrong otherwise does not use it up.
func (s *Server) refresh(r *http.Request, p parameters) (*tokenResponse, *oauthError) {
	const reused = "the refresh token was used before, so the login is revoked"
	const unknown = "the refresh token is unknown, expired or revoked"
	c, failed := s.authenticate(r, p)
	if failed != nil {
		return nil, failed
	}
	id, number, ok := s.handles.open(refreshHandle, p.get("refresh_token"))
	if !ok {
		return nil, invalidGrant(unknown)
	}
	g, err := s.store.refreshable(r.Context(), id, number, s.now())
	if err != nil {
		return nil, s.grantError(r, err, reused, unknown)
	}
	if c.id != g.clientID {
		return nil, invalidGrant("the refresh token was issued to another client")
	}
	access, failed := narrowed(p, g)
	if failed != nil {
		return nil, failed
	}
	next, err := s.store.rotateRefresh(r.Context(), id, number, s.now())
	if err != nil {
		return nil, s.grantError(r, err, reused, unknown)
	}
	response, err := s.respond(id, access)
	if err != nil {
		return nil, s.serverError(r, err)
	}
	response.RefreshToken = s.handles.seal(refreshHandle, id, next)
	return response, nil
}

// clientCredentials gives a client a token of its own (RFC 6749 §4.4). Only
// clients that are configured can have it: registration is open to all.
func (s *Server) clientCredentials(r *http.Request, p parameters) (*tokenResponse, *oauthError) {
	c, failed := s.authenticate(r, p)
	if failed != nil {
		return nil, failed
	}
	if !c.confidential || !c.may(grantClientCredentials) {
		return nil, unauthorizedClient("the client may not use client_credentials")
	}
	scopes, failed := s.requestedScopes(p)
	if failed != nil {
		return nil, failed
	}
	userless := slices.DeleteFunc(slices.Clone(scopes), identityScope)
	if p.get("scope") != "" && len(userless) < len(scopes) {
		return nil, invalidScope("client_credentials has no user, so no identity or offline scopes")
	}
	resources, failed := s.requestedResources(p)
	if failed != nil {
		return nil, failed
	}
	g := grant{clientID: c.id, subject: c.id, scopes: userless, resources: resources}
	access, failed := narrowed(nil, g)
	if failed != nil {
		return nil, failed
	}
	response, err := s.accessToken(access, rand.Text())
	if err != nil {
		return nil, s.serverError(r, err)
	}
	return response, nil
}

// narrowed applies the scope and resource of a token request. An access token
// is for one resource: with more, each of them could use it at the others.
func narrowed(p parameters, g grant) (grant, *oauthError) {
	scopes, failed := splitScopes(p.get("scope"))
	if failed != nil {
		return grant{}, failed
	}
	resources := dedupe(p.resources())
	if len(resources) > 1 {
		return grant{}, invalidTarget("an access token is for one resource, name only one")
	}
	resource := ""
	if len(resources) == 1 {
		resource = resources[0]
	}
	g, failed = g.narrow(scopes, resource)
	if failed != nil {
		return grant{}, failed
	}
	if len(g.resources) > 1 {
		return grant{}, invalidTarget("several resources were granted, name the one the token is for")
	}
	return g, nil
}

// respond makes an access token that can be traced to its grant.
func (s *Server) respond(id grantID, g grant) (*tokenResponse, error) {
	var number [4]byte
	_, _ = rand.Read(number[:]) // never fails (crypto/rand)
	return s.accessToken(g, s.handles.seal(accessHandle, id, binary.BigEndian.Uint32(number[:])))
}

// accessToken makes a token as of RFC 9068 §2.2.
func (s *Server) accessToken(g grant, jti string) (*tokenResponse, error) {
	now := s.now()
	scope := strings.Join(g.scopes, " ")
	claims := map[string]any{
		"iss":       s.issuer,
		"sub":       g.subject,
		"aud":       s.audience(g),
		"client_id": g.clientID,
		"iat":       now.Unix(),
		"exp":       now.Add(s.config.AccessTokenTTL).Unix(),
		"jti":       jti,
	}
	if scope != "" {
		claims["scope"] = scope
	}
	token, err := s.makeToken(recipe{claims: claims, header: map[string]any{"typ": typeAccessToken}})
	if err != nil {
		return nil, err
	}
	if s.config.OpaqueAccessTokens {
		token = s.opaque.conceal(token)
	}
	s.log.Info("issued an access token",
		"client", g.clientID, "subject", g.subject, "scope", scope, "audience", claims["aud"])
	return &tokenResponse{
		AccessToken: token,
		TokenType:   "Bearer",
		ExpiresIn:   int64(s.config.AccessTokenTTL / time.Second),
		Scope:       scope,
	}, nil
}

// audience is the resource of a narrowed grant. Without one it is this server,
// so that the token is good nowhere else.
func (s *Server) audience(g grant) any {
	if len(g.resources) == 0 {
		return s.issuer
	}
	return audienceClaim(g.resources)
}

// idToken makes an ID token (OpenID Connect Core §2).
func (s *Server) idToken(g grant) (string, error) {
	now := s.now()
	claims := map[string]any{
		"iss":       s.issuer,
		"sub":       g.subject,
		"aud":       g.clientID,
		"iat":       now.Unix(),
		"exp":       now.Add(s.config.AccessTokenTTL).Unix(),
		"auth_time": g.authTime.Unix(),
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	if slices.Contains(g.scopes, scopeProfile) {
		claims["preferred_username"] = g.username
		if g.name != "" {
			claims["name"] = g.name
		}
	}
	if slices.Contains(g.scopes, scopeEmail) && g.email != "" {
		claims["email"] = g.email
	}
	return s.makeToken(recipe{claims: claims, header: map[string]any{"typ": typeIDToken}})
}

// grantError says what a store's answer means to the client.
func (s *Server) grantError(r *http.Request, err error, replayed, unknown string) *oauthError {
	switch {
	case errors.Is(err, errReplayed):
		return invalidGrant(replayed)
	case errors.Is(err, errUnknown), errors.Is(err, errRevoked):
		return invalidGrant(unknown)
	}
	return s.serverError(r, err)
}
