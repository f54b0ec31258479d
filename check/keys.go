package check

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/jsonx"
)

// jwks fetches and judges the keys.
func (s *issuerCheck) jwks(ctx context.Context) {
	uri := s.document.JWKSURI
	if uri == "" || fetch.CheckURL(uri, s.loopback) != nil {
		return // told already
	}
	resp, err := s.do(ctx, "keys", fetch.Request{
		URL:    uri,
		Header: http.Header{"Accept": {"application/jwk-set+json, application/json"}, "Origin": {browserOrigin}},
	})
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		s.add(KeysUnavailable, failureText(err), "The keys cannot be fetched.")
		return
	case resp.Status != http.StatusOK:
		s.add(KeysUnavailable, fmt.Sprint("status ", resp.Status), "The keys cannot be fetched.")
		return
	}
	if !s.readKeys(resp.Body) {
		return
	}
	if kind := mediaType(resp.Header); kind != "application/json" && kind != "application/jwk-set+json" {
		s.add(KeysContentType, resp.Header.Get("Content-Type"), "The keys are not sent as JSON.")
	}
	if !readableByBrowsers(resp.Header) {
		s.add(KeysWithoutCORS, corsEvidence(resp.Header), "Web pages may not read the keys.")
	}
	s.caching(resp, "keys", KeysNotCacheable)
}

// readKeys judges a JWK Set and reports whether it is one.
func (s *issuerCheck) readKeys(body []byte) bool {
	set, err := jose.ParseKeySet(body)
	if err != nil {
		s.add(KeysMalformed, cut(string(body), maxEvidence), "What jwks_uri leads to is not a JWK Set: %s.", plainFault(err))
		return false
	}
	s.keys = set
	keys := publishedKeys(body)
	for _, k := range keys {
		s.publishedKey(k)
	}
	s.keyIDs(keys)
	s.keyAlgorithms(keys)
	return true
}

// publishedKey is a member of a JWK Set as it is written.
type publishedKey struct {
	index                      int
	raw                        []byte
	object                     bool
	kty, crv, use, alg, kid, n string
	hasKid, hasAlg, hasUse     bool
	operations                 []string // nil: absent
	secrets                    []string // members that no public key has
	key                        *jose.Key
	err                        error // why it cannot verify signatures
}

// publishedKeys reads the members of a set that can be read.
func publishedKeys(body []byte) []*publishedKey {
	const depth = 16
	var list []byte
	_ = jsonx.Members(body, depth, func(name string, raw []byte) error {
		if name == "keys" {
			list = raw
		}
		return nil
	})
	var keys []*publishedKey
	// The set was read before: there can be no error.
	_ = jsonx.Elements(list, depth, func(raw []byte) error {
		k := &publishedKey{index: len(keys), raw: raw}
		k.object = jsonx.Members(raw, depth, k.member) == nil
		k.key, k.err = jose.ParseKey(raw)
		keys = append(keys, k)
		return nil
	})
	return keys
}

func (k *publishedKey) member(name string, raw []byte) error {
	text, isText := jsonx.String(raw)
	switch name {
	case "kty":
		k.kty = text
	case "crv":
		k.crv = text
	case "use":
		k.use, k.hasUse = text, true
	case "alg":
		k.alg, k.hasAlg = text, true
	case "kid":
		k.kid, k.hasKid = text, isText
	case "n":
		k.n = text
	case "key_ops":
		k.operations, _ = jsonx.Strings(raw)
	case "d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv":
		k.secrets = append(k.secrets, name)
	}
	return nil
}

// name is how messages call the key.
func (k *publishedKey) name() string {
	if k.hasKid {
		return fmt.Sprintf("key %.64q", k.kid)
	}
	return fmt.Sprintf("key %d (without kid)", k.index+1)
}

// modulusBits is the length of an RSA key, 0 if it cannot be told.
func (k *publishedKey) modulusBits() int {
	octets, err := base64.RawURLEncoding.DecodeString(k.n)
	if err != nil || k.kty != "RSA" {
		return 0
	}
	return new(big.Int).SetBytes(octets).BitLen()
}

// forSignatures reports whether the key says, or does not deny, that it is for
// signatures.
func (k *publishedKey) forSignatures() bool {
	return (!k.hasUse || k.use == "sig") && (k.operations == nil || slices.Contains(k.operations, "verify"))
}

// publishedKey tells what is wrong with a key. Nothing of the key itself is
// shown.
func (s *issuerCheck) publishedKey(k *publishedKey) {
	_, knownAlg := jose.ParseAlgorithm(k.alg)
	var refused *jose.Error
	errors.As(k.err, &refused)
	bits := k.modulusBits()
	switch {
	case !k.object:
		s.add(KeyMalformed, "", "%s is not an object.", k.title())
	case k.kty == "oct" || slices.Contains(k.secrets, "k"):
		s.add(SymmetricKeyPublished, "kty "+k.kty, "%s is a symmetric key: whoever reads it can sign tokens.", k.title())
	case len(k.secrets) > 0:
		s.add(PrivateKeyPublished, "members "+strings.Join(k.secrets, ", "), "%s has private members: whoever reads them can sign tokens.", k.title())
	case bits > 0 && bits < 2048 && k.forSignatures():
		s.add(KeyWeak, fmt.Sprint(bits, " bits"), "%s is too short.", k.title())
	case k.err == nil:
	case refused != nil && strings.Contains(refused.Detail, "ROCA"):
		s.add(KeyWeak, refused.Detail, "%s was made by faulty hardware and can be broken.", k.title())
	case !k.forSignatures():
		s.add(KeyForOtherUse, otherUse(k), "%s is not for signatures.", k.title())
	case k.kty != "RSA" && k.kty != "EC" && k.kty != "OKP":
		s.add(KeyUnknown, "kty "+k.kty, "%s is of a type that is not known here.", k.title())
	case k.kty == "EC" && !slices.Contains([]string{"P-256", "P-384", "P-521"}, k.crv), k.kty == "OKP" && k.crv != "Ed25519":
		s.add(KeyUnknown, "crv "+k.crv, "%s is on a curve that is not known here.", k.title())
	case k.hasAlg && !knownAlg:
		s.add(KeyUnknown, "alg "+k.alg, "%s is for an algorithm that is not known here.", k.title())
	default:
		s.add(KeyMalformed, plainFault(k.err), "%s cannot be used.", k.title())
	}
}

func otherUse(k *publishedKey) string {
	if k.hasUse && k.use != "sig" {
		return "use " + k.use
	}
	return "key_ops " + strings.Join(k.operations, ", ")
}

// title is the name at the beginning of a sentence.
func (k *publishedKey) title() string { return "K" + k.name()[1:] }

// keyIDs judges how keys are told apart. Keys of different types may share a
// kid (RFC 7517 §4.5).
func (s *issuerCheck) keyIDs(keys []*publishedKey) {
	type name struct{ kid, kty, crv string }
	seen := map[name]int{}
	signing, nameless := 0, 0
	for _, k := range keys {
		if !k.object || !k.forSignatures() {
			continue
		}
		signing++
		if !k.hasKid {
			nameless++
			continue
		}
		seen[name{k.kid, k.kty, k.crv}]++
	}
	for _, n := range slices.SortedFunc(maps.Keys(seen), func(a, b name) int { return strings.Compare(a.kid+a.kty+a.crv, b.kid+b.kty+b.crv) }) {
		if seen[n] > 1 {
			s.add(KeyIDDuplicate, fmt.Sprintf("%.64q", n.kid), "%d keys of one type have the same kid.", seen[n])
		}
	}
	if nameless > 0 && signing > 1 {
		s.add(KeyIDMissing, "", "%d of %d keys have no kid.", nameless, signing)
	}
}

// keyAlgorithms tells what the usable keys are good for.
func (s *issuerCheck) keyAlgorithms(keys []*publishedKey) {
	if s.keys.Len() == 0 {
		s.add(NoUsableKey, fmt.Sprintf("%d keys in all", len(keys)), "None of the published keys can verify a token.")
		return
	}
	var algorithms []jose.Algorithm
	for _, alg := range jose.Algorithms() {
		if hasKeyFor(s.keys, alg) {
			algorithms = append(algorithms, alg)
		}
	}
	s.add(KeysUsable, "", "The keys can be used: %s for %s.", plural(s.keys.Len(), "key"), joined(algorithms))
	var open []string
	for _, k := range keys {
		if k.err == nil && !k.hasAlg {
			open = append(open, k.name())
		}
	}
	if len(open) > 0 {
		s.add(KeyAlgorithmMissing, strings.Join(open, ", "), "%d of %d usable keys have no alg.", len(open), s.keys.Len())
	}
	if s.document == nil {
		return
	}
	claimed, _ := usable(s.document.IDTokenSigningAlgValuesSupported)
	if len(claimed) > 0 && !slices.ContainsFunc(claimed, func(alg jose.Algorithm) bool { return slices.Contains(algorithms, alg) }) {
		s.add(AlgorithmsWithoutKey, strings.Join(s.document.IDTokenSigningAlgValuesSupported, ", "), "No key is for any of the algorithms in id_token_signing_alg_values_supported.")
	}
}

func hasKeyFor(set *jose.KeySet, alg jose.Algorithm) bool {
	return len(set.Candidates(jose.Header{Algorithm: alg})) > 0
}
