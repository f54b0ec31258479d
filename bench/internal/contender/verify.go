// Package contender sets up what is measured: each library in the way its own
// documentation recommends, fetching the keys once, and checking signature,
// issuer, audience and expiry.
package contender

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/auth0/go-jwt-middleware/v3/jwks"
	"github.com/auth0/go-jwt-middleware/v3/validator"
	"github.com/coreos/go-oidc/v3/oidc"
	gojose "github.com/go-jose/go-jose/v4"
	gojosejwt "github.com/go-jose/go-jose/v4/jwt"
	golangjwt "github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/mcp-auth/go"
	"github.com/mcp-auth/go/bench/internal/fixture"
	"github.com/mcp-auth/go/policy"
)

// Identity is what a handler wants to know of the caller. Every contender has to
// yield it, so that none gets away without reading the claims.
type Identity struct {
	Subject, ClientID string
	Scopes            []string
}

func (i Identity) may(scope string) error {
	if i.Subject != fixture.Subject || i.ClientID != fixture.ClientID || !slices.Contains(i.Scopes, scope) {
		return fmt.Errorf("identity %+v is incomplete", i)
	}
	return nil
}

// Verifier is a library that verifies tokens. Bind does what is the same for
// every token outside of the measurement.
type Verifier struct {
	Name string
	Bind func(token string) func() (Identity, error)
}

// Verifiers returns all of them, ours first. They stop with ctx.
func Verifiers(ctx context.Context, s *fixture.Server) ([]Verifier, error) {
	cold, err := Ours(ctx, s, -1)
	if err != nil {
		return nil, err
	}
	warm, err := Ours(ctx, s, 0)
	if err != nil {
		return nil, err
	}
	all := []Verifier{authorize("mcpauth, cache off", cold), authorize("mcpauth, warm", warm)}
	for _, make := range []func(context.Context, *fixture.Server) (Verifier, error){
		golangJWT, goJOSE, jwx, goOIDC, auth0,
	} {
		v, err := make(ctx, s)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// Ours makes an Auth that has its keys already. It is closed with ctx.
func Ours(ctx context.Context, s *fixture.Server, cacheSize int) (*mcpauth.Auth, error) {
	return ours(ctx, s, cacheSize, nil)
}

func ours(ctx context.Context, s *fixture.Server, cacheSize int, rules *policy.Policy) (*mcpauth.Auth, error) {
	auth, err := mcpauth.New(mcpauth.Config{
		TokenCacheSize: cacheSize,
		Resources:      []mcpauth.Resource{resource(s, rules)},
	})
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = auth.Close() })
	return auth, auth.Ready(ctx)
}

// authorize is the whole engine: it has no smaller public part.
func authorize(name string, auth *mcpauth.Auth) Verifier {
	return Verifier{name, func(token string) func() (Identity, error) {
		ctx := context.Background()
		request := mcpauth.Request{
			Method: http.MethodPost,
			URL:    "/notes",
			Header: http.Header{"Authorization": {"Bearer " + token}},
		}
		return func() (Identity, error) {
			info, err := auth.Authorize(ctx, request)
			if err != nil {
				return Identity{}, err
			}
			return Identity{info.Subject, info.ClientID, info.Scopes}, nil
		}
	}}
}

func simple(name string, verify func(token string) (Identity, error)) Verifier {
	return Verifier{name, func(token string) func() (Identity, error) {
		return func() (Identity, error) { return verify(token) }
	}}
}

var errNoExpiry = errors.New("no exp")

type golangClaims struct {
	golangjwt.RegisteredClaims
	Scope    string `json:"scope"`
	ClientID string `json:"client_id"`
}

// golangVerifier is what the go-sdk stack uses too.
func golangVerifier(ctx context.Context, s *fixture.Server) (func(token string) (*golangClaims, error), error) {
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{s.KeysURL()})
	if err != nil {
		return nil, err
	}
	parser := golangjwt.NewParser(
		golangjwt.WithValidMethods(fixture.Algorithms()),
		golangjwt.WithIssuer(s.Issuer),
		golangjwt.WithAudience(fixture.Resource),
		golangjwt.WithExpirationRequired(),
	)
	return func(token string) (*golangClaims, error) {
		claims := new(golangClaims)
		_, err := parser.ParseWithClaims(token, claims, keys.Keyfunc)
		return claims, err
	}, nil
}

func golangJWT(ctx context.Context, s *fixture.Server) (Verifier, error) {
	verify, err := golangVerifier(ctx, s)
	return simple("golang-jwt + keyfunc", func(token string) (Identity, error) {
		c, err := verify(token)
		if err != nil {
			return Identity{}, err
		}
		return Identity{c.Subject, c.ClientID, strings.Fields(c.Scope)}, nil
	}), err
}

func goJOSE(_ context.Context, s *fixture.Server) (Verifier, error) {
	set := s.KeySet() // go-jose fetches nothing
	var algorithms []gojose.SignatureAlgorithm
	for _, alg := range fixture.Algorithms() {
		algorithms = append(algorithms, gojose.SignatureAlgorithm(alg))
	}
	type claims struct {
		gojosejwt.Claims
		Scope    string `json:"scope"`
		ClientID string `json:"client_id"`
	}
	return simple("go-jose", func(token string) (Identity, error) {
		parsed, err := gojosejwt.ParseSigned(token, algorithms)
		if err != nil {
			return Identity{}, err
		}
		var c claims
		if err := parsed.Claims(&set, &c); err != nil {
			return Identity{}, err
		}
		if c.Expiry == nil {
			return Identity{}, errNoExpiry
		}
		err = c.Validate(gojosejwt.Expected{
			Issuer: s.Issuer, AnyAudience: gojosejwt.Audience{fixture.Resource}, Time: time.Now(),
		})
		return Identity{c.Subject, c.ClientID, strings.Fields(c.Scope)}, err
	}), nil
}

func jwx(ctx context.Context, s *fixture.Server) (Verifier, error) {
	var none Verifier
	cache, err := jwk.NewCache(ctx, httprc.NewClient())
	if err != nil {
		return none, err
	}
	if err := cache.Register(ctx, s.KeysURL()); err != nil {
		return none, err
	}
	set, err := cache.CachedSet(s.KeysURL())
	if err != nil {
		return none, err
	}
	return simple("jwx", func(token string) (Identity, error) {
		parsed, err := jwxjwt.ParseString(token,
			jwxjwt.WithKeySet(set),
			jwxjwt.WithIssuer(s.Issuer),
			jwxjwt.WithAudience(fixture.Resource),
			jwxjwt.WithRequiredClaim("exp"))
		if err != nil {
			return Identity{}, err
		}
		var id Identity
		var scope string
		id.Subject, _ = parsed.Subject()
		err = errors.Join(parsed.Get("client_id", &id.ClientID), parsed.Get("scope", &scope))
		id.Scopes = strings.Fields(scope)
		return id, err
	}), nil
}

func goOIDC(ctx context.Context, s *fixture.Server) (Verifier, error) {
	verifier := oidc.NewVerifier(s.Issuer, oidc.NewRemoteKeySet(ctx, s.KeysURL()), &oidc.Config{
		ClientID:             fixture.Resource,
		SupportedSigningAlgs: fixture.Algorithms(),
	})
	return simple("go-oidc", func(token string) (Identity, error) {
		parsed, err := verifier.Verify(ctx, token)
		if err != nil {
			return Identity{}, err
		}
		var c struct {
			Scope    string `json:"scope"`
			ClientID string `json:"client_id"`
		}
		err = parsed.Claims(&c)
		return Identity{parsed.Subject, c.ClientID, strings.Fields(c.Scope)}, err
	}), nil
}

// auth0Claims are claims of one's own in auth0's way.
type auth0Claims struct {
	Scope    string `json:"scope"`
	ClientID string `json:"client_id"`
}

func (*auth0Claims) Validate(context.Context) error { return nil }

func auth0Validator(s *fixture.Server) (*validator.Validator, error) {
	issuer, err := url.Parse(s.Issuer)
	if err != nil {
		return nil, err
	}
	keysURL, err := url.Parse(s.KeysURL())
	if err != nil {
		return nil, err
	}
	provider, err := jwks.NewCachingProvider(jwks.WithIssuerURL(issuer), jwks.WithCustomJWKSURI(keysURL))
	if err != nil {
		return nil, err
	}
	return validator.New(
		validator.WithKeyFunc(provider.KeyFunc),
		validator.WithAlgorithms([]validator.SignatureAlgorithm{validator.ES256, validator.RS256, validator.EdDSA}),
		validator.WithIssuer(s.Issuer),
		validator.WithAudience(fixture.Resource),
		validator.WithCustomClaims(func() *auth0Claims { return new(auth0Claims) }),
		// By itself it takes tokens without exp.
		validator.WithRegisteredClaimsValidator(func(c validator.RegisteredClaims) error {
			if c.Expiry == 0 {
				return errNoExpiry
			}
			return nil
		}),
	)
}

func auth0Identity(claims any) (Identity, error) {
	validated, ok := claims.(*validator.ValidatedClaims)
	if !ok {
		return Identity{}, fmt.Errorf("claims of type %T", claims)
	}
	custom, ok := validated.CustomClaims.(*auth0Claims)
	if !ok {
		return Identity{}, fmt.Errorf("custom claims of type %T", validated.CustomClaims)
	}
	return Identity{validated.RegisteredClaims.Subject, custom.ClientID, strings.Fields(custom.Scope)}, nil
}

func auth0(ctx context.Context, s *fixture.Server) (Verifier, error) {
	v, err := auth0Validator(s)
	return simple("auth0 go-jwt-middleware", func(token string) (Identity, error) {
		claims, err := v.ValidateToken(ctx, token)
		if err != nil {
			return Identity{}, err
		}
		return auth0Identity(claims)
	}), err
}
