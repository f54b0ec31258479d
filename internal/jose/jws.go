package jose

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/mcp-auth/go/internal/jsonx"
)

// Header is the protected header of a JWS (RFC 7515 §4), as far as it is used.
// Nothing in it is to be trusted before the signature is verified, and nothing
// in it names the key but KeyID: jku, x5u and x5c are never followed.
type Header struct {
	// Algorithm is the alg parameter; "Ed25519" reads as EdDSA.
	Algorithm Algorithm
	// KeyID is the kid parameter; HasKeyID tells an empty one from none.
	KeyID    string
	HasKeyID bool
	// Type is the typ parameter as it stands.
	Type string
	// JWK is the jwk parameter, raw, nil without one. It matters to DPoP proofs
	// only (RFC 9449 §4.2), where it is the proof's key; it never verifies an
	// access token.
	JWK []byte
}

// JWS is a signed token in the compact form. Printing it, or logging it with
// log/slog, shows nothing of the token.
type JWS struct {
	Header Header
	// Payload is the decoded payload, not to be believed before Verify.
	Payload []byte

	signed    string
	signature []byte
}

// Parse takes a compact JWS apart without verifying it. Each of its three parts
// must be canonical base64url; the header must be strict JSON, name a supported
// algorithm, and have neither crit nor b64 (RFC 7515 §4.1.11, RFC 7797). Header
// parameters that are not known are ignored, as RFC 7515 §4 demands.
//
// The header comes first: most of what is no token for us shows there, before
// the rest has cost anything. The error is an *Error.
func Parse(token string) (*JWS, error) {
	if len(token) > MaxTokenSize {
		return nil, refuse(ReasonTooLarge, "token larger than the limit")
	}
	if hasLineBreak(token) {
		return nil, refuse(ReasonMalformed, "token with a line break")
	}
	encoded, ok := split(token)
	if !ok {
		return nil, refuse(ReasonMalformed, "token without exactly three parts")
	}
	// One piece of memory for the small parts. The payload is apart: it may be
	// kept long after the rest.
	small := make([]byte, base64url.DecodedLen(len(encoded[0]))+base64url.DecodedLen(len(encoded[2])))
	text, small, err := decode(small, encoded[0])
	if err != nil {
		return nil, err
	}
	j := &JWS{signed: token[:len(encoded[0])+len(".")+len(encoded[1])]}
	if err := j.Header.parse(text); err != nil {
		return nil, err
	}
	if j.Payload, _, err = decode(make([]byte, base64url.DecodedLen(len(encoded[1]))), encoded[1]); err != nil {
		return nil, err
	}
	if j.signature, _, err = decode(small, encoded[2]); err != nil {
		return nil, err
	}
	return j, nil
}

// split returns header, payload and signature. Only the payload may be empty.
func split(token string) (parts [3]string, ok bool) {
	var two bool
	parts[0], parts[1], ok = strings.Cut(token, ".")
	parts[1], parts[2], two = strings.Cut(parts[1], ".")
	ok = ok && two && parts[0] != "" && parts[2] != "" && strings.IndexByte(parts[2], '.') < 0
	return parts, ok
}

// decode decodes a part of the token into free and returns what is left of that.
// The caller has made sure that there is no line break, which Decode skips.
func decode(free []byte, encoded string) (part, rest []byte, err error) {
	n, err := base64url.Decode(free, []byte(encoded))
	if err != nil {
		return nil, nil, refuse(ReasonMalformed, "token part is not canonical base64url")
	}
	return free[:n:n], free[n:], nil
}

func (h *Header) parse(data []byte) error {
	err := jsonx.Walk(data, maxHeaderDepth, h.member)
	switch err := err.(type) {
	case nil:
	case *Error:
		return err
	default:
		return &Error{Reason: ReasonMalformed, Detail: "header is not acceptable JSON", Err: err}
	}
	if h.Algorithm == "" {
		return refuse(ReasonMalformed, "header without alg")
	}
	return nil
}

func (h *Header) member(name, raw []byte) error {
	switch string(name) {
	case "alg":
		return h.algorithm(raw)
	case "kid":
		h.HasKeyID = true
		return readString(&h.KeyID, raw)
	case "typ":
		if h.Type = usualType(raw); h.Type != "" {
			return nil
		}
		return readString(&h.Type, raw)
	case "cty":
		var ignored string // but only a string is well-formed
		return readString(&ignored, raw)
	case "jwk":
		h.JWK = raw
	case "crit", "b64":
		// What they announce changes what the signature means; this package
		// understands none of it.
		return refuse(ReasonUnsupportedExtension, "header with "+string(name))
	}
	return nil
}

func (h *Header) algorithm(raw []byte) error {
	if last := len(raw) - 1; raw[0] == '"' && last > 0 {
		// The usual case, without a copy; an escaped name is read below.
		if alg, ok := ParseAlgorithm(string(raw[1:last])); ok {
			h.Algorithm = alg
			return nil
		}
	}
	var name string
	if err := readString(&name, raw); err != nil {
		return err
	}
	alg, ok := ParseAlgorithm(name)
	if !ok {
		return refuse(ReasonUnsupportedAlgorithm, "alg is not supported")
	}
	h.Algorithm = alg
	return nil
}

// usualType returns the typ of raw if that is one which tokens have, without a
// copy, else "".
func usualType(raw []byte) string {
	switch string(raw) {
	case `"at+jwt"`:
		return "at+jwt"
	case `"JWT"`:
		return "JWT"
	case `"dpop+jwt"`:
		return "dpop+jwt"
	default:
		return ""
	}
}

func readString(value *string, raw []byte) error {
	text, ok := jsonx.String(raw)
	if !ok {
		return refuse(ReasonMalformed, "header parameter is not a string")
	}
	*value = text
	return nil
}

// Verify reports whether key k made the signature over header and payload: nil
// if so. The error is an *Error of ReasonKeyMismatch when the key may not be
// used with the token's algorithm, else of ReasonSignature.
func (j *JWS) Verify(k *Key) error {
	if !k.Allows(j.Header.Algorithm) {
		return refuse(ReasonKeyMismatch, "key is not for the algorithm of the token")
	}
	var buf [1024]byte // on the stack: the copy would be a fourth of what a token costs in memory
	if !k.Verify(j.Header.Algorithm, append(buf[:0], j.signed...), j.signature) {
		return refuse(ReasonSignature, "signature does not verify")
	}
	return nil
}

const redacted = "jose.JWS(redacted)"

// Format implements fmt.Formatter: no verb shows the token.
func (j JWS) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer: no handler shows the token.
func (j JWS) LogValue() slog.Value { return slog.StringValue(redacted) }
