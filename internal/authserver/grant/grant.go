// Package grant holds what clients were allowed to do: the grants, and the
// codes, refresh tokens and identifiers that stand for them.
package grant

import (
	"crypto/subtle"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/authserver/oauth"
)

// User is a user as a login found them. A client that acts for itself is its own
// subject.
type User struct {
	// Subject is the sub claim.
	Subject string `json:"sub"`
	// Username, Name and Email are for ID tokens.
	Username string `json:"username,omitempty"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
}

// Grant is what a client was allowed to do, by a user or for itself. It is fixed
// when it is given and never changed: Narrow makes smaller ones.
type Grant struct {
	Type       string `json:"type"` // the grant type it was given for
	ClientID   string `json:"client_id"`
	ClientName string `json:"client_name,omitempty"`
	User
	Scopes      []string  `json:"scopes,omitempty"`
	Resources   []string  `json:"resources,omitempty"`
	RedirectURI string    `json:"redirect_uri,omitempty"`
	Challenge   string    `json:"code_challenge,omitempty"` // S256 (RFC 7636 §4.2)
	Nonce       string    `json:"nonce,omitempty"`          // OpenID Connect Core §3.1.2.1
	JKT         string    `json:"dpop_jkt,omitempty"`       // RFC 9449 §10
	Given       time.Time `json:"given"`
}

// BoundTo returns the grant for one DPoP key only (RFC 9449 §5). A grant that is
// bound already stays with its key.
func (g Grant) BoundTo(jkt string) (Grant, error) {
	if g.JKT != "" && subtle.ConstantTimeCompare([]byte(g.JKT), []byte(jkt)) != 1 {
		return Grant{}, oauth.InvalidGrant("the grant is bound to another DPoP key, or no proof was sent")
	}
	g.JKT = jkt
	return g, nil
}

// Narrow returns the grant with only the given scopes and resource. Without
// scopes or a resource, the scopes or the resources stay as they are. Narrow
// never returns more than g has.
func (g Grant) Narrow(scopes []string, resource string) (Grant, error) {
	if len(scopes) > 0 {
		for _, s := range scopes {
			if !slices.Contains(g.Scopes, s) {
				return Grant{}, oauth.InvalidScope("the scope exceeds what was granted")
			}
		}
		g.Scopes = slices.Clone(scopes)
	}
	if resource != "" {
		if !slices.Contains(g.Resources, resource) {
			return Grant{}, oauth.InvalidTarget("the resource is not one that was granted")
		}
		g.Resources = []string{resource}
	}
	return g, nil
}

// Requested returns the grant narrowed to the scope and the resource of a token
// request. An access token is for one resource: with several, each of them could
// use the token at the others.
func (g Grant) Requested(p oauth.Parameters) (Grant, error) {
	scopes, err := oauth.SplitScopes(p.Get("scope"))
	if err != nil {
		return Grant{}, err
	}
	resources := p.Resources()
	if len(resources) > 1 {
		return Grant{}, oauth.InvalidTarget("an access token is for one resource, name only one")
	}
	resource := ""
	if len(resources) == 1 {
		resource = resources[0]
	}
	if g, err = g.Narrow(scopes, resource); err != nil {
		return Grant{}, err
	}
	if len(g.Resources) > 1 {
		return Grant{}, oauth.InvalidTarget("several resources were granted, name the one the token is for")
	}
	return g, nil
}
