package interop_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
)

// plainSDKs are what the servers are made with that stand behind the gateway. The
// one in Rust takes minutes to compile, and is there at night only.
func plainSDKs() []parts.SDK {
	sdks := []parts.SDK{parts.FastMCP, parts.TypeScriptV1, parts.TypeScriptV2, parts.GoSDK, parts.MCPGo}
	if parts.HasRust() {
		sdks = append(sdks, parts.RMCP)
	}
	return sdks
}

// Servers in several languages, none of which knows OAuth, are protected by a
// gateway with one file. Clients log in, see the tools that they may use, are
// refused one, step up, and call it. What is refused does not reach the server.
//
// Covers RS1, RS2, RS3, RS4, RS7, RS11, RS12, RS14, GW3, GW8, GW15, GW21.
func TestGatewayStepUp(t *testing.T) {
	t.Parallel()
	const legacy, modern = "2025-11-25", "2026-07-28"
	servers := startStepUpServers(t)
	type combination struct {
		sdk       parts.SDK
		stateless bool
		client    string
		atDev     bool
	}
	combinations := []combination{
		{parts.FastMCP, false, legacy, false},
		{parts.FastMCP, true, modern, true},
		{parts.FastMCP, false, sdkV1, false},
		{parts.TypeScriptV1, false, legacy, true},
		{parts.TypeScriptV1, false, sdkV1, false},
		{parts.TypeScriptV2, true, legacy, false},
		{parts.TypeScriptV2, true, modern, true},
	}
	if parts.HasRust() {
		combinations = append(combinations, combination{parts.RMCP, false, legacy, false}, combination{parts.RMCP, true, modern, true})
	}
	for _, c := range combinations {
		run, issuer := servers.atOIDC(c.client, parts.App), "oidc-provider"
		if c.atDev {
			run, issuer = servers.atDev(c.client), "development server"
		}
		t.Run(fmt.Sprintf("%s %s %s", c.sdk, c.client, issuer), func(t *testing.T) {
			t.Parallel()
			plain := parts.StartPlainServer(t, c.sdk, c.stateless, readNote, deleteNote)
			run.serve = func(t *testing.T, resource, issuer string) {
				t.Helper()
				// What the first login asks for, and what deletion takes.
				policy := "scopes_supported: [read]\ntools: {read-note: read, delete-note: read delete}\n"
				parts.StartGateway(t, parts.Gateway{Resource: resource, Issuer: issuer, Upstream: plain.URL, Policy: policy})
			}
			got := run.run(t)
			if c.client != sdkV1 && got.Version != c.client {
				t.Errorf("revision %q, want %q", got.Version, c.client)
			}
			got.checkSteps(t, refused, "authorization_code 200", allowed)
			got.checkChallenge(t, "read delete")
			got.checkCalls(t, "")
			got.checkTools(t, deleteNote, readNote)
			if runs := plain.Runs(t); !maps.Equal(runs, map[string]int{readNote: 1, deleteNote: 1}) {
				t.Errorf("the server ran %v, want each tool once", runs)
			}
		})
	}
}

// Tokens that are for others, of others, without the scopes or too old are
// refused in front of servers that would let everybody in.
//
// Covers RS3, RS4, RS5, RS7, RS8, RS9, RS10, RS12, GW3, GW8.
func TestGatewayRefusals(t *testing.T) {
	t.Parallel()
	trusted := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known})
	foreign := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known})
	for _, sdk := range plainSDKs() {
		t.Run(string(sdk), func(t *testing.T) {
			t.Parallel()
			plain := parts.StartPlainServer(t, sdk, false, readNote)
			resource := parts.NewResource(t)
			parts.StartGateway(t, parts.Gateway{
				Resource: resource, Issuer: trusted.Issuer, Upstream: plain.URL,
				Policy: "methods: {initialize: " + strings.Join(required, " ") + "}\n",
			})
			for url, token := range map[string]string{
				plain.URL: "",
				resource:  trusted.Token(t, parts.Machine, resource, required...),
			} {
				if got := parts.Send(t, http.MethodPost, url, token); got.Status != http.StatusOK {
					t.Fatalf("status %d at %s, want 200; body %s", got.Status, url, got.Body)
				}
			}
			checkGatewayRefusals(t, trusted, foreign, resource)
		})
	}
}

func checkGatewayRefusals(t *testing.T, trusted, foreign *parts.AuthorizationServer, resource string) {
	t.Helper()
	bad := refusal{status: http.StatusUnauthorized, code: "invalid_token", resource: resource}
	none, narrow := bad, bad
	none.code = ""
	narrow.status, narrow.code, narrow.scopes = http.StatusForbidden, "insufficient_scope", required
	for name, c := range map[string]struct {
		token string
		want  refusal
	}{
		"no token":                   {"", none},
		"token for another resource": {trusted.Token(t, parts.Machine, parts.NewResource(t), required...), bad},
		"token of another issuer":    {foreign.Token(t, parts.Machine, resource, required...), bad},
		"opaque token":               {trusted.Token(t, parts.OpaqueClient, resource, required...), bad},
		"token without scope":        {trusted.Token(t, parts.Machine, resource), narrow},
		"token with one scope":       {trusted.Token(t, parts.Machine, resource, readScope), narrow},
	} {
		for _, method := range methods {
			t.Run(name+" "+method, func(t *testing.T) {
				c.want.check(t, parts.Send(t, method, resource, c.token))
			})
		}
	}
	t.Run("token that expires", func(t *testing.T) { checkExpiry(t, trusted, resource, bad) })
}
