package mcpauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/reason"
)

// verifiedBy is a configuration whose tokens a function verifies.
func verifiedBy(verify mcpauth.VerifierFunc) mcpauth.Config {
	config := oneResource()
	config.Resources[0].AuthorizationServers = []mcpauth.AuthorizationServer{{Issuer: issuerID, Verifier: verify}}
	return config
}

// Covers RS6. A verifier decides on every text that a header can carry.
func TestVerifierGetsEveryToken(t *testing.T) {
	t.Parallel()
	var got string
	auth := newAuth(t, verifiedBy(func(_ context.Context, token string) (*mcpauth.Claims, error) {
		got = token
		if token == "refused:token" {
			return nil, fmt.Errorf("%w: no", mcpauth.ErrInvalidToken)
		}
		return &mcpauth.Claims{Issuer: issuerID, Audience: []string{resourceID}, ExpiresAt: time.Now().Add(time.Hour)}, nil
	}))
	for _, token := range []string{
		"user:grant:secret", "a.b.c:d", "a b", `a"b\c`, "a,b", "{a}", "tökén", "a\tb", "=", "a=b=c", "eyJ:x.y.z", "%20", "a;b", "a\xffb",
	} {
		if status := status(auth, token); status != http.StatusOK || got != token {
			t.Errorf("%q: status %d, the verifier got %q", token, status, got)
		}
	}
	if refused := outcome(auth, "refused:token"); refused == nil || refused.Status != http.StatusUnauthorized || refused.Reason != reason.RejectedByVerifier {
		t.Errorf("refused with %v", refused)
	}
	for _, token := range []string{"a\nb", "a\x00b", "a\x7fb", "a\r\nX: y"} {
		if status := status(auth, token); status != http.StatusBadRequest {
			t.Errorf("%q, which no header can carry: status %d", token, status)
		}
	}
}

// A verifier that fails in whatever way is an outage.
func TestVerifierFails(t *testing.T) {
	t.Parallel()
	for name, verify := range map[string]mcpauth.VerifierFunc{
		"error":   func(context.Context, string) (*mcpauth.Claims, error) { return nil, errors.New("no") },
		"nothing": func(context.Context, string) (*mcpauth.Claims, error) { return nil, nil },
	} {
		if got := outcome(newAuth(t, verifiedBy(verify)), "x"); got == nil || got.Status != http.StatusServiceUnavailable {
			t.Errorf("%s: %v", name, got)
		}
	}
}
