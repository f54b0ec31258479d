package mcpauthtest

import (
	"slices"
	"sync/atomic"
	"time"
)

// Faults say how the server misbehaves. The zero value is a server that does
// not.
type Faults struct {
	// Metadata spoils both metadata documents.
	Metadata DocumentFault
	// JWKS spoils the JWK Set.
	JWKS DocumentFault
	// Introspection spoils the responses of the introspection endpoint.
	Introspection DocumentFault
	// Token spoils the responses of the token endpoint.
	Token DocumentFault
	// AuthorizationIssuer replaces the issuer in iss of authorization responses
	// (RFC 9207).
	AuthorizationIssuer string
	// NoAuthorizationIssuer leaves iss out of authorization responses.
	NoAuthorizationIssuer bool
	// MetadataIssuer replaces the issuer in both metadata documents.
	MetadataIssuer string
	// HideOAuthMetadata answers 404 for the RFC 8414 document.
	HideOAuthMetadata bool
	// HideOIDCMetadata answers 404 for the OpenID Connect Discovery document.
	HideOIDCMetadata bool
	// EmptyJWKS serves a JWK Set without keys.
	EmptyJWKS bool
	// OddKeys adds keys that no verifier can use: one of an unknown type, one
	// on an unknown curve, a symmetric one, and one that is not even an object.
	OddKeys bool
	// NoKeyAlgorithm leaves alg and use out of the keys, as some providers do.
	NoKeyAlgorithm bool
	// UnknownKey signs all tokens with a key that is not in the JWK Set.
	UnknownKey bool
}

// DocumentFault says how one document is served wrongly.
type DocumentFault struct {
	// Delay is how long the response is held back.
	Delay time.Duration
	// Status replaces 200, if it is not zero.
	Status int
	// Body replaces the document, if it is not nil.
	Body []byte
}

// faultState holds the faults of a running server.
type faultState struct{ current atomic.Pointer[Faults] }

func newFaultState() *faultState {
	s := &faultState{}
	s.set(Faults{})
	return s
}

func (s *faultState) set(f Faults) {
	for _, document := range []*DocumentFault{&f.Metadata, &f.JWKS, &f.Introspection, &f.Token} {
		document.Body = slices.Clone(document.Body)
	}
	s.current.Store(&f)
}

func (s *faultState) get() *Faults { return s.current.Load() }
