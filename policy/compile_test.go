package policy_test

import (
	"slices"
	"testing"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/policy"
)

// Covers RS11: everything impossible in a policy is reported at once.
func TestCompileFaults(t *testing.T) {
	t.Parallel()
	one := policy.Scopes("x")
	tests := map[string]struct {
		change func(*policy.Policy)
		want   configerr.Fault
		field  string
	}{
		"empty key":      {func(p *policy.Policy) { p.Tools[""] = one }, configerr.InvalidPattern, `Tools[""]`},
		"star inside":    {func(p *policy.Policy) { p.Tools["a*b"] = one }, configerr.InvalidPattern, `Tools["a*b"]`},
		"two stars":      {func(p *policy.Policy) { p.Methods["a**"] = one }, configerr.InvalidPattern, `Methods["a**"]`},
		"open brace":     {func(p *policy.Policy) { p.Resources["a:{b"] = one }, configerr.InvalidPattern, `Resources["a:{b"]`},
		"query template": {func(p *policy.Policy) { p.Resources["a:{?b}"] = one }, configerr.InvalidPattern, `Resources["a:{?b}"]`},
		"no text between": {func(p *policy.Policy) { p.Resources["a:{b}{c}"] = one },
			configerr.InvalidPattern, `Resources["a:{b}{c}"]`},
		"template and star": {func(p *policy.Policy) { p.Resources["a:{b}*"] = one }, configerr.InvalidPattern, `Resources["a:{b}*"]`},
		"empty expression":  {func(p *policy.Policy) { p.Resources["a:{}"] = one }, configerr.InvalidPattern, `Resources["a:{}"]`},
		"fits nothing":      {func(p *policy.Policy) { p.Resources["File:///a/*"] = one }, configerr.InvalidPattern, `Resources["File:///a/*"]`},
		"fits nothing, too": {func(p *policy.Policy) { p.Resources["file:///a/../{b}"] = one },
			configerr.InvalidPattern, `Resources["file:///a/../{b}"]`},
		"same template":              {changeResources("a:{b}", "a:{c}"), configerr.InvalidPattern, `Resources["a:{c}"]`},
		"same prefix":                {changeResources("a:*", "a:{+c}"), configerr.InvalidPattern, `Resources["a:{+c}"]`},
		"nil":                        {func(p *policy.Policy) { p.Prompts["p"] = nil }, configerr.InvalidRequirement, `Prompts["p"]`},
		"nil inside":                 {func(p *policy.Policy) { p.Default = policy.All(one, nil) }, configerr.InvalidRequirement, `Default[1]`},
		"empty all":                  {func(p *policy.Policy) { p.Default = policy.All() }, configerr.InvalidRequirement, `Default`},
		"empty any":                  {func(p *policy.Policy) { p.Default = policy.Any() }, configerr.InvalidRequirement, `Default`},
		"claim, no name":             {func(p *policy.Policy) { p.Default = policy.Claim("", "x") }, configerr.InvalidRequirement, `Default`},
		"claim, no path":             {func(p *policy.Policy) { p.Default = policy.ClaimAt(nil, "x") }, configerr.InvalidRequirement, `Default`},
		"claim, no name on the path": {func(p *policy.Policy) { p.Default = policy.ClaimAt([]string{"a", ""}, "x") }, configerr.InvalidRequirement, `Default`},
		"claim, no value":            {func(p *policy.Policy) { p.Default = policy.Claim("x") }, configerr.InvalidRequirement, `Default`},
		"check, no code":             {func(p *policy.Policy) { p.Default = policy.Check("x", nil) }, configerr.InvalidRequirement, `Default`},
		"scope, space":               {func(p *policy.Policy) { p.Default = policy.Any(one, policy.Scopes("y", "a b")) }, configerr.InvalidScope, `Default[1][1]`},
		"offline_access":             {func(p *policy.Policy) { p.Tools["t"] = policy.AnyScope("x", "offline_access") }, configerr.OfflineAccess, `Tools["t"][1][0]`},
		"negative limit":             {func(p *policy.Policy) { p.MaxBody = -1 }, configerr.InvalidMaxBody, `MaxBody`},
		"large limit":                {func(p *policy.Policy) { p.MaxBody = 1<<30 + 1 }, configerr.InvalidMaxBody, `MaxBody`},
	}
	for name, tc := range tests {
		p := &policy.Policy{}
		p.Tools, p.Prompts, p.Resources, p.Methods = rulesOf(), rulesOf(), rulesOf(), rulesOf()
		tc.change(p)
		e, err := policy.Compile(p, nil)
		faults := configerr.All(err)
		if e != nil || len(faults) != 1 || faults[0].Field != tc.field || faults[0].Fault != tc.want {
			t.Errorf("%s: got %v, want %s: %v", name, err, tc.field, tc.want)
		}
	}
}

func changeResources(keys ...string) func(*policy.Policy) {
	return func(p *policy.Policy) {
		for _, key := range keys {
			p.Resources[key] = policy.Scopes("x")
		}
	}
}

func rulesOf() map[string]policy.Requirement { return map[string]policy.Requirement{} }

// Covers RS11: the mistakes of a hierarchy and of a policy are reported together.
func TestFaultsOfHierarchy(t *testing.T) {
	t.Parallel()
	_, err := policy.Compile(&policy.Policy{MaxBody: -1}, map[string][]string{"a": {"a", "offline_access"}})
	var got []string
	for _, fault := range configerr.All(err) {
		got = append(got, fault.Field)
	}
	if want := []string{"MaxBody", `ScopeIncludes["a"][1]`, `ScopeIncludes["a"]`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Covers RS11: what happens to a policy after it was compiled has no effect.
func TestCompileCopies(t *testing.T) {
	t.Parallel()
	needed := []string{"admin"}
	p := &policy.Policy{Tools: map[string]policy.Requirement{"t": policy.Scopes(needed...)}}
	e := compile(t, p)
	p.Tools["t"], p.Default, needed[0] = policy.Public(), policy.Public(), "read"
	if d := e.Decide(t.Context(), &policy.Caller{Scopes: []string{"read"}}, nil, tool("t")); d.Allowed() {
		t.Error("the policy has changed")
	}
}

// Covers RS12: without a policy, nothing is allowed.
func TestCompileNothing(t *testing.T) {
	t.Parallel()
	for _, p := range []*policy.Policy{nil, {}} {
		e := compile(t, p)
		if d := e.Decide(t.Context(), &policy.Caller{}, nil, tool("t")); d.Outcome != policy.OutcomeDenied {
			t.Errorf("got %v", d.Outcome)
		}
		if e.MaxBody() != 4<<20 || e.AllowsAnonymous() || e.ShowsAll() || e.HidesRefused() {
			t.Errorf("got %+v", e)
		}
	}
}

func compile(t testing.TB, p *policy.Policy) *policy.Evaluator {
	t.Helper()
	e, err := policy.Compile(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func tool(name string) policy.Operation { return policy.Operation{Method: "tools/call", Name: name} }

func read(uri string) policy.Operation {
	return policy.Operation{Method: "resources/read", Name: uri}
}
