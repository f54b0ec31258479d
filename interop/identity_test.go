package interop_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway/identity"
	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/interop/internal/proc"
	"github.com/mcp-auth/go/mcpauthtest"
)

const verifierTimeout = 60 * time.Second

func newVerifier(ctx context.Context, gateway, server string) *oidc.IDTokenVerifier {
	keys := oidc.NewRemoteKeySet(ctx, gateway+"/.well-known/mcp-auth/jwks.json")
	return oidc.NewVerifier(gateway, keys, &oidc.Config{ClientID: server, SupportedSigningAlgs: []string{oidc.ES256}})
}

func caller(ctx context.Context, verifier *oidc.IDTokenVerifier, assertion string) (issuer, subject string, err error) {
	token, err := verifier.Verify(ctx, assertion)
	if err != nil {
		return "", "", err
	}
	var claims struct {
		SubjectID struct {
			Issuer  string `json:"iss"`
			Subject string `json:"sub"`
		} `json:"sub_id"`
	}
	err = token.Claims(&claims)
	return claims.SubjectID.Issuer, claims.SubjectID.Subject, err
}

// assertions are one of a gateway at work, and others that must not pass.
type assertions struct {
	gateway, server string // origin and URL
	issuer          string // of the caller's token
	names           []string
	all             []string // the first one is good
}

// newAssertions starts a gateway in front of a server, and has it make an assertion.
func newAssertions(t *testing.T) *assertions {
	t.Helper()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	got := make(chan string, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Mcp-Auth-Assertion") }))
	t.Cleanup(upstream.Close)
	a := &assertions{gateway: fmt.Sprintf("http://127.0.0.1:%d", proc.FreePort(t)), server: upstream.URL + "/mcp", issuer: as.Issuer()}
	own := newIdentityKeys(t)
	parts.StartGatewayFile(t, fmt.Sprintf(`listen: %q
keys: {identity: {file: identity.pem}}
resources:
  - identifier: %q
    authorization_servers: [{issuer: %q}]
    identity: {assertion: true}
    upstream: {url: %q}
`, strings.TrimPrefix(a.gateway, "http://"), a.gateway+"/mcp", a.issuer, a.server), map[string]string{"identity.pem": own})

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.gateway+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+as.MustToken(t, mcpauthtest.TokenClaims{Subject: "alice", Audience: []string{a.gateway + "/mcp"}}))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("the gateway answers %d", answer.StatusCode)
	}
	a.add("good", <-got)
	usual := identity.Config{Resource: a.gateway + "/mcp", Audience: a.server}
	for name, change := range map[string]func(*identity.Config){
		"for another server": func(c *identity.Config) { c.Audience += "/other" },
		"of another gateway": func(c *identity.Config) { c.Resource = "https://mcp.example.org/mcp" },
		"expired":            func(c *identity.Config) { c.Now = func() time.Time { return time.Now().Add(-10 * time.Minute) } },
	} {
		config := usual
		change(&config)
		a.add(name, a.sign(t, own, config))
	}
	foreign := a.sign(t, newIdentityKeys(t), usual)
	a.add("foreign key", foreign)
	good, other := strings.Split(a.all[0], "."), strings.Split(foreign, ".")
	a.add("foreign key under the known name", good[0]+"."+other[1]+"."+other[2])
	a.add("altered", good[0]+"."+other[1]+"."+good[2])
	a.add("unsigned", "eyJhbGciOiJub25lIiwidHlwIjoibWNwLWF1dGgrand0In0."+good[1]+".")
	return a
}

func (a *assertions) add(name, assertion string) {
	a.names, a.all = append(a.names, name), append(a.all, assertion)
}

// sign makes an assertion as the gateway does.
func (a *assertions) sign(t *testing.T, pem string, config identity.Config) string {
	t.Helper()
	keys, err := identity.ParseKeys([]byte(pem))
	if err != nil {
		t.Fatal(err)
	}
	config.Keys = keys
	i, err := identity.New(config)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	if err := i.Apply(t.Context(), &mcpauth.AuthInfo{Subject: "alice", Issuer: a.issuer}, h); err != nil {
		t.Fatal(err)
	}
	return h.Get(identity.Header)
}

func newIdentityKeys(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// check holds verdicts, each "issuer subject" or what is wrong, against what they must be.
func (a *assertions) check(t *testing.T, verdicts []string) {
	t.Helper()
	if len(verdicts) != len(a.all) {
		t.Fatalf("%d verdicts: %s", len(verdicts), verdicts)
	}
	for i, verdict := range verdicts {
		if want := i == 0; (verdict == a.issuer+" alice") != want || verdict == "" {
			t.Errorf("%s: %s", a.names[i], verdict)
		}
	}
}

// documented returns the code in docs/gateway-identity.md in a language, for the
// gateway and the server of the test.
func (a *assertions) documented(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/gateway-identity.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, found := strings.Cut(string(text), "```"+language+"\n")
	code, _, ended := strings.Cut(code, "```")
	if !found || !ended {
		t.Fatalf("there is no code in %s", language)
	}
	return strings.NewReplacer("https://mcp.example.com", a.gateway, "http://notes:3000/mcp", a.server).Replace(code)
}

// verdictsOf reads what a script writes.
func verdictsOf(t *testing.T, output []byte) (verdicts []string) {
	t.Helper()
	var read []any
	if err := json.Unmarshal(output, &read); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for _, one := range read {
		if pair, ok := one.([]any); ok {
			one = fmt.Sprint(pair[0], " ", pair[1])
		}
		verdicts = append(verdicts, fmt.Sprint(one))
	}
	return verdicts
}

// TestIdentityVerifiers runs the verifiers that docs/gateway-identity.md shows.
func TestIdentityVerifiers(t *testing.T) {
	t.Parallel()
	a := newAssertions(t)
	stdin, err := json.Marshal(a.all)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("Python", func(t *testing.T) {
		output := parts.PythonScript(t, verifierTimeout, []string{"VERIFIER=" + a.documented(t, "python")}, stdin, "verify.py")
		a.check(t, verdictsOf(t, output))
	})
	t.Run("TypeScript", func(t *testing.T) {
		code := strings.ReplaceAll(a.documented(t, "ts"), "assertion: string", "assertion") // Node.js 20 knows no types
		output := parts.ScriptWith(t, verifierTimeout, []string{"VERIFIER=" + code}, stdin, "verify.mjs")
		a.check(t, verdictsOf(t, output))
	})
	t.Run("Go", func(t *testing.T) {
		verifier := newVerifier(t.Context(), a.gateway, a.server)
		var verdicts []string
		for _, assertion := range a.all {
			issuer, subject, err := caller(t.Context(), verifier, assertion)
			if err != nil {
				verdicts = append(verdicts, err.Error())
				continue
			}
			verdicts = append(verdicts, issuer+" "+subject)
		}
		a.check(t, verdicts)
	})
}
