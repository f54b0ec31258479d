package mcpauthtest_test

import (
	"net/http"
	"testing"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/mcpauthtest"
)

// TestDPoPKey holds what is minted to internal/jose, which knows nothing of how
// it was made.
func TestDPoPKey(t *testing.T) {
	t.Parallel()
	key, err := mcpauthtest.NewDPoPKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := key.Proof(mcpauthtest.DPoPProof{Method: http.MethodPost, URL: "https://api.example.com/mcp", AccessToken: "token"})
	if err != nil {
		t.Fatal(err)
	}
	jws, err := jose.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	public, err := jose.ParseKey(jws.Header.JWK)
	if err != nil {
		t.Fatal(err)
	}
	if err := jws.Verify(public); err != nil || jws.Header.Type != "dpop+jwt" || public.Thumbprint() != key.Thumbprint() {
		t.Errorf("%v, typ %q, thumbprints %q and %q", err, jws.Header.Type, public.Thumbprint(), key.Thumbprint())
	}
	again, err := key.Proof(mcpauthtest.DPoPProof{})
	if err != nil || again == text {
		t.Errorf("%v: two proofs are the same", err)
	}
	if _, err := key.Proof(mcpauthtest.DPoPProof{Claims: map[string]any{"x": make(chan int)}}); err == nil {
		t.Error("a proof with a channel in it")
	}
}
