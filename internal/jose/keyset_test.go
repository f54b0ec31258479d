package jose

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

func setOf(keys ...[]byte) []byte {
	return slices.Concat([]byte(`{"keys":[`), bytes.Join(keys, []byte(",")), []byte(`]}`))
}

// TestOddKeysDoNotSpoilTheSet puts one odd member between two sound keys.
//
// Covers RS9.
func TestOddKeysDoNotSpoilTheSet(t *testing.T) {
	t.Parallel()
	ec, rsa := newSigner(t, ES256), newSigner(t, RS256)
	first := ec.jwk(t, map[string]any{"kid": "first"})
	last := rsa.jwk(t, map[string]any{"kid": "last"})
	odd := func(over map[string]any) []byte {
		over["kid"] = "odd"
		return ec.jwk(t, over)
	}
	twice := bytes.Replace(odd(map[string]any{}), []byte(`{`), []byte(`{"kty":"EC",`), 1)
	for name, raw := range map[string][]byte{
		"unknown kty":         odd(map[string]any{"kty": "AKP"}),
		"no kty":              odd(map[string]any{"kty": nil}),
		"unknown crv":         odd(map[string]any{"crv": "secp256k1"}),
		"X25519":              odd(map[string]any{"kty": "OKP", "crv": "X25519"}),
		"oversized x":         odd(map[string]any{"x": strings.Repeat("A", 50000)}),
		"not on the curve":    odd(map[string]any{"x": encode(strings.Repeat("\x01", 32))}),
		"symmetric":           []byte(`{"kty":"oct","kid":"odd","k":"c2VjcmV0"}`),
		"private":             odd(map[string]any{"d": "AQ"}),
		"weak RSA":            []byte(`{"kty":"RSA","kid":"odd","n":"` + encode(strings.Repeat("\xff", 128)) + `","e":"AQAB"}`),
		"for encryption":      odd(map[string]any{"use": "enc"}),
		"alg for encryption":  odd(map[string]any{"alg": "ECDH-ES"}),
		"kid is a number":     ec.jwk(t, map[string]any{"kid": 5}),
		"member twice":        twice,
		"inner member twice":  odd(map[string]any{"ext": json.RawMessage(`{"a":1,"a":2}`)}),
		"nested too deeply":   odd(map[string]any{"ext": json.RawMessage(strings.Repeat("[", 50) + strings.Repeat("]", 50))}),
		"larger than allowed": odd(map[string]any{"ext": strings.Repeat("x", MaxKeySize)}),
		"empty object":        []byte(`{}`),
		"null":                []byte(`null`),
		"string":              []byte(`"key"`),
		"number":              []byte(`1e5`),
		"array":               []byte(`[[]]`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := must(ParseKeySet(setOf(first, raw, last)))(t)
			if set.Len() != 2 || len(set.Skipped()) != 1 {
				t.Fatalf("%d keys, %v skipped", set.Len(), set.Skipped())
			}
			var cause *Error
			if _, err := ParseKey(raw); !errors.As(err, &cause) {
				t.Errorf("skipped for %v", err)
			}
			for s, kid := range map[signer]string{ec: "first", rsa: "last"} {
				if !holds(set, s.token(t, `{"alg":"`+string(s.alg)+`","kid":"`+kid+`"}`, payload)) {
					t.Errorf("%s does not verify any more", kid)
				}
			}
			if holds(set, ec.token(t, `{"alg":"ES256","kid":"odd"}`, payload)) {
				t.Error("the odd key verifies")
			}
		})
	}
}

func TestKeySetDocument(t *testing.T) {
	t.Parallel()
	key := newSigner(t, ES256).jwk(t, nil)
	for name, c := range map[string]struct {
		raw string
		len int
	}{
		"empty set":        {`{"keys":[]}`, 0},
		"one key":          {string(setOf(key)), 1},
		"other members":    {`{"issuer":"x","keys":[` + string(key) + `],"next":{"a":1}}`, 1},
		"white space":      {" {\n\"keys\" : [ " + string(key) + " ] } ", 1},
		"escaped name":     {`{"\u006beys":[` + string(key) + `]}`, 1},
		"as many as allow": {string(setOf(slices.Repeat([][]byte{key}, MaxKeys)...)), MaxKeys},
	} {
		if set, err := ParseKeySet([]byte(c.raw)); err != nil || set.Len() != c.len || len(set.skipped) != 0 {
			t.Errorf("%s: %v, %v", name, set, err)
		}
	}
	for name, c := range map[string]struct {
		raw    string
		reason Reason
	}{
		"empty":              {``, ReasonInvalidKeySet},
		"HTML":               {`<html>`, ReasonInvalidKeySet},
		"null":               {`null`, ReasonInvalidKeySet},
		"array of keys":      {`[` + string(key) + `]`, ReasonInvalidKeySet},
		"one key":            {string(key), ReasonInvalidKeySet},
		"no keys":            {`{}`, ReasonInvalidKeySet},
		"keys in capitals":   {`{"KEYS":[]}`, ReasonInvalidKeySet},
		"keys is null":       {`{"keys":null}`, ReasonInvalidKeySet},
		"keys is an object":  {`{"keys":{}}`, ReasonInvalidKeySet},
		"keys is a string":   {`{"keys":"[]"}`, ReasonInvalidKeySet},
		"keys twice":         {`{"keys":[],"keys":[` + string(key) + `]}`, ReasonInvalidKeySet},
		"cut":                {`{"keys":[` + string(key), ReasonInvalidKeySet},
		"text behind":        {`{"keys":[]}x`, ReasonInvalidKeySet},
		"bad UTF-8":          {"{\"keys\":[],\"x\":\"\xff\"}", ReasonInvalidKeySet},
		"hostile nesting":    {`{"keys":[` + strings.Repeat("[", 100000), ReasonInvalidKeySet},
		"one key too many":   {string(setOf(slices.Repeat([][]byte{key}, MaxKeys+1)...)), ReasonTooLarge},
		"one skipped beyond": {string(setOf(slices.Repeat([][]byte{[]byte("0")}, MaxKeys+1)...)), ReasonTooLarge},
		"too large":          {strings.Repeat(" ", MaxKeySetSize+1), ReasonTooLarge},
	} {
		set, err := ParseKeySet([]byte(c.raw))
		if set != nil || err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		wantReason(t, err, c.reason)
	}
}

// Covers RS9.
func TestCandidates(t *testing.T) {
	t.Parallel()
	type of struct {
		alg  Algorithm
		over map[string]any
	}
	kid := func(id string) map[string]any { return map[string]any{"kid": id} }
	keys := []of{
		{ES256, kid("shared")}, // 0
		{RS256, kid("shared")}, // 1
		{EdDSA, kid("ed")},     // 2
		{RS256, nil},           // 3, no kid
		{RS256, map[string]any{"kid": "ps", "alg": "PS256"}}, // 4
		{ES256, kid("")},       // 5
		{ES256, kid("shared")}, // 6
		{ES384, map[string]any{"kid": "x", "use": "enc"}}, // skipped
		{RS256, kid("a")}, {RS256, kid("b")}, {RS256, kid("c")}, // 7 8 9
	}
	var raws [][]byte
	for _, k := range keys {
		raws = append(raws, newSigner(t, k.alg).jwk(t, k.over))
	}
	set := must(ParseKeySet(setOf(raws...)))(t)
	for name, c := range map[string]struct {
		header Header
		want   []int
	}{
		"kid and type":               {Header{Algorithm: EdDSA, KeyID: "ed", HasKeyID: true}, []int{2}},
		"kid shared, EC":             {Header{Algorithm: ES256, KeyID: "shared", HasKeyID: true}, []int{0, 6}},
		"kid shared, RSA":            {Header{Algorithm: RS512, KeyID: "shared", HasKeyID: true}, []int{1}},
		"kid shared, other type":     {Header{Algorithm: EdDSA, KeyID: "shared", HasKeyID: true}, nil},
		"kid of another type":        {Header{Algorithm: ES256, KeyID: "ed", HasKeyID: true}, nil},
		"kid of another curve":       {Header{Algorithm: ES384, KeyID: "shared", HasKeyID: true}, nil},
		"kid with its alg":           {Header{Algorithm: PS256, KeyID: "ps", HasKeyID: true}, []int{4}},
		"kid with another alg":       {Header{Algorithm: RS256, KeyID: "ps", HasKeyID: true}, nil},
		"unknown kid":                {Header{Algorithm: ES256, KeyID: "new", HasKeyID: true}, nil},
		"kid in other case":          {Header{Algorithm: EdDSA, KeyID: "ED", HasKeyID: true}, nil},
		"kid of a skipped key":       {Header{Algorithm: ES384, KeyID: "x", HasKeyID: true}, nil},
		"empty kid":                  {Header{Algorithm: ES256, HasKeyID: true}, []int{5}},
		"empty kid, key has none":    {Header{Algorithm: RS256, HasKeyID: true}, nil},
		"no kid":                     {Header{Algorithm: EdDSA}, []int{2}},
		"no kid, three":              {Header{Algorithm: ES256}, []int{0, 5, 6}},
		"no kid, at most four":       {Header{Algorithm: RS256}, []int{1, 3, 7, 8}},
		"no kid, PS256":              {Header{Algorithm: PS256}, []int{1, 3, 4, 7}},
		"no kid, no key of the type": {Header{Algorithm: ES512}, nil},
		"no algorithm":               {Header{}, nil},
		"unknown algorithm":          {Header{Algorithm: "none"}, nil},
	} {
		got := set.Candidates(c.header)
		var want []*Key
		for _, i := range c.want {
			want = append(want, set.keys[i])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %d keys, want %v", name, len(got), c.want)
		}
	}
	// What a caller appends does not get into the set.
	second := set.keys[1]
	_ = append(set.Candidates(Header{Algorithm: ES256, KeyID: "shared", HasKeyID: true})[:1], nil)
	_ = append(set.Candidates(Header{Algorithm: RS512, KeyID: "shared", HasKeyID: true}), nil)
	if set.keys[1] != second || set.keys[2] == nil {
		t.Error("appending to the candidates changed the set")
	}
}

// TestTwoKeysOfOneID: while a key is replaced under its old kid, both verify.
func TestTwoKeysOfOneID(t *testing.T) {
	t.Parallel()
	old, young := newSigner(t, RS256), newSigner(t, PS256)
	other := signer{RS256, must(rsa.GenerateKey(rand.Reader, 2048))(t)}
	same := map[string]any{"kid": "k"}
	set := must(ParseKeySet(setOf(newSigner(t, ES256).jwk(t, same), other.jwk(t, same), old.jwk(t, same))))(t)
	for _, s := range []signer{old, young} {
		if !holds(set, s.token(t, `{"alg":"`+string(s.alg)+`","kid":"k"}`, payload)) {
			t.Errorf("%s: the second RSA key of the kid is not tried", s.alg)
		}
	}
}

// TestConcurrentUse runs under the race detector: keys and sets are shared by
// all requests.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	var raws [][]byte
	var tokens []string
	for i, alg := range []Algorithm{ES256, EdDSA, RS256} {
		s := newSigner(t, alg)
		raws = append(raws, s.jwk(t, map[string]any{"kid": fmt.Sprint(i)}))
		tokens = append(tokens, s.token(t, fmt.Sprintf(`{"alg":%q,"kid":"%d"}`, alg, i), payload))
	}
	set := must(ParseKeySet(setOf(raws...)))(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for _, token := range tokens {
				if !holds(set, token) {
					t.Error("refused")
				}
			}
		})
	}
	group.Wait()
}

// A key that cannot be used is named with its reason, which for an encoding that
// serialisers confuse with base64url says so.
//
// Covers RS9.
func TestSkippedKeys(t *testing.T) {
	t.Parallel()
	ec, rsa := newSigner(t, ES256), newSigner(t, RS256)
	x := strings.Repeat("\xfb\xef", 16)
	for name, test := range map[string]struct {
		raw   []byte
		other bool
		want  string
	}{
		"padded": {
			ec.jwk(t, map[string]any{"kid": "a", "x": base64.URLEncoding.EncodeToString([]byte(x))}), false,
			`key 2 of the set (kid "a"): x is padded, which base64url is not (RFC 7515, section 2)`,
		},
		"standard": {
			ec.jwk(t, map[string]any{"kid": "a", "y": base64.StdEncoding.EncodeToString([]byte(x))}), false,
			`key 2 of the set (kid "a"): y is in base64 and not in base64url (RFC 7515, section 2)`,
		},
		"RSA, standard": {
			rsa.jwk(t, map[string]any{"n": base64.StdEncoding.EncodeToString([]byte(strings.Repeat(x, 8)))}), false,
			`key 2 of the set: n is in base64 and not in base64url (RFC 7515, section 2)`,
		},
		"RSA, padded": {
			rsa.jwk(t, map[string]any{"kid": nil, "e": "AQABAA=="}), false,
			`key 2 of the set: e is padded, which base64url is not (RFC 7515, section 2)`,
		},
		"hexadecimal":  {ec.jwk(t, map[string]any{"kid": "a", "x": "00!"}), false, `key 2 of the set (kid "a"): x is not in base64url`},
		"no x":         {ec.jwk(t, map[string]any{"x": nil}), false, `key 2 of the set: x is missing`},
		"x of no kind": {ec.jwk(t, map[string]any{"x": 1}), false, `key 2 of the set: x is not a string`},
		"short x":      {ec.jwk(t, map[string]any{"x": "AAAA"}), false, `key 2 of the set: x is not of the curve's size`},
		"long x":       {ec.jwk(t, map[string]any{"x": strings.Repeat("A", 44)}), false, `key 2 of the set: x is too large`},
		"very long x":  {ec.jwk(t, map[string]any{"x": strings.Repeat("A", 400)}), false, `key 2 of the set: x is too large`},
		"encryption":   {ec.jwk(t, map[string]any{"kid": "e", "use": "enc"}), true, `key 2 of the set (kid "e"): use is not sig`},
		"other alg":    {ec.jwk(t, map[string]any{"kid": "e", "alg": "ECDH-ES"}), true, `key 2 of the set (kid "e"): alg is not a signature algorithm for this type of key`},
		"other curve":  {ec.jwk(t, map[string]any{"crv": "secp256k1"}), true, `key 2 of the set: crv is not P-256, P-384 or P-521`},
		"other type":   {ec.jwk(t, map[string]any{"kty": "AKP"}), true, `key 2 of the set: kty is not RSA, EC or OKP`},
		"private":      {ec.jwk(t, map[string]any{"d": "AQ", "use": "enc"}), false, `key 2 of the set: private or symmetric key material`},
		"twice":        {[]byte(`{"kid":"t","kty":"EC","kty":"EC"}`), false, `key 2 of the set (kid "t"): key is not acceptable JSON: `},
		"no object":    {[]byte(`1`), false, `key 2 of the set: key is not acceptable JSON: `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := must(ParseKeySet(setOf(ec.jwk(t, nil), test.raw, rsa.jwk(t, nil))))(t)
			skipped := set.Skipped()
			if len(skipped) != 1 || set.Len() != 2 {
				t.Fatalf("%d keys, %v skipped", set.Len(), skipped)
			}
			if got := skipped[0]; got.OtherPurpose != test.other || !strings.HasPrefix(got.String(), test.want) {
				t.Errorf("got %s, for something else: %t\nwant %s, %t", got, got.OtherPurpose, test.want, test.other)
			}
		})
	}
}
