// Package keyset judges the keys that an authorization server publishes.
package keyset

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/redact"
	"github.com/mcp-auth/go/internal/jose"
)

// maxShown bounds how much of a malformed key set is shown, in bytes.
const maxShown = 200

// Judge judges a JWK Set. signing is what the server's metadata says that
// tokens are signed with; it may be empty. The set is nil if body is not one.
func Judge(body []byte, signing []string) (*jose.KeySet, finding.List) {
	var found finding.List
	set, err := jose.ParseKeySet(body)
	if err != nil {
		found.Add("keys_malformed", redact.Cut(string(body), maxShown), "jwks_uri does not lead to a JWK Set: %s.", finding.Reason(err))
		return nil, found
	}
	keys := parse(body)
	for _, k := range keys {
		found = append(found, k.judge()...)
	}
	found = append(found, judgeKeyIDs(keys)...)
	if set.Len() == 0 {
		found.Add("no_usable_key", fmt.Sprintf("%d keys in all", len(keys)), "None of the published keys can verify a token.")
		return set, found
	}
	return set, append(found, judgeAlgorithms(set, keys, signing)...)
}

// judgeKeyIDs finds keys that a token cannot name. Keys of different types may
// share a kid (RFC 7517 §4.5).
func judgeKeyIDs(keys []*key) (found finding.List) {
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
			found.Add("key_id_duplicate", fmt.Sprintf("%.64q", n.kid), "%d keys of one type have the same kid.", seen[n])
		}
	}
	if nameless > 0 && signing > 1 {
		found.Add("key_id_missing", "", "%d of %d keys have no kid.", nameless, signing)
	}
	return found
}

// judgeAlgorithms finds what tokens the usable keys can verify.
func judgeAlgorithms(set *jose.KeySet, keys []*key, signing []string) (found finding.List) {
	var algorithms []jose.Algorithm
	for _, alg := range jose.Algorithms() {
		if HasKeyFor(set, alg) {
			algorithms = append(algorithms, alg)
		}
	}
	found.Add("keys_usable", "", "The keys can be used: %s for %s.", finding.Count(set.Len(), "key"), finding.Join(algorithms))
	var open []string
	for _, k := range keys {
		if k.err == nil && !k.hasAlg {
			open = append(open, k.name())
		}
	}
	if len(open) > 0 {
		found.Add("key_algorithm_missing", strings.Join(open, ", "), "%d of %d usable keys have no alg.", len(open), set.Len())
	}
	claimed, _ := Algorithms(signing)
	if len(claimed) > 0 && !slices.ContainsFunc(claimed, func(alg jose.Algorithm) bool { return slices.Contains(algorithms, alg) }) {
		found.Add("algorithms_without_key", strings.Join(signing, ", "), "No key is for any of the algorithms in id_token_signing_alg_values_supported.")
	}
	return found
}

// HasKeyFor reports whether a key of the set can verify the algorithm.
func HasKeyFor(set *jose.KeySet, alg jose.Algorithm) bool {
	return len(set.Candidates(jose.Header{Algorithm: alg})) > 0
}

// Algorithms returns the algorithms among names that this module supports, each
// once, and the names of symmetric ones.
func Algorithms(names []string) (supported []jose.Algorithm, symmetric []string) {
	for _, name := range names {
		if alg, ok := jose.ParseAlgorithm(name); ok && !slices.Contains(supported, alg) {
			supported = append(supported, alg)
		}
		if name == "none" || strings.HasPrefix(name, "HS") {
			symmetric = append(symmetric, name)
		}
	}
	return supported, symmetric
}
