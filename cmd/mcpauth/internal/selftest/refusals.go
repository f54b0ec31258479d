package selftest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/mcp-auth/go/mcpauthtest"
)

// refuseTampered changes the subject of the real token and keeps its signature.
func (f *flow) refuseTampered(ctx context.Context) (string, error) {
	tampered, err := tamper(f.token)
	if err != nil {
		return "", err
	}
	return f.expectRefusal(ctx, tampered, http.StatusUnauthorized, "invalid_token")
}

func (f *flow) refuseExpired(ctx context.Context) (string, error) {
	return f.refuseMinted(ctx, f.claims(), http.StatusUnauthorized, "invalid_token", mcpauthtest.Expired())
}

func (f *flow) refuseOtherResource(ctx context.Context) (string, error) {
	claims := f.claims()
	claims.Audience = []string{otherResource}
	return f.refuseMinted(ctx, claims, http.StatusUnauthorized, "invalid_token")
}

func (f *flow) refuseMissingScope(ctx context.Context) (string, error) {
	claims := f.claims()
	claims.Scopes = nil
	return f.refuseMinted(ctx, claims, http.StatusForbidden, "insufficient_scope")
}

// claims are those of a token that would be accepted.
func (f *flow) claims() mcpauthtest.TokenClaims {
	return mcpauthtest.TokenClaims{
		Subject: f.user.Username, ClientID: f.clientID,
		Audience: []string{f.demo.Facts.MCPURL}, Scopes: f.scopes,
	}
}

func (f *flow) refuseMinted(ctx context.Context, claims mcpauthtest.TokenClaims, status int, code string, options ...mcpauthtest.TokenOption) (string, error) {
	token, err := f.demo.Authorization.Token(claims, options...)
	if err != nil {
		return "", err
	}
	return f.expectRefusal(ctx, token, status, code)
}

// expectRefusal sends a token that must not be accepted.
func (f *flow) expectRefusal(ctx context.Context, token string, status int, code string) (string, error) {
	got, bearer, err := f.knock(ctx, token)
	if err != nil {
		return "", err
	}
	if got != status || bearer.Params["error"] != code {
		return "", fmt.Errorf("answered with %d %q, want %d %q", got, bearer.Params["error"], status, code)
	}
	if bearer.Params["resource_metadata"] != f.metadataURL {
		return "", errors.New("the challenge does not point to the resource metadata")
	}
	return fmt.Sprintf("refused with %d %s", got, code), nil
}

// tamper returns a token with another subject under the old signature.
func tamper(token string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errors.New("the token is not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", errors.New("the token is not a JWT")
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", errors.New("the token is not a JWT")
	}
	claims["sub"] = "mallory"
	payload, err = json.Marshal(claims)
	if err != nil {
		return "", err
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(payload)
	return strings.Join(parts, "."), nil
}
