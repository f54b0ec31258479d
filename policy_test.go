package mcpauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
)

// caller is somebody with a token of these scopes and claims, or without one.
type caller struct {
	scopes    []string
	claims    string
	anonymous bool
}

func with(scopes ...string) caller { return caller{scopes: scopes} }

var nobody = caller{anonymous: true}

// asking authorizes requests of callers under a policy.
type asking struct {
	auth *mcpauth.Auth
	who  caller
}

func newAsking(t *testing.T, p *mcpauth.Policy, includes map[string][]string) *asking {
	t.Helper()
	a := &asking{}
	verify := func(context.Context, string) (*mcpauth.Claims, error) {
		return &mcpauth.Claims{
			Issuer: issuerID, Subject: "alice", Audience: []string{resourceID}, Scopes: a.who.scopes,
			ExpiresAt: time.Now().Add(time.Minute), Raw: json.RawMessage(a.who.claims),
		}, nil
	}
	config := oneResource()
	config.Resources[0].Policy, config.Resources[0].ScopeIncludes = p, includes
	config.Resources[0].AuthorizationServers[0].Verifier = mcpauth.VerifierFunc(verify)
	a.auth = newAuth(t, config)
	return a
}

// as asks on behalf of somebody. The answer is nil if the operations are
// permitted.
func (a *asking) as(who caller, ops ...mcpauth.Operation) *mcpauth.Challenge {
	a.who = who
	req := mcpauth.Request{Method: http.MethodPost, URL: "/mcp", Header: http.Header{"Content-Type": {"application/json"}}}
	if !who.anonymous {
		req.Header.Set("Authorization", "Bearer token")
	}
	req.Body = func(int64) ([]byte, error) { return messages(ops), nil }
	_, err := a.auth.Authorize(context.Background(), req)
	var refused *mcpauth.Challenge
	errors.As(err, &refused)
	return refused
}

// messages is the body of a request for operations.
func messages(ops []mcpauth.Operation) []byte {
	var all []any
	for i, op := range ops {
		params := map[string]any{"name": op.Name}
		if strings.HasPrefix(op.Method, "resources/") {
			params = map[string]any{"uri": op.Name}
		}
		if op.Arguments != nil {
			params["arguments"] = op.Arguments
		}
		all = append(all, map[string]any{"jsonrpc": "2.0", "id": i, "method": op.Method, "params": params})
	}
	var body any = all
	if len(all) == 1 {
		body = all[0]
	}
	raw, _ := json.Marshal(body)
	return raw
}

func read(uri string) mcpauth.Operation {
	return mcpauth.Operation{Method: "resources/read", Name: uri}
}

// tellAnswer says in a word what became of a request.
func tellAnswer(c *mcpauth.Challenge) string {
	switch {
	case c == nil:
		return "ok"
	case c.Code == "insufficient_scope":
		return "403 " + strings.Join(c.Scopes, " ")
	case len(c.Scopes) > 0 && c.Status == http.StatusForbidden:
		return fmt.Sprintf("%d %s discloses %q", c.Status, c.Reason, c.Scopes)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", c.Status, c.Reason, strings.Join(c.Scopes, " ")))
}

func allow(answer bool, err error) mcpauth.CheckFunc {
	return func(context.Context, *mcpauth.AuthInfo, mcpauth.Operation) (bool, error) { return answer, err }
}

// Covers RS4, RS12: each kind of requirement, its text, and what the challenge
// asks for.
func TestRequirements(t *testing.T) {
	t.Parallel()
	scopes, claim := mcpauth.Scopes, mcpauth.Claim("department", "finance", "audit")
	panics := func(context.Context, *mcpauth.AuthInfo, mcpauth.Operation) (bool, error) { panic("secret") }
	type answers map[string]string // by what the caller has
	tests := []struct {
		requirement mcpauth.Requirement
		text        string
		want        answers
	}{
		{scopes("a", "b"), "a and b", answers{"": "403 a b", "a": "403 a b", "a b": "ok", "A b": "403 a b", "-": "401 no_credentials a b"}},
		{scopes(), "a valid token", answers{"": "ok", "-": "401 no_credentials"}},
		{mcpauth.Authenticated(), "a valid token", answers{"": "ok", "-": "401 no_credentials"}},
		{mcpauth.Public(), "nothing: public", answers{"": "ok", "-": "ok"}},
		{mcpauth.Denied(), "denied to everybody", answers{"a": "403 access_denied", "-": "401 no_credentials"}},
		{mcpauth.AnyScope("a", "b"), "a or b", answers{"": "403 a", "b": "ok", "-": "401 no_credentials a"}},
		{mcpauth.Any(scopes("a", "b"), scopes("c", "d")), "(a and b) or (c and d)", answers{"": "403 a b", "d": "403 c d", "b d": "403 a b", "c d": "ok"}},
		{mcpauth.All(scopes("a"), mcpauth.AnyScope("b", "c")), "a and (b or c)", answers{"": "403 a b", "c": "403 a c", "a": "403 a b", "a c": "ok", "-": "401 no_credentials a b"}},
		{mcpauth.All(scopes("a"), mcpauth.Any(scopes("b", "c"), mcpauth.All(scopes("d"), mcpauth.Any(scopes("e"))))),
			"a and ((b and c) or (d and e))", answers{"d": "403 a d e", "b": "403 a b c", "a d e": "ok"}},
		{mcpauth.Any(mcpauth.Any(scopes("a"))), "a", answers{"": "403 a", "a": "ok"}},
		{claim, `claim department is "finance" or "audit"`, answers{
			"": "403 access_denied", `{"department":"audit"}`: "ok", `{"department":["x","finance"]}`: "ok",
			`{"department":"Audit"}`: "403 access_denied", `{"department":1}`: "403 access_denied",
			`{"department":["audit",1]}`: "403 access_denied", `{"Department":"audit"}`: "403 access_denied",
			`{"department":"audit"`: "403 access_denied", "-": "401 no_credentials",
		}},
		{mcpauth.All(scopes("a"), claim), `a and (claim department is "finance" or "audit")`, answers{
			"": "403 access_denied", `{"department":"audit"}`: "403 a", "-": "401 no_credentials a",
		}},
		{mcpauth.Any(claim, scopes("a")), `(claim department is "finance" or "audit") or a`, answers{"": "403 a", "a": "ok", `{"department":"audit"}`: "ok"}},
		{mcpauth.Any(mcpauth.Denied(), claim), `denied to everybody or (claim department is "finance" or "audit")`, answers{"a": "403 access_denied"}},
		{mcpauth.Check("owner", allow(true, nil)), "check owner", answers{"": "ok", "-": "401 no_credentials"}},
		{mcpauth.Check("owner", allow(false, nil)), "check owner", answers{"a": "403 access_denied"}},
		{mcpauth.Check("owner", allow(true, errors.New("secret"))), "check owner", answers{"a": "403 access_denied"}},
		{mcpauth.Check("owner", panics), "check owner", answers{"a": "403 access_denied"}},
		{mcpauth.All(scopes("a"), mcpauth.Check("owner", panics)), "a and check owner", answers{"": "403 access_denied", "a": "403 access_denied", "-": "401 no_credentials a"}},
		{mcpauth.Any(mcpauth.Check("owner", allow(false, nil)), scopes("a")), "check owner or a", answers{"": "403 a", "a": "ok"}},
		{mcpauth.Any(mcpauth.Check("owner", panics), mcpauth.All(scopes("a"), mcpauth.Denied())), "check owner or (a and denied to everybody)", answers{"a": "403 access_denied"}},
	}
	for _, tc := range tests {
		if got := tc.requirement.String(); got != tc.text {
			t.Errorf("prints as %q, want %q", got, tc.text)
		}
		// A public tool beside it lets callers without a token get this far.
		asking := newAsking(t, &mcpauth.Policy{Tools: map[string]mcpauth.Requirement{"t": tc.requirement, "open": mcpauth.Public()}}, nil)
		for has, want := range tc.want {
			who := caller{scopes: strings.Fields(has), anonymous: has == "-"}
			if strings.HasPrefix(has, "{") {
				who = caller{claims: has}
			}
			refused := asking.as(who, tool("t"))
			if got := tellAnswer(refused); got != want {
				t.Errorf("%v: with %q: %s, want %s", tc.requirement, has, got, want)
			}
			if refused != nil && strings.Contains(fmt.Sprint(refused, refused.Description, refused.WWWAuthenticate()), "secret") {
				t.Errorf("%v: the cause is disclosed: %+v", tc.requirement, refused)
			}
		}
	}
}

// Covers RS12: what a check is told, and what the log is told of it.
func TestCheckSeesTheOperation(t *testing.T) {
	t.Parallel()
	var seen mcpauth.Operation
	var log bytes.Buffer
	check := mcpauth.Check("owner", func(_ context.Context, info *mcpauth.AuthInfo, op mcpauth.Operation) (bool, error) {
		seen = op
		return false, fmt.Errorf("no database for %s", info.Subject)
	})
	config := oneResource()
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	config.Resources[0].Policy = &mcpauth.Policy{Default: check}
	config.Resources[0].AuthorizationServers[0].Verifier = mcpauth.VerifierFunc(func(context.Context, string) (*mcpauth.Claims, error) {
		return &mcpauth.Claims{Issuer: issuerID, Subject: "alice", Audience: []string{resourceID}, ExpiresAt: time.Now().Add(time.Minute)}, nil
	})
	a := &asking{auth: newAuth(t, config)}
	a.as(with(), mcpauth.Operation{Method: "tools/call", Name: "t", Arguments: json.RawMessage(`{"owner":"bob"}`)})
	if seen.Method != "tools/call" || seen.Name != "t" || string(seen.Arguments) != `{"owner":"bob"}` {
		t.Errorf("the check saw %+v", seen)
	}
	if !strings.Contains(log.String(), "check owner: no database for alice") {
		t.Errorf("the log says %s", &log)
	}
}

// Covers RS4, RS12: the challenge names all scopes of a batch at once.
func TestBatchNeedsAll(t *testing.T) {
	t.Parallel()
	asking := newAsking(t, &mcpauth.Policy{Tools: map[string]mcpauth.Requirement{
		"a": mcpauth.Scopes("a", "both"), "b": mcpauth.Scopes("b", "both"), "open": mcpauth.Public(), "no": mcpauth.Denied(),
	}}, nil)
	for _, tc := range []struct {
		who  caller
		ops  string
		want string
	}{
		{with(), "a b", "403 a both b"},
		{with("a", "both"), "a b", "403 a both b"},
		{with("a", "b", "both"), "a b open", "ok"},
		{with("a", "b", "both"), "a no b", "403 access_denied"},
		{nobody, "open open", "ok"},
		{nobody, "open a", "401 no_credentials a both"},
		{nobody, "a open", "401 no_credentials a both"},
	} {
		var ops []mcpauth.Operation
		for _, name := range strings.Fields(tc.ops) {
			ops = append(ops, tool(name))
		}
		if got := tellAnswer(asking.as(tc.who, ops...)); got != tc.want {
			t.Errorf("%s with %v: %s, want %s", tc.ops, tc.who.scopes, got, tc.want)
		}
	}
}

// Covers RS11: broader scopes stand for narrower ones, over several steps and
// by prefix, in policies as in handlers.
func TestPolicyHierarchy(t *testing.T) {
	t.Parallel()
	asking := newAsking(t, &mcpauth.Policy{Tools: map[string]mcpauth.Requirement{
		"read": mcpauth.Scopes("read"), "file": mcpauth.Scopes("files:a:read"), "both": mcpauth.Scopes("read", "files:b"), "files": mcpauth.Scopes("files"),
	}}, map[string][]string{
		"admin": {"write", "files"}, "write": {"read"}, "files": {"files:*"}, "files:a": {"files:a:*"},
	})
	for _, tc := range []struct{ tool, has, want string }{
		{"read", "write", "ok"},
		{"read", "admin", "ok"},
		{"read", "rea", "403 read"},
		{"file", "files", "ok"},
		{"file", "files:a", "ok"},
		{"file", "files:b", "403 files:a:read"},
		{"file", "admin", "ok"},
		{"file", "files:*", "403 files:a:read"},
		{"files", "files:a", "403 files"},
		{"both", "write files", "ok"},
		{"both", "write", "403 read files:b"},
		{"both", "admin", "ok"},
	} {
		if got := tellAnswer(asking.as(with(strings.Fields(tc.has)...), tool(tc.tool))); got != tc.want {
			t.Errorf("%s with %q: %s, want %s", tc.tool, tc.has, got, tc.want)
		}
	}
}

// Covers RS11, RS12: which rule decides.
func TestRuleFor(t *testing.T) {
	t.Parallel()
	one := mcpauth.Scopes("x")
	keys := func(keys ...string) map[string]mcpauth.Requirement {
		rules := map[string]mcpauth.Requirement{}
		for _, key := range keys {
			rules[key] = one
		}
		return rules
	}
	p := &mcpauth.Policy{
		Tools:     keys("get", "get*", "get_all*", "{name}", "*"),
		Prompts:   keys("greet", "g*"),
		Resources: keys("note:///a", "note:///{id}", "note:///{+path}", "note:///{id}/files/{name}", "note:///a/*", "file:///{+path}.txt", "log:///{+path}/tail", "log:///{id}/tail", "*"),
		Methods:   keys("tasks/*", "tools/list", "resources/templates/list"),
	}
	op := func(method, name, ref string) mcpauth.Operation {
		return mcpauth.Operation{Method: method, Name: name, Ref: ref}
	}
	for _, tc := range []struct {
		op   mcpauth.Operation
		want string
	}{
		{tool("get"), "tool get"},
		{tool("get_"), "tool get*"},
		{tool("get_all"), "tool get_all*"},
		{tool("get_all_of_them"), "tool get_all*"},
		{tool("Get"), "tool *"},
		{tool("{name}"), "tool {name}"},
		{tool("é"), "tool *"},
		{op("prompts/get", "greet", ""), "prompt greet"},
		{op("prompts/get", "hello", ""), "every other operation"},
		{op("completion/complete", "greet", "prompt"), "prompt greet"},
		{op("completion/complete", "note:///{id}", "resource"), "resource note:///{id}"},
		{op("completion/complete", "", ""), "every other operation"},
		{read("note:///a"), "resource note:///a"},
		{read("note:///b"), "resource note:///{id}"},
		{read("note:///b/c"), "resource note:///{+path}"},
		{read("note:///a/c"), "resource note:///a/*"},
		{read("note:///a/"), "resource note:///a/*"},
		{read("note:///a/files/c"), "resource note:///{id}/files/{name}"},
		{read("note:///a/files/c/d"), "resource note:///a/*"},
		{read("note:///"), "resource note:///{id}"},
		{read("log:///a/tail"), "resource log:///{id}/tail"},
		{read("log:////tail"), "resource log:///{id}/tail"}, // refused anyway
		{read("log:///a/b/tail"), "resource log:///{+path}/tail"},
		{read("note:///b?c"), "resource note:///{+path}"},
		{read("file:///a/b.txt"), "resource file:///{+path}.txt"},
		{op("resources/subscribe", "note:///b", ""), "resource note:///{id}"},
		{op("resources/unsubscribe", "note:///b", ""), "resource note:///{id}"},
		{op("subscriptions/listen", "note:///b", ""), "resource note:///{id}"},
		{op("subscriptions/listen", "", ""), "sessions and lists"},
		{op("tasks/get", "", ""), "tasks/*"},
		{op("tools/list", "", ""), "tools/list"},
		{op("prompts/list", "", ""), "sessions and lists"},
		{op("initialize", "", ""), "sessions and lists"},
		{op("server/discover", "", ""), "sessions and lists"},
		{op("notifications/anything", "", ""), "sessions and lists"},
		{op("", "", ""), "sessions and lists"},
		{op("tools/call", "", ""), "tool *"},
		{op("made/up", "", ""), "every other operation"},
	} {
		if got := p.RuleFor(tc.op).String(); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.op, got, tc.want)
		}
	}
	got := (&mcpauth.Policy{Tools: map[string]mcpauth.Requirement{"": one, "a*b": one, "x": nil, "ok*": one}, Default: mcpauth.Public()}).RuleFor(tool("x"))
	if got.Field != "Default" || got.Requirement != mcpauth.Public() {
		t.Errorf("rules that are not valid: %+v", got)
	}
}

// Covers RS12.
func TestZeroPolicyDenies(t *testing.T) {
	t.Parallel()
	asking := newAsking(t, &mcpauth.Policy{}, nil)
	for _, op := range []mcpauth.Operation{tool("t"), {Method: "prompts/get", Name: "p"}, read("note:///a"), {Method: "made/up"}} {
		if got := tellAnswer(asking.as(with("admin"), op)); got != "403 access_denied" {
			t.Errorf("%+v: %s", op, got)
		}
		if got := tellAnswer(asking.as(nobody, op)); got != "401 no_credentials" {
			t.Errorf("%+v without a token: %s", op, got)
		}
	}
	for _, method := range []string{"initialize", "ping", "tools/list", "prompts/list", "resources/list", "resources/templates/list", "logging/setLevel", "server/discover", "notifications/initialized"} {
		if got := tellAnswer(asking.as(with(), mcpauth.Operation{Method: method})); got != "ok" {
			t.Errorf("%s: %s", method, got)
		}
		if got := tellAnswer(asking.as(nobody, mcpauth.Operation{Method: method})); got != "401 no_credentials" {
			t.Errorf("%s without a token: %s", method, got)
		}
	}
}

// Covers RS12: public operations are open, and nothing else with them.
func TestPublicOperations(t *testing.T) {
	t.Parallel()
	asking := newAsking(t, &mcpauth.Policy{
		Tools:   map[string]mcpauth.Requirement{"ping": mcpauth.Public()},
		Methods: map[string]mcpauth.Requirement{"initialize": mcpauth.Public()},
		Default: mcpauth.Scopes("read"),
	}, nil)
	for _, tc := range []struct {
		op   mcpauth.Operation
		want string
	}{
		{tool("ping"), "ok"},
		{tool("pin"), "401 no_credentials read"},
		{mcpauth.Operation{Method: "initialize"}, "ok"},
		{mcpauth.Operation{Method: "tools/list"}, "401 no_credentials"},
		{mcpauth.Operation{Method: "prompts/get", Name: "ping"}, "401 no_credentials read"},
	} {
		if got := tellAnswer(asking.as(nobody, tc.op)); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.op, got, tc.want)
		}
	}
	if got := tellAnswer(asking.as(caller{}, tool("ping"))); got != "ok" {
		t.Errorf("with a token: %s", got)
	}
}

// Covers RS12: of two spellings of one resource, none slips past the rule for
// the other.
func TestSpellingsOfResources(t *testing.T) {
	t.Parallel()
	people := map[string]mcpauth.Requirement{"user:///root@example.com": mcpauth.Scopes("x"), "user:///{id}": mcpauth.Scopes("x")}
	asking := newAsking(t, &mcpauth.Policy{Resources: people}, nil)
	if got := tellAnswer(asking.as(with("x"), read("user:///root%40example.com"))); got != "400 uri_not_normal" {
		t.Errorf("got %s", got)
	}
}

// Covers RS11: everything impossible in a policy is reported at once.
func TestPolicyFaults(t *testing.T) {
	t.Parallel()
	one := mcpauth.Scopes("x")
	tests := map[string]struct {
		change func(*mcpauth.Resource, *mcpauth.Policy)
		want   mcpauth.ConfigFault
		field  string
	}{
		"empty key":      {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Tools[""] = one }, mcpauth.InvalidPattern, `Policy.Tools[""]`},
		"star inside":    {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Tools["a*b"] = one }, mcpauth.InvalidPattern, `Policy.Tools["a*b"]`},
		"two stars":      {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Methods["a**"] = one }, mcpauth.InvalidPattern, `Policy.Methods["a**"]`},
		"open brace":     {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Resources["a:{b"] = one }, mcpauth.InvalidPattern, `Policy.Resources["a:{b"]`},
		"query template": {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Resources["a:{?b}"] = one }, mcpauth.InvalidPattern, `Policy.Resources["a:{?b}"]`},
		"no text between": {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Resources["a:{b}{c}"] = one },
			mcpauth.InvalidPattern, `Policy.Resources["a:{b}{c}"]`},
		"template and star": {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Resources["a:{b}*"] = one }, mcpauth.InvalidPattern, `Policy.Resources["a:{b}*"]`},
		"empty expression":  {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Resources["a:{}"] = one }, mcpauth.InvalidPattern, `Policy.Resources["a:{}"]`},
		"fits nothing":      {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Resources["File:///a/*"] = one }, mcpauth.InvalidPattern, `Policy.Resources["File:///a/*"]`},
		"fits nothing, too": {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Resources["file:///a/../{b}"] = one },
			mcpauth.InvalidPattern, `Policy.Resources["file:///a/../{b}"]`},
		"same template":    {changeResources("a:{b}", "a:{c}"), mcpauth.InvalidPattern, `Policy.Resources["a:{c}"]`},
		"same prefix":      {changeResources("a:*", "a:{+c}"), mcpauth.InvalidPattern, `Policy.Resources["a:{+c}"]`},
		"nil":              {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Prompts["p"] = nil }, mcpauth.InvalidRequirement, `Policy.Prompts["p"]`},
		"nil inside":       {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Default = mcpauth.All(one, nil) }, mcpauth.InvalidRequirement, `Policy.Default[1]`},
		"empty all":        {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Default = mcpauth.All() }, mcpauth.InvalidRequirement, `Policy.Default`},
		"empty any":        {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Default = mcpauth.Any() }, mcpauth.InvalidRequirement, `Policy.Default`},
		"claim, no name":   {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Default = mcpauth.Claim("", "x") }, mcpauth.InvalidRequirement, `Policy.Default`},
		"claim, no value":  {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Default = mcpauth.Claim("x") }, mcpauth.InvalidRequirement, `Policy.Default`},
		"check, no code":   {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Default = mcpauth.Check("x", nil) }, mcpauth.InvalidRequirement, `Policy.Default`},
		"scope, space":     {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Default = mcpauth.Any(one, mcpauth.Scopes("y", "a b")) }, mcpauth.InvalidScope, `Policy.Default[1][1]`},
		"offline_access":   {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.Tools["t"] = mcpauth.AnyScope("x", "offline_access") }, mcpauth.OfflineAccess, `Policy.Tools["t"][1][0]`},
		"negative limit":   {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.MaxBody = -1 }, mcpauth.InvalidMaxBody, `Policy.MaxBody`},
		"large limit":      {func(_ *mcpauth.Resource, p *mcpauth.Policy) { p.MaxBody = 1<<30 + 1 }, mcpauth.InvalidMaxBody, `Policy.MaxBody`},
		"circle":           {includes("a", "b", "b", "a"), mcpauth.ScopeCycle, `ScopeIncludes["a"]`},
		"circle of one":    {includes("a", "a"), mcpauth.ScopeCycle, `ScopeIncludes["a"]`},
		"circle by prefix": {includes("f:a", "f:*", "f:b", "f:*"), mcpauth.ScopeCycle, `ScopeIncludes["f:a"]`},
		"longer circle":    {includes("f", "f:*", "f:x", "g", "g", "f"), mcpauth.ScopeCycle, `ScopeIncludes["g"]`},
		"offline included": {includes("a", "offline_access"), mcpauth.OfflineAccess, `ScopeIncludes["a"][0]`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := oneResource()
			p := &mcpauth.Policy{}
			p.Tools, p.Prompts, p.Resources, p.Methods = rulesOf(), rulesOf(), rulesOf(), rulesOf()
			config.Resources[0].Policy = p
			tc.change(&config.Resources[0], p)
			_, err := mcpauth.New(config)
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), " Resources[0]."+tc.field) {
				t.Errorf("got %v, want %s: %v", err, tc.field, tc.want)
			}
		})
	}
}

func changeResources(keys ...string) func(*mcpauth.Resource, *mcpauth.Policy) {
	return func(_ *mcpauth.Resource, p *mcpauth.Policy) {
		for _, key := range keys {
			p.Resources[key] = mcpauth.Scopes("x")
		}
	}
}

func rulesOf() map[string]mcpauth.Requirement { return map[string]mcpauth.Requirement{} }

// includes lists broader and narrower scopes in turn.
func includes(pairs ...string) func(*mcpauth.Resource, *mcpauth.Policy) {
	return func(r *mcpauth.Resource, _ *mcpauth.Policy) {
		r.ScopeIncludes = map[string][]string{}
		for i := 0; i < len(pairs); i += 2 {
			r.ScopeIncludes[pairs[i]] = append(r.ScopeIncludes[pairs[i]], pairs[i+1])
		}
	}
}

// Covers RS11: no circle where a scope includes those that begin as it does.
func TestPrefixIsNoCircle(t *testing.T) {
	t.Parallel()
	config := oneResource()
	config.Resources[0].ScopeIncludes = map[string][]string{"files:": {"files:*"}, "admin": {"*"}, "write": {"read"}}
	if _, err := mcpauth.New(config); err != nil {
		t.Error(err)
	}
}

// Covers RS4, RS11.
func TestWarnings(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	config := oneResource()
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	config.Resources[0].ScopesSupported = []string{"read", "admin"}
	config.Resources[0].ScopeIncludes = map[string][]string{"admin": {"write", "files:*"}}
	config.Resources[0].Policy = &mcpauth.Policy{
		Tools: map[string]mcpauth.Requirement{
			"a": mcpauth.Scopes("read", "write", "files:x"),
			"b": mcpauth.All(mcpauth.Scopes("odd"), mcpauth.AnyScope("read", "other")),
			"c": mcpauth.Scopes("odd"),
		},
		Default: mcpauth.Scopes("rest"),
	}
	var got []string
	auth := newAuth(t, config)
	for _, w := range auth.Warnings() {
		if !errors.Is(w, mcpauth.ScopeNotAdvertised) {
			t.Errorf("got %v", w)
		}
		got = append(got, w.Field+" "+w.Value)
	}
	want := []string{`Resources[0].Policy.Tools["b"] odd`, `Resources[0].Policy.Tools["b"] other`, `Resources[0].Policy.Default rest`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != len(want) {
		t.Errorf("%d warnings logged:\n%s", n, &log)
	}
	auth.Warnings()[0] = nil
	if auth.Warnings()[0] == nil {
		t.Error("a caller can change the warnings")
	}
	config.Resources[0].ScopesSupported = nil
	if w := newAuth(t, config).Warnings(); len(w) > 0 {
		t.Errorf("nothing is advertised, and the warnings are %v", w)
	}
}

// Covers RS11: a keyword that was misspelled is a scope, and a warning unless
// the scope is meant.
func TestMisspelledKeywords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		requirement mcpauth.Requirement
		supported   []string
		want        string // the scope and the word
	}{
		{"one slip", mcpauth.Scopes("publik"), nil, "publik public"},
		{"inflected", mcpauth.Scopes("denied"), nil, "denied deny"},
		{"upper case", mcpauth.Scopes("Authenticated"), nil, "Authenticated authenticated"},
		{"two slips in a long word", mcpauth.Scopes("autentikated"), nil, "autentikated authenticated"},
		{"among alternatives", mcpauth.All(mcpauth.Scopes("read"), mcpauth.AnyScope("read", "dney")), nil, "dney deny"},
		{"not advertised, either", mcpauth.Scopes("denied"), []string{"read"}, "denied deny"},
		{"the keyword itself, which takes a list to write", mcpauth.Scopes("deny"), nil, ""},
		{"other words", mcpauth.AnyScope("send", "dev", "publish", "authorized"), nil, ""},
		{"beside another scope", mcpauth.Scopes("read", "denied"), nil, ""},
		{"advertised", mcpauth.Scopes("denied"), []string{"denied"}, ""},
		{"no scope", mcpauth.Denied(), nil, ""},
	}
	for _, tc := range tests {
		var log bytes.Buffer
		config := oneResource()
		config.Logger = slog.New(slog.NewTextHandler(&log, nil))
		config.Resources[0].ScopesSupported = tc.supported
		config.Resources[0].Policy = &mcpauth.Policy{Tools: map[string]mcpauth.Requirement{"a": tc.requirement}}
		var got []string
		for _, w := range newAuth(t, config).Warnings() {
			_, word, _ := strings.Cut(w.Error(), "probably ")
			got = append(got, w.Value+" "+strings.TrimSuffix(word, " is meant"))
			if !errors.Is(w, mcpauth.MisspelledKeyword) || w.Field != `Resources[0].Policy.Tools["a"]` {
				t.Errorf("%s: got %v", tc.name, w)
			}
		}
		if strings.Join(got, ", ") != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
		if logged := strings.Contains(log.String(), "is meant"); logged != (tc.want != "") {
			t.Errorf("%s: logged %s", tc.name, &log)
		}
	}
}

// Covers RS12: a policy prints as a table.
func TestPolicyString(t *testing.T) {
	t.Parallel()
	p := &mcpauth.Policy{
		Tools:     map[string]mcpauth.Requirement{"get": mcpauth.Scopes("read"), "delete": mcpauth.All(mcpauth.Scopes("delete"), mcpauth.Claim("team", "a"))},
		Prompts:   map[string]mcpauth.Requirement{"greet*": mcpauth.Public()},
		Resources: map[string]mcpauth.Requirement{"note:///{id}": mcpauth.AnyScope("read", "admin")},
		Methods:   map[string]mcpauth.Requirement{"tasks/*": mcpauth.Denied()},
	}
	want := `tool delete             delete and claim team is "a"
tool get                read
prompt greet*           nothing: public
resource note:///{id}   read or admin
tasks/*                 denied to everybody
sessions and lists      a valid token
every other operation   denied to everybody
`
	if got := p.String(); got != want {
		t.Errorf("got\n%s", got)
	}
}

// Covers RS12: what callers do to their configuration after New has no effect.
func TestPolicyIsCopied(t *testing.T) {
	t.Parallel()
	needed := []string{"admin"}
	p := &mcpauth.Policy{Tools: map[string]mcpauth.Requirement{"t": mcpauth.Scopes(needed...)}}
	asking := newAsking(t, p, nil)
	p.Tools["t"], p.Default, needed[0] = mcpauth.Public(), mcpauth.Public(), "read"
	if got := tellAnswer(asking.as(with("read"), tool("t"))); got != "403 admin" {
		t.Errorf("got %s", got)
	}
}
