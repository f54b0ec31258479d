package client

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/mcp-auth/go/internal/dpop"
	joselib "github.com/mcp-auth/go/internal/jose"
)

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

// claimsOf reads a JWT's payload, unverified.
func claimsOf(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a JWT", token)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
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
			mustRequest(t, w.client(t), "") // another process has the key as well
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

// A server that asks for another nonce each time does not cause endless requests.
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
