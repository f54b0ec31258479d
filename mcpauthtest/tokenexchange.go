package mcpauthtest

import (
	"cmp"
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// Token types of RFC 8693 §3, and of Identity Assertion JWT Authorization Grant.
const (
	tokenTypeIDToken = "urn:ietf:params:oauth:token-type:id_token"
	tokenTypeIDJAG   = "urn:ietf:params:oauth:token-type:id-jag"
)

// assertionTTL is how long an ID-JAG is valid.
const assertionTTL = 5 * time.Minute

// exchangeToken gives a client an ID-JAG for an ID token that it got here
// (RFC 8693, Identity Assertion JWT Authorization Grant §4.3): the word of this
// server, as an identity provider, to another authorization server.
func (s *Server) exchangeToken(q *tokenRequest) (*tokenResponse, *oauthError) {
	c, failed := s.tokenClient(q)
	if failed != nil {
		return nil, failed
	}
	// A stolen ID token must be of no use to who is not the client (Enterprise-
	// Managed Authorization §7.7).
	if !c.confidential() || !c.may(grantTokenExchange) {
		return nil, unauthorizedClient("the client may not exchange tokens")
	}
	if q.p.get("requested_token_type") != tokenTypeIDJAG {
		return nil, invalidRequest("the only requested_token_type is " + tokenTypeIDJAG)
	}
	subject, failed := s.subjectOf(q, c)
	if failed != nil {
		return nil, failed
	}
	claims, failed := s.assertionFor(q, c)
	if failed != nil {
		return nil, failed
	}
	claims["sub"] = subject
	token, err := s.makeToken(recipe{claims: claims, header: map[string]any{"typ": typeIDJAG}})
	if err != nil {
		return nil, s.serverError(q.Request, err)
	}
	s.log.InfoContext(q.Context(), "issued an identity assertion", "client", c.id, "subject", subject, "audience", claims["aud"])
	scope, _ := claims["scope"].(string)
	return &tokenResponse{
		AccessToken: token, IssuedTokenType: tokenTypeIDJAG, TokenType: "N_A",
		ExpiresIn: int64(assertionTTL / time.Second), Scope: scope,
	}, nil
}

// subjectOf returns the user of the subject_token, an ID token of this client.
func (s *Server) subjectOf(q *tokenRequest, c *client) (string, *oauthError) {
	if q.p.get("subject_token_type") != tokenTypeIDToken {
		return "", invalidRequest("the only subject_token_type is " + tokenTypeIDToken)
	}
	if q.p.get("actor_token") != "" {
		return "", invalidRequest("an actor_token is not supported")
	}
	claims, err := s.ownClaims(q.p.get("subject_token"), typeIDToken)
	if err != nil {
		return "", invalidRequest("the subject_token cannot be used: " + err.Error())
	}
	if err := s.checkValidity(q.Context(), claims); err != nil {
		return "", invalidRequest("the subject_token cannot be used: " + err.Error())
	}
	subject, ok := claims["sub"].(string)
	if !ok || claims["aud"] != c.id {
		return "", invalidRequest("the subject_token is not for this client")
	}
	return subject, nil
}

// assertionFor checks audience, resource and scope, which belong together
// (Enterprise-Managed Authorization §7.6.1).
func (s *Server) assertionFor(q *tokenRequest, c *client) (map[string]any, *oauthError) {
	i := slices.IndexFunc(s.config.AssertionAudiences, func(a AssertionAudience) bool { return a.Issuer == q.p.get("audience") })
	if i < 0 {
		return nil, invalidTarget("the audience is not an authorization server known here")
	}
	audience := s.config.AssertionAudiences[i]
	resources := dedupe(q.p.resources())
	for _, resource := range resources {
		if !slices.Contains(audience.Resources, resource) {
			return nil, invalidTarget("the resource is not one of the audience's")
		}
	}
	if len(resources) == 0 && len(audience.Resources) == 1 {
		resources = audience.Resources
	}
	scopes, failed := splitScopes(q.p.get("scope"))
	if failed != nil {
		return nil, failed
	}
	for _, scope := range scopes {
		if len(audience.Scopes) > 0 && !slices.Contains(audience.Scopes, scope) {
			return nil, invalidScope("the scope is not one of the audience's")
		}
	}
	return s.assertionClaims(audience, c, resources, scopes), nil
}

func (s *Server) assertionClaims(audience AssertionAudience, c *client, resources, scopes []string) map[string]any {
	now := s.now()
	claims := map[string]any{
		"iss":       s.issuer,
		"aud":       audience.Issuer,
		"client_id": cmp.Or(audience.ClientIDs[c.id], c.id),
		"jti":       rand.Text(),
		"iat":       now.Unix(),
		"exp":       now.Add(assertionTTL).Unix(),
	}
	if len(resources) > 0 {
		claims["resource"] = audienceClaim(resources)
	}
	if len(scopes) > 0 {
		claims["scope"] = strings.Join(scopes, " ")
	}
	return claims
}
