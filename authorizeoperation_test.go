package mcpauth_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/policy"

	"github.com/mcp-auth/go/reason"
)

func twoResources() mcpauth.Config {
	config := resources(resourceID, resourceID+"/other")
	config.Resources[0].ScopeIncludes = map[string][]string{"admin": {"write"}}
	config.Resources[0].Policy = &policy.Policy{
		Tools: map[string]policy.Requirement{
			"read":  policy.Scopes("read"),
			"write": policy.Scopes("write"),
			"help":  policy.Public(),
		},
		Methods: map[string]policy.Requirement{"initialize": policy.Public()},
	}
	return config
}

func tool(name string) policy.Operation {
	return policy.Operation{Method: "tools/call", Name: name}
}

// Covers RS4, RS11, RS12. What the door decides on a request, AuthorizeOperation decides on
// operations.
func TestAuthorizeOperation(t *testing.T) {
	t.Parallel()
	auth := newAuth(t, twoResources())
	reader := &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read"}}
	admin := &mcpauth.AuthInfo{Subject: "root", Scopes: []string{"admin"}}
	for name, test := range map[string]struct {
		info     *mcpauth.AuthInfo
		resource string
		ops      []policy.Operation
		want     int
		scopes   []string
	}{
		"has it":                 {reader, resourceID, []policy.Operation{tool("read")}, http.StatusOK, nil},
		"includes it":            {admin, resourceID, []policy.Operation{tool("write")}, http.StatusOK, nil},
		"lacks it":               {reader, resourceID, []policy.Operation{tool("write")}, http.StatusForbidden, []string{"write"}},
		"one of two":             {reader, resourceID, []policy.Operation{tool("read"), tool("write")}, http.StatusForbidden, []string{"read", "write"}},
		"no rule":                {reader, resourceID, []policy.Operation{tool("other")}, http.StatusForbidden, nil},
		"lifecycle":              {reader, resourceID, []policy.Operation{{Method: "tools/list"}}, http.StatusOK, nil},
		"nobody":                 {nil, resourceID, []policy.Operation{tool("read")}, http.StatusUnauthorized, []string{"read"}},
		"nobody, public":         {nil, resourceID, []policy.Operation{tool("help"), {Method: "initialize"}}, http.StatusOK, nil},
		"nobody, lifecycle":      {nil, resourceID, []policy.Operation{{Method: "tools/list"}}, http.StatusUnauthorized, nil},
		"nobody, a stream":       {nil, resourceID, nil, http.StatusOK, nil}, // as initialize
		"no policy":              {reader, resourceID + "/other", []policy.Operation{tool("write")}, http.StatusOK, nil},
		"no policy, nobody":      {nil, resourceID + "/other", []policy.Operation{tool("help")}, http.StatusUnauthorized, nil},
		"unknown resource":       {reader, "https://else.example", []policy.Operation{tool("read")}, http.StatusInternalServerError, nil},
		"which resource":         {reader, "", []policy.Operation{tool("read")}, http.StatusInternalServerError, nil},
		"of a neighbour":         {&mcpauth.AuthInfo{Resource: resourceID + "/other", Scopes: []string{"read"}}, resourceID, []policy.Operation{tool("read")}, http.StatusUnauthorized, nil},
		"of a neighbour, public": {&mcpauth.AuthInfo{Resource: resourceID + "/other"}, resourceID, []policy.Operation{tool("help")}, http.StatusUnauthorized, nil},
	} {
		err := auth.AuthorizeOperation(t.Context(), test.info, test.resource, test.ops...)
		got := http.StatusOK
		var c *mcpauth.Challenge
		if errors.As(err, &c) {
			got = c.Status
		}
		if got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
		if c != nil && (!slices.Equal(c.Scopes, test.scopes) || c.Hidden) {
			t.Errorf("%s: scopes %q, hidden %t", name, c.Scopes, c.Hidden)
		}
	}
}

// Covers RS12. Refused operations are marked, if the policy hides them.
func TestAuthorizeOperationHides(t *testing.T) {
	t.Parallel()
	config := twoResources()
	config.Resources[0].Policy.HideRefused = true
	auth := newAuth(t, config)
	var c *mcpauth.Challenge
	err := auth.AuthorizeOperation(t.Context(), &mcpauth.AuthInfo{Subject: "alice"}, resourceID, tool("write"))
	if !errors.As(err, &c) || !c.Hidden || len(c.Scopes) > 0 {
		t.Errorf("%+v", err)
	}
	config.Resources[0].Policy.Methods = map[string]policy.Requirement{"tools/list": policy.Scopes("write")}
	err = newAuth(t, config).AuthorizeOperation(t.Context(), &mcpauth.AuthInfo{Subject: "alice"}, resourceID, policy.Operation{Method: "tools/list"})
	if !errors.As(err, &c) || c.Hidden || len(c.Scopes) != 1 {
		t.Errorf("a method is no secret: %+v", err)
	}
	config.Resources[0].Policy.Resources = map[string]policy.Requirement{"note:///a": policy.Denied()}
	err = newAuth(t, config).AuthorizeOperation(t.Context(), &mcpauth.AuthInfo{Subject: "alice"}, resourceID, read("note:///%61"))
	if !errors.As(err, &c) || !c.Hidden {
		t.Errorf("in another spelling: %+v", err)
	}
	err = auth.AuthorizeOperation(t.Context(), nil, resourceID, tool("write"))
	if !errors.As(err, &c) || c.Hidden || len(c.Scopes) > 0 {
		t.Errorf("without a token: %+v", err)
	}
}

// Covers RS12. Lists show what AuthorizeOperation permits, without a word in the log.
func TestVisible(t *testing.T) {
	t.Parallel()
	config := twoResources()
	config.Resources[0].Policy.Resources = map[string]policy.Requirement{"note://{id}": policy.Scopes("read")}
	auth := newAuth(t, config)
	reader := &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read"}}
	template := policy.Operation{Method: "resources/read", Name: "note://{id}"}
	for name, test := range map[string]struct {
		info     *mcpauth.AuthInfo
		resource string
		op       policy.Operation
		want     bool
	}{
		"may use":          {reader, resourceID, tool("read"), true},
		"may not":          {reader, resourceID, tool("write"), false},
		"nobody":           {nil, resourceID, tool("read"), false},
		"public":           {nil, resourceID, tool("help"), true},
		"template":         {reader, resourceID, template, true},
		"template, nobody": {nil, resourceID, template, false},
		"no policy":        {reader, resourceID + "/other", tool("write"), true},
		"unknown resource": {reader, "https://else.example", tool("read"), false},
	} {
		if got := auth.Visible(t.Context(), test.info, test.resource, test.op); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
	config.Resources[0].Policy.ShowAll = true
	if !newAuth(t, config).Visible(t.Context(), reader, resourceID, tool("write")) {
		t.Error("ShowAll does not show all")
	}
}

// Covers RS12. What a challenge holds is its own: whoever gets one cannot change
// the policy, nor what another caller gets.
func TestChallengeIsItsOwn(t *testing.T) {
	t.Parallel()
	auth := newAuth(t, twoResources())
	reader := &mcpauth.AuthInfo{Subject: "alice", Scopes: []string{"read"}}
	for range 2 {
		var c *mcpauth.Challenge
		err := auth.AuthorizeOperation(t.Context(), reader, resourceID, tool("write"))
		if !errors.As(err, &c) || len(c.Scopes) != 1 || c.Scopes[0] != "write" {
			t.Fatalf("%+v", err)
		}
		c.Scopes[0] = "changed"
	}
	scopes := []string{"write"}
	_, err := auth.Authorize(t.Context(), mcpauth.Request{Method: "GET", URL: "/mcp", Resource: resourceID + "/other", Scopes: scopes})
	var c *mcpauth.Challenge
	if !errors.As(err, &c) || len(c.Scopes) != 1 {
		t.Fatalf("%+v", err)
	}
	if c.Scopes[0] = "changed"; scopes[0] != "write" {
		t.Error("Authorize gives the request's scopes away")
	}
}

// What one request can have the patterns of a policy looked through for is
// bounded.
//
// Covers RS12.
func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	config := twoResources()
	config.Resources[0].Policy.Resources = map[string]policy.Requirement{"note:///*": policy.Authenticated()}
	auth := newAuth(t, config)
	half := "note:///" + strings.Repeat("a", 32<<10-len("note:///"))
	for uri, want := range map[string]reason.Reason{half: "", half + "a": reason.MalformedMessage} {
		var got reason.Reason
		var c *mcpauth.Challenge
		if errors.As(auth.AuthorizeOperation(t.Context(), &mcpauth.AuthInfo{Subject: "alice"}, resourceID, read(half), read(uri)), &c) {
			got = c.Reason
		}
		if got != want {
			t.Errorf("%d bytes: %q, want %q", len(half)+len(uri), got, want)
		}
	}
}
