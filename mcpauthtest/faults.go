package mcpauthtest

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// Faults say how the server misbehaves. The zero value is a server that does
// not.
type Faults struct {
	// Metadata spoils both metadata documents.
	Metadata DocumentFault
	// JWKS spoils the JWK Set.
	JWKS DocumentFault
	// Introspection spoils the answers of the introspection endpoint.
	Introspection DocumentFault
	// Token spoils the answers of the token endpoint.
	Token DocumentFault
	// AuthorizationIssuer is put into iss of authorization responses instead of
	// the issuer (RFC 9207).
	AuthorizationIssuer string
	// NoAuthorizationIssuer leaves iss out of authorization responses.
	NoAuthorizationIssuer bool
	// MetadataIssuer is put into both metadata documents instead of the issuer.
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
	// Delay is how long the answer is held back.
	Delay time.Duration
	// Status replaces 200, if it is not zero.
	Status int
	// Body replaces the document, if it is not nil.
	Body []byte
}

// SetFaults makes the server misbehave from the next request on.
// SetFaults(Faults{}) ends that.
func (s *Server) SetFaults(f Faults) {
	f.Metadata.Body = slices.Clone(f.Metadata.Body)
	f.JWKS.Body = slices.Clone(f.JWKS.Body)
	f.Introspection.Body = slices.Clone(f.Introspection.Body)
	f.Token.Body = slices.Clone(f.Token.Body)
	s.faults.Store(&f)
}

// spoil answers in place of an endpoint, if the fault says so or nobody waits
// for the answer any more.
func (s *Server) spoil(w http.ResponseWriter, r *http.Request, f DocumentFault) bool {
	if !s.wait(r, f.Delay) {
		return true
	}
	if f.Status == 0 && f.Body == nil {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
	_, _ = w.Write(f.Body) // the client is gone if this fails
	return true
}

// serveDocument sends a JSON document, spoiled by the fault.
func (s *Server) serveDocument(w http.ResponseWriter, r *http.Request, f DocumentFault, document []byte) {
	if !s.wait(r, f.Delay) {
		return
	}
	if f.Body != nil {
		document = f.Body
	}
	w.Header().Set("Content-Type", "application/json")
	if f.Status == 0 || f.Status == http.StatusOK {
		w.Header().Set("Cache-Control", documentCacheControl)
	}
	w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
	_, _ = w.Write(document) // the client is gone if this fails
}

// wait waits for d; false means that nobody waits for the answer any more.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.closing:
		return false
	}
}
