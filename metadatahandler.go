package mcpauth

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/senderconstraint"
	"github.com/mcp-auth/go/metadata"
)

// metadata returns the resource's metadata (RFC 9728 §2), and reports members
// that cannot be published.
func (r *Resource) metadata(faults *configerr.List, field string, sender *senderconstraint.Checker) metadata.ProtectedResource {
	doc := metadata.ProtectedResource{
		Resource:                           r.Identifier,
		ScopesSupported:                    r.ScopesSupported,
		BearerMethodsSupported:             []string{"header"},
		JWKSURI:                            r.JWKSURI,
		ResourceSigningAlgValuesSupported:  r.SigningAlgValues,
		ResourceName:                       r.Name,
		ResourceDocumentation:              r.Documentation,
		ResourcePolicyURI:                  r.PolicyURI,
		ResourceTOSURI:                     r.TOSURI,
		AuthorizationDetailsTypesSupported: r.AuthorizationDetailsTypes,

		TLSClientCertificateBoundAccessTokens: r.MTLS != nil,
	}
	if d := sender.DPoP(); d != nil {
		doc.DPoPSigningAlgValuesSupported, doc.DPoPBoundAccessTokensRequired = d.Names, d.Required
	}
	for i := range r.AuthorizationServers {
		doc.AuthorizationServers = append(doc.AuthorizationServers, r.AuthorizationServers[i].Issuer)
	}
	for _, link := range [...]struct{ name, value string }{
		{"Documentation", r.Documentation}, {"PolicyURI", r.PolicyURI}, {"TOSURI", r.TOSURI}, {"JWKSURI", r.JWKSURI},
	} {
		if link.value != "" {
			checkURL(faults, field+"."+link.name, link.value)
		}
	}
	doc.Extra = r.extraMembers(faults, field+".Extra")
	return doc
}

func (r *Resource) extraMembers(faults *configerr.List, field string) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		raw, err := json.Marshal(r.Extra[name])
		if err != nil || metadata.IsProtectedResourceMember(name) {
			faults.AddErr(configerr.ReservedMember, field, name, err)
		}
		if members == nil {
			members = make(map[string]json.RawMessage, len(r.Extra))
		}
		members[name] = raw
	}
	return members
}

// publish renders metadata, and signs it if there is a signer.
func publish(doc metadata.ProtectedResource, signer *jose.Signer, now time.Time) ([]byte, error) {
	document, err := json.Marshal(doc)
	if err != nil || signer == nil {
		return document, err
	}
	if doc.SignedMetadata, err = signDocument(signer, document, doc.Resource, now); err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}

// MetadataHandler serves the protected resource metadata (RFC 9728 §3) of every
// resource at its well-known path, and at the root well-known path where that
// can mean only one. Mount it at "/.well-known/" or at the paths themselves.
//
// It answers GET, HEAD and preflight requests from any origin.
func (a *Auth) MetadataHandler() http.Handler { return a.metadata }
