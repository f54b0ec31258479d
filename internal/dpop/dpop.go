// Package dpop checks DPoP proofs (RFC 9449 §4.3) as a resource server does, or
// an authorization server at its token endpoint, and makes the nonces that limit
// their lifetime (§8, §9).
//
// It decides on data: the caller says which method and URL were asked for, with
// which access token, bound to which key, and at what time. Whether a proof was
// used before is the caller's to find out, by [Proof.ID].
package dpop

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/reason"
)

// Limits on what comes from outside, in bytes.
const (
	// MaxProofSize is the size of the largest proof that is read: one with an
	// RSA key of 8192 bits stays below.
	MaxProofSize = 6 << 10
	// MaxIDSize is the size of the longest jti.
	MaxIDSize = 256

	maxNonceSize  = 256
	maxURLSize    = 4 << 10
	maxClaimDepth = 8

	proofType = "dpop+jwt"
)

// Error is what Check fails with. Its text is safe to log: it holds no part of
// a proof.
type Error struct {
	// Reason is one of the constants reason.DPoP….
	Reason reason.Reason
	// Detail is a fixed text that explains the reason.
	Detail string
	// Err is the *jose.Error or *jsonx.Error that is the cause, or nil.
	Err error
}

// Error implements the error interface.
func (e *Error) Error() string {
	if e.Err != nil {
		return "dpop: " + e.Detail + ": " + e.Err.Error()
	}
	return "dpop: " + e.Detail
}

// Unwrap returns the fault in JOSE or JSON, if that is the cause.
func (e *Error) Unwrap() error { return e.Err }

func refuse(why reason.Reason, detail string, err error) *Error {
	return &Error{why, detail, err}
}

// Expected is what a proof must agree with.
type Expected struct {
	// Method and URL are those of the request; URL is absolute. Its query and
	// fragment do not matter.
	Method, URL string
	// Token is the access token, Thumbprint the key it is bound to (cnf.jkt).
	Token, Thumbprint string
	// TokenRequest says that the proof comes with a token request (RFC 9449 §5):
	// there is no Token and no Thumbprint to compare with yet, and [Proof] tells
	// the key.
	TokenRequest bool
	// Algorithms is the allow-list.
	Algorithms []jose.Algorithm
	// Now is the time, Lifetime how far iat may lie back, Leeway how far ahead.
	Now              time.Time
	Lifetime, Leeway time.Duration
	// Nonces, if not nil, must have made the proof's nonce.
	Nonces *Nonces
}

// Proof is a proof that holds, unless it was used before.
type Proof struct {
	// ID names the proof: a hash of its key and its jti. Another client cannot
	// use an ID up.
	ID string
	// Thumbprint is the key that signed the proof (cnf.jkt).
	Thumbprint string
	// IssuedAt is the claim iat.
	IssuedAt time.Time
	// Until is when the proof holds no longer by itself: its ID need not be
	// remembered after that.
	Until time.Time
}

// Check reads a proof and compares it with what is expected. The signature is
// verified late: only who has a token bound to the key causes that work.
//
// The error is an *Error.
func Check(proof string, want *Expected) (*Proof, error) {
	if len(proof) > MaxProofSize {
		return nil, refuse(reason.DPoPProofMalformed, "proof larger than the limit", nil)
	}
	jws, key, err := parse(proof, want.Algorithms)
	if err != nil {
		return nil, err
	}
	var c claims
	if err := c.read(jws.Payload); err != nil {
		return nil, err
	}
	if err := want.compare(key, &c); err != nil {
		return nil, err
	}
	if err := jws.Verify(key); err != nil {
		return nil, refuse(reason.DPoPInvalidSignature, "signature of the proof", err)
	}
	// Last: use_dpop_nonce promises that the same proof with a nonce will do.
	if want.Nonces != nil && !want.Nonces.Valid(c.nonce, want.Now, want.Leeway) {
		return nil, refuse(reason.DPoPNonceRequired, "the nonce is missing or not in use now", nil)
	}
	return &Proof{
		ID: identify(key, c.id), Thumbprint: key.Thumbprint(),
		IssuedAt: c.issuedAt, Until: c.issuedAt.Add(want.Lifetime),
	}, nil
}

// parse reads the header (RFC 9449 §4.2): typ, alg and the proof's own key.
func parse(proof string, algorithms []jose.Algorithm) (*jose.JWS, *jose.Key, error) {
	jws, err := jose.Parse(proof)
	if err != nil {
		return nil, nil, parseFault(err)
	}
	switch {
	case jws.Header.Type != proofType:
		return nil, nil, refuse(reason.DPoPProofMalformed, "typ is not dpop+jwt", nil)
	case !slices.Contains(algorithms, jws.Header.Algorithm):
		return nil, nil, refuse(reason.DPoPUnsupportedAlgorithm, "alg is not allowed", nil)
	case jws.Header.JWK == nil:
		return nil, nil, refuse(reason.DPoPInvalidKey, "header without jwk", nil)
	}
	key, err := jose.ParseKey(jws.Header.JWK)
	if err != nil {
		return nil, nil, refuse(reason.DPoPInvalidKey, "jwk", err)
	}
	if !key.Allows(jws.Header.Algorithm) {
		return nil, nil, refuse(reason.DPoPInvalidKey, "jwk is not for the algorithm of the proof", nil)
	}
	return jws, key, nil
}

func parseFault(err error) *Error {
	if e, ok := err.(*jose.Error); ok && e.Reason == jose.ReasonUnsupportedAlgorithm {
		return refuse(reason.DPoPUnsupportedAlgorithm, "alg is not an asymmetric signature algorithm", err)
	}
	return refuse(reason.DPoPProofMalformed, "not a signed JWT", err)
}

// claims are those of a proof (RFC 9449 §4.2).
type claims struct {
	id, method, url, tokenHash, nonce string
	issuedAt                          time.Time
}

func (c *claims) read(payload []byte) error {
	err := jsonx.Walk(payload, maxClaimDepth, c.member)
	if e, ok := err.(*Error); ok {
		return e
	}
	if err != nil {
		return refuse(reason.DPoPProofMalformed, "claims", err)
	}
	switch {
	case c.id == "":
		return refuse(reason.DPoPProofMalformed, "jti is missing or empty", nil)
	case len(c.id) > MaxIDSize:
		return refuse(reason.DPoPProofMalformed, "jti is longer than the limit", nil)
	case len(c.nonce) > maxNonceSize:
		return refuse(reason.DPoPProofMalformed, "nonce is longer than the limit", nil)
	case c.issuedAt.IsZero():
		return refuse(reason.DPoPProofMalformed, "iat is missing", nil)
	}
	return nil
}

func (c *claims) member(name, raw []byte) error {
	ok := true
	switch string(name) {
	case "jti":
		c.id, ok = jsonx.String(raw)
	case "htm":
		c.method, ok = jsonx.String(raw)
	case "htu":
		c.url, ok = jsonx.String(raw)
	case "ath":
		c.tokenHash, ok = jsonx.String(raw)
	case "nonce":
		c.nonce, ok = jsonx.String(raw)
	case "iat":
		c.issuedAt, ok = jsonx.NumericDate(raw)
	}
	if !ok {
		return refuse(reason.DPoPProofMalformed, "claim of the wrong type", nil)
	}
	return nil
}

func (want *Expected) compare(key *jose.Key, c *claims) error {
	switch {
	case !want.TokenRequest && !equal(key.Thumbprint(), want.Thumbprint):
		return refuse(reason.DPoPWrongKey, "the token is bound to another key", nil)
	case !want.TokenRequest && !equal(c.tokenHash, hash(want.Token)):
		return refuse(reason.DPoPWrongToken, "ath is not the hash of the token", nil)
	case c.method == "" || c.method != want.Method:
		return refuse(reason.DPoPWrongMethod, "htm is not the method of the request", nil)
	case !SameURL(c.url, want.URL):
		return refuse(reason.DPoPWrongURL, "htu is not the URL of the request", nil)
	case want.Now.After(c.issuedAt.Add(want.Lifetime)):
		return refuse(reason.DPoPProofStale, "iat is too far in the past", nil)
	case c.issuedAt.After(want.Now.Add(want.Leeway)):
		return refuse(reason.DPoPProofStale, "iat is in the future", nil)
	}
	return nil
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func equal(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

func identify(key *jose.Key, id string) string {
	return hash(key.Thumbprint() + "\x00" + id)
}
