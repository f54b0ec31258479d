package contender

import (
	"context"
	"fmt"
	"net/http"

	jwtmiddleware "github.com/auth0/go-jwt-middleware/v3"
	"github.com/auth0/go-jwt-middleware/v3/validator"
	"github.com/modelcontextprotocol/go-sdk/auth"

	"github.com/mcp-auth/go"
	"github.com/mcp-auth/go/bench/internal/fixture"
	"github.com/mcp-auth/go/policy"
)

// Middleware is a whole net/http middleware that demands the scope
// [fixture.Required]; next must be reached with the caller's identity.
type Middleware struct {
	Name string
	Wrap func(next http.Handler) http.Handler
	// Who reads the identity in the handler.
	Who func(ctx context.Context) (Identity, bool)
}

// Names of middleware that goals speak of.
const (
	OursCold = "mcpauth, cache off"
	OursWarm = "mcpauth, warm"
	GoSDK    = "go-sdk + golang-jwt + keyfunc"
)

// Middlewares returns all of them. They stop with ctx.
func Middlewares(ctx context.Context, s *fixture.Server) ([]Middleware, error) {
	cold, err := OurMiddleware(ctx, s, OursCold, -1)
	if err != nil {
		return nil, err
	}
	warm, err := OurMiddleware(ctx, s, OursWarm, 0)
	if err != nil {
		return nil, err
	}
	sdk, err := GoSDKMiddleware(ctx, s)
	if err != nil {
		return nil, err
	}
	other, err := auth0Middleware(s)
	if err != nil {
		return nil, err
	}
	return []Middleware{cold, warm, sdk, other}, nil
}

// OurMiddleware is [mcpauth.Auth.Protect] with a token cache of that size.
func OurMiddleware(ctx context.Context, s *fixture.Server, name string, cacheSize int) (Middleware, error) {
	ours, err := Ours(ctx, s, cacheSize)
	return Middleware{
		Name: name,
		Wrap: func(next http.Handler) http.Handler { return ours.Protect(next, mcpauth.Scopes(fixture.Required)) },
		Who: func(ctx context.Context) (Identity, bool) {
			info, ok := mcpauth.FromContext(ctx)
			if !ok {
				return Identity{}, false
			}
			return Identity{info.Subject, info.ClientID, info.Scopes}, true
		},
	}, err
}

// OurHandler is a handler behind [mcpauth.Auth.Protect] with a policy, or none.
func OurHandler(ctx context.Context, s *fixture.Server, rules *policy.Policy, next http.Handler) (http.Handler, error) {
	auth, err := ours(ctx, s, 0, rules)
	if err != nil {
		return nil, err
	}
	return auth.Protect(next, mcpauth.Scopes(fixture.Required)), nil
}

// GoSDKMiddleware is the official MCP SDK's middleware with the verifier that
// most people would write for it.
func GoSDKMiddleware(ctx context.Context, s *fixture.Server) (Middleware, error) {
	verify, err := golangVerifier(ctx, s)
	verifier := func(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
		c, err := verify(token)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", auth.ErrInvalidToken, err)
		}
		return &auth.TokenInfo{
			Scopes:     splitScope(c.Scope),
			Expiration: c.ExpiresAt.Time,
			UserID:     c.Subject,
			Extra:      map[string]any{"client_id": c.ClientID},
		}, nil
	}
	return Middleware{
		Name: GoSDK,
		Wrap: auth.RequireBearerToken(verifier, &auth.RequireBearerTokenOptions{
			ResourceMetadataURL: "https://api.example.com/.well-known/oauth-protected-resource/notes",
			Scopes:              []string{fixture.Required},
		}),
		Who: func(ctx context.Context) (Identity, bool) {
			info := auth.TokenInfoFromContext(ctx)
			if info == nil {
				return Identity{}, false
			}
			client, _ := info.Extra["client_id"].(string)
			return Identity{info.UserID, client, info.Scopes}, true
		},
	}, err
}

func auth0Middleware(s *fixture.Server) (Middleware, error) {
	v, err := auth0Validator(s)
	if err != nil {
		return Middleware{}, err
	}
	m, err := jwtmiddleware.New(jwtmiddleware.WithValidator(v))
	if err != nil {
		return Middleware{}, err
	}
	return Middleware{
		Name: "auth0 go-jwt-middleware",
		Wrap: func(next http.Handler) http.Handler { return m.CheckJWT(next) },
		Who: func(ctx context.Context) (Identity, bool) {
			claims, err := jwtmiddleware.GetClaims[*validator.ValidatedClaims](ctx)
			if err != nil {
				return Identity{}, false
			}
			id, err := auth0Identity(claims)
			return id, err == nil
		},
	}, nil
}
