package ratelimit_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/gateway/ratelimit"
	"github.com/mcp-auth/go/policy"
)

func newLimiter(t *testing.T, rules ...ratelimit.Rule) *ratelimit.Limiter {
	t.Helper()
	l, err := ratelimit.New(rules...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// wait returns how long a request has to wait, 0 if it is let through.
func wait(t *testing.T, l *ratelimit.Limiter, r gateway.LimitedRequest) time.Duration {
	t.Helper()
	err := l.Take(t.Context(), r)
	if err == nil {
		return 0
	}
	over, ok := errors.AsType[*gateway.LimitError](err)
	if !ok {
		t.Fatal(err)
	}
	return over.RetryAfter
}

func caller(subject string) *mcpauth.AuthInfo {
	return &mcpauth.AuthInfo{Issuer: "https://auth.example.com", Subject: subject, ClientID: "client of " + subject}
}

func calls(tools ...string) (operations []policy.Operation) {
	for _, tool := range tools {
		operations = append(operations, policy.Operation{Method: "tools/call", Name: tool})
	}
	return operations
}

// All requests may be made at once, and come back evenly; what is refused does not
// count.
func TestRequestsComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Rule{Key: ratelimit.Subject, Requests: 6, Per: time.Minute})
		r := gateway.LimitedRequest{Caller: caller("ann")}
		for i := range 6 {
			if after := wait(t, l, r); after != 0 {
				t.Fatalf("request %d has to wait %v", i, after)
			}
		}
		for range 100 {
			if after := wait(t, l, r); after != 10*time.Second {
				t.Fatalf("the seventh has to wait %v", after)
			}
		}
		time.Sleep(9 * time.Second)
		if after := wait(t, l, r); after != time.Second {
			t.Errorf("after 9 s it has to wait %v", after)
		}
		time.Sleep(time.Second)
		if after := wait(t, l, r); after != 0 {
			t.Errorf("after 10 s it has to wait %v", after)
		}
		if after := wait(t, l, r); after != 10*time.Second {
			t.Errorf("the next one has to wait %v", after)
		}
		time.Sleep(time.Hour)
		for i := range 6 {
			if after := wait(t, l, r); after != 0 {
				t.Errorf("an hour later, request %d has to wait %v", i, after)
			}
		}
		if wait(t, l, r) == 0 {
			t.Error("time without requests is saved up")
		}
	})
}

// Each pair of requests is counted together or not, by key.
func TestKeys(t *testing.T) {
	t.Parallel()
	const notes, files = "https://mcp.example.com/notes", "https://mcp.example.com/files"
	one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	elsewhere := caller("ann")
	elsewhere.Issuer = "https://other.example.com"
	sharedClient := caller("bob")
	sharedClient.ClientID = caller("ann").ClientID
	tools := []string{"send_mail"}
	for name, tt := range map[string]struct {
		rule          ratelimit.Rule
		first, second gateway.LimitedRequest
		together      bool
	}{
		"a user":                        {ratelimit.Rule{Key: ratelimit.Subject}, gateway.LimitedRequest{Caller: caller("ann"), Address: one}, gateway.LimitedRequest{Caller: caller("ann"), Address: two, Resource: files}, true},
		"two users":                     {ratelimit.Rule{Key: ratelimit.Subject}, gateway.LimitedRequest{Caller: caller("ann"), Address: one}, gateway.LimitedRequest{Caller: caller("bob"), Address: one}, false},
		"a subject of two servers":      {ratelimit.Rule{Key: ratelimit.Subject}, gateway.LimitedRequest{Caller: caller("ann")}, gateway.LimitedRequest{Caller: elsewhere}, false},
		"no token, one address":         {ratelimit.Rule{Key: ratelimit.Subject}, gateway.LimitedRequest{Address: one}, gateway.LimitedRequest{Address: one}, true},
		"no token, two addresses":       {ratelimit.Rule{Key: ratelimit.Client}, gateway.LimitedRequest{Address: one}, gateway.LimitedRequest{Address: two}, false},
		"a client of two users":         {ratelimit.Rule{Key: ratelimit.Client}, gateway.LimitedRequest{Caller: caller("ann")}, gateway.LimitedRequest{Caller: sharedClient}, true},
		"two clients":                   {ratelimit.Rule{Key: ratelimit.Client}, gateway.LimitedRequest{Caller: caller("ann")}, gateway.LimitedRequest{Caller: caller("bob")}, false},
		"an address of two users":       {ratelimit.Rule{Key: ratelimit.Address}, gateway.LimitedRequest{Caller: caller("ann"), Address: one}, gateway.LimitedRequest{Caller: caller("bob"), Address: one}, true},
		"two addresses of a user":       {ratelimit.Rule{Key: ratelimit.Address}, gateway.LimitedRequest{Caller: caller("ann"), Address: one}, gateway.LimitedRequest{Caller: caller("ann"), Address: two}, false},
		"an address written in two":     {ratelimit.Rule{Key: ratelimit.Address}, gateway.LimitedRequest{Address: one}, gateway.LimitedRequest{Address: netip.MustParseAddr("::ffff:192.0.2.1")}, true},
		"a network of IPv6":             {ratelimit.Rule{Key: ratelimit.Address}, gateway.LimitedRequest{Address: netip.MustParseAddr("2001:db8::1")}, gateway.LimitedRequest{Address: netip.MustParseAddr("2001:db8::ffff:1")}, true},
		"two networks of IPv6":          {ratelimit.Rule{Key: ratelimit.Address}, gateway.LimitedRequest{Address: netip.MustParseAddr("2001:db8::1")}, gateway.LimitedRequest{Address: netip.MustParseAddr("2001:db8:0:1::1")}, false},
		"a tool":                        {ratelimit.Rule{Key: ratelimit.SubjectTool}, gateway.LimitedRequest{Caller: caller("ann"), Resource: notes, Operations: calls("a")}, gateway.LimitedRequest{Caller: caller("ann"), Resource: notes, Operations: calls("a")}, true},
		"two tools":                     {ratelimit.Rule{Key: ratelimit.SubjectTool}, gateway.LimitedRequest{Caller: caller("ann"), Resource: notes, Operations: calls("a")}, gateway.LimitedRequest{Caller: caller("ann"), Resource: notes, Operations: calls("b")}, false},
		"a tool of two resources":       {ratelimit.Rule{Key: ratelimit.SubjectTool}, gateway.LimitedRequest{Caller: caller("ann"), Resource: notes, Operations: calls("a")}, gateway.LimitedRequest{Caller: caller("ann"), Resource: files, Operations: calls("a")}, false},
		"a tool that no rule names":     {ratelimit.Rule{Key: ratelimit.SubjectTool, Tools: tools}, gateway.LimitedRequest{Caller: caller("ann"), Operations: calls("a")}, gateway.LimitedRequest{Caller: caller("ann"), Operations: calls("a")}, false},
		"other requests, rule of tools": {ratelimit.Rule{Key: ratelimit.Subject, Tools: tools}, gateway.LimitedRequest{Caller: caller("ann")}, gateway.LimitedRequest{Caller: caller("ann")}, false},
		"calls, rule of tools":          {ratelimit.Rule{Key: ratelimit.Subject, Tools: tools}, gateway.LimitedRequest{Caller: caller("ann"), Operations: calls("send_mail")}, gateway.LimitedRequest{Caller: caller("ann"), Operations: calls("x", "send_mail")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.rule.Requests, tt.rule.Per = 1, time.Hour
			l := newLimiter(t, tt.rule)
			if wait(t, l, tt.first) != 0 {
				t.Fatal("the first request has to wait")
			}
			if together := wait(t, l, tt.second) != 0; together != tt.together {
				t.Errorf("counted together: %v, want %v", together, tt.together)
			}
		})
	}
}

// Each message of a batch counts, and a batch is let through as a whole or not.
func TestBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Rule{Key: ratelimit.Subject, Requests: 3, Per: 3 * time.Second})
		r := gateway.LimitedRequest{Caller: caller("ann"), Operations: calls("a", "a")}
		if wait(t, l, r) != 0 || wait(t, l, r) != time.Second {
			t.Error("a batch of two does not count as two")
		}
		r.Operations = r.Operations[:1]
		if wait(t, l, r) != 0 {
			t.Error("a batch that was refused has counted")
		}
	})
}

// A request that one rule refuses is not counted by another.
func TestRulesCountTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t,
			ratelimit.Rule{Key: ratelimit.Subject, Requests: 3, Per: time.Minute},
			ratelimit.Rule{Key: ratelimit.SubjectTool, Requests: 1, Per: time.Hour})
		for range 10 {
			wait(t, l, gateway.LimitedRequest{Caller: caller("ann"), Operations: calls("a")})
		}
		for i, tool := range []string{"b", "c"} {
			if after := wait(t, l, gateway.LimitedRequest{Caller: caller("ann"), Operations: calls(tool)}); after != 0 {
				t.Errorf("call %d has to wait %v", i, after)
			}
		}
		if after := wait(t, l, gateway.LimitedRequest{Caller: caller("ann"), Operations: calls("d")}); after != 20*time.Second {
			t.Errorf("the fourth call has to wait %v", after)
		}
	})
}

// What is remembered is bounded, and 100,000 callers are.
func TestManyCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.Rule{Key: ratelimit.Subject, Requests: 1, Per: time.Hour})
		for i := range 100_000 {
			wait(t, l, gateway.LimitedRequest{Caller: caller(fmt.Sprint(i))})
		}
		if wait(t, l, gateway.LimitedRequest{Caller: caller("0")}) == 0 {
			t.Error("the first of 100,000 callers was forgotten")
		}
		for i := range 200_000 {
			wait(t, l, gateway.LimitedRequest{Caller: caller(fmt.Sprint("another ", i))})
		}
		if n := l.Len(); n > 200_000 {
			t.Errorf("%d callers are remembered", n)
		}
	})
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rules []ratelimit.Rule
		field string
		fault configerr.Fault
	}{
		"no rules":  {nil, "", ratelimit.NoRules},
		"key":       {[]ratelimit.Rule{{Key: "user", Requests: 1, Per: time.Second}}, "[0].Key", ratelimit.UnknownKey},
		"zero":      {[]ratelimit.Rule{{Key: ratelimit.Subject, Per: time.Second}}, "[0].Requests", ratelimit.InvalidRequests},
		"too many":  {[]ratelimit.Rule{{Key: ratelimit.Subject, Requests: 1_000_001, Per: time.Second}}, "[0].Requests", ratelimit.InvalidRequests},
		"too short": {[]ratelimit.Rule{{Key: ratelimit.Subject, Requests: 1, Per: time.Second}, {Key: ratelimit.Client, Requests: 1}}, "[1].Per", ratelimit.InvalidPer},
		"too long":  {[]ratelimit.Rule{{Key: ratelimit.Subject, Requests: 1, Per: 1000 * time.Hour}}, "[0].Per", ratelimit.InvalidPer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ratelimit.New(tt.rules...)
			mistake, ok := errors.AsType[*configerr.Error](err)
			if !ok || mistake.Field != tt.field || mistake.Fault != tt.fault {
				t.Errorf("the mistake is %v", err)
			}
		})
	}
}
