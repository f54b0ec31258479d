package client

import (
	"slices"

	"github.com/mcp-auth/go/internal/challenge"
)

const (
	scopeOfflineAccess = "offline_access"
	maxScopes          = 200
)

// scopeRequest is what the scopes of a token request are chosen from.
type scopeRequest struct {
	challenged []string // by the server, for the operation at hand
	supported  []string // scopes_supported of the resource
	before     []string // those asked for earlier
	extra      []string // the caller's
	known      []string // scopes_supported of the authorization server
	refreshing bool     // a refresh token is wanted
}

// choose follows MCP's scope selection: the challenge, else scopes_supported,
// else none; and for a step-up the union with what was asked for before.
//
// offline_access is between client and authorization server: it is asked for
// only if that one lists it, and not alone, for a request without a scope gets
// the server's default and one with offline_access would not.
func (r scopeRequest) choose() []string {
	wanted := r.challenged
	if len(wanted) == 0 {
		wanted = r.supported
	}
	var scopes []string
	for _, list := range [][]string{r.before, wanted, r.extra} {
		for _, scope := range list {
			if scope != scopeOfflineAccess && challenge.ValidScope(scope) && !slices.Contains(scopes, scope) && len(scopes) < maxScopes {
				scopes = append(scopes, scope)
			}
		}
	}
	if len(scopes) > 0 && r.refreshing && slices.Contains(r.known, scopeOfflineAccess) {
		scopes = append(scopes, scopeOfflineAccess)
	}
	return scopes
}

// covers reports whether every one of needed is in scopes.
func covers(scopes, needed []string) bool {
	for _, scope := range needed {
		if !slices.Contains(scopes, scope) {
			return false
		}
	}
	return true
}
