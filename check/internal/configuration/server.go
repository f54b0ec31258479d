package configuration

import (
	"context"
	"slices"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check/internal/authserver"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/keyset"
	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/metadata"
)

// servers checks each authorization server once.
type servers struct {
	probe   *probe.Probe
	checked map[serverKey]authserver.Result
}

// serverKey is what decides on the check of an authorization server.
type serverKey struct {
	issuer, url string
	kind        metadata.ServerType
	document    *metadata.AuthorizationServer
	keys        string
	keyless     bool
	repaired    string // the field, if functions repair what is fetched
}

func (c *servers) check(ctx context.Context, s *mcpauth.AuthorizationServer, field string) authserver.Result {
	key := serverKey{s.Issuer, s.MetadataURL, s.Type, s.Metadata, string(s.JWKS), keyless(s), ""}
	if s.RepairMetadata != nil || s.RepairJWKS != nil {
		key.repaired = field // functions cannot be compared
	}
	result, done := c.checked[key]
	if !done {
		result = authserver.CheckSource(ctx, c.probe, &authserver.Source{
			Source:     metadata.Source{Issuer: s.Issuer, Type: s.Type, URL: s.MetadataURL, Repair: s.RepairMetadata},
			Metadata:   s.Metadata,
			JWKS:       s.JWKS,
			RepairJWKS: s.RepairJWKS,
			Keyless:    keyless(s),
		})
		c.checked[key] = result
	}
	return result
}

// keyless reports whether the server's keys are never needed.
func keyless(s *mcpauth.AuthorizationServer) bool {
	in := s.Introspection
	return s.Verifier != nil || in != nil && in.Tokens == mcpauth.AllTokens && !in.SignedResponses
}

// judgeKeys compares the configuration with the published keys.
func judgeKeys(s *mcpauth.AuthorizationServer, server authserver.Result, field string) (found finding.List) {
	if keyless(s) {
		return nil
	}
	if s.JWKS == nil && s.Introspection == nil && server.Document != nil && server.Document.JWKSURI == "" {
		found.Add("config_keys_missing", "", "%s has no keys, no introspection and no verifier.", field)
		return found
	}
	if server.Keys == nil || server.Keys.Len() == 0 || len(s.Algorithms) == 0 {
		return nil // reported already, or nothing to compare
	}
	for _, name := range s.Algorithms {
		if alg, supported := jose.ParseAlgorithm(name); supported && keyset.HasKeyFor(server.Keys, alg) {
			found.Add("config_algorithms_fit", "", "%s.Algorithms fits the published keys.", field)
			return found
		}
	}
	found.Add("config_algorithms_without_key", strings.Join(s.Algorithms, ", "), "No published key is for any of %s.Algorithms.", field)
	return found
}

func judgeIntrospection(in *mcpauth.Introspection, document *metadata.AuthorizationServer, field string) (found finding.List) {
	if in == nil {
		return nil
	}
	methods, method := document.IntrospectionEndpointAuthMethodsSupported, authMethod(in)
	switch {
	case in.Endpoint == "" && document.IntrospectionEndpoint == "":
		found.Add("config_introspection_missing", "", "%s is set, but neither it nor the metadata names an introspection endpoint.", field)
	case in.Endpoint != "" && in.Endpoint != document.IntrospectionEndpoint:
		// The metadata describes another endpoint.
	case methods != nil && !slices.Contains(methods, method):
		found.Add("config_introspection_method", strings.Join(methods, ", "), "%s authenticates by %s, which the server does not list.", field, method)
	}
	return found
}

// authMethod returns how the resource server authenticates.
func authMethod(in *mcpauth.Introspection) string {
	switch {
	case in.AuthMethod != "":
		return string(in.AuthMethod)
	case in.Key != nil:
		return string(mcpauth.PrivateKeyJWT)
	}
	return string(mcpauth.ClientSecretBasic)
}

// oidcScopes returns the scopes that OpenID Connect defines.
func oidcScopes() []string {
	return []string{"openid", "profile", "email", "address", "phone", "offline_access"}
}

// judgeScopes compares the scopes that a resource advertises with those that
// the server lists.
func judgeScopes(advertised []string, document *metadata.AuthorizationServer, field string) (found finding.List) {
	listed := document.ScopesSupported
	if listed == nil {
		return nil
	}
	missing := slices.DeleteFunc(slices.Clone(advertised), func(scope string) bool { return slices.Contains(listed, scope) })
	if len(missing) == 0 {
		return nil
	}
	severity := metadata.Warning
	if !slices.ContainsFunc(listed, func(scope string) bool { return !slices.Contains(oidcScopes(), scope) }) {
		severity = finding.Info // the server does not list the scopes of any API
	}
	found.AddAs(severity, "config_scope_unknown", strings.Join(missing, ", "), "The server of %s does not list all scopes that the resource advertises.", field)
	return found
}

func judgeDPoP(config *mcpauth.DPoP, document *metadata.AuthorizationServer, field string) (found finding.List) {
	if config == nil || !config.Required {
		return nil
	}
	names := document.DPoPSigningAlgValuesSupported
	listed, _ := keyset.Algorithms(names)
	allowed, _ := keyset.Algorithms(config.Algorithms)
	fits := slices.ContainsFunc(listed, func(alg jose.Algorithm) bool { return len(allowed) == 0 || slices.Contains(allowed, alg) })
	if !fits {
		found.Add("config_dpop_not_supported", strings.Join(names, ", "), "DPoP is required, but the server of %s lists no algorithm that is accepted.", field)
	}
	return found
}
