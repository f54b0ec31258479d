// Package ratelimit bounds how many requests callers of a gateway make, in memory.
//
//	limiter, err := ratelimit.New(
//		ratelimit.Rule{Key: ratelimit.Subject, Requests: 600, Per: time.Minute},
//		ratelimit.Rule{Key: ratelimit.SubjectTool, Tools: []string{"send_mail"}, Requests: 10, Per: time.Hour},
//	)
//	…
//	gateway.Config{Limiter: limiter, …}
//
// All requests of a rule may be made at once; after that they come back evenly, one
// each Per/Requests (the generic cell rate algorithm). Each message of a batch counts,
// and so does a request without a body. What is refused does not count.
//
// A Limiter remembers 100,000 callers at least. If more make requests at a time, those
// that made none for longest are forgotten, and begin anew.
package ratelimit

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/internal/cache"
)

// The faults of rules.
const (
	// UnknownKey is the fault of a key that is not known.
	UnknownKey configerr.Fault = "the key is not subject, client, address or subject+tool"
	// InvalidRequests is the fault of a number of requests.
	InvalidRequests configerr.Fault = "the number of requests must be from 1 to 1000000"
	// InvalidPer is the fault of a time that is too short or too long.
	InvalidPer configerr.Fault = "the time must be from one second to 30 days"
	// NoRules is the fault of a limiter without rules.
	NoRules configerr.Fault = "there are no rules"
)

const (
	maxRequests = 1_000_000
	maxPer      = 30 * 24 * time.Hour
	// maxCallers is twice what is promised: a full generation of the cache is half of it.
	maxCallers = 200_000
)

// Rule is one limit.
type Rule struct {
	// Key says whose requests are counted together.
	Key Key
	// Tools are the tools whose calls are counted. None means all requests.
	Tools []string
	// Requests is how many may be made at once, and in the time Per.
	Requests int
	// Per is from one second to 30 days.
	Per time.Duration
}

// Key says whose requests are counted together, in all resources.
type Key string

// The keys. Requests without a token are counted by address.
const (
	// Subject is the user, by the issuer and subject of the token; see
	// [mcpauth.AuthInfo.UserID].
	Subject Key = "subject"
	// Client is the client, by the issuer and client of the token.
	Client Key = "client"
	// Address is the address of the client, see [gateway.ClientAddress]; the first 64
	// bits of an IPv6 address.
	Address Key = "address"
	// SubjectTool is the user and the tool: each tool of each resource is counted for
	// itself, and nothing else is.
	SubjectTool Key = "subject+tool"
)

// Limiter is a [gateway.Limiter]. Make one with [New]; it is safe for concurrent use.
type Limiter struct {
	rules []Rule
	began time.Time

	mu sync.Mutex
	// full has when a caller's requests will all have come back, since began.
	full cache.Generations[caller, time.Duration]
}

// New makes a [Limiter]. Every mistake is reported, each as a [*configerr.Error],
// joined.
func New(rules ...Rule) (*Limiter, error) {
	var faults configerr.List
	if len(rules) == 0 {
		faults.Add(NoRules, "", "")
	}
	for i, rule := range rules {
		field := fmt.Sprintf("[%d]", i)
		if !slices.Contains([]Key{Subject, Client, Address, SubjectTool}, rule.Key) {
			faults.Add(UnknownKey, field+".Key", string(rule.Key))
		}
		if rule.Requests < 1 || rule.Requests > maxRequests {
			faults.Add(InvalidRequests, field+".Requests", fmt.Sprint(rule.Requests))
		}
		if rule.Per < time.Second || rule.Per > maxPer {
			faults.Add(InvalidPer, field+".Per", rule.Per.String())
		}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	l := &Limiter{began: time.Now(), full: cache.NewGenerations[caller, time.Duration](cache.Limits{Entries: maxCallers, Bytes: maxCallers})}
	for _, rule := range rules {
		rule.Tools = slices.Clone(rule.Tools)
		l.rules = append(l.rules, rule)
	}
	return l, nil
}

// Take implements [gateway.Limiter]. A request that one rule refuses is counted by none.
func (l *Limiter) Take(_ context.Context, r gateway.LimitedRequest) error {
	counts := map[caller]int{} // how many requests this one is
	for i := range l.rules {
		l.rules[i].count(i, &r, counts)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.began)
	var over *gateway.LimitError
	full := make(map[caller]time.Duration, len(counts))
	for c, n := range counts {
		rule, at := &l.rules[c.rule], now
		if before, ok := l.full.Get(c); ok {
			at = max(now, before)
		}
		full[c] = at + time.Duration(n)*rule.interval()
		wait := full[c] - now - rule.interval()*time.Duration(rule.Requests)
		if wait > 0 && (over == nil || wait > over.RetryAfter) {
			over = &gateway.LimitError{Limit: rule.name(), RetryAfter: wait}
		}
	}
	if over != nil {
		return over
	}
	for c, at := range full {
		l.full.Add(c, at, 1)
	}
	return nil
}

// interval is after how long one request comes back.
func (r *Rule) interval() time.Duration { return r.Per / time.Duration(r.Requests) }

// name names the rule in logs and metrics.
func (r *Rule) name() string { return fmt.Sprintf("%s %d/%s", r.Key, r.Requests, r.Per) }
