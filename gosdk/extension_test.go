package gosdk_test

import (
	"context"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/mcp-auth/go/policy"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The types of the Skills extension (SEP-2640), which the SDK does not have.
type (
	skillParams struct {
		mcp.ParamsBase
		URI string `json:"uri,omitempty"`
	}
	skill struct {
		URI string `json:"uri"`
	}
	skillResult struct {
		mcp.ResultBase
		Skill      *skill  `json:"skill,omitempty"`
		Skills     []skill `json:"skills,omitempty"`
		Resources  []skill `json:"resources,omitempty"`
		CacheScope string  `json:"cacheScope,omitempty"`
	}
)

// Covers RS12, RS30: methods of an extension fall under the rules for resources inside the SDK.
func TestAuthorizeExtension(t *testing.T) {
	t.Parallel()
	a, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://api.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: "https://auth.example.com"}},
		Policy: &policy.Policy{
			Resources: map[string]policy.Requirement{"skill://open/{+path}": policy.Public(), "skill://{+path}": policy.Scopes("admin"), "skill://open": policy.Public()},
			Methods:   map[string]policy.Requirement{"*": policy.Public()},
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	client := skillServer(t, gosdk.Authorize(a, ""))
	for _, tc := range []struct{ method, uri, want, not string }{
		{"skills/get", "skill://open/SKILL.md", "skill://open/SKILL.md", ""},
		{"skills/get", "skill://closed/SKILL.md", "access token", "SKILL.md"},
		{"skills/list", "", "skill://open/SKILL.md skill://open/a private", "closed"},
		{"resources/directory/read", "skill://open", "skill://open/a", "closed"},
		{"resources/directory/read", "skill://closed", "access token", "skill://"},
	} {
		result, err := mcp.CallCustomMethod[*skillParams, *skillResult](t.Context(), client, tc.method, &skillParams{URI: tc.uri})
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			for _, s := range map[string][]skill{"skills/list": result.Skills, "skills/get": {*result.Skill}, "resources/directory/read": result.Resources}[tc.method] {
				got += s.URI + " "
			}
			got += result.CacheScope
		}
		if !strings.Contains(got, tc.want) || tc.not != "" && strings.Contains(got, tc.not) {
			t.Errorf("%s %s: %s", tc.method, tc.uri, got)
		}
	}
}

// skillServer is a client of a server that has the extension.
func skillServer(t *testing.T, authorize mcp.Middleware) *mcp.ClientSession {
	t.Helper()
	s := mcp.NewServer(&mcp.Implementation{Name: "skills", Version: "1"}, nil)
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	for _, method := range []string{"skills/list", "skills/get", "resources/directory/read"} {
		err := mcp.AddReceivingCustomMethod(s, method, func(_ context.Context, _ *mcp.ServerSession, p *skillParams) (*skillResult, error) {
			list := []skill{{"skill://open/SKILL.md"}, {"skill://closed/SKILL.md"}, {"skill://open/a"}}
			return &skillResult{Skill: &skill{p.URI}, Skills: list, Resources: list, CacheScope: "public"}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := mcp.AddSendingCustomMethod[*skillParams, *skillResult](client, method); err != nil {
			t.Fatal(err)
		}
	}
	s.AddReceivingMiddleware(authorize)
	here, there := mcp.NewInMemoryTransports()
	if _, err := s.Connect(t.Context(), here, nil); err != nil {
		t.Fatal(err)
	}
	session, err := client.Connect(t.Context(), there, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}
