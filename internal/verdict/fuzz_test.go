package verdict_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/mcpauthtest"
)

// FuzzAuthorize sends any Authorization header and target. Covers RS3, RS5, RS6,
// RS9: nothing but the one good token is admitted, and every refusal is a
// challenge that parses.
func FuzzAuthorize(f *testing.F) {
	server, err := mcpauthtest.New(mcpauthtest.Config{Issuer: authtest.IssuerID})
	if err != nil {
		f.Fatal(err)
	}
	keys, err := server.JWKS()
	if err != nil {
		f.Fatal(err)
	}
	config := authtest.OneResource()
	config.Resources[0].AuthorizationServers[0].JWKS = keys
	auth, err := mcpauth.New(config)
	if err != nil {
		f.Fatal(err)
	}
	good, err := server.Token(mcpauthtest.TokenClaims{Audience: []string{authtest.ResourceID}})
	if err != nil {
		f.Fatal(err)
	}
	for _, header := range []string{"", "Bearer ", "Bearer TOKEN", "bearer  TOKEN", "Bearer\tTOKEN", "Bearer TOKEN, Bearer TOKEN", "Basic x", "Bearer .TOKEN", "Bearer a.b.c", "DPoP TOKEN"} {
		f.Add(header, "/mcp", false)
		f.Add(header, "/mcp?access_token=x", true)
	}
	f.Fuzz(func(t *testing.T, header, target string, details bool) {
		header = strings.ReplaceAll(header, "TOKEN", good)
		req := mcpauth.Request{Method: http.MethodPost, URL: target, Header: http.Header{"Authorization": {header}}}
		_, err := auth.Authorize(context.Background(), req)
		if err == nil {
			scheme, token, _ := strings.Cut(header, " ")
			if !strings.EqualFold(scheme, "bearer") || strings.TrimLeft(token, " ") != good {
				t.Fatalf("admitted %q", header)
			}
			return
		}
		var refused *mcpauth.Challenge
		if !errors.As(err, &refused) {
			t.Fatalf("%T", err)
		}
		switch refused.Status {
		case http.StatusBadRequest, http.StatusUnauthorized:
		default:
			t.Fatalf("status %d for %q", refused.Status, header)
		}
		if parsed, err := challenge.Parse(refused.WWWAuthenticate()); err != nil || len(parsed) != 1 {
			t.Fatalf("%q: %v", refused.WWWAuthenticate(), err)
		}
	})
}
