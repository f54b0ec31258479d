package dpop

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/reason"
)

func reasonOf(err error) reason.Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// Covers RS18.
func TestCheck(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for name, test := range map[string]struct {
		claims map[string]any
		change func(*Expected)
		want   reason.Reason
	}{
		"good":                       {nil, nil, ""},
		"the longest jti":            {map[string]any{"jti": long(MaxIDSize)}, nil, ""},
		"jti one byte longer":        {map[string]any{"jti": long(MaxIDSize + 1)}, nil, reason.DPoPProofMalformed},
		"as old as allowed":          {map[string]any{"iat": now.Unix() - 60}, nil, ""},
		"a fraction older":           {map[string]any{"iat": float64(now.Unix()-60) - 0.5}, nil, reason.DPoPProofStale},
		"as new as allowed":          {map[string]any{"iat": now.Unix() + 5}, nil, ""},
		"a fraction newer":           {map[string]any{"iat": float64(now.Unix()+5) + 0.5}, nil, reason.DPoPProofStale},
		"no leeway":                  {map[string]any{"iat": now.Unix() + 1}, func(e *Expected) { e.Leeway = 0 }, reason.DPoPProofStale},
		"iat zero":                   {map[string]any{"iat": 0}, nil, reason.DPoPProofStale},
		"iat negative":               {map[string]any{"iat": -1}, nil, reason.DPoPProofStale},
		"iat null":                   {map[string]any{"iat": []any(nil)}, nil, reason.DPoPProofMalformed},
		"unknown claims":             {map[string]any{"x": map[string]any{"y": 1}}, nil, ""},
		"no algorithm allowed":       {nil, func(e *Expected) { e.Algorithms = nil }, reason.DPoPUnsupportedAlgorithm},
		"no key expected":            {nil, func(e *Expected) { e.Thumbprint = "" }, reason.DPoPWrongKey},
		"no method":                  {map[string]any{"htm": nil}, func(e *Expected) { e.Method = "" }, reason.DPoPWrongMethod},
		"no URL":                     {map[string]any{"htu": nil}, func(e *Expected) { e.URL = "" }, reason.DPoPWrongURL},
		"relative URL on both sides": {map[string]any{"htu": "/mcp"}, func(e *Expected) { e.URL = "/mcp" }, reason.DPoPWrongURL},
		"other token":                {nil, func(e *Expected) { e.Token += "x" }, reason.DPoPWrongToken},
		"no nonce":                   {nil, func(e *Expected) { e.Nonces = NewNonces(nil, "") }, reason.DPoPNonceRequired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := c.expected(t)
			if test.change != nil {
				test.change(want)
			}
			proof, err := Check(c.proof(t, test.claims), want)
			if got := reasonOf(err); got != test.want || (proof == nil) != (test.want != "") {
				t.Fatalf("%v, reason %q, want %q", err, got, test.want)
			}
		})
	}
}

// Covers RS18.
func TestProofSize(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	want := c.expected(t)
	var last string
	for n := 0; ; n++ {
		proof := c.proof(t, map[string]any{"pad": long(4000 + n)})
		if len(proof) <= MaxProofSize {
			last = proof
			continue
		}
		if _, err := Check(proof, want); reasonOf(err) != reason.DPoPProofMalformed {
			t.Errorf("%d bytes: %v", len(proof), err)
		}
		break
	}
	if _, err := Check(last, want); err != nil {
		t.Errorf("%d bytes: %v", len(last), err)
	}
}

// Covers RS18.
func TestIDAndUntil(t *testing.T) {
	t.Parallel()
	a, b := newClient(t), newClient(t)
	check := func(c *client, claims map[string]any) *Proof {
		t.Helper()
		proof, err := Check(c.proof(t, claims), c.expected(t))
		if err != nil {
			t.Fatal(err)
		}
		return proof
	}
	first := check(a, nil)
	if got := check(a, map[string]any{"iat": now.Unix() - 1}); got.ID != first.ID {
		t.Error("the same key and jti have two IDs")
	}
	if got := check(a, map[string]any{"jti": "other"}); got.ID == first.ID {
		t.Error("two jti have one ID")
	}
	if got := check(b, nil); got.ID == first.ID {
		t.Error("two keys have one ID: one client could use up the proofs of another")
	}
	if len(first.ID) != 43 {
		t.Errorf("ID %q", first.ID)
	}
	if want := now.Add(time.Minute); !first.Until.Equal(want) {
		t.Errorf("until %v, want %v", first.Until, want)
	}
}

// Covers RS18: a proof is still to be remembered as long as it is accepted.
func TestAcceptedNoLongerThanRemembered(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, iat := range []float64{float64(now.Unix()), float64(now.Unix()) + 0.75, float64(now.Unix() + 5)} {
		text := c.proof(t, map[string]any{"iat": iat})
		proof, err := Check(text, c.expected(t))
		if err != nil {
			t.Fatal(err)
		}
		clock := now
		replays := NewReplays(10, time.Minute)
		if seen, err := replays.Seen(t.Context(), proof, clock); seen || err != nil {
			t.Fatal(seen, err)
		}
		for ; clock.Before(now.Add(2 * time.Minute)); clock = clock.Add(100 * time.Millisecond) {
			want := c.expected(t)
			want.Now = clock
			if _, err := Check(text, want); err != nil {
				continue
			}
			if seen, err := replays.Seen(t.Context(), proof, clock); !seen || err != nil {
				t.Fatalf("forgotten after %v while it is accepted", clock.Sub(now))
			}
		}
	}
}

// Covers RS18.
func TestErrorsHoldNothingOfTheProof(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for _, proof := range []string{
		"SECRETSECRET", "SECRET.SECRET.SECRET", c.proof(t, map[string]any{"jti": 1, "htu": "SECRET"}),
		c.proof(t, map[string]any{"htm": "SECRET"}), c.proof(t, map[string]any{"htu": "SECRET"}),
		c.sign(t, map[string]any{"alg": "SECRET", "typ": "dpop+jwt"}, nil),
		c.sign(t, map[string]any{"alg": "ES256", "typ": "dpop+jwt", "jwk": map[string]any{"kty": "SECRET"}}, nil),
	} {
		_, err := Check(proof, c.expected(t))
		if err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%v", err)
		}
	}
}

func TestErrorUnwraps(t *testing.T) {
	t.Parallel()
	_, err := Check("x", newClient(t).expected(t))
	var cause *jose.Error
	if !errors.As(err, &cause) || cause.Reason != jose.ReasonMalformed {
		t.Errorf("%v", err)
	}
}

// A proof of a token request has no access token to be for and no key that is
// known before; nothing else is left unchecked. A request to a resource is never
// taken for one because its token is missing.
//
// Covers AS9.
func TestTokenRequest(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	want := Expected{
		Method: "POST", URL: "https://api.example.com/mcp", TokenRequest: true,
		Algorithms: jose.Algorithms(), Now: now, Lifetime: time.Minute, Leeway: time.Minute,
	}
	plain := c.proof(t, map[string]any{"ath": nil})
	proof, err := Check(plain, &want)
	if err != nil || proof.Thumbprint != c.thumbprint(t) {
		t.Fatalf("%+v, %v", proof, err)
	}
	for claim, why := range map[string]reason.Reason{"htm": reason.DPoPWrongMethod, "htu": reason.DPoPWrongURL, "jti": reason.DPoPProofMalformed, "iat": reason.DPoPProofMalformed} {
		if _, err := Check(c.proof(t, map[string]any{"ath": nil, claim: nil}), &want); reasonOf(err) != why {
			t.Errorf("without %s: %v, want %s", claim, err, why)
		}
	}
	want.TokenRequest = false
	if _, err := Check(plain, &want); reasonOf(err) != reason.DPoPWrongKey {
		t.Errorf("no thumbprint: %v, want %s", err, reason.DPoPWrongKey)
	}
	want.Thumbprint = c.thumbprint(t)
	if _, err := Check(plain, &want); reasonOf(err) != reason.DPoPWrongToken {
		t.Errorf("no token: %v, want %s", err, reason.DPoPWrongToken)
	}
}
