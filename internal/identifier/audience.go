package identifier

import (
	"slices"
	"strings"
)

// SharedAudience reports whether an issuer's tokens for other services have an
// audience too, so that a resource which accepts it accepts those tokens.
func SharedAudience(issuer, audience string) bool {
	base := strings.TrimSuffix(issuer, "/")
	return slices.Contains([]string{
		"account",                    // Keycloak, in every token
		"realm-management", "broker", // Keycloak, its own APIs
		"api://default", // Okta's default authorization server
		"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000",
		"https://management.azure.com", "https://management.core.windows.net/",
		"authenticated", // Supabase, in every token
		"sts.amazonaws.com",
		"*",
		issuer, base, base + "/", base + "/userinfo", base + "/api/v2/", base + "/me/", // Auth0's own APIs among them
	}, audience)
}
