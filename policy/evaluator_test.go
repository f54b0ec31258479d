package policy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/policy"
)

func with(scopes ...string) *policy.Caller { return &policy.Caller{Subject: "alice", Scopes: scopes} }

func describe(d policy.Decision) string {
	text := d.Outcome.String()
	if d.Hidden {
		text += ", hidden"
	}
	if len(d.Scopes) > 0 {
		text += ": " + strings.Join(d.Scopes, " ")
	}
	return text
}

// Covers RS4, RS12: what is decided, and which scopes are to be asked for.
func TestDecide(t *testing.T) {
	t.Parallel()
	p := policy.Policy{
		Tools: map[string]policy.Requirement{
			"a": policy.Scopes("a", "both"), "b": policy.Scopes("b", "both"), "open": policy.Public(), "no": policy.Denied(),
		},
		Resources: map[string]policy.Requirement{"note:///{id}": policy.Scopes("a")},
		Methods:   map[string]policy.Requirement{"initialize": policy.Scopes("begin")},
	}
	hiding := p
	hiding.HideRefused = true
	handler := []string{"use"}
	long := read("note:///" + strings.Repeat("a", 64<<10-len("note:///")+1))
	for _, tc := range []struct {
		name         string
		caller       *policy.Caller
		scopes       []string
		ops          []policy.Operation
		want, hidden string // hidden: with HideRefused
	}{
		{"has all", with("a", "both"), nil, []policy.Operation{tool("a")}, "allowed: a both", "allowed: a both"},
		{"lacks one", with("a"), nil, []policy.Operation{tool("a")}, "insufficient scope: a both", "insufficient scope, hidden: a both"},
		{"lacks the handler's", with("a", "both"), handler, []policy.Operation{tool("a")}, "insufficient scope: use a both", "insufficient scope, hidden: use a both"},
		{"several", with("a", "both"), nil, []policy.Operation{tool("a"), tool("b")}, "insufficient scope: a both b", "insufficient scope, hidden: a both b"},
		{"one is denied", with("a", "both"), handler, []policy.Operation{tool("a"), tool("no")}, "denied", "denied, hidden"},
		{"public", nil, handler, []policy.Operation{tool("open")}, "allowed: use", "allowed: use"},
		{"public and not", nil, handler, []policy.Operation{tool("open"), tool("a")}, "no credentials: use a both", "no credentials: use"},
		{"no rule", with("a"), nil, []policy.Operation{tool("other")}, "denied", "denied, hidden"},
		{"a stream", with(), handler, nil, "insufficient scope: use begin", "insufficient scope: use begin"},
		{"a method", with(), nil, []policy.Operation{{Method: "made/up"}}, "denied", "denied"},
		{"not normal", with("a"), nil, []policy.Operation{read("note:///%61")}, "URI not normal", "URI not normal, hidden"},
		{"not normal, no token", nil, nil, []policy.Operation{read("note:///%61")}, "URI not normal", "URI not normal, hidden"},
		{"long names", with("a"), nil, []policy.Operation{long}, "names too long", "names too long"},
	} {
		for _, each := range []struct {
			policy *policy.Policy
			want   string
		}{{&p, tc.want}, {&hiding, tc.hidden}} {
			d := compile(t, each.policy).Decide(t.Context(), tc.caller, tc.scopes, tc.ops...)
			if got := describe(d); got != each.want {
				t.Errorf("%s: %s, want %s", tc.name, got, each.want)
			}
			if d.Allowed() != (d.Cause == nil) {
				t.Errorf("%s: the cause is %v", tc.name, d.Cause)
			}
		}
	}
}

// Covers RS4, RS12: each kind of requirement, its text, and what is asked for.
func TestRequirement(t *testing.T) {
	t.Parallel()
	claim := policy.Claim("department", "finance", "audit")
	roles := policy.ClaimAt([]string{"realm_access", "roles"}, "editor")
	check := func(allowed bool, err error) policy.Requirement {
		return policy.Check("owner", func(context.Context, policy.Caller, policy.Operation) (bool, error) { return allowed, err })
	}
	panics := policy.Check("owner", func(context.Context, policy.Caller, policy.Operation) (bool, error) { panic("broken") })
	type answers map[string]string // by what the caller has
	for _, tc := range []struct {
		requirement policy.Requirement
		text        string
		want        answers
	}{
		{policy.Scopes("a", "b"), "a and b", answers{"": "insufficient scope: a b", "a b": "allowed: a b", "-": "no credentials: a b"}},
		{policy.Authenticated(), "a valid token", answers{"": "allowed", "-": "no credentials"}},
		{policy.Public(), "nothing: public", answers{"": "allowed", "-": "allowed"}},
		{policy.Denied(), "denied to everybody", answers{"a": "denied", "-": "no credentials"}},
		{policy.AnyScope("a", "b"), "a or b", answers{"": "insufficient scope: a", "b": "allowed: b", "-": "no credentials: a"}},
		{policy.All(policy.Scopes("a"), policy.AnyScope("b", "c")), "a and (b or c)", answers{"a": "insufficient scope: a b", "a c": "allowed: a c"}},
		{policy.Any(policy.Scopes("a", "b"), policy.Scopes("c", "d")), "(a and b) or (c and d)", answers{"": "insufficient scope: a b", "d": "insufficient scope: c d"}},
		{claim, `claim department is "finance" or "audit"`, answers{`{"department":"audit"}`: "allowed", `{"department":"x"}`: "denied", "": "denied", "-": "no credentials"}},
		{roles, `claim realm_access.roles is "editor"`, answers{
			`{"realm_access":{"roles":["viewer","editor"]}}`: "allowed", `{"realm_access":{"roles":"editor"}}`: "allowed", `{"realm_access":{"roles":["viewer"]}}`: "denied",
			`{"roles":["editor"]}`: "denied", `{"realm_access":["editor"]}`: "denied", `{"realm_access":"roles"}`: "denied", `{"realm_access":{"roles":{"editor":1}}}`: "denied",
			`{"realm_access.roles":["editor"]}`: "denied", `{"x":{"realm_access":{"roles":["editor"]}}}`: "denied", `{"realm_access":{"Roles":["editor"]}}`: "denied", "": "denied", "-": "no credentials",
		}},
		{policy.ClaimAt([]string{"resource_access", "my.app", "roles"}, "a"), `claim resource_access."my.app".roles is "a"`, answers{`{"resource_access":{"my.app":{"roles":["a"]}}}`: "allowed"}},
		{policy.Any(claim, policy.Scopes("a")), `(claim department is "finance" or "audit") or a`, answers{"": "insufficient scope: a", `{"department":"audit"}`: "allowed"}},
		{check(true, nil), "check owner", answers{"": "allowed", "-": "no credentials"}},
		{check(true, errors.New("broken")), "check owner", answers{"": "denied"}},
		{panics, "check owner", answers{"": "denied"}},
	} {
		if got := tc.requirement.String(); got != tc.text {
			t.Errorf("prints as %q, want %q", got, tc.text)
		}
		e := compile(t, &policy.Policy{Default: tc.requirement})
		for has, want := range tc.want {
			caller := with(strings.Fields(has)...)
			switch {
			case has == "-":
				caller = nil
			case strings.HasPrefix(has, "{"):
				claims := policy.Caller{}.WithClaims(json.RawMessage(has))
				caller = &claims
			}
			if got := describe(e.Decide(t.Context(), caller, nil, tool("t"))); got != want {
				t.Errorf("%v: with %q: %s, want %s", tc.requirement, has, got, want)
			}
		}
	}
}

// Covers RS12: what a check is given, and that its error reaches the cause.
func TestCheckFunc(t *testing.T) {
	t.Parallel()
	failure := errors.New("no database")
	var got string
	check := policy.Check("owner", func(_ context.Context, c policy.Caller, op policy.Operation) (bool, error) {
		var claims struct{ Team string }
		err := c.Claims(&claims)
		got = fmt.Sprint(c.Subject, " ", claims.Team, " ", c.HasScope("read"), " ", op.Name, " ", string(op.Arguments), " ", err)
		return true, failure
	})
	e, err := policy.Compile(&policy.Policy{Default: check}, map[string][]string{"write": {"read"}})
	if err != nil {
		t.Fatal(err)
	}
	caller := with("write").WithClaims(json.RawMessage(`{"team":"blue"}`))
	op := tool("t")
	op.Arguments = json.RawMessage(`{"owner":"bob"}`)
	d := e.Decide(t.Context(), &caller, nil, op)
	if want := `alice blue true t {"owner":"bob"} <nil>`; got != want {
		t.Errorf("the check is given %s, want %s", got, want)
	}
	if !errors.Is(d.Cause, failure) || d.Cause.Error() != "the policy denies the operation: check owner: no database" {
		t.Errorf("the cause is %v", d.Cause)
	}
}

// Covers RS12: lists show what may be used, and nothing that has two spellings.
func TestVisible(t *testing.T) {
	t.Parallel()
	p := &policy.Policy{
		Tools:     map[string]policy.Requirement{"a": policy.Scopes("a"), "open": policy.Public()},
		Resources: map[string]policy.Requirement{"note:///{id}": policy.Scopes("a")},
	}
	e := compile(t, p)
	p.ShowAll = true
	all := compile(t, p)
	for _, tc := range []struct {
		name   string
		caller *policy.Caller
		scopes []string
		op     policy.Operation
		want   bool
	}{
		{"may use", with("a"), nil, tool("a"), true},
		{"may not", with(), nil, tool("a"), false},
		{"lacks the handler's scope", with("a"), []string{"use"}, tool("a"), false},
		{"no token", nil, nil, tool("a"), false},
		{"public", nil, []string{"use"}, tool("open"), true},
		{"public, with a token", with(), []string{"use"}, tool("open"), true},
		{"a template", with("a"), nil, read("note:///{id}"), true},
		{"another spelling", with("a"), nil, read("note:///%61"), false},
	} {
		if got := e.Visible(t.Context(), tc.caller, tc.scopes, tc.op); got != tc.want {
			t.Errorf("%s: %t, want %t", tc.name, got, tc.want)
		}
		if !all.Visible(t.Context(), tc.caller, tc.scopes, tc.op) {
			t.Errorf("%s: not shown with ShowAll", tc.name)
		}
	}
}

// Covers RS4: what a challenge asks for whose caller has no token.
func TestChallengeScopes(t *testing.T) {
	t.Parallel()
	p := &policy.Policy{Tools: map[string]policy.Requirement{"a": policy.All(policy.Scopes("a"), policy.Claim("x", "y"))}}
	if got := compile(t, p).ChallengeScopes(tool("a")); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q", got)
	}
	p.HideRefused = true
	if got := compile(t, p).ChallengeScopes(tool("a")); got != nil {
		t.Errorf("got %q, although it is hidden", got)
	}
}

func usual(t testing.TB) func() policy.Decision {
	t.Helper()
	e, err := policy.Compile(&policy.Policy{
		Tools:   map[string]policy.Requirement{"get": policy.All(policy.Scopes("read"), policy.AnyScope("admin", "write")), "admin-*": policy.Scopes("admin")},
		Methods: map[string]policy.Requirement{"tasks/*": policy.Denied()},
	}, map[string][]string{"admin": {"write"}, "write": {"read"}})
	if err != nil {
		t.Fatal(err)
	}
	caller, handler := policy.Caller{Issuer: "https://auth.example.com", Subject: "alice", Scopes: []string{"write", "use"}}, []string{"use"}
	ctx := t.Context()
	return func() policy.Decision {
		one := [1]policy.Operation{{Method: "tools/call", Name: "get"}}
		return e.Decide(ctx, &caller, handler, one[:]...)
	}
}

// An evaluation does not escape: a decision that allows costs its scopes, if they
// are of several rules, and nothing else.
func TestDecideAllocates(t *testing.T) {
	decide := usual(t)
	if got := describe(decide()); got != "allowed: use read write" {
		t.Fatal(got)
	}
	if n := testing.AllocsPerRun(100, func() { decide() }); n > 2 {
		t.Errorf("%v allocations", n)
	}
	e := compile(t, &policy.Policy{Default: policy.Scopes("read")})
	caller, op := with("read"), tool("t")
	if n := testing.AllocsPerRun(100, func() { e.Decide(context.Background(), caller, nil, op) }); n > 0 {
		t.Errorf("%v allocations for one scope", n)
	}
}

func BenchmarkDecide(b *testing.B) {
	decide := usual(b)
	b.ReportAllocs()
	for b.Loop() {
		decide()
	}
}
