package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
)

// fixedSigner has the same key in each process, for the fuzzing engine wants a
// run that can be repeated.
func fixedSigner(t testing.TB, alg Algorithm) signer {
	t.Helper()
	if alg == EdDSA {
		return signer{alg, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))}
	}
	_, curve := namedCurve(map[Algorithm]string{ES256: "P-256", ES384: "P-384", ES512: "P-521"}[alg])
	secret := make([]byte, coordinateSize(alg.keyType()))
	secret[len(secret)-1] = 7
	return signer{alg, must(ecdsa.ParseRawPrivateKey(curve, secret))(t)}
}

// theirAlgorithms is what go-jose may accept in a comparison; it does not know
// the name Ed25519.
func theirAlgorithms() []gojose.SignatureAlgorithm {
	var list []gojose.SignatureAlgorithm
	for _, alg := range Algorithms() {
		list = append(list, gojose.SignatureAlgorithm(alg))
	}
	return list
}

// FuzzParse holds that no text makes Parse or Verify panic, that a token read
// here reads the same in go-jose, and that no other text stands for the same
// token.
func FuzzParse(f *testing.F) {
	keys := [][]byte{[]byte(rfc7638Key)}
	for _, alg := range []Algorithm{ES256, ES384, ES512, EdDSA} {
		s := fixedSigner(f, alg)
		keys = append(keys, s.jwk(f, nil))
		f.Add(s.token(f, header(alg), payload))
	}
	for _, head := range []string{
		`{"alg":"ES256","kid":"k","typ":"at+jwt","cty":"x","jwk":{}}`, `{"alg":"none"}`, `{"alg":"ES256","crit":["x"]}`,
		`{"\u0061lg":"ES256"}`, `{"alg":"ES256","alg":"RS256"}`, `{"alg":"Ed25519"}`,
	} {
		f.Add(joined(encode(head), encode(payload), "AAAA"))
	}
	f.Add("eyJhbGciOiJFUzI1NiJ9.Zh.AAAA")
	f.Add("..")
	f.Add("a.b.c.d.e")
	set := must(ParseKeySet(setOf(keys...)))(f)
	f.Fuzz(func(t *testing.T, token string) {
		j, err := Parse(token)
		if err != nil {
			if j != nil {
				t.Error("a token beside an error")
			}
			return
		}
		for _, k := range set.keys {
			_ = j.Verify(k)
		}
		head, _, _ := strings.Cut(token, ".")
		head = string(must(base64url.DecodeString(head))(t))
		if again := joined(encode(head), encode(string(j.Payload)), encode(string(j.signature))); again != token {
			t.Fatalf("%q encodes as %q", token, again)
		}
		agreeOnToken(t, token, j)
	})
}

// agreeOnToken compares a token that was accepted here with go-jose's reading.
func agreeOnToken(t *testing.T, token string, j *JWS) {
	if j.Header.JWK != nil || len(j.Payload) == 0 || beyondGoJose(token) {
		return
	}
	theirs, err := gojose.ParseSignedCompact(token, theirAlgorithms())
	if err != nil {
		t.Fatalf("go-jose refuses %q: %v", token, err)
	}
	h := theirs.Signatures[0].Protected
	if Algorithm(h.Algorithm) != j.Header.Algorithm || h.KeyID != j.Header.KeyID || !bytes.Equal(theirs.UnsafePayloadWithoutVerification(), j.Payload) {
		t.Fatalf("go-jose reads %q as %+v, here it is %+v", token, h, j.Header)
	}
}

// beyondGoJose tells headers with parameters that go-jose interprets and this
// package ignores or names otherwise.
func beyondGoJose(token string) bool {
	head, _, _ := strings.Cut(token, ".")
	decoded, _ := base64url.DecodeString(head)
	var m map[string]any
	if json.Unmarshal(decoded, &m) != nil || m["alg"] == ed25519Name {
		return true
	}
	for _, name := range []string{"x5c", "x5t", "x5t#S256", "x5u", "jku", "nonce", "enc", "zip", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c", "url"} {
		if _, found := m[name]; found {
			return true
		}
	}
	return false
}

// FuzzSigned signs any header and payload with a key of the set: what verifies
// here, go-jose verifies too, and with the same payload.
func FuzzSigned(f *testing.F) {
	s := fixedSigner(f, EdDSA)
	key := s.key(f)
	for _, head := range []string{
		`{"alg":"EdDSA"}`, `{"alg":"EdDSA","kid":"k"}`, `{"alg":"ES256"}`, `{"alg":"EdDSA","crit":[]}`, `{"alg":"EdDSA","b64":false,"crit":["b64"]}`,
		`{"alg":"EdDSA","alg":"EdDSA"}`, ` {"alg" : "\u0045dDSA"}`, `{"alg":"Ed25519"}`, `{"alg":"EdDSA","Alg":"none"}`, `{}`,
	} {
		f.Add(head, payload)
	}
	f.Fuzz(func(t *testing.T, head, body string) {
		token := s.token(t, head, body)
		j, err := Parse(token)
		if err != nil {
			return
		}
		if err := j.Verify(key); (err == nil) != (j.Header.Algorithm == EdDSA) {
			t.Fatalf("alg %s: %v", j.Header.Algorithm, err)
		}
		if string(j.Payload) != body {
			t.Fatalf("payload %q, signed was %q", j.Payload, body)
		}
		agreeOnToken(t, token, j)
		if j.Header.Algorithm != EdDSA || j.Header.JWK != nil || len(j.Payload) == 0 || beyondGoJose(token) {
			return
		}
		theirs := must(gojose.ParseSignedCompact(token, theirAlgorithms()))(t)
		if got := must(theirs.Verify(s.private.Public()))(t); string(got) != body {
			t.Fatalf("go-jose verifies %q", got)
		}
	})
}

// FuzzParseKey compares the keys that are accepted with go-jose's reading.
func FuzzParseKey(f *testing.F) {
	for _, alg := range []Algorithm{ES256, ES384, ES512, EdDSA} {
		f.Add(fixedSigner(f, alg).jwk(f, map[string]any{"kid": "k", "use": "sig", "alg": alg, "key_ops": []string{"verify"}}))
	}
	f.Add([]byte(rfc7638Key))
	f.Add([]byte(`{"kty":"oct","k":"AAAA"}`))
	f.Add([]byte(`{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		key, err := ParseKey(raw)
		if err != nil {
			return
		}
		checkKey(t, key)
		if key.rsa != nil && key.rsa.N.BitLen() > gojose.MaxRSAModulusBits {
			return // go-jose draws the line elsewhere
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatalf("accepted what is no JSON: %v", err)
		}
		for name := range m {
			if strings.HasPrefix(name, "x5") || name == "key_ops" || name == "kid" {
				delete(m, name)
			}
		}
		var theirs gojose.JSONWebKey
		if err := json.Unmarshal(must(json.Marshal(m))(t), &theirs); err != nil {
			t.Fatalf("go-jose refuses %s: %v", raw, err)
		}
		if got := must(theirs.Thumbprint(crypto.SHA256))(t); encode(string(got)) != key.Thumbprint() {
			t.Fatalf("thumbprint %s, go-jose gives %s", key.Thumbprint(), encode(string(got)))
		}
	})
}

// checkKey holds what is true of every key that was accepted.
func checkKey(t *testing.T, key *Key) {
	if len(key.Thumbprint()) != 43 {
		t.Errorf("thumbprint %q", key.Thumbprint())
	}
	if !slices.ContainsFunc(Algorithms(), key.Allows) {
		t.Error("a key that allows nothing")
	}
	for _, alg := range Algorithms() {
		size := 2 * coordinateSize(alg.keyType())
		switch key.typ {
		case rsaKey:
			size = key.rsa.Size()
		case ed25519Key:
			size = ed25519.SignatureSize
		}
		if key.Allows(alg) && key.Verify(alg, []byte("message"), make([]byte, size)) {
			t.Errorf("%s: zeros verify", alg)
		}
	}
}

// FuzzParseKeySet holds that no document makes ParseKeySet panic and that its
// keys are within the limits.
func FuzzParseKeySet(f *testing.F) {
	keys := [][]byte{[]byte(rfc7638Key)}
	for _, alg := range []Algorithm{ES256, EdDSA} {
		keys = append(keys, fixedSigner(f, alg).jwk(f, map[string]any{"kid": "k", "alg": alg}))
	}
	f.Add(setOf(keys...))
	f.Add(setOf(append(keys, []byte(`{"kty":"oct","k":"AAAA"}`), []byte(`null`))...))
	f.Add([]byte(`{"keys":[]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"a":1,"a":2}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		set, err := ParseKeySet(raw)
		if err != nil {
			return
		}
		var doc struct {
			Keys []json.RawMessage `json:"keys"`
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil || json.Unmarshal(members["keys"], &doc.Keys) != nil {
			t.Fatalf("accepted what is no key set: %q", raw)
		}
		if got := set.Len() + len(set.skipped); got != len(doc.Keys) || got > MaxKeys {
			t.Fatalf("%d keys and %d skipped of %d", set.Len(), len(set.skipped), len(doc.Keys))
		}
		for _, key := range set.keys {
			checkKey(t, key)
		}
		for _, alg := range Algorithms() {
			found := set.Candidates(Header{Algorithm: alg})
			if len(found) > MaxCandidates || slices.ContainsFunc(found, func(k *Key) bool { return !k.Allows(alg) }) {
				t.Errorf("%s: %d candidates", alg, len(found))
			}
		}
	})
}
