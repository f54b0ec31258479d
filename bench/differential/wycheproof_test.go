package differential

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/mcp-auth/go/internal/jose"
)

type vectorFile[T any] struct {
	NumberOfTests int `json:"numberOfTests"`
	TestGroups    []T `json:"testGroups"`
}

func readVectors[T any](t *testing.T, name string) vectorFile[T] {
	t.Helper()
	var file vectorFile[T]
	if err := json.Unmarshal(must(fs.ReadFile(wycheproof.TestVectors, name))(t), &file); err != nil {
		t.Fatal(err)
	}
	return file
}

type jwsGroup struct {
	Public  json.RawMessage `json:"public"`
	Private json.RawMessage `json:"private"`
	Tests   []struct {
		ID      int             `json:"tcId"`
		Comment string          `json:"comment"`
		JWS     json.RawMessage `json:"jws"`
		JWE     json.RawMessage `json:"jwe"`
		Result  string          `json:"result"`
	} `json:"tests"`
}

// tokenOf returns the vector's token; a JSON serialization is an object there
// and has to be refused as the text it is.
func tokenOf(jws json.RawMessage) string {
	var token string
	if json.Unmarshal(jws, &token) == nil {
		return token
	}
	return string(jws)
}

// publicPart drops the private members of a key or of each key of a set, as an
// issuer does who publishes it.
func publicPart(t *testing.T, raw json.RawMessage) []byte {
	t.Helper()
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	if set.Keys == nil {
		var key map[string]any
		if err := json.Unmarshal(raw, &key); err != nil {
			t.Fatal(err)
		}
		set.Keys = []map[string]any{key}
	}
	for _, key := range set.Keys {
		for _, name := range []string{"d", "p", "q", "dp", "dq", "qi"} {
			delete(key, name)
		}
	}
	return must(json.Marshal(set))(t)
}

// TestWycheproofJWS runs every vector for JSON Web Signatures. The symmetric
// ones run too: none of them may be accepted, the valid ones included.
//
// Covers RS9.
func TestWycheproofJWS(t *testing.T) {
	t.Parallel()
	// Valid as signatures, refused because the JWK contradicts the token: the
	// key says PS256 where the header says PS384, or has the alg "ES521", which
	// does not exist, where the header says ES512 (RFC 7517 §4.4).
	contradictory := []int{346, 347, 350, 351}
	asymmetric, symmetric, rejected := 0, 0, []int{}
	for _, group := range readVectors[jwsGroup](t, "json_web_signature_test.json").TestGroups {
		set := must(jose.ParseKeySet(wrap(group.Public)))(t)
		for _, test := range group.Tests {
			accepted := holds(set, tokenOf(test.JWS))
			if group.Public == nil {
				symmetric++
				if oct := must(jose.ParseKeySet(wrap(group.Private)))(t); oct.Len() != 0 || holds(oct, tokenOf(test.JWS)) {
					t.Errorf("tcId %d: a shared secret is accepted as a key", test.ID)
				}
				continue
			}
			asymmetric++
			switch {
			case accepted && test.Result != "valid":
				t.Errorf("tcId %d (%s): accepted, is %s", test.ID, test.Comment, test.Result)
			case !accepted && test.Result == "valid":
				rejected = append(rejected, test.ID)
			}
		}
	}
	if !slices.Equal(rejected, contradictory) {
		t.Errorf("valid but rejected: tcId %v, want %v", rejected, contradictory)
	}
	if asymmetric != 361 || symmetric != 40 {
		t.Errorf("ran %d asymmetric and %d symmetric vectors, want 361 and 40", asymmetric, symmetric)
	}
}

func wrap(key json.RawMessage) []byte {
	if key == nil {
		return []byte(`{"keys":[]}`)
	}
	return slices.Concat([]byte(`{"keys":[`), key, []byte(`]}`))
}

// TestWycheproofKeys runs the vectors for key sets and for key confusion, with
// the keys as an issuer publishes them.
//
// Covers RS9.
func TestWycheproofKeys(t *testing.T) {
	t.Parallel()
	for _, file := range []struct {
		name  string
		total int
		valid int
	}{
		{"json_web_key_test.json", 26, 1},
		{"json_web_crypto_test.json", 83, 2},
	} {
		total, valid := 0, 0
		for _, group := range readVectors[jwsGroup](t, file.name).TestGroups {
			raw := group.Public
			if raw == nil {
				raw = group.Private
			}
			set := must(jose.ParseKeySet(publicPart(t, raw)))(t)
			symmetric := bytes.Contains(raw, []byte(`"oct"`))
			for _, test := range group.Tests {
				total++
				if test.JWE != nil {
					// No token is decrypted here: a JWE is refused as it comes.
					_, err := jose.Parse(tokenOf(test.JWE))
					if fault, ok := errors.AsType[*jose.Error](err); !ok || fault.Reason != jose.ReasonMalformed {
						t.Errorf("%s tcId %d: a JWE is refused with %v", file.name, test.ID, err)
					}
					continue
				}
				accepted := holds(set, tokenOf(test.JWS))
				if want := test.Result == "valid" && !symmetric; accepted != want {
					t.Errorf("%s tcId %d (%s): accepted %t, want %t", file.name, test.ID, test.Comment, accepted, want)
				}
				if accepted {
					valid++
				}
			}
		}
		if total != file.total || valid != file.valid {
			t.Errorf("%s: ran %d vectors and accepted %d, want %d and %d", file.name, total, valid, file.total, file.valid)
		}
	}
}

type primitiveGroup struct {
	PublicKeyJWK json.RawMessage `json:"publicKeyJwk"`
	KeyJWK       json.RawMessage `json:"keyJwk"`
	PublicKey    struct {
		Uncompressed string `json:"uncompressed"`
	} `json:"publicKey"`
	Tests []struct {
		ID      int    `json:"tcId"`
		Comment string `json:"comment"`
		Message string `json:"msg"`
		Sig     string `json:"sig"`
		Result  string `json:"result"`
	} `json:"tests"`
}

// TestWycheproofPrimitives runs the vectors of the signature algorithms
// themselves, in the very form that JOSE gives signatures, through the keys of
// this package.
//
// Covers RS9.
func TestWycheproofPrimitives(t *testing.T) {
	t.Parallel()
	for name, alg := range map[string]jose.Algorithm{
		"ecdsa_secp256r1_sha256_p1363_test.json": jose.ES256,
		"ecdsa_secp384r1_sha384_p1363_test.json": jose.ES384,
		"ecdsa_secp521r1_sha512_p1363_test.json": jose.ES512,
		"ed25519_test.json":                      jose.EdDSA,
		"rsa_signature_2048_sha256_test.json":    jose.RS256,
		"rsa_signature_2048_sha384_test.json":    jose.RS384,
		"rsa_signature_2048_sha512_test.json":    jose.RS512,
		"rsa_signature_3072_sha256_test.json":    jose.RS256,
		"rsa_signature_4096_sha512_test.json":    jose.RS512,
		"rsa_signature_8192_sha256_test.json":    jose.RS256,
		"rsa_pss_2048_sha256_mgf1_32_test.json":  jose.PS256,
		"rsa_pss_2048_sha384_mgf1_48_test.json":  jose.PS384,
		"rsa_pss_4096_sha512_mgf1_64_test.json":  jose.PS512,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := readVectors[primitiveGroup](t, name)
			ran := 0
			for _, group := range file.TestGroups {
				key := primitiveKey(t, group, alg)
				for _, test := range group.Tests {
					ran++
					message, sig := must(hex.DecodeString(test.Message))(t), must(hex.DecodeString(test.Sig))(t)
					accepted := key.Allows(alg) && key.Verify(alg, message, sig)
					want := test.Result == "valid"
					if accepted != want {
						t.Errorf("tcId %d (%s): accepted %t, is %s", test.ID, test.Comment, accepted, test.Result)
					}
				}
			}
			if ran != file.NumberOfTests || ran < 50 {
				t.Errorf("ran %d of %d vectors", ran, file.NumberOfTests)
			}
		})
	}
}

// primitiveKey reads the group's key, from its bare numbers where the vectors
// give no JWK.
func primitiveKey(t *testing.T, group primitiveGroup, alg jose.Algorithm) *jose.Key {
	t.Helper()
	if raw := cmp.Or(string(group.PublicKeyJWK), string(group.KeyJWK)); raw != "" {
		return must(jose.ParseKey([]byte(raw)))(t)
	}
	point := must(hex.DecodeString(group.PublicKey.Uncompressed))(t)
	if len(point) == 0 || len(point)%2 == 0 {
		t.Fatal("the group has neither a JWK nor a point")
	}
	x, y := point[1:1+len(point)/2], point[1+len(point)/2:]
	curve := map[jose.Algorithm]string{jose.ES256: "P-256", jose.ES384: "P-384", jose.ES512: "P-521"}[alg]
	jwk := must(json.Marshal(map[string]string{
		"kty": "EC", "crv": curve,
		"x": base64.RawURLEncoding.EncodeToString(x), "y": base64.RawURLEncoding.EncodeToString(y),
	}))(t)
	return must(jose.ParseKey(jwk))(t)
}

// holds reports whether the set's keys verify the token.
func holds(set *jose.KeySet, token string) bool {
	j, err := jose.Parse(token)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(set.Candidates(j.Header), func(k *jose.Key) bool { return j.Verify(k) == nil })
}

// must fails the test on an error of the call that it wraps.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
