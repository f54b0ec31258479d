package provider_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/provider"
	"github.com/mcp-auth/go/reason"
)

// resourceID is the MCP server that all tokens of the matrices are for.
const resourceID = "https://mcp.example.com/mcp"

// matrix is a file of testdata: how a provider's tokens look, as it documents
// them, with made-up values. They are signed anew with keys of the test.
type matrix struct {
	Params provider.Params `json:"params"`
	// OtherParams make the issuer of another tenant.
	OtherParams provider.Params `json:"otherParams"`
	Options     options         `json:"options"`
	// Key signs: rs, es256, es384, es512 or ed.
	Key string `json:"key"`
	// JWKWithoutAlg leaves alg out of the JWK Set, as the provider does.
	JWKWithoutAlg bool `json:"jwkWithoutAlg"`
	// Scopes are those that the handler needs.
	Scopes []string `json:"scopes"`
	// Token is the token as issued; cases change it.
	Token shape `json:"token"`
	// Introspection is the answer about an opaque token; cases change it.
	Introspection map[string]any `json:"introspection"`
	Accepted      []matrixCase   `json:"accepted"`
	Refused       []matrixCase   `json:"refused"`
}

type options struct {
	Audiences      []string `json:"audiences"`
	AllowedClients []string `json:"allowedClients"`
}

// shape is a token's header and claims. null removes a member; "now+60" and
// "now-60" are NumericDates.
type shape struct {
	Header map[string]any `json:"header"`
	Claims map[string]any `json:"claims"`
}

type matrixCase struct {
	Name string `json:"name"`
	shape
	// Opaque has an opaque token introspected. Claims change the answer.
	Opaque bool `json:"opaque"`
	// Params and Options replace those of the matrix.
	Params  provider.Params `json:"params"`
	Options *options        `json:"options"`
	// Client is what an accepted token has for a client.
	Client string `json:"client"`
	// Reason is why the token is refused.
	Reason reason.Reason `json:"reason"`

	key  string // signs in place of that of the matrix
	text string // the token itself
}

func readMatrix(t *testing.T, name string) *matrix {
	t.Helper()
	m := &matrix{}
	readTestdata(t, name, m)
	return m
}

func readTestdata(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// TestMatrix has the tokens of each provider accepted, and near misses refused:
// those of the file, and those that every provider has in common.
//
// Covers RS7, RS8, RS9, RS10, RS17.
func TestMatrix(t *testing.T) {
	t.Parallel()
	keys := newKeys(t)
	for _, p := range all(t) {
		if p.Token.Kind == provider.Opaque {
			continue // see TestGoogle and TestGitHub
		}
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			m := readMatrix(t, p.Name)
			run := &matrixRun{p, m, keys}
			refused := slices.Concat(m.Refused, run.common(t))
			if len(m.Accepted) < 1 || len(refused) < 4 {
				t.Errorf("%d accepted and %d refused tokens", len(m.Accepted), len(refused))
			}
			for _, c := range m.Accepted {
				t.Run("accepted/"+c.Name, func(t *testing.T) { run.accepted(t, c) })
			}
			for _, c := range refused {
				t.Run("refused/"+c.Name, func(t *testing.T) { run.refused(t, c) })
			}
		})
	}
}

type matrixRun struct {
	*provider.Profile
	matrix *matrix
	keys   map[string]crypto.Signer
}

func (r *matrixRun) accepted(t *testing.T, c matrixCase) {
	info, err := r.authorize(t, c)
	if err != nil {
		t.Fatalf("%v: %v", err, errors.Unwrap(err))
	}
	if info.ClientID != c.Client {
		t.Errorf("client %q, want %q", info.ClientID, c.Client)
	}
	for _, scope := range r.matrix.Scopes {
		if !slices.Contains(info.Scopes, scope) {
			t.Errorf("scopes %q, want %q", info.Scopes, r.matrix.Scopes)
		}
	}
}

func (r *matrixRun) refused(t *testing.T, c matrixCase) {
	_, err := r.authorize(t, c)
	var challenge *mcpauth.Challenge
	switch {
	case !errors.As(err, &challenge):
		t.Fatalf("accepted (%v), want %s", err, c.Reason)
	case challenge.Reason != c.Reason:
		t.Errorf("%s (%v), want %s", challenge.Reason, errors.Unwrap(err), c.Reason)
	}
}

func (r *matrixRun) authorize(t *testing.T, c matrixCase) (*mcpauth.AuthInfo, error) {
	t.Helper()
	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           resourceID,
		AuthorizationServers: []mcpauth.AuthorizationServer{r.server(t, c)},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })
	header := http.Header{"Authorization": {"Bearer " + r.mint(t, c)}}
	return auth.Authorize(t.Context(), mcpauth.Request{Method: "POST", URL: "/mcp", Header: header, Scopes: r.matrix.Scopes})
}

// server is the configuration that the profile makes, with the keys by hand.
func (r *matrixRun) server(t *testing.T, c matrixCase) mcpauth.AuthorizationServer {
	t.Helper()
	given := r.matrix.Options
	if c.Options != nil {
		given = *c.Options
	}
	opts := provider.Options{Audiences: given.Audiences, AllowedClients: given.AllowedClients}
	if r.introspected(c) {
		opts.Introspection = introspecting(t, merged(t, r.matrix.Introspection, c.Claims))
	}
	if r.Token.Kind == provider.Introspected {
		opts.Introspection.Tokens = mcpauth.AllTokens
	}
	params := r.matrix.Params
	if c.Params != nil {
		params = c.Params
	}
	server, err := r.AuthorizationServer(params, opts)
	if err != nil {
		t.Fatal(err)
	}
	server.MetadataURL = "" // the keys are given
	if r.Token.Kind != provider.Introspected {
		server.JWKS = keySet(t, r.keys, r.matrix.JWKWithoutAlg)
	}
	return server
}

// introspected reports whether the claims of a case are those of an answer.
func (r *matrixRun) introspected(c matrixCase) bool {
	return c.Opaque || r.Token.Kind == provider.Introspected
}

func introspecting(t *testing.T, answer map[string]any) *mcpauth.Introspection {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return &mcpauth.Introspection{Endpoint: server.URL, ClientID: "mcp-server", ClientSecret: "secret"}
}

// mint makes the token of a case.
func (r *matrixRun) mint(t *testing.T, c matrixCase) string {
	t.Helper()
	switch {
	case c.text != "":
		return c.text
	case c.Opaque:
		return "opaque-2YotnFZFEjr1zCsicMWpAA"
	}
	key := c.key
	if key == "" {
		key = r.matrix.Key
	}
	if r.introspected(c) {
		return signed(t, r.keys, key, merged(t, r.matrix.Token.Header, c.Header), merged(t, r.matrix.Token.Claims, nil))
	}
	return signed(t, r.keys, key, merged(t, r.matrix.Token.Header, c.Header), merged(t, r.matrix.Token.Claims, c.Claims))
}

// common are the near misses of every provider.
func (r *matrixRun) common(t *testing.T) []matrixCase {
	t.Helper()
	if r.Token.Kind == provider.Introspected {
		return r.commonAnswers(t)
	}
	claims := func(name string, why reason.Reason, changes map[string]any) matrixCase {
		return matrixCase{Name: name, Reason: why, shape: shape{Claims: changes}}
	}
	issuer := r.server(t, matrixCase{}).Issuer
	slash, found := strings.CutSuffix(issuer, "/")
	if !found {
		slash += "/"
	}
	cases := []matrixCase{
		claims("expired", reason.Expired, map[string]any{"exp": "now-60"}),
		claims("no expiry", reason.NoExpiry, map[string]any{"exp": nil}),
		claims("not yet valid", reason.NotYetValid, map[string]any{"nbf": "now+600"}),
		claims("no issuer", reason.UntrustedIssuer, map[string]any{"iss": nil}),
		claims("issuer slash", reason.UntrustedIssuer, map[string]any{"iss": slash}),
		claims("issuer in another case", reason.UntrustedIssuer, map[string]any{"iss": strings.ToUpper(issuer)}),
		claims("other tenant", reason.UntrustedIssuer, map[string]any{"iss": r.otherIssuer(t)}),
		claims("other audience", reason.WrongAudience, map[string]any{"aud": "https://other.example.com/mcp"}),
		claims("longer audience", reason.WrongAudience, map[string]any{"aud": resourceID + "/admin"}),
		claims("issuer as audience", reason.WrongAudience, map[string]any{"aud": issuer}),
		{Name: "stranger's key", Reason: reason.InvalidSignature, key: "stranger-" + r.matrix.Key},
		{Name: "ID token's header", Reason: reason.NotAnAccessToken, shape: shape{Header: map[string]any{"typ": "id+jwt"}}},
		{Name: "logout token's header", Reason: reason.NotAnAccessToken, shape: shape{Header: map[string]any{"typ": "logout+jwt"}}},
		{Name: "alg none", Reason: reason.UnsupportedAlgorithm, text: r.unsigned(t)},
		{Name: "HS256", Reason: reason.UnsupportedAlgorithm, key: "hmac"},
	}
	if client := r.matrix.Accepted[0].Client; client != "" && !slices.Contains(r.matrix.Options.Audiences, client) {
		cases = append(cases, claims("client as audience", reason.WrongAudience, map[string]any{"aud": client}))
	}
	if len(r.matrix.Options.AllowedClients) == 0 {
		cases = append(cases,
			claims("no audience", reason.WrongAudience, map[string]any{"aud": nil}),
			claims("no audience, token_use access", reason.WrongAudience, map[string]any{"aud": nil, "token_use": "access"}))
	}
	if len(r.Token.Algorithms) > 0 {
		other := "ed"
		if r.matrix.Key == "ed" {
			other = "rs"
		}
		cases = append(cases, matrixCase{Name: "wrong algorithm", Reason: reason.UnsupportedAlgorithm, key: other})
	}
	if !slices.Equal(r.Token.Types, []string{"at+jwt"}) {
		cases = append(cases, matrixCase{Name: "at_hash", Reason: reason.NotAnAccessToken, shape: shape{
			Header: map[string]any{"typ": "JWT"}, Claims: map[string]any{"at_hash": "x"},
		}})
	} else {
		cases = append(cases, matrixCase{Name: "typ JWT", Reason: reason.NotAnAccessToken, shape: shape{Header: map[string]any{"typ": "JWT"}}})
	}
	if len(r.matrix.Scopes) > 0 {
		cases = append(cases, claims("no scopes", reason.InsufficientScope, map[string]any{"scope": nil, "scp": nil, "permissions": nil}))
	}
	return cases
}

// commonAnswers are near misses where the provider is asked about every token.
func (r *matrixRun) commonAnswers(t *testing.T) []matrixCase {
	t.Helper()
	answer := func(name string, why reason.Reason, changes map[string]any) matrixCase {
		return matrixCase{Name: name, Reason: why, shape: shape{Claims: changes}}
	}
	foreign := merged(t, r.matrix.Token.Claims, map[string]any{"iss": r.otherIssuer(t)})
	return []matrixCase{
		answer("inactive", reason.InactiveToken, map[string]any{"active": false}),
		answer("expired", reason.Expired, map[string]any{"exp": "now-60"}),
		answer("no expiry", reason.NoExpiry, map[string]any{"exp": nil}),
		answer("answer of another tenant", reason.WrongIssuer, map[string]any{"iss": r.otherIssuer(t)}),
		answer("issuer slash", reason.WrongIssuer, map[string]any{"iss": r.server(t, matrixCase{}).Issuer + "/"}),
		answer("other audience", reason.WrongAudience, map[string]any{"aud": "https://other.example.com/mcp"}),
		answer("no audience", reason.WrongAudience, map[string]any{"aud": nil}),
		{Name: "token of another tenant", Reason: reason.UntrustedIssuer, text: signed(t, r.keys, r.matrix.Key, nil, foreign)},
	}
}

func (r *matrixRun) otherIssuer(t *testing.T) string {
	t.Helper()
	return r.server(t, matrixCase{Params: r.matrix.OtherParams}).Issuer
}

func (r *matrixRun) unsigned(t *testing.T) string {
	t.Helper()
	header := merged(t, r.matrix.Token.Header, map[string]any{"alg": "none"})
	encode := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	return encode(header) + "." + encode(merged(t, r.matrix.Token.Claims, nil)) + ".c2ln"
}

// merged applies changes and fills times in.
func merged(t *testing.T, base, changes map[string]any) map[string]any {
	t.Helper()
	result := maps.Clone(base)
	if result == nil {
		result = map[string]any{}
	}
	maps.Copy(result, changes)
	maps.DeleteFunc(result, func(_ string, v any) bool { return v == nil })
	for name, value := range result {
		text, _ := value.(string)
		if offset, ok := strings.CutPrefix(text, "now"); ok {
			d, err := time.ParseDuration(offset + "s")
			if err != nil {
				t.Fatal(err)
			}
			result[name] = time.Now().Add(d).Unix()
		}
	}
	return result
}

// newKeys makes the keys of the providers, and stranger, which none has.
func newKeys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	keys := map[string]crypto.Signer{}
	for name, curve := range map[string]elliptic.Curve{"es256": elliptic.P256(), "es384": elliptic.P384(), "es512": elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = key
	}
	for _, name := range []string{"rs", "stranger-rs"} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = key
	}
	for _, name := range []string{"es256", "es384", "es512"} {
		key, err := ecdsa.GenerateKey(keys[name].Public().(*ecdsa.PublicKey).Curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys["stranger-"+name] = key
	}
	for _, name := range []string{"ed", "stranger-ed"} {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = key
	}
	return keys
}

var algorithms = map[string]jose.SignatureAlgorithm{
	"rs": jose.RS256, "es256": jose.ES256, "es384": jose.ES384, "es512": jose.ES512, "ed": jose.EdDSA,
}

func keySet(t *testing.T, keys map[string]crypto.Signer, withoutAlg bool) []byte {
	t.Helper()
	var set jose.JSONWebKeySet
	for name, key := range keys {
		if strings.HasPrefix(name, "stranger") {
			continue
		}
		jwk := jose.JSONWebKey{Key: key.Public(), KeyID: name, Use: "sig"}
		if !withoutAlg {
			jwk.Algorithm = string(algorithms[name])
		}
		set.Keys = append(set.Keys, jwk)
	}
	data, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
