package mcpauth

import (
	"fmt"
	"slices"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/identifier"
)

// Warnings lists what in the configuration is allowed but probably a mistake. New
// logs the warnings as well. The kinds are:
//
//   - [configerr.RewrittenIdentifier] and [configerr.SimilarResource]: an identifier
//     that is not written as clients write it, or that hardly differs from another;
//   - [configerr.SimilarIssuer]: issuers that differ, such as in a slash at the end,
//     as if they were one;
//   - [configerr.PlaceholderLeft]: TENANT or {tenant} in a URL, or the like;
//   - [configerr.SharedAudience]: an audience of tokens for other services;
//   - [configerr.ScopeNotAdvertised] and [configerr.ScopeUnknown]: scopes that the
//     policy or [Resource.ScopeIncludes] names, if the resource advertises any. If
//     it advertises none, clients learn each from the challenge that asks for it;
//   - [configerr.MisspelledKeyword]: such as a scope "denied" where "deny" is meant,
//     unless that scope is advertised;
//   - [configerr.NonceKeyNotShared]: DPoP nonces that other replicas refuse;
//   - [configerr.PlainHTTPAllowed]: hosts of Network.DangerouslyAllowHTTP.
func (a *Auth) Warnings() []*configerr.Error {
	a.mustExist()
	return slices.Clone(a.warnings)
}

// doubts finds what in the resources of a configuration is allowed but probably a
// mistake.
type doubts struct {
	list *configerr.List
	// Met so far.
	resources, issuers []string
}

// look looks at one resource.
func (d *doubts) look(r *Resource, field string) {
	place := field + ".Identifier"
	if normal := identifier.Normal(r.Identifier); normal != r.Identifier {
		d.list.Warn(configerr.RewrittenIdentifier, place, r.Identifier, fmt.Errorf("they write %s", normal))
	}
	d.resources = d.compare(configerr.SimilarResource, place, r.Identifier, d.resources)
	d.lookForPlaceholder(place, r.Identifier)
	for i := range r.AuthorizationServers {
		d.lookAtServer(&r.AuthorizationServers[i], fmt.Sprintf("%s.AuthorizationServers[%d]", field, i))
	}
}

// compare warns of the first other identifier that differs in its spelling only, and
// returns the identifiers with this one.
func (d *doubts) compare(fault configerr.Fault, field, text string, others []string) []string {
	if slices.Contains(others, text) {
		return others
	}
	twin := func(other string) bool { return identifier.Twins(text, other) }
	if at := slices.IndexFunc(others, twin); at >= 0 {
		d.list.Warn(fault, field, text, fmt.Errorf("the other is %s", others[at]))
	}
	return append(others, text)
}

func (d *doubts) lookAtServer(s *AuthorizationServer, field string) {
	d.issuers = d.compare(configerr.SimilarIssuer, field+".Issuer", s.Issuer, d.issuers)
	d.lookForPlaceholder(field+".Issuer", s.Issuer)
	d.lookForPlaceholder(field+".MetadataURL", s.MetadataURL)
	for i, audience := range s.Audiences {
		place := fmt.Sprintf("%s.Audiences[%d]", field, i)
		d.lookForPlaceholder(place, audience)
		if identifier.SharedAudience(s.Issuer, audience) {
			d.list.Warn(configerr.SharedAudience, place, audience, nil)
		}
	}
	for i, client := range s.AllowedClients {
		d.lookForPlaceholder(fmt.Sprintf("%s.AllowedClients[%d]", field, i), client)
	}
	if c := s.Introspection; c != nil {
		d.lookForPlaceholder(field+".Introspection.Endpoint", c.Endpoint)
		d.lookForPlaceholder(field+".Introspection.ClientID", c.ClientID)
	}
}

func (d *doubts) lookForPlaceholder(field, text string) {
	if found := identifier.Placeholder(text); found != "" {
		d.list.Warn(configerr.PlaceholderLeft, field, text, fmt.Errorf("replace %s", found))
	}
}
