package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// Grant is how tokens are obtained: [AuthorizationCode], [ClientCredentials],
// [WorkloadIdentity] or [EnterpriseManaged].
type Grant interface {
	// obtain gets a token as the flow says.
	obtain(ctx context.Context, c *Client, f *flow) (*tokenResponse, error)
	normalized() Grant
	check(c *Config, f *faults)
	// interactive reports whether a user takes part.
	interactive() bool
}

// flow is one attempt to obtain a token. It is filled in step by step.
type flow struct {
	source
	before   serverRecord // what was used earlier
	scopes   []string
	key      *proofKey
	identity identity
	// bound tells that credentials without an issuer are used.
	bound bool
	// registered tells that the identity comes from a dynamic registration.
	registered bool
}

// resource is the identifier to send, exactly as the resource writes it.
func (f *flow) resource() string { return f.document.Resource }

// exchange prepares a token request with what every one has: the resource (RFC
// 8707 §2.2) and the scopes.
func (f *flow) exchange(grantType string, secrets ...string) exchange {
	x := exchange{
		endpoint: f.as.TokenEndpoint, issuer: f.as.Issuer, identity: f.identity, key: f.key, secrets: secrets,
		form: url.Values{"grant_type": {grantType}, "resource": {f.resource()}},
	}
	if len(f.scopes) > 0 {
		x.form.Set("scope", strings.Join(f.scopes, " "))
	}
	return x
}

// ClientCredentials lets the client act for itself (OAuth Client Credentials
// extension of MCP). It needs [Config.Credentials] with a secret or a key.
type ClientCredentials struct{}

func (g ClientCredentials) normalized() Grant { return g }

func (ClientCredentials) interactive() bool { return false }

func (ClientCredentials) check(c *Config, f *faults) {
	if len(c.Credentials) == 0 {
		f.add(NoCredentials, "", "Credentials")
	}
	for _, credentials := range c.Credentials {
		if credentials.ClientSecret == "" && credentials.PrivateKey == nil {
			f.add(NoCredentials, credentials.ClientID, "Credentials")
		}
	}
}

func (ClientCredentials) obtain(ctx context.Context, c *Client, f *flow) (*tokenResponse, error) {
	who, _, err := c.preRegistered(f)
	if err != nil {
		return nil, err
	}
	f.identity = who
	return c.token(ctx, f.exchange(grantClientCredentials))
}

// AssertionRequest says what an assertion is for.
type AssertionRequest struct {
	// Issuer is the authorization server's identifier and TokenEndpoint the URL
	// the assertion is sent to: its audience is one of the two.
	Issuer, TokenEndpoint string
	// Resource is the MCP server's resource identifier.
	Resource string
	// Scopes are those that will be asked for.
	Scopes []string
}

// AssertionSource returns a JWT that says who the client is, such as one that
// the platform it runs on keeps in a file.
type AssertionSource func(ctx context.Context, request AssertionRequest) (string, error)

// WorkloadIdentity lets a workload act for itself with the identity that its
// platform gave it (Workload Identity Federation extension of MCP): the
// assertion is exchanged for a token with the JWT bearer grant (RFC 7523 §2.1).
// The client is not registered and sends no client_id, unless there are
// [Config.Credentials].
type WorkloadIdentity struct {
	// Assertion returns the workload's JWT. Required.
	Assertion AssertionSource
}

func (g WorkloadIdentity) normalized() Grant { return g }

func (WorkloadIdentity) interactive() bool { return false }

func (g WorkloadIdentity) check(_ *Config, f *faults) {
	if g.Assertion == nil {
		f.add(NoAssertion, "", "Grant.Assertion")
	}
}

func (g WorkloadIdentity) obtain(ctx context.Context, c *Client, f *flow) (*tokenResponse, error) {
	who, _, err := c.preRegistered(f)
	if err != nil {
		return nil, err
	}
	f.identity = who
	assertion, err := g.Assertion(ctx, AssertionRequest{
		Issuer: f.as.Issuer, TokenEndpoint: f.as.TokenEndpoint, Resource: f.resource(), Scopes: f.scopes,
	})
	if err != nil {
		return nil, err
	}
	return c.bearerGrant(ctx, f, assertion)
}

func (c *Client) bearerGrant(ctx context.Context, f *flow, assertion string) (*tokenResponse, error) {
	x := f.exchange(grantJWTBearer, assertion)
	x.form.Set("assertion", assertion)
	return c.token(ctx, x)
}

// The types of [SubjectToken].
const (
	IDTokenType      = "urn:ietf:params:oauth:token-type:id_token"
	RefreshTokenType = "urn:ietf:params:oauth:token-type:refresh_token"
	SAML2TokenType   = "urn:ietf:params:oauth:token-type:saml2"

	idJAGType = "urn:ietf:params:oauth:token-type:id-jag"
)

// SubjectToken is the token that the enterprise's identity provider gave the
// client when the user logged in.
type SubjectToken struct {
	Token string
	// Type is one of the token types above. Empty means [IDTokenType].
	Type string
}

// Format prints no token, whatever the verb.
func (t SubjectToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "{"+t.Type+"}") }

// EnterpriseManaged uses the user's login at the enterprise's identity provider
// (Enterprise-Managed Authorization extension of MCP): it exchanges the subject
// token there for an assertion (RFC 8693, ID-JAG), and the assertion at the MCP
// server's authorization server for a token (RFC 7523). The client must be
// registered with both.
type EnterpriseManaged struct {
	// IdentityProvider are the client's credentials there. The issuer is
	// required; a client without secret and key is a public one.
	IdentityProvider Credentials
	// TokenEndpoint is the identity provider's. Empty means that it is looked
	// up in the provider's metadata.
	TokenEndpoint string
	// Subject returns the user's token. Required.
	Subject func(ctx context.Context) (SubjectToken, error)
}

func (g EnterpriseManaged) normalized() Grant { return g }

func (EnterpriseManaged) interactive() bool { return false }

func (g EnterpriseManaged) check(_ *Config, f *faults) {
	if metadata.CheckIssuer(g.IdentityProvider.Issuer) != nil {
		f.add(InvalidIssuer, g.IdentityProvider.Issuer, "Grant.IdentityProvider.Issuer")
	}
	g.IdentityProvider.check(f, "Grant.IdentityProvider")
	if g.TokenEndpoint != "" && fetch.CheckURL(g.TokenEndpoint, fetch.IsLoopbackURL(g.IdentityProvider.Issuer)) != nil {
		f.add(InvalidEndpoint, g.TokenEndpoint, "Grant.TokenEndpoint")
	}
	if g.Subject == nil {
		f.add(NoSubjectToken, "", "Grant.Subject")
	}
}

func (g EnterpriseManaged) obtain(ctx context.Context, c *Client, f *flow) (*tokenResponse, error) {
	who, err := c.register(ctx, f, "")
	if err != nil {
		return nil, err
	}
	f.identity = who
	assertion, err := g.assertion(ctx, c, f)
	if err != nil {
		return nil, err
	}
	return c.bearerGrant(ctx, f, assertion)
}

var errIDJAG = errors.New("the answer holds no identity assertion (ID-JAG)")

// assertion exchanges the subject token for an ID-JAG.
func (g EnterpriseManaged) assertion(ctx context.Context, c *Client, f *flow) (string, error) {
	subject, err := g.Subject(ctx)
	if err != nil {
		return "", err
	}
	if subject.Type == "" {
		subject.Type = IDTokenType
	}
	x, err := g.exchange(ctx, c, f, subject)
	if err != nil {
		return "", err
	}
	answer, err := c.token(ctx, x)
	switch {
	case err != nil:
		return "", err
	case answer.issuedType != idJAGType:
		return "", &AnswerError{Endpoint: withoutQuery(x.endpoint), Reason: errIDJAG.Error()}
	}
	return answer.accessToken, nil
}

func (g EnterpriseManaged) exchange(ctx context.Context, c *Client, f *flow, subject SubjectToken) (exchange, error) {
	idp := &metadata.AuthorizationServer{Issuer: g.IdentityProvider.Issuer, TokenEndpoint: g.TokenEndpoint}
	if g.TokenEndpoint == "" {
		found, err := metadata.Fetch(ctx, c.fetch, metadata.Source{Issuer: g.IdentityProvider.Issuer})
		if err != nil {
			return exchange{}, err
		}
		idp = found.Server
	}
	who, err := g.IdentityProvider.identify(idp)
	if err != nil {
		return exchange{}, err
	}
	form := url.Values{
		"grant_type":           {grantTokenExchange},
		"requested_token_type": {idJAGType},
		"audience":             {f.as.Issuer},
		"resource":             {f.resource()},
		"subject_token":        {subject.Token},
		"subject_token_type":   {subject.Type},
	}
	if len(f.scopes) > 0 {
		form.Set("scope", strings.Join(f.scopes, " "))
	}
	return exchange{
		endpoint: idp.TokenEndpoint, issuer: idp.Issuer, form: form, identity: who, secrets: []string{subject.Token},
	}, nil
}

// record turns a token response into what is kept.
func (f *flow) record(answer *tokenResponse, mode DPoPMode, now time.Time) (*tokenRecord, error) {
	r := &tokenRecord{
		Issuer: f.as.Issuer, Resource: f.resource(), ClientID: f.identity.id,
		AccessToken: answer.accessToken, RefreshToken: answer.refreshToken,
		Requested: f.scopes,
	}
	if answer.hasScope {
		r.Granted = answer.scope
	}
	if answer.hasLifetime {
		r.ExpiresAt = now.Add(answer.lifetime)
	}
	if err := r.setType(answer.tokenType, f.key, mode); err != nil {
		return nil, &AnswerError{Endpoint: withoutQuery(f.as.TokenEndpoint), Reason: err.Error()}
	}
	return r, nil
}

const (
	schemeBearer = "Bearer"
	schemeDPoP   = "DPoP"
)

var (
	errUnboundToken = errors.New("the token is not bound to the client's key, which is required")
	errBoundToken   = errors.New("the token is bound to a key, and none was sent")
)

// setType takes over the token's type (RFC 6749 §7.1, RFC 9449 §5), which
// servers write in any case.
func (r *tokenRecord) setType(tokenType string, key *proofKey, mode DPoPMode) error {
	switch {
	case strings.EqualFold(tokenType, schemeBearer) && mode == DPoPRequired:
		return errUnboundToken
	case strings.EqualFold(tokenType, schemeBearer):
		r.TokenType = schemeBearer
		return nil
	case strings.EqualFold(tokenType, schemeDPoP) && key == nil:
		return errBoundToken
	case strings.EqualFold(tokenType, schemeDPoP):
		der, err := key.marshal()
		r.TokenType, r.ProofKey, r.key = schemeDPoP, der, key
		return err
	}
	return errTokenType
}
