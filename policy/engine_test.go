package policy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/policy"
)

// A check tells a list, for which it gets no arguments, from a call without any.
//
// Covers RS12.
func TestCheckTellsListFromCall(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	check := func(_ context.Context, _ policy.Caller, op policy.Operation) (bool, error) {
		seen <- fmt.Sprintf("%s %q %t", op.Name, string(op.Arguments), op.Arguments == nil)
		return true, nil
	}
	g := authtest.Guard(t, func(r *mcpauth.Resource) {
		r.Policy = &policy.Policy{
			Tools:   map[string]policy.Requirement{"*": policy.Check("looks", check)},
			Prompts: map[string]policy.Requirement{"*": policy.Check("looks", check)},
		}
	}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"t"}]}}`)
	})
	for body, want := range map[string]string{
		authtest.CallTool: `t "{}" false`,
		`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p"}}`:                    `p "{}" false`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":null}}`:    `t "null" false`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":1}}}`: `t "{\"a\":1}" false`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`:                                           `t "" true`,
	} {
		if w := g.Post(body); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
		if got := <-seen; got != want {
			t.Errorf("%s: the check gets %s, want %s", body, got, want)
		}
	}
}

// caller is somebody with a token of these scopes and claims, or without one.
type caller struct {
	scopes    []string
	claims    string
	anonymous bool
}

func having(scopes ...string) caller { return caller{scopes: scopes} }

var nobody = caller{anonymous: true}

// asking authorizes requests of callers under a policy.
type asking struct {
	auth *mcpauth.Auth
	who  caller
}

func newAsking(t *testing.T, p *policy.Policy, includes map[string][]string) *asking {
	t.Helper()
	a := &asking{}
	verify := func(context.Context, string) (*mcpauth.Claims, error) {
		return &mcpauth.Claims{
			Issuer: authtest.IssuerID, Subject: "alice", Audience: []string{authtest.ResourceID}, Scopes: a.who.scopes,
			ExpiresAt: time.Now().Add(time.Minute), Raw: json.RawMessage(a.who.claims),
		}, nil
	}
	config := authtest.OneResource()
	config.Resources[0].Policy, config.Resources[0].ScopeIncludes = p, includes
	config.Resources[0].AuthorizationServers[0].Verifier = mcpauth.VerifierFunc(verify)
	a.auth = authtest.NewAuth(t, config)
	return a
}

// as asks on behalf of somebody. The answer is nil if the operations are
// permitted.
func (a *asking) as(who caller, ops ...policy.Operation) *mcpauth.Challenge {
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
func messages(ops []policy.Operation) []byte {
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

func allow(answer bool, err error) policy.CheckFunc {
	return func(context.Context, policy.Caller, policy.Operation) (bool, error) { return answer, err }
}

// Covers RS4, RS12: each kind of requirement, its text, and what the challenge
// asks for.
func TestRequirements(t *testing.T) {
	t.Parallel()
	scopes, claim := policy.Scopes, policy.Claim("department", "finance", "audit")
	panics := func(context.Context, policy.Caller, policy.Operation) (bool, error) { panic("secret") }
	type answers map[string]string // by what the caller has
	tests := []struct {
		requirement policy.Requirement
		text        string
		want        answers
	}{
		{scopes("a", "b"), "a and b", answers{"": "403 a b", "a": "403 a b", "a b": "ok", "A b": "403 a b", "-": "401 no_credentials a b"}},
		{scopes(), "a valid token", answers{"": "ok", "-": "401 no_credentials"}},
		{policy.Authenticated(), "a valid token", answers{"": "ok", "-": "401 no_credentials"}},
		{policy.Public(), "nothing: public", answers{"": "ok", "-": "ok"}},
		{policy.Denied(), "denied to everybody", answers{"a": "403 access_denied", "-": "401 no_credentials"}},
		{policy.AnyScope("a", "b"), "a or b", answers{"": "403 a", "b": "ok", "-": "401 no_credentials a"}},
		{policy.Any(scopes("a", "b"), scopes("c", "d")), "(a and b) or (c and d)", answers{"": "403 a b", "d": "403 c d", "b d": "403 a b", "c d": "ok"}},
		{policy.All(scopes("a"), policy.AnyScope("b", "c")), "a and (b or c)", answers{"": "403 a b", "c": "403 a c", "a": "403 a b", "a c": "ok", "-": "401 no_credentials a b"}},
		{policy.All(scopes("a"), policy.Any(scopes("b", "c"), policy.All(scopes("d"), policy.Any(scopes("e"))))),
			"a and ((b and c) or (d and e))", answers{"d": "403 a d e", "b": "403 a b c", "a d e": "ok"}},
		{policy.Any(policy.Any(scopes("a"))), "a", answers{"": "403 a", "a": "ok"}},
		{claim, `claim department is "finance" or "audit"`, answers{
			"": "403 access_denied", `{"department":"audit"}`: "ok", `{"department":["x","finance"]}`: "ok",
			`{"department":"Audit"}`: "403 access_denied", `{"department":1}`: "403 access_denied",
			`{"department":["audit",1]}`: "403 access_denied", `{"Department":"audit"}`: "403 access_denied",
			`{"department":"audit"`: "403 access_denied", "-": "401 no_credentials",
		}},
		{policy.All(scopes("a"), claim), `a and (claim department is "finance" or "audit")`, answers{
			"": "403 access_denied", `{"department":"audit"}`: "403 a", "-": "401 no_credentials a",
		}},
		{policy.Any(claim, scopes("a")), `(claim department is "finance" or "audit") or a`, answers{"": "403 a", "a": "ok", `{"department":"audit"}`: "ok"}},
		{policy.Any(policy.Denied(), claim), `denied to everybody or (claim department is "finance" or "audit")`, answers{"a": "403 access_denied"}},
		{policy.Check("owner", allow(true, nil)), "check owner", answers{"": "ok", "-": "401 no_credentials"}},
		{policy.Check("owner", allow(false, nil)), "check owner", answers{"a": "403 access_denied"}},
		{policy.Check("owner", allow(true, errors.New("secret"))), "check owner", answers{"a": "403 access_denied"}},
		{policy.Check("owner", panics), "check owner", answers{"a": "403 access_denied"}},
		{policy.All(scopes("a"), policy.Check("owner", panics)), "a and check owner", answers{"": "403 access_denied", "a": "403 access_denied", "-": "401 no_credentials a"}},
		{policy.Any(policy.Check("owner", allow(false, nil)), scopes("a")), "check owner or a", answers{"": "403 a", "a": "ok"}},
		{policy.Any(policy.Check("owner", panics), policy.All(scopes("a"), policy.Denied())), "check owner or (a and denied to everybody)", answers{"a": "403 access_denied"}},
	}
	for _, tc := range tests {
		if got := tc.requirement.String(); got != tc.text {
			t.Errorf("prints as %q, want %q", got, tc.text)
		}
		// A public tool beside it lets callers without a token get this far.
		asking := newAsking(t, &policy.Policy{Tools: map[string]policy.Requirement{"t": tc.requirement, "open": policy.Public()}}, nil)
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
	var seen policy.Operation
	var log bytes.Buffer
	check := policy.Check("owner", func(_ context.Context, caller policy.Caller, op policy.Operation) (bool, error) {
		seen = op
		return false, fmt.Errorf("no database for %s", caller.Subject)
	})
	config := authtest.OneResource()
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	config.Resources[0].Policy = &policy.Policy{Default: check}
	config.Resources[0].AuthorizationServers[0].Verifier = mcpauth.VerifierFunc(func(context.Context, string) (*mcpauth.Claims, error) {
		return &mcpauth.Claims{Issuer: authtest.IssuerID, Subject: "alice", Audience: []string{authtest.ResourceID}, ExpiresAt: time.Now().Add(time.Minute)}, nil
	})
	a := &asking{auth: authtest.NewAuth(t, config)}
	a.as(having(), policy.Operation{Method: "tools/call", Name: "t", Arguments: json.RawMessage(`{"owner":"bob"}`)})
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
	asking := newAsking(t, &policy.Policy{Tools: map[string]policy.Requirement{
		"a": policy.Scopes("a", "both"), "b": policy.Scopes("b", "both"), "open": policy.Public(), "no": policy.Denied(),
	}}, nil)
	for _, tc := range []struct {
		who  caller
		ops  string
		want string
	}{
		{having(), "a b", "403 a both b"},
		{having("a", "both"), "a b", "403 a both b"},
		{having("a", "b", "both"), "a b open", "ok"},
		{having("a", "b", "both"), "a no b", "403 access_denied"},
		{nobody, "open open", "ok"},
		{nobody, "open a", "401 no_credentials a both"},
		{nobody, "a open", "401 no_credentials a both"},
	} {
		var ops []policy.Operation
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
	asking := newAsking(t, &policy.Policy{Tools: map[string]policy.Requirement{
		"read": policy.Scopes("read"), "file": policy.Scopes("files:a:read"), "both": policy.Scopes("read", "files:b"), "files": policy.Scopes("files"),
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
		if got := tellAnswer(asking.as(having(strings.Fields(tc.has)...), tool(tc.tool))); got != tc.want {
			t.Errorf("%s with %q: %s, want %s", tc.tool, tc.has, got, tc.want)
		}
	}
}

// Covers RS12.
func TestZeroPolicyDenies(t *testing.T) {
	t.Parallel()
	asking := newAsking(t, &policy.Policy{}, nil)
	for _, op := range []policy.Operation{tool("t"), {Method: "prompts/get", Name: "p"}, read("note:///a"), {Method: "made/up"}} {
		if got := tellAnswer(asking.as(having("admin"), op)); got != "403 access_denied" {
			t.Errorf("%+v: %s", op, got)
		}
		if got := tellAnswer(asking.as(nobody, op)); got != "401 no_credentials" {
			t.Errorf("%+v without a token: %s", op, got)
		}
	}
	for _, method := range []string{"initialize", "ping", "tools/list", "prompts/list", "resources/list", "resources/templates/list", "logging/setLevel", "server/discover", "notifications/initialized"} {
		if got := tellAnswer(asking.as(having(), policy.Operation{Method: method})); got != "ok" {
			t.Errorf("%s: %s", method, got)
		}
		if got := tellAnswer(asking.as(nobody, policy.Operation{Method: method})); got != "401 no_credentials" {
			t.Errorf("%s without a token: %s", method, got)
		}
	}
}

// Covers RS12: public operations are open, and nothing else with them.
func TestPublicOperations(t *testing.T) {
	t.Parallel()
	asking := newAsking(t, &policy.Policy{
		Tools:   map[string]policy.Requirement{"ping": policy.Public()},
		Methods: map[string]policy.Requirement{"initialize": policy.Public()},
		Default: policy.Scopes("read"),
	}, nil)
	for _, tc := range []struct {
		op   policy.Operation
		want string
	}{
		{tool("ping"), "ok"},
		{tool("pin"), "401 no_credentials read"},
		{policy.Operation{Method: "initialize"}, "ok"},
		{policy.Operation{Method: "tools/list"}, "401 no_credentials"},
		{policy.Operation{Method: "prompts/get", Name: "ping"}, "401 no_credentials read"},
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
	people := map[string]policy.Requirement{"user:///root@example.com": policy.Scopes("x"), "user:///{id}": policy.Scopes("x")}
	asking := newAsking(t, &policy.Policy{Resources: people}, nil)
	if got := tellAnswer(asking.as(having("x"), read("user:///root%40example.com"))); got != "400 uri_not_normal" {
		t.Errorf("got %s", got)
	}
}

// Covers RS12: what callers do to their configuration after New has no effect.
func TestPolicyIsCopied(t *testing.T) {
	t.Parallel()
	needed := []string{"admin"}
	p := &policy.Policy{Tools: map[string]policy.Requirement{"t": policy.Scopes(needed...)}}
	asking := newAsking(t, p, nil)
	p.Tools["t"], p.Default, needed[0] = policy.Public(), policy.Public(), "read"
	if got := tellAnswer(asking.as(having("read"), tool("t"))); got != "403 admin" {
		t.Errorf("got %s", got)
	}
}
