package claims

import (
	"slices"
	"strings"
)

// Kind is what the claims say about the kind of a token. The zero value says
// nothing.
type Kind struct {
	use, typ            string
	nonce, hash, events bool
}

// NotAccessToken says why the token is of another kind, or nothing. typed says
// that something beside the claims, such as the header typ at+jwt, calls it an
// access token.
func (k *Kind) NotAccessToken(typed bool) string {
	switch {
	case k.use != "" && k.use != "access" && k.use != "access_token":
		return "token_use is not access" // Amazon Cognito
	case isOtherKind(k.typ):
		return "the claim typ says so" // Keycloak
	case typed:
		return ""
	case k.hash:
		return "has at_hash or c_hash, which ID tokens have"
	case k.events:
		return "has events, which logout and security event tokens have"
	case k.nonce && !strings.EqualFold(k.typ, "Bearer"): // Keycloak before 24 put nonce into access tokens
		return "has nonce, which ID tokens have"
	}
	return ""
}

// isOtherKind reports whether the claim typ has a value that Keycloak gives to
// tokens other than access tokens.
func isOtherKind(typ string) bool {
	for _, kind := range [...]string{"ID", "Refresh", "Offline", "Logout", "Serialized-ID"} {
		if strings.EqualFold(typ, kind) {
			return true
		}
	}
	return false
}

// AllowClient has the client that the token was issued to stand for an audience, if
// it is one of the clients, or notes why it does not. The token must have no
// audience and be called an access token, by token_use or, if typed is set, by
// something beside the claims: without an audience, nothing else would distinguish
// it from an ID or a refresh token of that client.
func (c *Claims) AllowClient(clients []string, k *Kind, typed bool) {
	switch {
	case len(c.Audience) > 0 || len(clients) == 0:
	case !slices.Contains(clients, c.ClientID):
		c.ClientFault = "its client is not one of AllowedClients"
	case !typed && k.use == "":
		c.ClientFault = "AllowedClients does not help: nothing says that it is an access token, neither token_use nor token_type (of an introspection answer) or typ at+jwt (of a JWT)"
	default:
		c.AllowedClient = true
	}
}
