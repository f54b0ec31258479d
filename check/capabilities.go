package check

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/metadata"
)

// capabilities judges what the server says it can do.
func (s *issuerCheck) capabilities() {
	s.validated()
	s.endpoints()
	s.grants()
	s.registration()
	s.resourceIndicators()
	s.scopes()
	s.dpop()
	s.introspection()
	s.revocation()
}

// validated takes over what package metadata finds. Its view is a resource
// server's; here it is a client's, which must not go on without PKCE.
func (s *issuerCheck) validated() {
	for _, f := range s.document.Validate().Findings {
		severity := f.Severity
		switch {
		case f.Code == metadata.EndpointInvalid: // see endpoints, which shows them
			continue
		case f.Code == metadata.JWKSURIMissing && !s.needsKeys:
			continue
		case f.Code == metadata.PKCENotAdvertised:
			severity = metadata.Error
		}
		s.addAs(severity, Code(f.Code), "", "%s", f.Message)
	}
	methods := s.document.CodeChallengeMethodsSupported
	if slices.Contains(methods, "S256") && slices.Contains(methods, "plain") {
		s.add(PlainPKCE, strings.Join(methods, ", "), "The PKCE method plain is supported beside S256.")
	}
}

func (s *issuerCheck) endpoints() {
	loopback := fetch.IsLoopbackURL(s.document.Issuer)
	home, err := url.Parse(s.document.Issuer)
	var elsewhere []string
	for member, place := range s.document.Endpoints() {
		if fetch.CheckURL(place, loopback) != nil {
			s.add(Code(metadata.EndpointInvalid), s.shownURL(place), "%s must be an https URL, or one on loopback if the issuer is there.", member)
			continue
		}
		if u, errURL := url.Parse(place); err == nil && errURL == nil && !strings.EqualFold(u.Host, home.Host) {
			elsewhere = append(elsewhere, member+" at "+u.Host)
		}
	}
	if len(elsewhere) > 0 {
		s.add(EndpointsElsewhere, strings.Join(elsewhere, ", "), "Some endpoints are at another host than the issuer.")
	}
}

func (s *issuerCheck) grants() {
	d := s.document
	switch grants := d.GrantTypesSupported; {
	case slices.Contains(grants, "refresh_token"):
		s.add(RefreshTokenSupported, "", "The refresh_token grant is supported.")
	case grants == nil:
		s.addAs(Info, RefreshTokenNotAdvertised, "no grant_types_supported", "The metadata does not say whether there are refresh tokens.")
	default:
		s.add(RefreshTokenNotAdvertised, strings.Join(grants, ", "), "grant_types_supported lacks refresh_token.")
	}
	switch methods := d.TokenEndpointAuthMethodsSupported; {
	case slices.Contains(methods, "none"):
		s.add(PublicClientsSupported, "", "Public clients are supported: they need no secret at the token endpoint.")
	case methods == nil:
		s.addAs(Info, PublicClientsNotAdvertised, "no token_endpoint_auth_methods_supported", "The metadata does not say that there are public clients.")
	default:
		s.add(PublicClientsNotAdvertised, strings.Join(methods, ", "), "token_endpoint_auth_methods_supported lacks none.")
	}
	if d.RequirePushedAuthorizationRequests {
		s.add(PushedRequestsRequired, "", "Authorization requests must be pushed (RFC 9126).")
	}
}

func (s *issuerCheck) registration() {
	d := s.document
	if d.RegistrationEndpoint != "" && !d.ClientIDMetadataDocumentSupported {
		s.add(ClientDocumentsNotSupported, "", "Clients cannot identify themselves by client ID metadata documents.")
	}
}

// resourceIndicators tells what can be known: RFC 8707 has no metadata member.
func (s *issuerCheck) resourceIndicators() {
	var claimed bool
	_ = json.Unmarshal(s.document.Extra["resource_indicators_supported"], &claimed) // absent or odd: not claimed
	switch {
	case claimed:
		s.add(ResourceIndicatorsClaimed, "", "The server says that it supports resource indicators.")
	case len(s.document.ProtectedResources) > 0:
		s.add(ResourceIndicatorsClaimed, "", "The server lists the resources that it issues tokens for: %s.", strings.Join(s.document.ProtectedResources, ", "))
	default:
		s.add(ResourceIndicatorsUnknown, "", "Whether the server supports resource indicators cannot be told from its metadata.")
	}
}

func (s *issuerCheck) scopes() {
	scopes := s.document.ScopesSupported
	switch {
	case scopes == nil:
		s.add(ScopesNotAdvertised, "", "The metadata does not list the server's scopes.")
	case slices.Contains(scopes, "offline_access"):
		s.add(OfflineAccessSupported, "", "Clients can ask for offline_access, to stay logged in.")
	default:
		s.add(OfflineAccessNotSupported, "", "scopes_supported lacks offline_access.")
	}
}

// usable returns the algorithms among names that this module knows, each once,
// and the symmetric ones.
func usable(names []string) (known []jose.Algorithm, symmetric []string) {
	for _, name := range names {
		if alg, ok := jose.ParseAlgorithm(name); ok && !slices.Contains(known, alg) {
			known = append(known, alg)
		}
		if name == "none" || strings.HasPrefix(name, "HS") {
			symmetric = append(symmetric, name)
		}
	}
	return known, symmetric
}

func (s *issuerCheck) dpop() {
	names := s.document.DPoPSigningAlgValuesSupported
	known, symmetric := usable(names)
	switch {
	case len(names) == 0:
		s.add(DPoPNotSupported, "", "The metadata lists no algorithms for DPoP.")
	case len(symmetric) > 0 || len(known) == 0:
		s.add(DPoPAlgorithmsUnfit, strings.Join(names, ", "), "dpop_signing_alg_values_supported lists algorithms that are not fit for proofs, or none that is.")
	default:
		s.add(DPoPSupported, "", "Tokens can be bound to a key of the client (DPoP): %s.", joined(known))
	}
}

func (s *issuerCheck) introspection() {
	methods := s.document.IntrospectionEndpointAuthMethodsSupported
	switch {
	case s.document.IntrospectionEndpoint == "":
		s.add(IntrospectionNotAdvertised, "", "There is no introspection endpoint.")
	case slices.Contains(methods, "none"):
		s.add(IntrospectionOpen, strings.Join(methods, ", "), "The introspection endpoint answers anybody.")
	case methods == nil:
		s.add(IntrospectionMethodsUnknown, "", "There is an introspection endpoint, and the metadata does not say how to authenticate there.")
	default:
		s.add(IntrospectionSupported, "", "Tokens can be introspected, authenticated by %s.", strings.Join(methods, ", "))
	}
}

func (s *issuerCheck) revocation() {
	if s.document.RevocationEndpoint == "" {
		s.add(RevocationNotAdvertised, "", "There is no revocation endpoint.")
		return
	}
	s.add(RevocationSupported, "", "Clients can revoke tokens.")
}
