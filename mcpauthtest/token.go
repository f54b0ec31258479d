package mcpauthtest

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
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
	// IssuedTokenType is of RFC 8693 §2.2.1.
	IssuedTokenType string `json:"issued_token_type,omitempty"`
}

// tokenRequest is a request to the token endpoint.
type tokenRequest struct {
	*http.Request
	p parameters
	// jkt is the key of the DPoP proof, empty without one. badProof tells that
	// there is one which does not hold.
	jkt      string
	badProof *oauthError
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	s.counts.token.Add(1)
	if s.spoil(w, r, s.faults.Load().Token) {
		return
	}
	s.offerNonce(w, r)
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
	q := &tokenRequest{Request: r, p: p}
	q.jkt, q.badProof = s.proofKey(r)
	if q.badProof != nil && q.badProof.code == useDPoPNonce {
		return nil, q.badProof // no attempt yet: the client sends all of it again, with the nonce
	}
	if p.get("grant_type") == grantAuthorizationCode {
		return s.redeemCode(q)
	}
	if failed := p.check(); failed != nil {
		return nil, failed
	}
	if q.badProof != nil {
		return nil, q.badProof
	}
	switch p.get("grant_type") {
	case "":
		return nil, invalidRequest("grant_type is missing")
	case grantRefreshToken:
		return s.refresh(q)
	case grantClientCredentials:
		return s.clientCredentials(q)
	case grantJWTBearer:
		return s.jwtBearer(q)
	case grantTokenExchange:
		return s.exchangeToken(q)
	}
	return nil, &oauthError{http.StatusBadRequest, "unsupported_grant_type", "the grant type is not supported"}
}

// tokenClient authenticates the client of a token request.
func (s *Server) tokenClient(q *tokenRequest) (*client, *oauthError) {
	c, failed := s.authenticate(q.Request, q.p)
	if failed != nil {
		return nil, failed
	}
	if c.dpopBound && q.jkt == "" {
		return nil, invalidProof("the client is registered to send DPoP proofs")
	}
	return c, nil
}

// redeemCode consumes the code before it looks at anything else, so that there
// is one attempt: whatever fails then burns the code, and a replay revokes what
// the first use was given (OAuth 2.1 §4.1.3).
func (s *Server) redeemCode(q *tokenRequest) (*tokenResponse, *oauthError) {
	if codes := q.p["code"]; len(codes) != 1 {
		return nil, s.refuseCodes(q.Request, codes)
	}
	v, ok := s.handles.open(codeHandle, q.p.get("code"))
	if !ok {
		return nil, invalidGrant("the authorization code is unknown")
	}
	data, err := s.store.ConsumeCode(q.Context(), v.id, s.now())
	if err != nil {
		return nil, s.grantError(q.Request, err, "the authorization code was used before, so what it gave is revoked",
			"the authorization code is unknown or expired")
	}
	response, failed := s.exchangeCode(q, v.id, data)
	if failed == nil {
		return response, nil
	}
	if err := s.store.Revoke(q.Context(), v.id); err != nil {
		return nil, s.serverError(q.Request, err)
	}
	return nil, failed
}

// refuseCodes burns the codes of a request that has not exactly one.
func (s *Server) refuseCodes(r *http.Request, codes []string) *oauthError {
	for _, code := range codes[:min(len(codes), maxParameters)] {
		v, ok := s.handles.open(codeHandle, code)
		if !ok {
			continue
		}
		if err := s.store.Revoke(r.Context(), v.id); err != nil {
			return s.serverError(r, err)
		}
	}
	return invalidRequest("code must be sent once")
}

// exchangeCode gives tokens for a grant whose code was consumed by this request.
func (s *Server) exchangeCode(q *tokenRequest, id GrantID, data []byte) (*tokenResponse, *oauthError) {
	g, failed := s.readGrant(q.Request, data)
	if failed != nil {
		return nil, failed
	}
	if failed := q.p.check(); failed != nil {
		return nil, failed
	}
	if q.badProof != nil {
		return nil, q.badProof
	}
	c, failed := s.tokenClient(q)
	if failed != nil {
		return nil, failed
	}
	if c.id != g.ClientID {
		return nil, invalidGrant("the authorization code was issued to another client")
	}
	// OAuth 2.1 does not send redirect_uri here any more, OAuth 2.0 does.
	if uri := q.p.get("redirect_uri"); uri != "" && uri != g.RedirectURI {
		return nil, invalidGrant("the redirect_uri differs from that of the authorization request")
	}
	if !g.provedBy(q.p.get("code_verifier")) {
		return nil, invalidGrant("the code_verifier does not match the code_challenge")
	}
	return s.firstTokens(q, c, id, g)
}

func (s *Server) readGrant(r *http.Request, data []byte) (grant, *oauthError) {
	var g grant
	if err := json.Unmarshal(data, &g); err != nil {
		return grant{}, s.serverError(r, errors.New("a stored grant cannot be read"))
	}
	return g, nil
}

// firstTokens answers the request that redeemed the code.
func (s *Server) firstTokens(q *tokenRequest, c *client, id GrantID, g grant) (*tokenResponse, *oauthError) {
	bound, failed := g.boundTo(q.jkt)
	if failed != nil {
		return nil, failed
	}
	access, failed := narrowed(q.p, bound)
	if failed != nil {
		return nil, failed
	}
	response, err := s.respond(id, access)
	if err != nil {
		return nil, s.serverError(q.Request, err)
	}
	if c.may(grantRefreshToken) || slices.Contains(g.Scopes, scopeOfflineAccess) {
		response.RefreshToken = s.refreshToken(c, handle{id: id, number: 1, jkt: q.jkt})
	}
	if !slices.Contains(g.Scopes, scopeOpenID) {
		return response, nil
	}
	response.IDToken, err = s.idToken(g)
	if err != nil {
		return nil, s.serverError(q.Request, err)
	}
	return response, nil
}

// refreshToken binds that of a public client to the key of its first proof
// (RFC 9449 §5). Confidential clients have to authenticate instead.
func (s *Server) refreshToken(c *client, v handle) string {
	if c.confidential() {
		v.jkt = ""
	}
	return s.handles.seal(refreshHandle, v)
}

// refresh gives new tokens for a refresh token, which is good once
// (OAuth 2.1 §4.3.1). A request that is wrong otherwise does not use it up.
func (s *Server) refresh(q *tokenRequest) (*tokenResponse, *oauthError) {
	const reused = "the refresh token was used before, so the login is revoked"
	const unknown = "the refresh token is unknown, expired or revoked"
	c, failed := s.tokenClient(q)
	if failed != nil {
		return nil, failed
	}
	v, ok := s.handles.open(refreshHandle, q.p.get("refresh_token"))
	if !ok {
		return nil, invalidGrant(unknown)
	}
	data, err := s.store.Refreshable(q.Context(), v.id, v.number, s.now())
	if err != nil {
		return nil, s.grantError(q.Request, err, reused, unknown)
	}
	access, failed := s.refreshed(q, c, v, data)
	if failed != nil {
		return nil, failed
	}
	next, err := s.store.RotateRefresh(q.Context(), v.id, v.number, s.now())
	if err != nil {
		return nil, s.grantError(q.Request, err, reused, unknown)
	}
	response, err := s.respond(v.id, access)
	if err != nil {
		return nil, s.serverError(q.Request, err)
	}
	response.RefreshToken = s.refreshToken(c, handle{id: v.id, number: next, jkt: v.jkt})
	return response, nil
}

// refreshed is the grant that a refresh request narrows.
func (s *Server) refreshed(q *tokenRequest, c *client, v handle, data []byte) (grant, *oauthError) {
	g, failed := s.readGrant(q.Request, data)
	if failed != nil {
		return grant{}, failed
	}
	if c.id != g.ClientID {
		return grant{}, invalidGrant("the refresh token was issued to another client")
	}
	g.JKT = cmp.Or(g.JKT, v.jkt)
	if g, failed = g.boundTo(q.jkt); failed != nil {
		return grant{}, failed
	}
	return narrowed(q.p, g)
}

// clientCredentials gives a client a token of its own (RFC 6749 §4.4). Only
// clients that are configured can have it: registration is open to all.
func (s *Server) clientCredentials(q *tokenRequest) (*tokenResponse, *oauthError) {
	c, failed := s.tokenClient(q)
	if failed != nil {
		return nil, failed
	}
	if !c.confidential() || !c.may(grantClientCredentials) {
		return nil, unauthorizedClient("the client may not use client_credentials")
	}
	scopes, failed := s.requestedScopes(q.p)
	if failed != nil {
		return nil, failed
	}
	userless := slices.DeleteFunc(slices.Clone(scopes), identityScope)
	if q.p.get("scope") != "" && len(userless) < len(scopes) {
		return nil, invalidScope("client_credentials has no user, so no identity or offline scopes")
	}
	resources, failed := s.requestedResources(q.p)
	if failed != nil {
		return nil, failed
	}
	return s.grantOnce(q, grant{
		Type: grantClientCredentials, ClientID: c.id, ClientName: c.name, Subject: c.id,
		Scopes: userless, Resources: resources,
	})
}

// grantOnce gives the one token that a grant without a code and without refresh
// tokens has.
func (s *Server) grantOnce(q *tokenRequest, g grant) (*tokenResponse, *oauthError) {
	g, failed := g.boundTo(q.jkt)
	if failed != nil {
		return nil, failed
	}
	access, failed := narrowed(parameters{"resource": q.p["resource"]}, g)
	if failed != nil {
		return nil, failed
	}
	id, err := s.addGrant(q.Context(), access, time.Time{}, s.now().Add(s.config.AccessTokenTTL))
	if err != nil {
		return nil, s.serverError(q.Request, err)
	}
	response, err := s.respond(id, access)
	if err != nil {
		return nil, s.serverError(q.Request, err)
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
	if len(g.Resources) > 1 {
		return grant{}, invalidTarget("several resources were granted, name the one the token is for")
	}
	return g, nil
}

// respond makes an access token (RFC 9068 §2.2) that can be traced to its grant.
func (s *Server) respond(id GrantID, g grant) (*tokenResponse, error) {
	var number [4]byte
	_, _ = rand.Read(number[:]) // never fails (crypto/rand)
	now := s.now()
	scope := strings.Join(g.Scopes, " ")
	claims := map[string]any{
		"iss":       s.issuer,
		"sub":       g.Subject,
		"aud":       s.audience(g),
		"client_id": g.ClientID,
		"iat":       now.Unix(),
		"exp":       now.Add(s.config.AccessTokenTTL).Unix(),
		"jti":       s.handles.seal(accessHandle, handle{id: id, number: binary.BigEndian.Uint32(number[:])}),
	}
	if g.JKT != "" {
		claims["cnf"] = map[string]any{"jkt": g.JKT}
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
		"client", g.ClientID, "subject", g.Subject, "scope", scope, "audience", claims["aud"])
	return &tokenResponse{
		AccessToken: token,
		TokenType:   tokenType(claims["cnf"]),
		ExpiresIn:   int64(s.config.AccessTokenTTL / time.Second),
		Scope:       scope,
	}, nil
}

// audience is the resource of a narrowed grant. Without one it is this server,
// so that the token is good nowhere else.
func (s *Server) audience(g grant) any {
	if len(g.Resources) == 0 {
		return s.issuer
	}
	return audienceClaim(g.Resources)
}

// idToken makes an ID token (OpenID Connect Core §2).
func (s *Server) idToken(g grant) (string, error) {
	now := s.now()
	claims := map[string]any{
		"iss":       s.issuer,
		"sub":       g.Subject,
		"aud":       g.ClientID,
		"iat":       now.Unix(),
		"exp":       now.Add(s.config.AccessTokenTTL).Unix(),
		"auth_time": g.Given.Unix(),
	}
	if g.Nonce != "" {
		claims["nonce"] = g.Nonce
	}
	if slices.Contains(g.Scopes, scopeProfile) {
		claims["preferred_username"] = g.Username
		if g.Name != "" {
			claims["name"] = g.Name
		}
	}
	if slices.Contains(g.Scopes, scopeEmail) && g.Email != "" {
		claims["email"] = g.Email
	}
	return s.makeToken(recipe{claims: claims, header: map[string]any{"typ": typeIDToken}})
}

// grantError says what a store's answer means to the client.
func (s *Server) grantError(r *http.Request, err error, replayed, unknown string) *oauthError {
	switch {
	case errors.Is(err, ErrReplayed):
		return invalidGrant(replayed)
	case errors.Is(err, ErrUnknown), errors.Is(err, ErrRevoked):
		return invalidGrant(unknown)
	}
	return s.serverError(r, err)
}
