package mcpauth

import (
	"bytes"
	"crypto"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/identifier"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/senderconstraint"
	"github.com/mcp-auth/go/metadata"
)

// MetadataSigner signs the resource's metadata (RFC 9728 §2.2): the document
// then carries the member signed_metadata, a JWT with all other members as
// claims, issued by the resource identifier. It is signed once, by [New].
//
// Publish the public key at [Resource.JWKSURI].
type MetadataSigner struct {
	// Key is an RSA key of at least 2048 bits, an ECDSA key on P-256, P-384 or
	// P-521, or an Ed25519 key. It may stand in a key management service.
	Key crypto.Signer `json:"-"`
	// Algorithm is the JWS algorithm, such as "ES256". It must suit the key.
	Algorithm string
	// KeyID is the kid of the key, if any.
	KeyID string
}

// Format prints the algorithm and the name of the key, whatever the verb.
func (s MetadataSigner) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{Algorithm:%s KeyID:%s}", s.Algorithm, s.KeyID)
}

// parse returns the signer, nil if the metadata is not signed, and reports
// mistakes.
func (s *MetadataSigner) parse(faults *configerr.List, field string) *jose.Signer {
	if s == nil {
		return nil
	}
	if _, ok := jose.ParseAlgorithm(s.Algorithm); !ok {
		faults.AddErr(configerr.InvalidAlgorithm, field+".Algorithm", s.Algorithm, jose.WhyNot(s.Algorithm))
		return nil
	}
	signer, err := jose.NewSigner(s.Key, s.Algorithm, s.KeyID)
	if err != nil {
		faults.AddErr(configerr.InvalidSigner, field+".Key", "", err)
	}
	return signer
}

// signDocument makes the JWT of a document that does not have one yet.
func signDocument(signer *jose.Signer, document []byte, issuer string, now time.Time) (string, error) {
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber() // signed as they stand
	if err := d.Decode(&claims); err != nil {
		return "", err
	}
	claims["iss"], claims["iat"] = issuer, now.Unix()
	return signer.Sign("JWT", claims)
}

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
			faults.Nest(field+"."+link.name, identifier.CheckLink(link.value))
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
