package check

import (
	"slices"

	"github.com/mcp-auth/go/metadata"
)

// rule is what is known of a finding ahead. Each code has one.
type rule struct {
	code     Code
	severity metadata.Severity // the usual one
	// requirement names what demands it.
	requirement string
	// meaning and fix are for what is no success.
	meaning, fix string
	// clients are known to fail for it, see clientRules.
	clients []string
}

// catalogue lists every rule. docs/check.md is generated from it.
func catalogue() []rule {
	rules := slices.Concat(authorizationServerRules(), serverRules(), configurationRules())
	for i := range rules {
		rules[i].clients = clientsFailing(rules[i].code)
	}
	return rules
}
