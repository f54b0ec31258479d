package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/mcp-auth/go/internal/dpop"
	joselib "github.com/mcp-auth/go/internal/jose"
)

// Covers CL4, CL11.
func TestClientCredentialsGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Grant = ClientCredentials{}
	w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "machine", ClientSecret: "s3cret-s3cret"}}
	w.as.metadata = func(d map[string]any) {
		d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
		delete(d, "code_challenge_methods_supported") // PKCE is for users' logins
		d["scopes_supported"] = []string{"offline_access"}
	}
	mustRequest(t, w.client(t), "read")
	form := w.as.tokens[0]
	equal(t, "grant_type", form.Get("grant_type"), "client_credentials")
	equal(t, "resource", form.Get("resource"), w.rs.url)
	equal(t, "scope", form.Get("scope"), "read")
	equal(t, "client_secret", form.Get("client_secret"), "s3cret-s3cret")
	equal(t, "logins", len(w.as.authorizations), 0)
	equal(t, "registrations", len(w.as.registrations), 0)
}

// The secret goes to its issuer only, and a refusal shows it to nobody.
//
// Covers CL7, CL11.
func TestClientCredentialsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Grant = ClientCredentials{}
	w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "machine", ClientSecret: "s3cret-s3cret", AuthMethod: methodPost}}
	w.as.token = func(r *http.Request, d map[string]any) int {
		clear(d)
		d["error"], d["error_description"] = "invalid_client", "wrong secret "+r.PostForm.Get("client_secret")
		return http.StatusUnauthorized
	}
	_, err := request(t, w.client(t), "")
	var refused *TokenError
	if !errors.As(err, &refused) || refused.Code != "invalid_client" || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
	equal(t, "token requests", len(w.as.tokens), 1)

	other := newAuthServer(t, "two", "")
	w.rs.moveTo(other)
	if _, err := request(t, w.client(t), ""); err == nil {
		t.Error("no error")
	}
	if log := other.log(); len(log) > 0 {
		t.Errorf("another server was asked: %q", log)
	}
}

// Covers CL11.
func TestPrivateKeyJWT(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := newKey(t)
	w.config.Grant = ClientCredentials{}
	w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "machine", PrivateKey: key, KeyID: "k1"}}
	w.as.metadata = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"} }
	w.as.token = func(_ *http.Request, d map[string]any) int { delete(d, "refresh_token"); return http.StatusOK }
	c := w.client(t)
	mustRequest(t, c, "")
	w.as.revokeAll()
	mustRequest(t, c, "")
	seen := map[any]bool{}
	for _, form := range w.as.tokens {
		equal(t, "client_assertion_type", form.Get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		equal(t, "client_id", form.Get("client_id"), "")
		verify(t, form.Get("client_assertion"), key)
		header, claims := claimsOf(t, form.Get("client_assertion"))
		if header["kid"] != "k1" || claims["iss"] != "machine" || claims["sub"] != "machine" || claims["aud"] != w.as.issuer {
			t.Errorf("header %v, claims %v", header, claims)
		}
		issued, _ := claims["iat"].(float64)
		expires, _ := claims["exp"].(float64)
		if expires-issued > 300 || expires <= issued {
			t.Errorf("valid for %v s", expires-issued)
		}
		if seen[claims["jti"]] {
			t.Error("a jti was used twice")
		}
		seen[claims["jti"]] = true
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func verify(t *testing.T, token string, key *ecdsa.PrivateKey) {
	t.Helper()
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signed.Verify(key.Public()); err != nil {
		t.Error(err)
	}
}

// Covers CL4, CL11.
func TestWorkloadIdentityGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked AssertionRequest
	w.config.Grant = WorkloadIdentity{Assertion: func(_ context.Context, r AssertionRequest) (string, error) {
		asked = r
		return "the.workload.jwt", nil
	}}
	mustRequest(t, w.client(t), "read")
	form := w.as.tokens[0]
	equal(t, "grant_type", form.Get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer")
	equal(t, "assertion", form.Get("assertion"), "the.workload.jwt")
	equal(t, "resource", form.Get("resource"), w.rs.url)
	equal(t, "client_id", form.Get("client_id"), "")
	equal(t, "issuer", asked.Issuer, w.as.issuer)
	equal(t, "endpoint", asked.TokenEndpoint, w.as.URL+"/token")
	equal(t, "resource asked for", asked.Resource, w.rs.url)
	equal(t, "registrations", len(w.as.registrations), 0)
}

// A refusal is reported: it is neither repeated nor followed by another grant.
//
// Covers CL11.
func TestWorkloadIdentityRefused(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"invalid_grant", "invalid_scope", "unauthorized_client"} {
		w := newWorld(t)
		w.config.Grant = WorkloadIdentity{Assertion: func(context.Context, AssertionRequest) (string, error) { return "the.workload.jwt", nil }}
		w.as.token = func(r *http.Request, d map[string]any) int {
			clear(d)
			d["error"], d["error_description"] = code, r.PostForm.Get("assertion")
			return http.StatusBadRequest
		}
		_, err := request(t, w.client(t), "")
		var refused *TokenError
		if !errors.As(err, &refused) || refused.Code != code || strings.Contains(err.Error(), "workload") {
			t.Errorf("error %v, want %s", err, code)
		}
		equal(t, "token requests", len(w.as.tokens), 1)
		equal(t, "logins", len(w.as.authorizations), 0)
	}
}

// Covers CL11.
func TestAssertionSourceFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := errors.New("no such file")
	w.config.Grant = WorkloadIdentity{Assertion: func(context.Context, AssertionRequest) (string, error) { return "", broken }}
	if _, err := request(t, w.client(t), ""); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	equal(t, "token requests", len(w.as.tokens), 0)
}

// Covers CL4, CL11.
func TestEnterpriseManagedGrant(t *testing.T) {
	t.Parallel()
	w, idp := newEnterprise(t)
	mustRequest(t, w.client(t), "read")
	exchange := idp.tokens[0]
	for name, want := range map[string]string{
		"grant_type":           "urn:ietf:params:oauth:grant-type:token-exchange",
		"requested_token_type": "urn:ietf:params:oauth:token-type:id-jag",
		"audience":             w.as.issuer,
		"resource":             w.rs.url,
		"scope":                "read",
		"subject_token":        "the.id.token",
		"subject_token_type":   "urn:ietf:params:oauth:token-type:id_token",
		"client_id":            "at-the-idp",
	} {
		equal(t, name, exchange.Get(name), want)
	}
	form := w.as.tokens[0]
	equal(t, "grant_type", form.Get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer")
	equal(t, "assertion", form.Get("assertion"), "the.id.jag")
	equal(t, "resource", form.Get("resource"), w.rs.url)
	if strings.Contains(strings.Join(values(form), " "), "the.id.token") {
		t.Error("the subject token was sent to the MCP server's authorization server")
	}
	if user, _, ok := (&http.Request{Header: w.as.headers[0]}).BasicAuth(); !ok || user != "at-the-server" {
		t.Errorf("authenticated as %q", user)
	}
	if _, ok := idp.headers[0]["Authorization"]; ok {
		t.Error("a secret was sent to the identity provider")
	}
}

func values(form map[string][]string) (all []string) {
	for _, list := range form {
		all = append(all, list...)
	}
	return all
}

func newEnterprise(t *testing.T) (*world, *authServer) {
	t.Helper()
	w := newWorld(t)
	idp := newAuthServer(t, "idp", "")
	idp.token = func(_ *http.Request, d map[string]any) int {
		d["access_token"], d["issued_token_type"], d["token_type"] = "the.id.jag", "urn:ietf:params:oauth:token-type:id-jag", "N_A"
		return http.StatusOK
	}
	w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "at-the-server", ClientSecret: "s3cret-s3cret"}}
	w.as.metadata = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = []string{"client_secret_basic"} }
	w.config.Grant = EnterpriseManaged{
		IdentityProvider: Credentials{Issuer: idp.issuer, ClientID: "at-the-idp"},
		Subject:          func(context.Context) (SubjectToken, error) { return SubjectToken{Token: "the.id.token"}, nil },
	}
	return w, idp
}

// Covers CL11.
func TestEnterpriseManagedRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any) int{
		"by policy": func(d map[string]any) int {
			clear(d)
			d["error"], d["error_description"] = "invalid_grant", "the.id.token is not welcome"
			return 400
		},
		"an access token instead": func(d map[string]any) int {
			d["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token"
			return 200
		},
		"without a type":              func(d map[string]any) int { delete(d, "issued_token_type"); return 200 },
		"what cannot be an assertion": func(d map[string]any) int { d["access_token"] = "a b"; return 200 },
	} {
		w, idp := newEnterprise(t)
		idp.token = func(_ *http.Request, d map[string]any) int {
			d["access_token"], d["issued_token_type"], d["token_type"] = "the.id.jag", "urn:ietf:params:oauth:token-type:id-jag", "N_A"
			return change(d)
		}
		_, err := request(t, w.client(t), "")
		if err == nil || strings.Contains(err.Error(), "the.id.") {
			t.Errorf("%s: error %v", name, err)
		}
		equal(t, name+": token requests", len(w.as.tokens), 0)
	}
}

// dpopWorld is a world whose servers know DPoP, with nonces if need be. Proofs
// are checked by the code that the resource server uses.
func dpopWorld(t *testing.T, nonces bool) *world {
	t.Helper()
	w := newWorld(t)
	w.as.metadata = func(d map[string]any) { d["dpop_signing_alg_values_supported"] = []string{"ES256", "RS256"} }
	w.as.token = func(r *http.Request, d map[string]any) int {
		proof := checkProof(t, r, w.as.URL+"/token", "")
		if nonces && proof["nonce"] != "as-nonce" {
			clear(d)
			d["error"], d["DPoP-Nonce"] = "use_dpop_nonce", "as-nonce"
			return http.StatusBadRequest
		}
		d["token_type"] = "DPoP"
		return http.StatusOK
	}
	w.rs.challenge = func(int, string) string {
		return `Bearer resource_metadata="` + w.rs.URL + `/.well-known/oauth-protected-resource/mcp", DPoP algs="ES256"`
	}
	w.rs.refuse = func(rw http.ResponseWriter, r *http.Request) bool {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "DPoP ")
		if !ok {
			return false
		}
		if proof := checkProof(t, r, w.rs.url, token); nonces && proof["nonce"] != "rs-nonce" {
			rw.Header().Set("DPoP-Nonce", "rs-nonce")
			rw.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
			rw.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	}
	return w
}

func checkProof(t *testing.T, r *http.Request, target, token string) map[string]any {
	t.Helper()
	proof := r.Header.Get("DPoP")
	header, claims := claimsOf(t, proof)
	jwk, err := json.Marshal(header["jwk"])
	if err != nil {
		t.Fatal(err)
	}
	key, err := joselib.ParseKey(jwk)
	if err != nil {
		t.Fatal(err)
	}
	_, err = dpop.Check(proof, &dpop.Expected{
		Method: r.Method, URL: target, Token: token, Thumbprint: key.Thumbprint(),
		Now: time.Now(), Lifetime: time.Minute, Leeway: 5 * time.Second, Algorithms: []joselib.Algorithm{joselib.ES256},
	})
	if err != nil && token != "" {
		t.Error(err)
	}
	// At the token endpoint there is no ath, which Check wants to see.
	signed, err := jose.ParseSignedCompact(proof, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signed.Verify(signed.Signatures[0].Protected.JSONWebKey); err != nil {
		t.Error(err)
	}
	if claims["htm"] != r.Method || claims["htu"] != target {
		t.Errorf("proof for %v %v", claims["htm"], claims["htu"])
	}
	claims["jkt"] = key.Thumbprint()
	return claims
}

// Covers CL11.
func TestDPoP(t *testing.T) {
	t.Parallel()
	for name, nonces := range map[string]bool{"without nonces": false, "with nonces": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dpopWorld(t, nonces)
			w.config.Store = NewMemoryStore()
			now := newClock()
			w.config.Now = now.Now
			mustRequest(t, w.client(t), "")
			mustRequest(t, w.client(t), "") // another process has the key, too
			_, sent := w.rs.requests()
			last := sent[len(sent)-1]
			if !strings.HasPrefix(last, "DPoP access-one-") {
				t.Errorf("sent %q", last)
			}
			jkt := w.as.authorizations[0].Get("dpop_jkt")
			if raw, err := base64.RawURLEncoding.DecodeString(jkt); err != nil || len(raw) != sha256.Size {
				t.Errorf("dpop_jkt %q", jkt)
			}
			equal(t, "logins", len(w.as.authorizations), 1)
			want := 1
			if nonces {
				want = 2
			}
			equal(t, "token requests", len(w.as.tokens), want)
			if nonces {
				equal(t, "verifier of the second", w.as.tokens[1].Get("code_verifier"), w.as.tokens[0].Get("code_verifier"))
			}
		})
	}
}

// Each proof is another one, for a URL without its query, whoever it is for.
//
// Covers CL11.
func TestProofs(t *testing.T) {
	t.Parallel()
	key, err := newProofKey()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for _, token := range []string{"", "", "token", "token"} {
		proof, err := key.proof(http.MethodPost, "https://as.example.com/token?tenant=one#x", token, "", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		_, claims := claimsOf(t, proof)
		if id := claims["jti"]; id == "" || id == nil || seen[id] {
			t.Errorf("jti %v was used before, or is none", id)
		}
		seen[claims["jti"]] = true
		if claims["htu"] != "https://as.example.com/token" {
			t.Errorf("htu %v", claims["htu"])
		}
		if _, has := claims["ath"]; has != (token != "") {
			t.Errorf("token %q, ath %v", token, claims["ath"])
		}
	}
}

// A refresh proves possession of the same key.
//
// Covers CL9, CL11.
func TestDPoPRefresh(t *testing.T) {
	t.Parallel()
	w := dpopWorld(t, true)
	w.config.Store = NewMemoryStore()
	mustRequest(t, w.client(t), "")
	w.as.revokeAll()
	mustRequest(t, w.client(t), "")
	equal(t, "logins", len(w.as.authorizations), 1)
	var keys []string
	for i, header := range w.as.headers {
		head, _ := claimsOf(t, header.Get("DPoP"))
		jwk, _ := json.Marshal(head["jwk"])
		keys = append(keys, string(jwk))
		if keys[i] != keys[0] {
			t.Error("another key was used")
		}
		if strings.Contains(keys[i], `"d"`) {
			t.Error("a proof holds the private key")
		}
	}
	equal(t, "grant of the last", w.as.tokens[len(w.as.tokens)-1].Get("grant_type"), "refresh_token")
}

// A server that asks for another nonce each time is not followed for ever.
//
// Covers CL8, CL11.
func TestDPoPNonceLoop(t *testing.T) {
	t.Parallel()
	w := dpopWorld(t, false)
	w.rs.refuse = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("DPoP") == "" {
			return false
		}
		rw.Header().Set("DPoP-Nonce", rand.Text())
		rw.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
		rw.WriteHeader(http.StatusUnauthorized)
		return true
	}
	status, err := request(t, w.client(t), "")
	if err != nil || status != http.StatusUnauthorized {
		t.Errorf("status %d, %v", status, err)
	}
	if _, sent := w.rs.requests(); len(sent) > 3 {
		t.Errorf("sent %d times", len(sent))
	}
	equal(t, "logins", len(w.as.authorizations), 1)

	w = dpopWorld(t, false)
	w.as.token = func(_ *http.Request, d map[string]any) int {
		clear(d)
		d["error"], d["DPoP-Nonce"] = "use_dpop_nonce", rand.Text()
		return http.StatusBadRequest
	}
	if _, err := request(t, w.client(t), ""); err == nil {
		t.Error("no error")
	}
	equal(t, "token requests", len(w.as.tokens), 2)
}

// Covers CL11.
func TestDPoPModes(t *testing.T) {
	t.Parallel()
	able := func(d map[string]any) { d["dpop_signing_alg_values_supported"] = []string{"ES256"} }
	unable := func(d map[string]any) { d["dpop_signing_alg_values_supported"] = []string{"RS256"} }
	resource := func(name string, value any) func(map[string]any) {
		return func(d map[string]any) { d[name] = value }
	}
	for name, test := range map[string]struct {
		mode      DPoPMode
		as        func(map[string]any)
		rs        func(map[string]any)
		tokenType string
		proof, ok bool
	}{
		"auto, nobody knows it":         {DPoPAuto, nil, nil, "Bearer", false, true},
		"auto, one of them":             {DPoPAuto, able, nil, "Bearer", false, true},
		"auto, the other":               {DPoPAuto, unable, resource("dpop_signing_alg_values_supported", []string{"ES256"}), "Bearer", false, true},
		"auto, both":                    {DPoPAuto, able, resource("dpop_signing_alg_values_supported", []string{"ES256"}), "DPoP", true, true},
		"auto, both, yet unbound":       {DPoPAuto, able, resource("dpop_signing_alg_values_supported", []string{"ES256"}), "Bearer", true, true},
		"auto, demanded":                {DPoPAuto, able, resource("dpop_bound_access_tokens_required", true), "DPoP", true, true},
		"auto, demanded and impossible": {DPoPAuto, unable, resource("dpop_bound_access_tokens_required", true), "Bearer", false, false},
		"required":                      {DPoPRequired, able, nil, "dpop", true, true},
		"required and impossible":       {DPoPRequired, unable, nil, "DPoP", false, false},
		"required, yet unbound":         {DPoPRequired, able, nil, "Bearer", true, false},
		"off":                           {DPoPOff, able, resource("dpop_bound_access_tokens_required", true), "Bearer", false, true},
		"off, yet bound":                {DPoPOff, able, nil, "DPoP", false, false},
		"an unknown type":               {DPoPAuto, nil, nil, "mac", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.config.DPoP, w.as.metadata = test.mode, test.as
			w.rs.places["/.well-known/oauth-protected-resource/mcp"] = test.rs
			w.as.token = func(_ *http.Request, d map[string]any) int { d["token_type"] = test.tokenType; return http.StatusOK }
			_, err := request(t, w.client(t), "")
			if (err == nil) != test.ok {
				t.Fatalf("error %v", err)
			}
			if len(w.as.headers) > 0 {
				equal(t, "proof sent", w.as.headers[0].Get("DPoP") != "", test.proof)
			}
		})
	}
}

// Covers CL11.
func TestNoncesAreLearnedWithCare(t *testing.T) {
	t.Parallel()
	n := &nonces{}
	for _, bad := range []string{"", strings.Repeat("x", maxNonce+1), "a b", "a\x01", `a"b`, "ä"} {
		n.learn("https://as.example.com/token", http.Header{"Dpop-Nonce": {bad}})
	}
	equal(t, "nonce", n.get("https://as.example.com/token"), "")
	n.learn("https://as.example.com/token", http.Header{"Dpop-Nonce": {"good"}})
	equal(t, "nonce of the origin", n.get("https://AS.example.com/other"), "good")
	equal(t, "nonce of another", n.get("https://as.example.com:444/other"), "")
	for range 100 {
		n.learn("https://"+strings.ToLower(rand.Text())+".example.com", http.Header{"Dpop-Nonce": {"x"}})
	}
	if len(n.byHost) > maxNonces {
		t.Errorf("%d nonces are kept", len(n.byHost))
	}
}
