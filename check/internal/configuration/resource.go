package configuration

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/identifier"
)

// judgeIdentifier finds what mcpauth.New accepts but clients cannot cope with.
func judgeIdentifier(r *mcpauth.Resource, field string) (found finding.List) {
	id := r.Identifier
	u, err := url.Parse(id)
	if err != nil {
		return nil
	}
	if fetch.IsLoopbackURL(id) {
		found.Add("config_identifier_loopback", id, "%s is on this machine.", field)
	}
	if u.RawQuery != "" {
		found.Add("config_identifier_query", id, "%s has a query.", field)
	}
	switch {
	case u.Path == "" && u.RawQuery == "" && !acceptedByAll(r.AuthorizationServers, id+"/"):
		found.Add("config_identifier_root", id, "%s has no path, and its form with a slash at the end is not accepted as an audience.", field)
	case u.Path != "" && strings.HasSuffix(u.Path, "/"):
		found.Add("config_identifier_slash", id, "%s ends in a slash.", field)
	}
	return found
}

// acceptedByAll reports whether an audience is accepted in the tokens of each
// server.
func acceptedByAll(servers []mcpauth.AuthorizationServer, audience string) bool {
	for i := range servers {
		if !slices.Contains(servers[i].Audiences, audience) {
			return false
		}
	}
	return true
}

// clientID matches the identifiers that providers give clients: a UUID or a
// random word.
var clientID = regexp.MustCompile(`^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9A-Za-z]{16,64}|[0-9A-Za-z-]+\.apps\.googleusercontent\.com)$`)

func looksLikeClientID(audience string) bool {
	return clientID.MatchString(audience) && strings.ContainsAny(audience, "0123456789")
}

func judgeAudiences(s *mcpauth.AuthorizationServer, field string) (found finding.List) {
	// Verifiers and introspection do not mistake ID tokens for access tokens.
	idTokensPass := len(s.TokenTypes) == 0 && !keyless(s)
	for _, audience := range s.Audiences {
		if looksLikeClientID(audience) && idTokensPass && !identifier.SharedAudience(s.Issuer, audience) {
			found.Add("config_audience_client_id", fmt.Sprintf("%.200q", audience), "%s has what looks like a client ID.", field)
		}
	}
	return found
}

// judgeSharedAudiences finds audiences of one issuer that several resources
// accept.
func judgeSharedAudiences(resources []mcpauth.Resource) (found finding.List) {
	type use struct{ issuer, audience string }
	first := map[use]int{}
	for i := range resources {
		for _, s := range resources[i].AuthorizationServers {
			for _, audience := range slices.Compact(slices.Sorted(slices.Values(s.Audiences))) {
				other, taken := first[use{s.Issuer, audience}]
				if taken && other != i {
					found.Add("config_audience_shared", fmt.Sprintf("%.200q", audience), "Resources[%d] and Resources[%d] accept the same audience.", other, i)
					continue
				}
				first[use{s.Issuer, audience}] = i
			}
		}
	}
	return found
}
