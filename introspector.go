package mcpauth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/opaque"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

const (
	// maxIntrospectionBody bounds an answer in bytes.
	maxIntrospectionBody = 64 << 10
	// A signed answer is made for one question: an old one was kept by somebody.
	maxSignedAnswerAge = 5 * time.Minute

	introspectionJWT     = "token-introspection+jwt" // RFC 9701 §5
	unsupportedTokenType = "unsupported_token_type"  // RFC 7009 §2.2.1, used for introspection too
)

// introspector asks one authorization server about tokens for one resource.
type introspector struct {
	config *Introspection
	server *trustedServer
	fetch  *fetch.Client
	now    func() time.Time
	key    *jose.Signer // nil: there is a secret
	tokens *opaque.Asker[answer]
}

// answer is what an authorization server said about a token: claims, or why
// the token is not acceptable.
type answer struct {
	claims  *Claims
	refused *refusal.Refusal
}

func newIntrospector(config *Introspection, server *trustedServer, client *fetch.Client, now func() time.Time) (*introspector, error) {
	i := &introspector{config: config, server: server, fetch: client, now: now}
	if config.authMethod() == PrivateKeyJWT {
		key, err := jose.NewSigner(config.Key, config.KeyAlgorithm, config.KeyID)
		if err != nil {
			return nil, err
		}
		i.key = key
	}
	timeout := config.Timeout
	if timeout == 0 {
		timeout = defaultIntrospectionTimeout
	}
	i.tokens = opaque.New(opaque.Config[answer]{Ask: i.call, Keep: i.keep, Timeout: timeout, Now: now})
	return i, nil
}

// close ends calls under way and waits for them.
func (i *introspector) close() { i.tokens.Close() }

// verify proves the token, or remembers what was said about it.
func (i *introspector) verify(ctx context.Context, token string) (*Claims, *refusal.Refusal) {
	a, err := i.tokens.Ask(ctx, token)
	if err != nil {
		return nil, unavailable(fmt.Errorf("introspection at %q: %w", i.server.issuer, err))
	}
	return a.claims, a.refused
}

// keep says how long an answer is remembered: never past the token's exp,
// whatever the leeway.
func (i *introspector) keep(a answer, asked time.Time) opaque.Keep {
	switch {
	case i.config.CacheTTL <= 0:
		return opaque.Keep{}
	case a.refused != nil:
		return opaque.Keep{Until: asked.Add(i.config.CacheTTL), Inactive: true}
	}
	until := asked.Add(i.config.CacheTTL)
	if a.claims.ExpiresAt.Before(until) {
		until = a.claims.ExpiresAt
	}
	return opaque.Keep{Until: until, Bytes: len(a.claims.Raw)}
}

// call asks the authorization server. An error means that nothing is known of
// the token.
func (i *introspector) call(ctx context.Context, token string) (answer, error) {
	endpoint, err := i.endpoint(ctx)
	if err != nil {
		return answer{}, err
	}
	request, err := i.request(endpoint, token)
	if err != nil {
		return answer{}, err
	}
	resp, err := i.fetch.Do(ctx, request)
	if err != nil {
		return answer{}, err
	}
	return i.read(ctx, resp)
}

// endpoint is where to ask: as configured, or as the metadata say.
func (i *introspector) endpoint(ctx context.Context) (string, error) {
	if i.config.Endpoint != "" {
		return i.config.Endpoint, nil
	}
	md, err := i.server.source.serverMetadata(ctx)
	switch {
	case err != nil:
		return "", fmt.Errorf("metadata: %w", err)
	case md.IntrospectionEndpoint == "":
		return "", errors.New("the metadata has no introspection_endpoint")
	}
	return md.IntrospectionEndpoint, nil
}

// request makes the call (RFC 7662 §2.1, RFC 9701 §4).
func (i *introspector) request(endpoint, token string) (fetch.Request, error) {
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	header := http.Header{
		"Accept":       {"application/json"},
		"Content-Type": {"application/x-www-form-urlencoded"},
	}
	if i.config.SignedResponses {
		header.Set("Accept", "application/"+introspectionJWT)
	}
	if err := i.authenticate(form, header); err != nil {
		return fetch.Request{}, err
	}
	return fetch.Request{
		Method: http.MethodPost,
		URL:    endpoint,
		Header: header,
		Body:   []byte(form.Encode()),
		// An endpoint on loopback that the configuration names is meant.
		AllowLoopback: i.config.Endpoint != "" || fetch.IsLoopbackURL(i.server.issuer),
	}, nil
}

func (i *introspector) authenticate(form url.Values, header http.Header) error {
	id, secret := i.config.ClientID, string(i.config.ClientSecret)
	switch i.config.authMethod() {
	case ClientSecretBasic:
		// Form-urlencoded first: RFC 6749 §2.3.1 has it so, and otherwise a
		// colon or a character that is not ASCII would break the header.
		credentials := url.QueryEscape(id) + ":" + url.QueryEscape(secret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
	case ClientSecretPost:
		form.Set("client_id", id)
		form.Set("client_secret", secret)
	case PrivateKeyJWT:
		assertion, err := i.key.ClientAssertion(id, i.server.issuer, i.now())
		if err != nil {
			return err
		}
		form.Set("client_id", id)
		form.Set("client_assertion_type", jose.ClientAssertionType)
		form.Set("client_assertion", assertion)
		return nil // not to be sent twice: the server may remember its jti
	}
	// net/http may then send the request again on a new connection where the
	// server has just closed an idle one. The header itself is not sent.
	header["X-Idempotency-Key"] = nil
	return nil
}

// read turns a response into an answer. What cannot be relied on is an error:
// it says nothing about the token.
func (i *introspector) read(ctx context.Context, resp *fetch.Response) (answer, error) {
	switch {
	case len(resp.Body) > maxIntrospectionBody:
		return answer{}, fmt.Errorf("the answer has more than %d bytes", maxIntrospectionBody)
	case resp.Status == http.StatusBadRequest && errorCode(resp.Body) == unsupportedTokenType:
		return answer{refused: refusal.InvalidToken(reason.NotIntrospectable, "%q does not introspect tokens of this kind (%s)",
			i.server.issuer, unsupportedTokenType)}, nil
	case resp.Status == http.StatusUnauthorized, resp.Status == http.StatusForbidden:
		return answer{}, fmt.Errorf("status %d: the endpoint does not accept the client credentials of this resource server", resp.Status)
	case resp.Status != http.StatusOK:
		return answer{}, fmt.Errorf("status %d", resp.Status)
	}
	document, err := i.open(ctx, resp)
	if err != nil {
		return answer{}, err
	}
	said, err := parseIntrospection(document, i.server.scopeClaim)
	if err != nil {
		return answer{}, err
	}
	return i.judge(said), nil
}

// errorCode returns the error member of an error response (RFC 6749 §5.2).
func errorCode(body []byte) (code string) {
	err := jsonx.Object(body, maxClaimsDepth, func(name string, raw []byte) error {
		if name == "error" {
			code, _ = jsonx.String(raw)
		}
		return nil
	})
	if err != nil {
		return ""
	}
	return code
}

// open returns the JSON object of the response (RFC 7662 §2.2), verified where
// it is signed (RFC 9701 §5).
func (i *introspector) open(ctx context.Context, resp *fetch.Response) ([]byte, error) {
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case media == "application/"+introspectionJWT:
		return i.openSigned(ctx, resp.Body)
	case i.config.SignedResponses:
		return nil, errors.New("the answer is not signed")
	}
	return resp.Body, nil
}

// signedAnswer are the claims of a signed response, RFC 9701 §5.
type signedAnswer struct {
	issuer             string
	audience           []string
	issuedAt, expires  time.Time
	tokenIntrospection []byte
}

func (i *introspector) openSigned(ctx context.Context, body []byte) ([]byte, error) {
	jws, err := jose.Parse(string(bytes.TrimSpace(body)))
	if err != nil {
		return nil, fmt.Errorf("signed answer: %w", err)
	}
	if typ := normalizeType(jws.Header.Type); typ != introspectionJWT {
		return nil, fmt.Errorf("signed answer: typ is %.40q", jws.Header.Type)
	}
	if !i.server.allowsAlgorithm(jws.Header.Algorithm) {
		return nil, fmt.Errorf("signed answer: the algorithm %q is not allowed", jws.Header.Algorithm)
	}
	said, err := parseSignedAnswer(jws.Payload)
	if err != nil {
		return nil, fmt.Errorf("signed answer: %w", err)
	}
	if err := i.checkSigned(said); err != nil {
		return nil, fmt.Errorf("signed answer: %w", err)
	}
	if _, refused := i.server.verifySignature(ctx, jws, said.issuedAt); refused != nil {
		return nil, fmt.Errorf("signed answer: %w", refused.Cause)
	}
	return said.tokenIntrospection, nil
}

func parseSignedAnswer(payload []byte) (*signedAnswer, error) {
	said := &signedAnswer{}
	err := jsonx.Object(payload, maxClaimsDepth, func(name string, raw []byte) error {
		ok := true
		switch name {
		case "iss":
			said.issuer, ok = jsonx.String(raw)
		case "aud":
			said.audience, ok = jsonx.StringOrStrings(raw)
		case "iat":
			said.issuedAt, ok = jsonx.NumericDate(raw)
		case "exp":
			said.expires, ok = jsonx.NumericDate(raw)
		case "token_introspection":
			said.tokenIntrospection = raw
		}
		if !ok {
			return fmt.Errorf("claim %q has the wrong type", name)
		}
		return nil
	})
	return said, err
}

// checkSigned checks that the answer is the server's, for this resource server
// and of now.
func (i *introspector) checkSigned(said *signedAnswer) error {
	now := i.now()
	mine := func(audience string) bool { return audience == i.config.ClientID || i.server.accepts(audience) }
	switch {
	case said.issuer != i.server.issuer:
		return fmt.Errorf("the issuer is %.200q", said.issuer)
	case !slices.ContainsFunc(said.audience, mine):
		return fmt.Errorf("the audience is %.200q", said.audience)
	case said.issuedAt.IsZero():
		return errors.New("no iat")
	case now.Sub(said.issuedAt) > maxSignedAnswerAge || said.issuedAt.Sub(now) > maxLeeway:
		return fmt.Errorf("made at %s", said.issuedAt.UTC().Format(time.RFC3339))
	case !said.expires.IsZero() && !now.Before(said.expires.Add(maxLeeway)):
		return errors.New("expired")
	case said.tokenIntrospection == nil:
		return errors.New("no token_introspection")
	}
	return nil
}

// introspected is an introspection response (RFC 7662 §2.2).
type introspected struct {
	tokenClaims
	active, saysActive bool
	saysIssuer         bool
	tokenType          string
}

// parseIntrospection reads a response strictly: a member of the wrong type
// spoils it. null counts as absent; it is what some servers write for that.
func parseIntrospection(document []byte, scopeClaim string) (*introspected, error) {
	said := &introspected{}
	said.Raw = document
	var fault error
	err := jsonx.Walk(document, maxClaimsDepth, func(name, raw []byte) error {
		if string(raw) == "null" || said.set(name, raw, scopeClaim) {
			return nil
		}
		fault = fmt.Errorf("member %.40q has the wrong type", name)
		if string(name) == "active" {
			return fault
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer is not acceptable: %w", err)
	case !said.saysActive:
		return nil, errors.New("the answer is not acceptable: no active")
	case said.active && fault != nil: // what else is said of an inactive token does not matter
		return nil, fmt.Errorf("the answer is not acceptable: %w", fault)
	}
	said.resolve(scopeClaim)
	return said, nil
}

func (said *introspected) set(name, raw []byte, scopeClaim string) (ok bool) {
	switch string(name) {
	case "active":
		said.active, ok = jsonx.Bool(raw)
		said.saysActive = true
		return ok
	case "token_type":
		said.tokenType, ok = jsonx.String(raw)
		return ok
	case "iss":
		said.saysIssuer = true
	}
	return said.tokenClaims.set(name, raw, scopeClaim)
}

// judge says what the response means for the token. What the engine checks of
// every token is left to it.
func (i *introspector) judge(said *introspected) answer {
	if !said.active {
		return answer{refused: refusal.InvalidToken(reason.InactiveToken, "%q calls the token inactive", i.server.issuer)}
	}
	bearer, dpop := strings.EqualFold(said.tokenType, "Bearer"), strings.EqualFold(said.tokenType, "DPoP")
	if said.tokenType != "" && !bearer && !dpop {
		return answer{refused: refusal.InvalidToken(reason.NotAnAccessToken, "the token's token_type is %.40q", said.tokenType)}
	}
	if why := said.notAccessToken(said.tokenType != ""); why != "" {
		return answer{refused: refusal.InvalidToken(reason.NotAnAccessToken, "not an access token: %s", why)}
	}
	claims := said.Claims
	claims.introspected = true
	if !said.saysIssuer {
		claims.Issuer = i.server.issuer // it is the one that was asked
	}
	if dpop && (claims.Confirmation == nil || claims.Confirmation.JWKThumbprint == "") {
		// Bound to a key that the answer does not tell: no bearer token, and
		// with no proof can it be told from a stolen one.
		claims.Confirmation = &Confirmation{}
	}
	// Some servers call refresh tokens active too, and say of them neither
	// token_type nor token_use.
	claims.allowedClient = said.ofAllowedClient(i.config.AllowedClients, said.tokenType != "")
	return answer{claims: &claims}
}
