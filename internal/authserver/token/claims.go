// Package token issues the tokens of an authorization server and reads them
// again.
package token

import "slices"

// Audience returns the aud claim for an audience. It is a string for a single
// resource, as most servers send it (RFC 7519 §4.1.3).
func Audience(audience []string) any {
	if len(audience) == 1 {
		return audience[0]
	}
	return slices.Clone(audience)
}

// Type returns the token_type for a cnf claim: DPoP for a token that is bound to
// a DPoP key (RFC 9449 §6.2).
func Type(cnf any) string {
	if members, ok := cnf.(map[string]any); ok && members["jkt"] != nil {
		return "DPoP"
	}
	return "Bearer"
}
