package oauth

import (
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/challenge"
)

// Scopes with a meaning of their own. Every server supports them.
const (
	ScopeOpenID        = "openid"
	ScopeProfile       = "profile"
	ScopeEmail         = "email"
	ScopeOfflineAccess = "offline_access"
)

func identityScopes() []string {
	return []string{ScopeOpenID, ScopeProfile, ScopeEmail, ScopeOfflineAccess}
}

// IsIdentityScope reports whether a scope is about the user or the login and not
// about a resource.
func IsIdentityScope(scope string) bool { return slices.Contains(identityScopes(), scope) }

// SplitScopes reads a scope parameter (RFC 6749 §3.3).
func SplitScopes(raw string) ([]string, error) {
	if raw == "" {
		return nil, nil
	}
	scopes := strings.Split(raw, " ")
	if len(scopes) > MaxScopes {
		return nil, InvalidScope("too many scopes")
	}
	for _, scope := range scopes {
		if !challenge.ValidScope(scope) {
			return nil, InvalidScope("the scope is malformed")
		}
	}
	return unique(scopes), nil
}
