package proof

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
)

// Covers CL11.
func TestNoncesAreLearnedWithCare(t *testing.T) {
	t.Parallel()
	n := &Nonces{}
	for _, bad := range []string{"", strings.Repeat("x", maxNonce+1), "a b", "a\x01", `a"b`, "ä"} {
		n.Learn("https://as.example.com/token", http.Header{"Dpop-Nonce": {bad}})
	}
	if got := n.Get("https://as.example.com/token"); got != "" {
		t.Errorf("nonce %q, want %q", got, "")
	}
	n.Learn("https://as.example.com/token", http.Header{"Dpop-Nonce": {"good"}})
	if got := n.Get("https://AS.example.com/other"); got != "good" {
		t.Errorf("nonce of the origin %q, want %q", got, "good")
	}
	if got := n.Get("https://as.example.com:444/other"); got != "" {
		t.Errorf("nonce of another %q, want %q", got, "")
	}
	for range 100 {
		n.Learn("https://"+strings.ToLower(rand.Text())+".example.com", http.Header{"Dpop-Nonce": {"x"}})
	}
	if len(n.byOrigin) > maxNonces {
		t.Errorf("%d nonces are kept", len(n.byOrigin))
	}
}
