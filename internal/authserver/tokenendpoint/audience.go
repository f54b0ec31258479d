package tokenendpoint

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/metadata"
)

// Audience is an authorization server that trusts this one to vouch for its
// users.
type Audience struct {
	Issuer string
	// Resources are the resources that it issues tokens for, Scopes the scopes
	// that can be asked for. Empty Scopes mean any.
	Resources, Scopes []string
	// ClientIDs maps clients of this server to their client_id there. A client
	// that is missing has the same client_id.
	ClientIDs map[string]string
}

// ParseAudiences checks audiences and returns copies.
func ParseAudiences(list *configerr.List, all []Audience) []Audience {
	parsed := make([]Audience, 0, len(all))
	for i, a := range all {
		field := fmt.Sprintf("AssertionAudiences[%d]", i)
		if metadata.CheckIssuer(a.Issuer) != nil {
			list.Add(configerr.InvalidIssuer, field+".Issuer", a.Issuer)
		}
		for j, r := range a.Resources {
			if !oauth.ValidResource(r) {
				list.Add(configerr.InvalidIndicator, fmt.Sprintf("%s.Resources[%d]", field, j), r)
			}
		}
		parsed = append(parsed, Audience{
			Issuer: a.Issuer, Resources: slices.Clone(a.Resources), Scopes: slices.Clone(a.Scopes), ClientIDs: maps.Clone(a.ClientIDs),
		})
	}
	return parsed
}
