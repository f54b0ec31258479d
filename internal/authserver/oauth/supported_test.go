package oauth

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/configerr"
)

func TestRequested(t *testing.T) {
	t.Parallel()
	var mistakes configerr.List
	const notes, todo = "https://notes.example/mcp", "https://todo.example/mcp"
	s := ParseSupported(&mistakes, []string{"read", "write"}, []string{"read"}, []string{notes, todo}, nil)
	anything := ParseSupported(&mistakes, nil, nil, nil, nil)
	if err := mistakes.Err(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name      string
		supported *Supported
		p         Parameters
		scopes    []string
		resources []string
		code      string
	}{
		{"nothing", s, Parameters{}, []string{"read"}, []string{notes}, ""},
		{"each once", s, Parameters{"scope": {"write write"}, "resource": {todo, "", todo}}, []string{"write"}, []string{todo}, ""},
		{"identity", s, Parameters{"scope": {"openid"}}, []string{"openid"}, []string{notes}, ""},
		{"unknown scope", s, Parameters{"scope": {"admin"}}, nil, nil, "invalid_scope"},
		{"malformed scope", s, Parameters{"scope": {"read  write"}}, nil, nil, "invalid_scope"},
		{"unknown resource", s, Parameters{"resource": {"https://x.example"}}, nil, nil, "invalid_target"},
		{"no URL", anything, Parameters{"resource": {"notes"}}, nil, nil, "invalid_target"},
		{"anything", anything, Parameters{"scope": {"admin"}, "resource": {todo}}, []string{"admin"}, []string{todo}, ""},
		{"nothing of anything", anything, Parameters{}, nil, nil, ""},
	} {
		scopes, err := test.supported.RequestedScopes(test.p)
		resources, errResource := test.supported.RequestedResources(test.p)
		err = errors.Join(err, errResource)
		var refused *Error
		if errors.As(err, &refused) != (test.code != "") || test.code != "" && refused.Code != test.code {
			t.Errorf("%s: %v, want %q", test.name, err, test.code)
		}
		if test.code == "" && (!slices.Equal(scopes, test.scopes) || !slices.Equal(resources, test.resources)) {
			t.Errorf("%s: %q, %q", test.name, scopes, resources)
		}
	}
}

func TestParametersThatAreRefused(t *testing.T) {
	t.Parallel()
	many := Parameters{}
	for range MaxParameters + 1 {
		many[strings.Repeat("x", len(many)+1)] = []string{"1"}
	}
	for name, p := range map[string]Parameters{
		"sent twice":         {"scope": {"a", "a"}},
		"too long":           {"state": {strings.Repeat("x", MaxValueBytes+1)}},
		"too many":           many,
		"too many resources": {"resource": slices.Repeat([]string{"https://x.example"}, MaxResources+1)},
	} {
		if p.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	token := Parameters{"token": {strings.Repeat("x", MaxValueBytes+1)}, "resource": {"", "https://x.example"}}
	if err := token.Check(); err != nil {
		t.Error(err)
	}
}
