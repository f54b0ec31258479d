package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/gateway/identity"
	"github.com/mcp-auth/go/internal/authtest"
)

const (
	resource = "https://mcp.example.com/notes/mcp"
	upstream = "http://notes:3000/mcp"
)

var info = &mcpauth.AuthInfo{
	Issuer: "https://auth.example.com", Subject: "alice", ClientID: "editor", Scopes: []string{"notes.read", "notes.write"},
}

func newIdentity(t testing.TB, config identity.Config) *identity.Identity {
	t.Helper()
	if config.Resource == "" {
		config.Resource = resource
	}
	i, err := identity.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func newKeys(t testing.TB) *identity.Keys {
	t.Helper()
	keys, err := identity.GenerateKeys()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// published returns the key set as verifiers get it.
func published(t *testing.T, keys *identity.Keys) (set jose.JSONWebKeySet) {
	t.Helper()
	answer := httptest.NewRecorder()
	keys.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "application/jwk-set+json" {
		t.Errorf("%d, %v", answer.Code, answer.Header())
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	return set
}

// apply returns the headers that a caller's request has, which brings some itself.
func apply(t *testing.T, i *identity.Identity, info *mcpauth.AuthInfo, came http.Header) http.Header {
	t.Helper()
	h := came.Clone()
	if h == nil {
		h = http.Header{}
	}
	if err := i.Apply(t.Context(), info, h); err != nil {
		t.Fatal(err)
	}
	return h
}

// An assertion is what another library takes for one, with the claims that are
// promised and no others.
func TestAssertion(t *testing.T) {
	t.Parallel()
	keys, clock := newKeys(t), authtest.NewClock()
	i := newIdentity(t, identity.Config{Audience: upstream, Keys: keys, Now: clock.Now})
	seen := map[any]bool{}
	for name, tc := range map[string]struct {
		info *mcpauth.AuthInfo
		want map[string]any
	}{
		"user": {info, map[string]any{
			"sub": "alice", "client_id": "editor", "scope": "notes.read notes.write",
			"sub_id": map[string]any{"format": "iss_sub", "iss": "https://auth.example.com", "sub": "alice"},
		}},
		"machine": {&mcpauth.AuthInfo{Issuer: "https://auth.example.com", ClientID: "robot"}, map[string]any{"client_id": "robot"}},
	} {
		h := apply(t, i, tc.info, http.Header{"Mcp-Auth-Assertion": {"evil", "evil"}})
		if len(h) != 1 || len(h["Mcp-Auth-Assertion"]) != 1 {
			t.Fatalf("%s: %v", name, h)
		}
		token, err := jwt.ParseSigned(h.Get("Mcp-Auth-Assertion"), []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]any{}
		if err := token.Claims(published(t, keys), &got); err != nil {
			t.Fatal(err)
		}
		if typ := token.Headers[0].ExtraHeaders["typ"]; typ != "mcp-auth+jwt" {
			t.Errorf("the type is %v", typ)
		}
		if id := got["jti"]; seen[id] || len(id.(string)) < 20 {
			t.Errorf("the identifier is %v", id)
		}
		seen[got["jti"]] = true
		delete(got, "jti")
		tc.want["iss"], tc.want["aud"] = "https://mcp.example.com", upstream
		tc.want["iat"], tc.want["exp"] = float64(clock.Now().Unix()), float64(clock.Now().Add(time.Minute).Unix())
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
}

// Nothing of what a caller without a token brings passes.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	i := newIdentity(t, identity.Config{Audience: upstream, Keys: newKeys(t), Headers: identity.Headers{Subject: "x-caller", Scope: "X-Caller-Scope"}})
	came := http.Header{"Mcp-Auth-Assertion": {"evil"}, "X-Caller": {"evil"}, "X-Caller-Scope": {"evil"}, "Accept": {"*/*"}}
	if h := apply(t, i, nil, came); !reflect.DeepEqual(h, http.Header{"Accept": {"*/*"}}) {
		t.Errorf("%v", h)
	}
}

// A value cannot end a header, begin another one or be taken for two, and is read
// again by the usual functions.
func TestHeaders(t *testing.T) {
	t.Parallel()
	i := newIdentity(t, identity.Config{Headers: identity.Headers{Subject: "X-Caller", Issuer: "X-Caller-Issuer", ClientID: "X-Caller-Client", Scope: "X-Caller-Scope"}})
	for _, subject := range []string{
		"alice", "alice@example.com", "auth0|123", " alice ", "a\r\nX-Admin: yes", "a\x00b\x7f", "a,b;c", `"a\"`, "100%", "%41", "Жанна", "\xff\xfe", strings.Repeat("é", 100),
	} {
		h := apply(t, i, &mcpauth.AuthInfo{Subject: subject, Issuer: "https://auth.example.com/a,b", Scopes: []string{"a,b", "c"}}, http.Header{"X-Caller-Client": {"evil"}})
		if h["X-Caller-Client"] != nil || h.Get("X-Caller-Scope") != "a%2Cb c" || h.Get("X-Caller-Issuer") != "https://auth.example.com/a%2Cb" || len(h) != 3 {
			t.Errorf("%v", h)
		}
		value := h.Get("X-Caller")
		if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`,;"\`, r) }) {
			t.Errorf("%q is sent as %q", subject, value)
		}
		if back, err := url.PathUnescape(value); err != nil || back != subject {
			t.Errorf("%q is read as %q, %v", subject, back, err)
		}
	}
	if h := apply(t, i, &mcpauth.AuthInfo{}, http.Header{"X-Caller": {"evil"}}); len(h) != 0 {
		t.Errorf("headers without a value: %v", h)
	}
}

// encoded returns a key in PEM.
func encoded(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// All keys of a file are published, and the first one signs: a verifier that has the
// keys of before knows those of after.
func TestRotation(t *testing.T) {
	t.Parallel()
	old, next := newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	sec1, err := x509.MarshalECPrivateKey(next)
	if err != nil {
		t.Fatal(err)
	}
	oldPEM := encoded(t, old)
	nextPEM := "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}))
	before, err := identity.ParseKeys([]byte(oldPEM + nextPEM))
	if err != nil {
		t.Fatal(err)
	}
	after, err := identity.ParseKeys([]byte(nextPEM + oldPEM))
	if err != nil {
		t.Fatal(err)
	}
	known := published(t, before)
	if len(known.Keys) != 2 || known.Keys[0].KeyID == known.Keys[1].KeyID || !known.Keys[0].IsPublic() {
		t.Fatalf("%v", known)
	}
	for n, keys := range []*identity.Keys{before, after} {
		h := apply(t, newIdentity(t, identity.Config{Audience: upstream, Keys: keys}), info, nil)
		token, err := jwt.ParseSigned(h.Get(identity.Header), []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		var claims map[string]any
		if err := token.Claims(known, &claims); err != nil || token.Headers[0].KeyID != known.Keys[n].KeyID {
			t.Errorf("%v, signed with %s", err, token.Headers[0].KeyID)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", before, before, before); strings.Contains(text, "signer") {
		t.Error(text)
	}
	answer := httptest.NewRecorder()
	before.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/", nil))
	if answer.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST is answered with %d", answer.Code)
	}
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	good := encoded(t, newKey(t, elliptic.P256()))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	many := ""
	for range 17 {
		many += encoded(t, newKey(t, elliptic.P256()))
	}
	for name, tc := range map[string]struct{ file, want string }{
		"empty":       {"", "there is no private key in PEM"},
		"text":        {"hello", "there is no private key in PEM"},
		"RSA":         {encoded(t, rsaKey), "a key is not an ECDSA key on P-256"},
		"P-384":       {encoded(t, newKey(t, elliptic.P384())), "a key is not an ECDSA key on P-256"},
		"certificate": {good + strings.ReplaceAll(good, "PRIVATE KEY", "CERTIFICATE"), "a key is not an ECDSA key on P-256"},
		"twice":       {good + good, "a key is there twice"},
		"cut off":     {good + good[:len(good)/2], "there is something that is not PEM"},
		"many":        {many, "there are more than 16 keys"},
	} {
		if _, err := identity.ParseKeys([]byte(tc.file)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", name, err, tc.want)
		}
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	keys := newKeys(t)
	for name, tc := range map[string]struct {
		config identity.Config
		field  string
		fault  configerr.Fault
	}{
		"no resource":       {identity.Config{Audience: upstream, Keys: keys}, "Resource", configerr.InvalidIdentifier},
		"no audience":       {identity.Config{Resource: resource, Keys: keys}, "Audience", configerr.MissingValue},
		"nothing":           {identity.Config{Resource: resource, Audience: upstream}, "", identity.NothingToSay},
		"credential":        {identity.Config{Resource: resource, Headers: identity.Headers{Subject: "authorization"}}, "Headers.Subject", identity.InvalidHeader},
		"of MCP":            {identity.Config{Resource: resource, Headers: identity.Headers{Scope: "Mcp-Name"}}, "Headers.Scope", identity.InvalidHeader},
		"of the connection": {identity.Config{Resource: resource, Headers: identity.Headers{Issuer: "Host"}}, "Headers.Issuer", identity.InvalidHeader},
		"underscore":        {identity.Config{Resource: resource, Headers: identity.Headers{ClientID: "X_Client"}}, "Headers.ClientID", identity.InvalidHeader},
		"twice":             {identity.Config{Resource: resource, Headers: identity.Headers{Subject: "X-Caller", Scope: "x-caller"}}, "Headers.Scope", identity.DuplicateHeader},
	} {
		_, err := identity.New(tc.config)
		all := configerr.All(err)
		if len(all) != 1 || all[0].Field != tc.field || all[0].Fault != tc.fault {
			t.Errorf("%s: got %v, want %s: %s", name, err, tc.field, tc.fault)
		}
	}
}

func BenchmarkAssertion(b *testing.B) {
	i := newIdentity(b, identity.Config{Audience: upstream, Keys: newKeys(b)})
	h := http.Header{}
	for b.Loop() {
		if err := i.Apply(b.Context(), info, h); err != nil {
			b.Fatal(err)
		}
	}
}
