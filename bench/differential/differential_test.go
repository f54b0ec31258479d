// Package differential compares the verification here with that of go-jose and
// jwx: whatever is accepted here, both accept too.
package differential

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/jose"
)

// verdict is what happened to one sample here.
type verdict struct{ verified, admitted bool }

// compare fails the test where something is accepted here and refused there.
func compare(t testing.TB, s sample) verdict {
	t.Helper()
	parsed, used, raw := verify(t, s)
	if used == nil {
		if admitted(s) {
			t.Fatalf("the engine admits what internal/jose does not verify\ntoken %s\nset %s", s.token, s.set)
		}
		return verdict{}
	}
	theirs(t, s, parsed, raw)
	if !admitted(s) {
		return verdict{verified: true}
	}
	if fault := claimsFault(s.payload); fault != "" {
		t.Fatalf("the engine admits a token with %s\npayload %q", fault, s.payload)
	}
	return verdict{true, true}
}

// verify returns the token and the key that verified it, nil if none did.
func verify(t testing.TB, s sample) (*jose.JWS, *jose.Key, []byte) {
	t.Helper()
	set, err := jose.ParseKeySet(s.set)
	if err != nil {
		return nil, nil, nil
	}
	parsed, err := jose.Parse(s.token)
	if err != nil {
		return nil, nil, nil
	}
	for _, key := range set.Candidates(parsed.Header) {
		if parsed.Verify(key) != nil {
			continue
		}
		for _, raw := range rawKeys(t, s.set) {
			if same, err := jose.ParseKey(raw); err == nil && same.Thumbprint() == key.Thumbprint() && same.Allows(parsed.Header.Algorithm) {
				return parsed, key, raw
			}
		}
		t.Fatalf("the key that verified the token is not in the set\nset %s", s.set)
	}
	return nil, nil, nil
}

func rawKeys(t testing.TB, set []byte) []json.RawMessage {
	t.Helper()
	var document map[string]json.RawMessage // a struct would take "Keys" too
	var list []json.RawMessage
	if err := errors.Join(json.Unmarshal(set, &document), json.Unmarshal(document["keys"], &list)); err != nil {
		t.Fatalf("accepted here, and no key set for encoding/json: %v\nset %s", err, set)
	}
	return list
}

// theirs asks the others for the same token with the same key.
func theirs(t testing.TB, s sample, parsed *jose.JWS, rawKey []byte) {
	t.Helper()
	for _, other := range []struct {
		name   string
		verify func(token string, key []byte, alg jose.Algorithm) ([]byte, error)
	}{{"go-jose", goJOSE}, {"jwx", jwx}} {
		payload, err := other.verify(s.token, rawKey, parsed.Header.Algorithm)
		if err != nil {
			// They read parameters that are ignored here, and fail where those
			// are odd: without them they have to agree.
			plainToken, plainKey := plain(t, s, rawKey)
			payload, err = other.verify(plainToken, plainKey, parsed.Header.Algorithm)
		}
		if err != nil {
			t.Fatalf("accepted here, refused by %s: %v\ntoken %s\nheader %s\nkey %s", other.name, err, s.token, s.header, rawKey)
		}
		if !bytes.Equal(payload, parsed.Payload) {
			t.Fatalf("payload here %q, in %s %q", parsed.Payload, other.name, payload)
		}
	}
}

func goJOSE(token string, rawKey []byte, _ jose.Algorithm) ([]byte, error) {
	var key gojose.JSONWebKey
	if err := json.Unmarshal(rawKey, &key); err != nil {
		return nil, err
	}
	var algorithms []gojose.SignatureAlgorithm
	for _, alg := range jose.Algorithms() {
		algorithms = append(algorithms, gojose.SignatureAlgorithm(alg))
	}
	parsed, err := gojose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, err
	}
	return parsed.Verify(key.Key)
}

func jwx(token string, rawKey []byte, alg jose.Algorithm) ([]byte, error) {
	key, err := jwk.ParseKey(rawKey)
	if err != nil {
		return nil, err
	}
	algorithm, ok := jwa.LookupSignatureAlgorithm(string(alg))
	if !ok {
		return nil, fmt.Errorf("jwx does not know %s", alg)
	}
	return jws.Verify([]byte(token), jws.WithKey(algorithm, key), jws.WithCompact())
}

// plain is the token signed again, with only those header parameters that mean
// something here and Ed25519 under its older name, and the key with only what
// its type has.
func plain(t testing.TB, s sample, rawKey []byte) (string, []byte) {
	t.Helper()
	header := keep(t, []byte(s.header), "alg", "kid", "typ")
	if string(header["alg"]) == `"Ed25519"` {
		header["alg"] = json.RawMessage(`"EdDSA"`)
	}
	meaningful := map[string][]string{"RSA": {"kty", "n", "e"}, "EC": {"kty", "crv", "x", "y"}, "OKP": {"kty", "crv", "x"}}
	kind, _ := s.key.jwk["kty"].(string)
	key := keep(t, rawKey, meaningful[kind]...)
	headerText, err1 := json.Marshal(header)
	keyText, err2 := json.Marshal(key)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	signed := encode(headerText) + "." + encode(s.payload)
	return signed + "." + encode(sign(s.key, s.alg, signed)), keyText
}

func keep(t testing.TB, object []byte, names ...string) map[string]json.RawMessage {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		t.Fatalf("accepted here, and no object for encoding/json: %v\n%q", err, object)
	}
	for name := range members {
		if !slices.Contains(names, name) {
			delete(members, name)
		}
	}
	return members
}

// admitted asks the whole engine.
func admitted(s sample) bool {
	auth, err := mcpauth.New(mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier:           resource,
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: issuer, JWKS: s.set}},
		}},
		TokenCacheSize: 16,
		Now:            func() time.Time { return time.Unix(now, 0) },
	})
	if err != nil {
		return false // no usable key
	}
	defer auth.Close()
	request := mcpauth.Request{Method: http.MethodPost, URL: "/notes", Header: http.Header{"Authorization": {"Bearer " + s.token}}}
	_, err = auth.Authorize(context.Background(), request)
	_, again := auth.Authorize(context.Background(), request) // from the cache
	return err == nil || again == nil
}

// claimsFault says what encoding/json sees wrong with an admitted token's claims.
func claimsFault(payload []byte) string {
	var claims map[string]json.RawMessage // a struct would take "Exp" too
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "claims that are no JSON: " + err.Error()
	}
	var iss string
	var several []string
	var expiry, notBefore, issuedAt float64
	if json.Unmarshal(claims["iss"], &iss) != nil || json.Unmarshal(claims["exp"], &expiry) != nil {
		return "an odd issuer or expiry"
	}
	for name, value := range map[string]*float64{"nbf": &notBefore, "iat": &issuedAt} {
		if raw, found := claims[name]; found && json.Unmarshal(raw, value) != nil {
			return "an odd " + name
		}
	}
	if json.Unmarshal(claims["aud"], &several) != nil {
		several = make([]string, 1)
		if json.Unmarshal(claims["aud"], &several[0]) != nil {
			return "an odd audience"
		}
	}
	const leeway = 5
	switch {
	case iss != issuer:
		return "another issuer"
	case !slices.Contains(several, resource):
		return "another audience"
	case expiry+leeway <= now:
		return "exp in the past"
	case notBefore-leeway > now:
		return "nbf in the future"
	case issuedAt-leeway > now:
		return "iat in the future"
	}
	return ""
}

// FuzzDifferential mutates tokens and key sets; see generate.
func FuzzDifferential(f *testing.F) {
	keys := fixedKeys(f)
	for k := range keys {
		f.Add([]byte{byte(k)}, "")
		for place := range 6 {
			f.Add([]byte{byte(k), 0, 0, byte(place)}, `"x":1`)
		}
	}
	for alg := range 6 {
		f.Add([]byte{0, 0, byte(alg)}, "")
	}
	for _, text := range []string{
		`"alg":"none"`, `"crit":["x"]`, `"jwk":{"kty":"oct","k":"AAAA"}`, `"x5c":["AAAA"]`, `"exp":1`, `"aud":["x"]`, `"use":"enc"`,
		`"\u0061ud":"x"`, `{"kty":"oct","k":"AAAA"}`, `"n":"AQAB"`, `{}`, `null`,
	} {
		for place := range 6 {
			f.Add([]byte{1, 0, 0, byte(place)}, text)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		if len(data) > 256 || len(text) > 1024 {
			return
		}
		compare(t, generate(keys, data, text))
	})
}

var (
	runs = flag.Int("runs", 2000, "tokens that TestDifferential compares")
	seed = flag.Uint64("seed", 1, "of the tokens that TestDifferential compares")
)

// Covers RS7. A run without the fuzzing engine, which also holds that the
// generator makes tokens worth comparing: many valid, many not.
func TestDifferential(t *testing.T) {
	t.Parallel()
	keys := fixedKeys(t)
	random := rand.New(rand.NewPCG(*seed, 2))
	texts := []string{"", "", "", `"x":1`, `"alg":"none"`, `"crit":["x"]`, `"x5c":["AAAA"]`, `{"kty":"oct","k":"AAAA"}`, `"exp":1`, `"use":"enc"`}
	var verified, allowed int
	for range *runs {
		data := make([]byte, 96)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		v := compare(t, generate(keys, data, texts[random.IntN(len(texts))]))
		if v.verified {
			verified++
		}
		if v.admitted {
			allowed++
		}
	}
	t.Logf("of %d tokens %d verify and %d are admitted", *runs, verified, allowed)
	if verified < *runs/10 || verified > *runs*9/10 || allowed < *runs/50 {
		t.Errorf("of %d tokens %d verify and %d are admitted", *runs, verified, allowed)
	}
}

// The comparison itself can fail: tokens that the others refuse.
func TestOthersRefuse(t *testing.T) {
	t.Parallel()
	for _, k := range fixedKeys(t) {
		good := generate([]key{k}, nil, "")
		rawKey := rawKeys(t, good.set)[0]
		other := good.token[:strings.LastIndexByte(good.token, '.')+1] + strings.Repeat("A", 86)
		for name, verify := range map[string]func(string, []byte, jose.Algorithm) ([]byte, error){"go-jose": goJOSE, "jwx": jwx} {
			if _, err := verify(good.token, rawKey, jose.Algorithm(good.alg)); err != nil {
				t.Errorf("%s refuses a good %s token: %v", name, good.alg, err)
			}
			if _, err := verify(other, rawKey, jose.Algorithm(good.alg)); err == nil {
				t.Errorf("%s accepts a forged %s token", name, good.alg)
			}
		}
		for _, claims := range []string{
			`{"iss":"x"}`, `{"iss":"` + issuer + `","aud":"x"}`, `{"iss":"` + issuer + `","aud":"` + resource + `","exp":1}`, `x`,
		} {
			if claimsFault([]byte(claims)) == "" {
				t.Errorf("no fault in %s", claims)
			}
		}
	}
}
