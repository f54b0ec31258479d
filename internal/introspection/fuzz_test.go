package introspection

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/claims"
)

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
	i := &Introspector{config: Config{AllowedClients: []string{"app"}, Expected: claims.Expected{Issuer: "https://a.example"}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		said, err := parse(body, &i.config.Expected)
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
		if !said.active {
			t.Fatal("claims of an inactive token")
		}
		if cnf := a.claims.Confirmation; strings.EqualFold(said.tokenType, "DPoP") && (cnf == nil || cnf.JWKThumbprint == "" && cnf.CertificateThumbprint != "") {
			t.Fatal("a token bound to a key that nobody told can be confirmed")
		}
		if a.claims.AllowedClient && (len(a.claims.Audience) > 0 || !slices.Contains(i.config.AllowedClients, a.claims.ClientID)) {
			t.Fatal("an allowed client in spite of an audience, or that is not allowed")
		}
	})
}
