package client

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/metadata"
)

// AuthorizationServer says how to deal with an authorization server that does
// not conform to the rules of MCP. A client without it keeps to the rules
// everywhere. The profiles of package provider know what large providers need.
type AuthorizationServer struct {
	// Issuer is the authorization server as the MCP server's metadata names it,
	// byte for byte. Required.
	Issuer string

	// OwnIssuer is the issuer as the authorization server's own metadata names
	// it, if that differs from Issuer in a slash or more. The document is still
	// looked for in the places of Issuer (RFC 8414 §3). Its issuer must then be
	// OwnIssuer or Issuer, and the parameter iss of its answers OwnIssuer (RFC
	// 9207). Empty means that there is no difference.
	OwnIssuer string
	// Metadata is used instead of the metadata that the server publishes; then
	// nothing is fetched. Its issuer must be Issuer.
	Metadata *metadata.AuthorizationServer
	// MetadataURL is where the metadata is, if in none of the well-known places.
	MetadataURL string
	// RepairMetadata repairs a document that does not conform, before it is
	// parsed: it gets the body of each answer with status 200. It returns an
	// error if the body is not a document.
	RepairMetadata func(document []byte) ([]byte, error)

	// DangerouslyAssumePKCE uses a server whose metadata does not mention PKCE
	// (code_challenge_methods_supported). The client sends PKCE with S256 as
	// always, but nothing shows whether the server checks it: if not, anyone who
	// gets hold of an authorization code can redeem it. Set it only for a server
	// that is known to check.
	DangerouslyAssumePKCE bool
	// OmitResource leaves the parameter resource (RFC 8707) out of all requests,
	// for servers that refuse it. The scopes then decide for which resource the
	// server issues tokens. Since the MCP server names the scopes, use it with a
	// client that is registered for this purpose only.
	OmitResource bool
	// AuthorizationParameters and TokenParameters are added to authorization
	// requests and to token requests. They cannot replace parameters of the
	// protocol, except for prompt.
	AuthorizationParameters, TokenParameters map[string]string
	// Scopes are requested in addition to [Config.Scopes], even offline_access
	// if the server does not advertise it.
	Scopes []string
	// RegisterScopes registers the client with all scopes that are known to be
	// needed, for servers that let a client request only what it registered.
	// Otherwise the client does so after a login was refused for its scopes.
	RegisterScopes bool
}

// reserved are the parameters of the protocol, which the client itself sets.
var reserved = []string{
	"response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method",
	"resource", "dpop_jkt", "request", "request_uri", "grant_type", "code", "code_verifier", "refresh_token", "assertion",
	"client_secret", "client_assertion", "client_assertion_type", "subject_token", "subject_token_type", "actor_token",
	"requested_token_type",
}

// settingsOf returns the settings for each issuer: those that are listed, and
// those that are looked up once the issuer is known.
func (c *Config) settingsOf(faults *configerr.List) func(issuer string) (authserver.Settings, error) {
	listed, lookup := parseAuthorizationServers(c.AuthorizationServers, c.Network.DangerouslyAllowHTTP, faults), c.LookupAuthorizationServer
	plain := fetch.PlainHosts(c.Network.DangerouslyAllowHTTP)
	return func(issuer string) (authserver.Settings, error) {
		settings, ok := listed[issuer]
		if ok || lookup == nil {
			return settings, nil
		}
		found := lookup(issuer)
		if found == nil {
			return settings, nil
		}
		found.Issuer = issuer
		var faults configerr.List
		settings = found.parse("LookupAuthorizationServer", plain, &faults)
		return settings, faults.Err()
	}
}

// parseAuthorizationServers returns the settings by issuer.
func parseAuthorizationServers(all []AuthorizationServer, plain fetch.PlainHosts, faults *configerr.List) map[string]authserver.Settings {
	parsed := map[string]authserver.Settings{}
	for i, as := range all {
		field := fmt.Sprintf("AuthorizationServers[%d]", i)
		if _, twice := parsed[as.Issuer]; twice {
			faults.Add(configerr.DuplicateIssuer, field+".Issuer", as.Issuer)
		}
		parsed[as.Issuer] = as.parse(field, plain, faults)
	}
	return parsed
}

func (a *AuthorizationServer) parse(field string, plain fetch.PlainHosts, faults *configerr.List) authserver.Settings {
	if metadata.CheckIssuer(plain.Secured(a.Issuer)) != nil {
		faults.Add(configerr.InvalidIssuer, field+".Issuer", a.Issuer)
	}
	if a.OwnIssuer != "" && metadata.CheckIssuer(plain.Secured(a.OwnIssuer)) != nil {
		faults.Add(configerr.InvalidIssuer, field+".OwnIssuer", a.OwnIssuer)
	}
	a.checkMetadata(field, plain.For(a.Issuer), faults)
	checkParameters(a.AuthorizationParameters, field+".AuthorizationParameters", faults)
	checkParameters(a.TokenParameters, field+".TokenParameters", faults)
	for i, text := range a.Scopes {
		faults.Nest(fmt.Sprintf("%s.Scopes[%d]", field, i), scope.Check(text))
	}
	settings := authserver.Settings{
		MetadataURL: a.MetadataURL, Repair: a.RepairMetadata, OwnIssuer: a.OwnIssuer,
		AssumePKCE: a.DangerouslyAssumePKCE, OmitResource: a.OmitResource,
		AuthorizationParameters: maps.Clone(a.AuthorizationParameters), TokenParameters: maps.Clone(a.TokenParameters),
		Scopes: slices.Clone(a.Scopes), RegisterScopes: a.RegisterScopes,
	}
	if a.Metadata != nil {
		copied := *a.Metadata
		settings.Metadata = &copied
	}
	return settings
}

// checkMetadata holds metadata by hand to what published metadata is held to.
func (a *AuthorizationServer) checkMetadata(field string, plain fetch.PlainHosts, faults *configerr.List) {
	loopback := fetch.IsLoopbackURL(a.Issuer)
	if a.MetadataURL != "" && fetch.CheckURL(plain.Secured(a.MetadataURL), loopback) != nil {
		faults.Add(configerr.InvalidEndpoint, field+".MetadataURL", a.MetadataURL)
	}
	if a.Metadata == nil {
		return
	}
	if a.MetadataURL != "" || a.RepairMetadata != nil {
		faults.Add(configerr.ConflictingSources, field+".Metadata and MetadataURL or RepairMetadata", "")
	}
	if a.Metadata.Issuer != a.Issuer {
		faults.Add(configerr.IssuerMismatch, field+".Metadata.Issuer", a.Metadata.Issuer)
	}
	for member, url := range a.Metadata.Endpoints() {
		if fetch.CheckURL(plain.Secured(url), loopback) != nil {
			faults.Add(configerr.InvalidEndpoint, field+".Metadata: "+member, url)
		}
	}
}

func checkParameters(parameters map[string]string, field string, faults *configerr.List) {
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if name == "" || slices.Contains(reserved, name) {
			faults.Add(configerr.ReservedParameter, fmt.Sprintf("%s[%q]", field, name), "")
		}
	}
}
