package stepup

import (
	"slices"

	"github.com/mcp-auth/go/internal/challenge"
)

const (
	scopeOfflineAccess = "offline_access"
	maxScopes          = 200
)

// Scopes are the lists from which the scopes of a token request are chosen.
type Scopes struct {
	// Challenged are the scopes that the server asks for, for the operation at
	// hand.
	Challenged []string
	// Supported are the scopes_supported of the resource.
	Supported []string
	// Before are the scopes requested earlier.
	Before []string
	// Extra are the caller's own.
	Extra []string
	// Always are requested whatever the others are.
	Always []string
	// Known are the scopes_supported of the authorization server.
	Known []string
	// Refreshing reports whether a refresh token is wanted.
	Refreshing bool
}

// Choose follows MCP's scope selection: the challenge, else scopes_supported,
// else none; and for a step-up the union with the scopes requested before.
//
// offline_access is between client and authorization server, so it is requested
// only if that server lists it. It is not requested alone, because a request
// without a scope gets the server's default.
func (s Scopes) Choose() []string {
	wanted := s.Challenged
	if len(wanted) == 0 {
		wanted = s.Supported
	}
	var scopes []string
	for _, list := range [][]string{s.Before, wanted, s.Extra} {
		for _, scope := range list {
			if scope != scopeOfflineAccess && challenge.ValidScope(scope) && !slices.Contains(scopes, scope) && len(scopes) < maxScopes {
				scopes = append(scopes, scope)
			}
		}
	}
	if len(scopes) > 0 && s.Refreshing && slices.Contains(s.Known, scopeOfflineAccess) {
		scopes = append(scopes, scopeOfflineAccess)
	}
	for _, scope := range s.Always {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// All returns every scope that the client may come to request, as far as is
// known.
func (s Scopes) All() []string {
	s.Challenged = slices.Concat(s.Challenged, s.Supported)
	return s.Choose()
}

// covers reports whether scopes contains every one of needed.
func covers(scopes, needed []string) bool {
	for _, scope := range needed {
		if !slices.Contains(scopes, scope) {
			return false
		}
	}
	return true
}
