package mcpauthtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/mcp-auth/go/metadata"
)

// typeIDJAG is the typ of an Identity Assertion JWT Authorization Grant (§3.1).
const typeIDJAG = "oauth-id-jag+jwt"

// issuerMetadataFresh is how long the place of an issuer's keys is remembered.
const issuerMetadataFresh = time.Hour

// trustedIssuer is a [TrustedIssuer] with what was found out about it.
type trustedIssuer struct {
	TrustedIssuer
	keys *keySource // nil: found through metadata

	mu    sync.Mutex
	found *keySource
	until time.Time
}

func newTrustedIssuers(config Config) (map[string]*trustedIssuer, error) {
	issuers := make(map[string]*trustedIssuer, len(config.TrustedIssuers))
	for _, t := range config.TrustedIssuers {
		made := &trustedIssuer{TrustedIssuer: t}
		if len(t.JWKS) > 0 || t.JWKSURI != "" {
			keys, err := newKeySource(t.JWKS, t.JWKSURI)
			if err != nil {
				return nil, &ConfigError{"TrustedIssuers", "a JWK Set cannot be read"}
			}
			made.keys = keys
		}
		issuers[t.Issuer] = made
	}
	return issuers, nil
}

// keySource finds the issuer's keys.
func (t *trustedIssuer) keySource(ctx context.Context, documents *documents) (*keySource, error) {
	if t.keys != nil {
		return t.keys, nil
	}
	now := documents.now()
	if found := t.remembered(now); found != nil {
		return found, nil
	}
	if !documents.limit.allow(now) {
		return nil, errFetchRate
	}
	fetched, err := metadata.Fetch(ctx, documents.client, metadata.Source{Issuer: t.Issuer, Type: metadata.AnyType})
	if err != nil {
		return nil, err
	}
	if fetched.Server.JWKSURI == "" {
		return nil, errors.New("the issuer's metadata has no jwks_uri")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found, t.until = &keySource{uri: fetched.Server.JWKSURI}, now.Add(issuerMetadataFresh)
	return t.found, nil
}

func (t *trustedIssuer) remembered(now time.Time) *keySource {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Before(t.until) {
		return t.found
	}
	return nil
}

// jwtBearer gives a token for an assertion of a trusted issuer (RFC 7523 §2.1).
// Which kind it is, its typ tells.
func (s *Server) jwtBearer(q *tokenRequest) (*tokenResponse, *oauthError) {
	a, err := parseAssertion(q.p.get("assertion"))
	if err != nil {
		return nil, invalidGrant("the assertion is no JWT that can be read")
	}
	issuer, ok := s.trusted[a.issuer]
	if !ok {
		return nil, invalidGrant("the issuer of the assertion is not trusted")
	}
	switch {
	case a.typed(typeIDJAG) && issuer.IdentityAssertions:
		return s.identityAssertion(q, issuer, a)
	case a.typed("", "JWT"):
		return s.workloadAssertion(q, issuer, a)
	}
	return nil, invalidGrant("the assertion is of a type that the issuer is not trusted for")
}

// believe checks what all assertions need, and uses the assertion up.
func (s *Server) believe(q *tokenRequest, issuer *trustedIssuer, a *assertion) *oauthError {
	if a.issued.IsZero() {
		return invalidGrant("the assertion has no iat")
	}
	if err := a.check(s.now()); err != nil {
		return invalidGrant("the assertion cannot be used: " + err.Error())
	}
	keys, err := issuer.keySource(q.Context(), s.keyDocuments)
	if err == nil {
		err = s.keyDocuments.verify(q.Context(), a.jws, keys)
	}
	if err != nil {
		s.log.InfoContext(q.Context(), "an assertion does not verify", "issuer", issuer.Issuer, "error", err)
		return invalidGrant("the signature of the assertion does not verify, or the issuer's keys cannot be had")
	}
	err = s.consume(q.Context(), a)
	if errors.Is(err, ErrReplayed) {
		return invalidGrant("the assertion was used before")
	}
	if err != nil {
		return s.serverError(q.Request, err)
	}
	return nil
}

// identityAssertion takes an ID-JAG: an identity provider's word that a client
// may act for a user (Identity Assertion JWT Authorization Grant §4.4.1, and
// MCP's Enterprise-Managed Authorization §5.1).
func (s *Server) identityAssertion(q *tokenRequest, issuer *trustedIssuer, a *assertion) (*tokenResponse, *oauthError) {
	c, failed := s.tokenClient(q)
	if failed != nil {
		return nil, failed
	}
	if !c.may(grantJWTBearer) {
		return nil, unauthorizedClient("the client may not use jwt-bearer")
	}
	if a.clientID != c.id {
		return nil, invalidGrant("the assertion is for another client")
	}
	if len(a.audience) != 1 || a.audience[0] != s.issuer {
		return nil, invalidGrant("aud of the assertion is not this server's issuer identifier alone")
	}
	g, failed := s.assertedGrant(q, c, a)
	if failed != nil {
		return nil, failed
	}
	if failed := s.believe(q, issuer, a); failed != nil {
		return nil, failed
	}
	return s.grantOnce(q, g)
}

// assertedGrant is what an ID-JAG says, within what was asked for.
func (s *Server) assertedGrant(q *tokenRequest, c *client, a *assertion) (grant, *oauthError) {
	asserted := parameters{"scope": {a.scope}, "resource": a.resource}
	scopes, failed := s.requestedScopes(asserted)
	if failed != nil {
		return grant{}, invalidGrant("the assertion names a scope that the server does not support")
	}
	resources, failed := s.requestedResources(asserted)
	if failed != nil {
		return grant{}, invalidGrant("the assertion names a resource that the server does not know")
	}
	if len(a.resource) == 0 { // the request may say which
		if resources, failed = s.requestedResources(q.p); failed != nil {
			return grant{}, failed
		}
	}
	asked, failed := splitScopes(q.p.get("scope"))
	if failed != nil {
		return grant{}, failed
	}
	scopes = slices.DeleteFunc(scopes, func(scope string) bool {
		return identityScope(scope) || len(asked) > 0 && !slices.Contains(asked, scope)
	})
	if len(asked) > 0 && len(scopes) == 0 {
		return grant{}, invalidScope("no scope was asked for that the assertion names")
	}
	return grant{
		Type: grantJWTBearer, ClientID: c.id, ClientName: c.name, Subject: a.subject,
		Scopes: scopes, Resources: resources,
	}, nil
}

// workloadAssertion takes a platform's word for a program (Workload Identity
// Federation). There is no client: the workload is one.
func (s *Server) workloadAssertion(q *tokenRequest, issuer *trustedIssuer, a *assertion) (*tokenResponse, *oauthError) {
	i := slices.IndexFunc(issuer.Workloads, func(w Workload) bool { return w.Subject == a.subject })
	if i < 0 {
		return nil, invalidGrant("the workload is not known")
	}
	if !s.isAudience(a.audience) {
		return nil, invalidGrant("aud of the assertion is not this server's token endpoint or issuer identifier alone")
	}
	g, failed := s.workloadGrant(q, issuer.Workloads[i])
	if failed != nil {
		return nil, failed
	}
	if failed := s.believe(q, issuer, a); failed != nil {
		return nil, failed
	}
	return s.grantOnce(q, g)
}

func (s *Server) workloadGrant(q *tokenRequest, w Workload) (grant, *oauthError) {
	scopes, failed := splitScopes(q.p.get("scope"))
	if failed != nil {
		return grant{}, failed
	}
	asked := q.p
	if len(q.p.resources()) == 0 && len(w.Resources) > 0 {
		asked = parameters{"resource": w.Resources[:1]}
	}
	resources, failed := s.requestedResources(asked)
	if failed != nil {
		return grant{}, failed
	}
	for _, resource := range resources {
		if len(w.Resources) > 0 && !slices.Contains(w.Resources, resource) {
			return grant{}, invalidTarget("the resource is not one of the workload's")
		}
	}
	all := grant{Type: grantJWTBearer, ClientID: w.Subject, Subject: w.Subject, Scopes: w.Scopes, Resources: resources}
	return all.narrow(scopes, "")
}
