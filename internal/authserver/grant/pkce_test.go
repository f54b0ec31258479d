package grant

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

// Covers AS1.
func TestVerifier(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		verifier string
		want     bool
	}{
		{strings.Repeat("a", 42), false},
		{strings.Repeat("a", 43), true},
		{strings.Repeat("-._~", 32), true},
		{strings.Repeat("a", 129), false},
		{strings.Repeat("a", 42) + "+", false},
		{strings.Repeat("a", 42) + " ", false},
		{strings.Repeat("a", 42) + "é", false},
	} {
		sum := sha256.Sum256([]byte(test.verifier))
		g := Grant{Challenge: base64.RawURLEncoding.EncodeToString(sum[:])}
		if got := g.ProvedBy(test.verifier); got != test.want {
			t.Errorf("%q: %v, want %v", test.verifier, got, test.want)
		}
	}
	// RFC 7636, appendix B.
	g := Grant{Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}
	if !g.ProvedBy("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") {
		t.Error("the example of RFC 7636 fails")
	}
}
