// Package jose verifies JSON Web Signatures in the compact form (RFC 7515)
// against JSON Web Keys (RFC 7517), with the standard library's cryptography
// and nothing else.
//
// It reads strictly, so that no two readers see two tokens in one text, and
// takes algorithm and key together: a key verifies only the algorithms that its
// kty, crv, use, key_ops and alg all allow (RFC 8725 §3.1). Signatures by a
// shared secret and "none" are not known here at all.
package jose

import (
	"encoding/base64"
	"strings"
)

// Limits on what comes from outside. Sizes are in bytes.
const (
	// MaxTokenSize is the size of the largest token that Parse reads.
	MaxTokenSize = 16 << 10
	// MaxKeySize is the size of the largest key that ParseKey reads. A key with
	// its certificate chain beside it stays far below.
	MaxKeySize = 64 << 10
	// MaxKeySetSize is the size of the largest set that ParseKeySet reads.
	MaxKeySetSize = 1 << 20
	// MaxKeys is how many keys a set may hold, skipped ones included.
	MaxKeys = 100
	// MaxCandidates is how many keys are worth trying on one token.
	MaxCandidates = 4

	maxHeaderDepth = 8
	maxKeyDepth    = 8
	// Far beyond maxKeyDepth: nesting is the fault of one key, not of its set.
	maxSetDepth = 128
)

// Reason says why a token, a key or a set of keys was refused. Its values are
// stable.
type Reason string

// The reasons of an Error.
const (
	// ReasonMalformed: not a compact JWS, or a header that is not acceptable.
	ReasonMalformed Reason = "malformed"
	// ReasonTooLarge: beyond one of the limits of this package.
	ReasonTooLarge Reason = "too_large"
	// ReasonUnsupportedAlgorithm: the header's alg is not one of Algorithms.
	ReasonUnsupportedAlgorithm Reason = "unsupported_algorithm"
	// ReasonUnsupportedExtension: the header has crit or b64.
	ReasonUnsupportedExtension Reason = "unsupported_extension"
	// ReasonKeyMismatch: the key is not for the token's algorithm.
	ReasonKeyMismatch Reason = "key_mismatch"
	// ReasonSignature: the key did not make this signature over this token.
	ReasonSignature Reason = "signature"
	// ReasonInvalidKey: a JSON Web Key that cannot verify signatures here.
	ReasonInvalidKey Reason = "invalid_key"
	// ReasonInvalidKeySet: not a JSON Web Key Set.
	ReasonInvalidKeySet Reason = "invalid_key_set"
)

// Error is what every function of this package fails with. Its text is safe to
// log: it never holds a part of a token or of a key.
type Error struct {
	Reason Reason
	// Detail is a fixed text that explains the reason.
	Detail string
	// Err is a *jsonx.Error if the fault is in the JSON, else nil.
	Err error

	otherPurpose bool // a key that is not for verifying signatures here
}

// Error implements the error interface.
func (e *Error) Error() string {
	if e.Err != nil {
		return "jose: " + e.Detail + ": " + e.Err.Error()
	}
	return "jose: " + e.Detail
}

// Unwrap returns the fault in the JSON, if that is the cause.
func (e *Error) Unwrap() error { return e.Err }

func refuse(reason Reason, detail string) *Error {
	return &Error{Reason: reason, Detail: detail}
}

// base64url is the only encoding of JOSE: no padding, and the bits that the
// last character has too many are zero, so that bytes have one encoding only.
var base64url = base64.RawURLEncoding.Strict()

// hasLineBreak tells the characters that encoding/base64 skips silently.
func hasLineBreak(encoded string) bool {
	return strings.IndexByte(encoded, '\n') >= 0 || strings.IndexByte(encoded, '\r') >= 0
}

// decodeBase64 decodes canonical base64url.
func decodeBase64(encoded string) ([]byte, bool) {
	if hasLineBreak(encoded) {
		return nil, false
	}
	data, err := base64url.DecodeString(encoded)
	return data, err == nil
}
