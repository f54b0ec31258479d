// Package capability judges what the metadata of an authorization server says
// that the server can do.
package capability

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/keyset"
	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/check/internal/redact"
	"github.com/mcp-auth/go/metadata"
)

// Judge judges a document of the target of p. needsKeys means that resource servers
// other than the authorization server's own need keys.
func Judge(d *metadata.AuthorizationServer, p *probe.Probe, needsKeys bool) finding.List {
	return slices.Concat(
		validate(d, p, needsKeys), pkce(d), legacyGrants(d), endpoints(d, p), grants(d), clients(d), resourceIndicators(d),
		scopes(d), dpop(d), introspection(d), revocation(d),
	)
}

// validate takes over the findings of package metadata, which takes a resource
// server's view. The view here is a client's, and a client must not continue
// without PKCE.
func validate(d *metadata.AuthorizationServer, p *probe.Probe, needsKeys bool) (found finding.List) {
	secured := *d
	secured.Issuer = p.PlainHosts().Secured(d.Issuer)
	for _, f := range finding.Validation(secured.Validate().Findings) {
		switch {
		case f.Code == finding.Code(metadata.EndpointInvalid):
			continue // endpoints names each, with its URL
		case f.Code == finding.Code(metadata.JWKSURIMissing) && !needsKeys:
			continue
		case f.Code == finding.Code(metadata.JWKSURIMissing):
			f.Severity = finding.Info // the member is optional, and clients do not use it
		case f.Code == finding.Code(metadata.PKCENotAdvertised):
			f.Severity = metadata.Error
		}
		found = append(found, f)
	}
	return found
}

func pkce(d *metadata.AuthorizationServer) (found finding.List) {
	methods := d.CodeChallengeMethodsSupported
	if slices.Contains(methods, "S256") && slices.Contains(methods, "plain") {
		found.Add("plain_pkce", strings.Join(methods, ", "), "The PKCE method plain is supported beside S256.")
	}
	return found
}

// legacyGrants finds the grants that OAuth 2.1 omits. The implicit one also shows
// in the response types that make the authorization endpoint issue access tokens.
func legacyGrants(d *metadata.AuthorizationServer) (found finding.List) {
	var legacy []string
	severity := finding.Info
	for _, grant := range d.GrantTypesSupported {
		switch grant {
		case "password":
			severity = metadata.Warning // RFC 9700 §2.4: MUST NOT be used
			legacy = append(legacy, grant)
		case "implicit":
			legacy = append(legacy, grant)
		}
	}
	for _, kind := range d.ResponseTypesSupported {
		if slices.Contains(strings.Fields(kind), "token") {
			legacy = append(legacy, kind)
		}
	}
	if len(legacy) > 0 {
		found.AddAs(severity, "legacy_grants_advertised", strings.Join(legacy, ", "), "The metadata advertises grants that OAuth 2.1 omits.")
	}
	return found
}

func endpoints(d *metadata.AuthorizationServer, p *probe.Probe) (found finding.List) {
	home, err := url.Parse(d.Issuer)
	var elsewhere []string
	for member, endpoint := range d.Endpoints() {
		if !p.MayName(endpoint) {
			found.Add(finding.Code(metadata.EndpointInvalid), redact.URL(endpoint), "%s must be an https URL, or one on loopback if the issuer is on loopback.", member)
			continue
		}
		if u, errURL := url.Parse(endpoint); err == nil && errURL == nil && !strings.EqualFold(u.Host, home.Host) {
			elsewhere = append(elsewhere, member+" at "+u.Host)
		}
	}
	if len(elsewhere) > 0 {
		found.Add("endpoints_elsewhere", strings.Join(elsewhere, ", "), "Some endpoints are at another host than the issuer.")
	}
	return found
}

func grants(d *metadata.AuthorizationServer) (found finding.List) {
	switch supported := d.GrantTypesSupported; {
	case slices.Contains(supported, "refresh_token"):
		found.Add("refresh_token_supported", "", "The refresh_token grant is supported.")
	case supported == nil:
		found.AddAs(finding.Info, "refresh_token_not_advertised", "no grant_types_supported", "The metadata does not say whether there are refresh tokens.")
	default:
		found.Add("refresh_token_not_advertised", strings.Join(supported, ", "), "grant_types_supported lacks refresh_token.")
	}
	return found
}

// clients judges which clients can use the server, and how they register.
func clients(d *metadata.AuthorizationServer) (found finding.List) {
	switch methods := d.TokenEndpointAuthMethodsSupported; {
	case slices.Contains(methods, "none"):
		found.Add("public_clients_supported", "", "Public clients are supported: they need no secret at the token endpoint.")
	case methods == nil:
		found.AddAs(finding.Info, "public_clients_not_advertised", "no token_endpoint_auth_methods_supported", "The metadata does not say whether there are public clients.")
	default:
		found.Add("public_clients_not_advertised", strings.Join(methods, ", "), "token_endpoint_auth_methods_supported lacks none.")
	}
	if d.RequirePushedAuthorizationRequests {
		found.Add("pushed_requests_required", "", "Authorization requests must be pushed (RFC 9126).")
	}
	if d.RegistrationEndpoint != "" && !d.ClientIDMetadataDocumentSupported {
		found.Add("client_id_metadata_document_not_supported", "", "The metadata does not advertise client ID metadata documents.")
	}
	return found
}

// resourceIndicators reports what the document claims: RFC 8707 defines no
// metadata member.
func resourceIndicators(d *metadata.AuthorizationServer) (found finding.List) {
	var claimed bool
	_ = json.Unmarshal(d.Extra["resource_indicators_supported"], &claimed) // absent or malformed: not claimed
	switch {
	case claimed:
		found.Add("resource_indicators_claimed", "", "The server says that it supports resource indicators.")
	case len(d.ProtectedResources) > 0:
		found.Add("resource_indicators_claimed", "", "The server lists the resources for which it issues tokens: %s.", strings.Join(d.ProtectedResources, ", "))
	default:
		found.Add("resource_indicators_unknown", "", "The metadata does not show whether the server supports resource indicators.")
	}
	return found
}

func scopes(d *metadata.AuthorizationServer) (found finding.List) {
	switch supported := d.ScopesSupported; {
	case supported == nil:
		found.Add("scopes_not_advertised", "", "The metadata does not list the server's scopes.")
	case slices.Contains(supported, "offline_access"):
		found.Add("offline_access_supported", "", "Clients can ask for offline_access, to stay logged in.")
	default:
		found.Add("offline_access_not_supported", "", "scopes_supported lacks offline_access.")
	}
	return found
}

func dpop(d *metadata.AuthorizationServer) (found finding.List) {
	names := d.DPoPSigningAlgValuesSupported
	supported, symmetric := keyset.Algorithms(names)
	switch {
	case len(names) == 0:
		found.Add("dpop_not_supported", "", "The metadata lists no algorithms for DPoP.")
	case len(symmetric) > 0 || len(supported) == 0:
		found.Add("dpop_algorithms_unfit", strings.Join(names, ", "), "dpop_signing_alg_values_supported lists algorithms that are unfit for proofs, or no fit one.")
	default:
		found.Add("dpop_supported", "", "Tokens can be bound to a key of the client (DPoP): %s.", finding.Join(supported))
	}
	return found
}

func introspection(d *metadata.AuthorizationServer) (found finding.List) {
	methods := d.IntrospectionEndpointAuthMethodsSupported
	switch {
	case d.IntrospectionEndpoint == "":
		found.Add("introspection_not_advertised", "", "The metadata advertises no introspection endpoint.")
	case slices.Contains(methods, "none"):
		found.Add("introspection_open", strings.Join(methods, ", "), "By the metadata, the introspection endpoint answers any caller.")
	case methods == nil:
		found.Add("introspection_methods_unknown", "", "The metadata advertises an introspection endpoint, but not how to authenticate there.")
	default:
		found.Add("introspection_supported", "", "Tokens can be introspected, with authentication by %s.", strings.Join(methods, ", "))
	}
	return found
}

func revocation(d *metadata.AuthorizationServer) (found finding.List) {
	if d.RevocationEndpoint == "" {
		found.Add("revocation_not_advertised", "", "The metadata advertises no revocation endpoint.")
	} else {
		found.Add("revocation_supported", "", "Clients can revoke tokens.")
	}
	return found
}
