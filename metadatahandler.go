package mcpauth

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/mcp-auth/go/metadata"
)

// document renders the resource's metadata (RFC 9728 §2).
func (r *Resource) document(now time.Time) ([]byte, error) {
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

		DPoPSigningAlgValuesSupported:         r.DPoP.algorithms(),
		DPoPBoundAccessTokensRequired:         r.DPoP != nil && r.DPoP.Required,
		TLSClientCertificateBoundAccessTokens: r.MTLS != nil,
	}
	for _, s := range r.AuthorizationServers {
		doc.AuthorizationServers = append(doc.AuthorizationServers, s.Issuer)
	}
	for name, value := range r.Extra {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if doc.Extra == nil {
			doc.Extra = make(map[string]json.RawMessage, len(r.Extra))
		}
		doc.Extra[name] = raw
	}
	document, err := json.Marshal(doc)
	if err != nil || r.MetadataSigner == nil {
		return document, err
	}
	if doc.SignedMetadata, err = r.MetadataSigner.sign(document, r.Identifier, now); err != nil {
		return nil, &ConfigError{Field: "Resources.MetadataSigner", Value: r.Identifier, Fault: InvalidSigner, detail: err}
	}
	return json.Marshal(doc)
}

// MetadataHandler serves the protected resource metadata (RFC 9728 §3) of every
// resource at its well-known path, and at the root well-known path where that
// can mean only one. Mount it at "/.well-known/" or at the paths themselves.
//
// It answers GET, HEAD and preflight requests from any origin.
func (a *Auth) MetadataHandler() http.Handler { return a.metadata }
