package mcpauth

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func numbered(n int) (key tokenHash) {
	key[0], key[1], key[2] = byte(n), byte(n>>8), byte(n>>16)
	return key
}

// Covers RS17. What is remembered is bounded in entries and in bytes, what was
// not used for longest goes first, and nobody can push out answers for active
// tokens with tokens made up.
func TestAnswerCacheIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	good := answer{claims: &Claims{ExpiresAt: now.Add(time.Hour), Raw: make([]byte, 100)}}
	c := newAnswerCache(time.Minute)
	for n := range maxActiveAnswers {
		c.add(numbered(n), good, now)
	}
	if _, ok := c.get(numbered(0), now); !ok {
		t.Fatal("the first answer is gone already")
	}
	c.add(numbered(maxActiveAnswers), good, now)
	if _, ok := c.get(numbered(0), now); !ok {
		t.Error("an answer that was just used is gone")
	}
	if _, ok := c.get(numbered(1), now); ok {
		t.Error("the answer that was not used for longest is still there")
	}
	for n := range 3 * maxInactiveAnswers {
		c.add(numbered(1<<20+n), answer{refused: invalidToken(InactiveToken, "inactive")}, now)
	}
	if n, m := len(c.active.entries), len(c.inactive.entries); n != maxActiveAnswers || m != maxInactiveAnswers {
		t.Errorf("%d active and %d inactive answers", n, m)
	}
	large := answer{claims: &Claims{ExpiresAt: now.Add(time.Hour), Raw: make([]byte, maxIntrospectionBody)}}
	for n := range maxActiveAnswers {
		c.add(numbered(n), large, now)
	}
	if c.active.bytes > maxAnswerBytes || len(c.active.entries) != c.active.order.Len() {
		t.Errorf("%d bytes, %d entries, %d in order", c.active.bytes, len(c.active.entries), c.active.order.Len())
	}
	for n := range maxActiveAnswers {
		c.get(numbered(n), now.Add(time.Hour))
	}
	if c.active.bytes != 0 || len(c.active.entries) != 0 || c.active.order.Len() != 0 {
		t.Errorf("after all expired: %d bytes, %d entries, %d in order", c.active.bytes, len(c.active.entries), c.active.order.Len())
	}
}

// Covers RS17. A response that a lenient reader would take otherwise is never
// taken for an active token.
func FuzzIntrospection(f *testing.F) {
	for _, seed := range []string{
		`{"active":true,"exp":4102444800,"aud":"a"}`, `{"active":false}`, `{"active":"true"}`, `{"active":1}`,
		`{"active":true,"active":false}`, `{"\u0061ctive":true,"active":false}`, `{"active":null}`, `{}`, `[]`, ``, `null`,
		`{"active":true,"token_type":"DPoP"}`, `{"active":true,"token_type":"DPoP","cnf":{"x5t#S256":"x"}}`,
		`{"active":true,"cnf":{"jkt":"x"},"scope":["a","b c"],"aud":[]}`,
		`{"active":true,"iss":"","exp":1e400}`, "{\"active\":true,\"sub\":\"\xff\"}", `{"active":true}{"active":false}`,
	} {
		f.Add([]byte(seed))
	}
	i := &introspector{config: &Introspection{AllowedClients: []string{"app"}}, server: &trustedServer{issuer: "https://a.example"}}
	f.Fuzz(func(t *testing.T, body []byte) {
		said, err := parseIntrospection(body, "")
		if err != nil {
			return
		}
		var lenient map[string]json.RawMessage
		if err := json.Unmarshal(body, &lenient); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		if got := strings.TrimSpace(string(lenient["active"])); said.active != (got == "true") {
			t.Fatalf("active is %v, encoding/json reads %q", said.active, got)
		}
		a := i.judge(said)
		if (a.claims == nil) == (a.refused == nil) {
			t.Fatal("neither or both of claims and refusal")
		}
		if a.claims == nil {
			return
		}
		if !said.active || !a.claims.introspected {
			t.Fatal("claims of an inactive token, or ones that may be cached as verified")
		}
		if cnf := a.claims.Confirmation; strings.EqualFold(said.tokenType, "DPoP") && (cnf == nil || cnf.JWKThumbprint == "" && cnf.CertificateThumbprint != "") {
			t.Fatal("a token bound to a key that nobody told can be confirmed")
		}
		if a.claims.allowedClient && (len(a.claims.Audience) > 0 || !slices.Contains(i.config.AllowedClients, a.claims.ClientID)) {
			t.Fatal("an allowed client in spite of an audience, or that is not allowed")
		}
	})
}

// Covers RS17. A caller that was overtaken between looking into the cache and
// joining a call takes what the call has brought.
func TestJoinLooksIntoTheCacheAgain(t *testing.T) {
	t.Parallel()
	now := time.Now()
	i := &introspector{cache: newAnswerCache(time.Minute), now: func() time.Time { return now }, closed: true}
	brought := answer{claims: &Claims{ExpiresAt: now.Add(time.Hour)}}
	i.cache.add(numbered(1), brought, now)
	if a, f, err := i.join(numbered(1), "token"); a != brought || f != nil || err != nil {
		t.Errorf("got %v, %v, %v; want the answer that is there", a, f, err)
	}
}
