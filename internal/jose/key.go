package jose

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/jsonx"
)

// Key is a public JSON Web Key (RFC 7517) that may verify signatures. It is
// immutable and safe for concurrent use; the zero Key verifies nothing.
type Key struct {
	typ keyType
	// One of these is set, as typ tells.
	rsa     *rsa.PublicKey
	ecdsa   *ecdsa.PublicKey
	ed25519 ed25519.PublicKey

	alg        Algorithm // the only one allowed, or "" for all of the type
	kid        string
	hasKid     bool
	thumbprint string
}

// Allows reports whether the key may verify signatures of alg: its type is the
// algorithm's, curve included, and its alg member, if any, names it. (A key
// whose use or key_ops forbid verifying is never made.)
func (k *Key) Allows(alg Algorithm) bool {
	return k != nil && k.typ != noKey && k.typ == alg.keyType() && (k.alg == "" || k.alg == alg)
}

// Thumbprint returns the key's SHA-256 thumbprint (RFC 7638, for OKP RFC 8037
// §2) in base64url, as cnf.jkt and dpop_jkt carry it.
func (k *Key) Thumbprint() string { return k.thumbprint }

// ParseKey reads a JSON Web Key of type RSA (2048 to 8192 bits), EC (P-256,
// P-384, P-521) or OKP (Ed25519). Refused are, among others: private and
// symmetric keys, weak ones, ones whose use, key_ops or alg is not for
// verifying signatures. Members that are not known are ignored, certificates
// too. A member that is null counts as absent.
//
// The error is an *Error.
func ParseKey(raw []byte) (*Key, error) {
	members, err := readMembers(raw)
	if err != nil {
		return nil, err
	}
	return members.key()
}

// members are the raw members of a JSON Web Key, nil where absent.
type members struct {
	kty, crv, use, keyOps, alg, kid, n, e, x, y []byte
	// secret is set by a member that only a private or symmetric key has.
	secret bool
}

func readMembers(raw []byte) (*members, error) {
	if len(raw) > MaxKeySize {
		return nil, refuse(ReasonTooLarge, "key larger than the limit")
	}
	m := new(members)
	if err := jsonx.Object(raw, maxKeyDepth, m.member); err != nil {
		return nil, &Error{Reason: ReasonInvalidKey, Detail: "key is not acceptable JSON", Err: err}
	}
	return m, nil
}

// member takes a member over. Serialisers write members that a key does not have
// as null.
func (m *members) member(name string, raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	switch name {
	case "kty":
		m.kty = raw
	case "crv":
		m.crv = raw
	case "use":
		m.use = raw
	case "key_ops":
		m.keyOps = raw
	case "alg":
		m.alg = raw
	case "kid":
		m.kid = raw
	case "n":
		m.n = raw
	case "e":
		m.e = raw
	case "x":
		m.x = raw
	case "y":
		m.y = raw
	case "d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv":
		m.secret = true
	}
	return nil
}

func (m *members) key() (*Key, error) {
	if m.secret {
		return nil, invalidKey("private or symmetric key material")
	}
	k, err := m.material()
	if err != nil {
		return nil, err
	}
	if err := m.purpose(k); err != nil {
		return nil, err
	}
	if m.kid == nil {
		return k, nil
	}
	if k.kid, k.hasKid = jsonx.String(m.kid); !k.hasKid {
		return nil, invalidKey("kid is not a string")
	}
	return k, nil
}

// material reads what kty says the key is made of.
func (m *members) material() (*Key, error) {
	kty, _ := jsonx.String(m.kty)
	switch kty {
	case "RSA":
		return m.rsaKey()
	case "EC":
		return m.ecKey()
	case "OKP":
		return m.okpKey()
	default:
		return nil, otherKey("kty is not RSA, EC or OKP")
	}
}

// purpose binds the key to what use, key_ops and alg say (RFC 7517 §4.2 to
// §4.4).
func (m *members) purpose(k *Key) error {
	if m.use != nil {
		if use, _ := jsonx.String(m.use); use != "sig" {
			return otherKey("use is not sig")
		}
	}
	if m.keyOps != nil {
		if operations, _ := jsonx.Strings(m.keyOps); !slices.Contains(operations, "verify") {
			return otherKey("key_ops lacks verify")
		}
	}
	if m.alg != nil {
		name, _ := jsonx.String(m.alg)
		alg, ok := ParseAlgorithm(name)
		if !ok || alg.keyType() != k.typ {
			return otherKey("alg is not a signature algorithm for this type of key")
		}
		k.alg = alg
	}
	return nil
}

func invalidKey(detail string) *Error { return refuse(ReasonInvalidKey, detail) }

// otherKey refuses a key for something else than verifying signatures here, which
// a set may well have.
func otherKey(detail string) *Error {
	return &Error{Reason: ReasonInvalidKey, Detail: detail, otherPurpose: true}
}

// octets decodes a member of the key of at most max bytes, and returns what is
// wrong with it, or "". A faulty encoding is named: serialisers take base64 for
// base64url.
func octets(name string, raw []byte, max int) (data []byte, fault string) {
	if raw == nil {
		return nil, name + " is missing"
	}
	text, ok := jsonx.String(raw)
	switch {
	case !ok:
		return nil, name + " is not a string"
	case len(text) > base64.StdEncoding.EncodedLen(max):
		return nil, name + " is too large"
	}
	if data, ok = decodeBase64(text); ok && len(data) <= max {
		return data, ""
	}
	switch {
	case ok:
		return nil, name + " is too large"
	case strings.ContainsAny(text, "+/"):
		return nil, name + " is in base64 and not in base64url (RFC 7515, section 2)"
	case strings.HasSuffix(text, "="):
		return nil, name + " is padded, which base64url is not (RFC 7515, section 2)"
	}
	return nil, name + " is not in base64url"
}

const (
	minModulusBits = 2048
	maxModulusBits = 8192
	// The largest exponent that crypto/rsa takes.
	maxExponent = 1<<31 - 1
	// Some writers put a zero octet before a number lest it look negative (RFC
	// 7518 §6.3.1.1 warns of them); it does not change the key.
	signOctet = 1
)

func (m *members) rsaKey() (*Key, error) {
	modulus, fault := octets("n", m.n, maxModulusBits/8+signOctet)
	if fault != "" {
		return nil, invalidKey(fault)
	}
	exponent, fault := octets("e", m.e, 4+signOctet)
	if fault != "" {
		return nil, invalidKey(fault)
	}
	n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	if detail := rsaFault(n, e); detail != "" {
		return nil, invalidKey(detail)
	}
	return &Key{
		typ: rsaKey,
		rsa: &rsa.PublicKey{N: n, E: int(e.Int64())},
		thumbprint: thumbprint(`{"e":"` + base64url.EncodeToString(e.Bytes()) +
			`","kty":"RSA","n":"` + base64url.EncodeToString(n.Bytes()) + `"}`),
	}, nil
}

// rsaFault returns what makes the key unfit, or "".
func rsaFault(n, e *big.Int) string {
	switch {
	case n.BitLen() < minModulusBits:
		return "RSA modulus shorter than 2048 bits"
	case n.BitLen() > maxModulusBits:
		return "RSA modulus longer than 8192 bits"
	case n.Bit(0) == 0:
		return "RSA modulus is even"
	case !e.IsInt64() || e.Int64() > maxExponent:
		return "RSA exponent is too large"
	case e.Int64() < 3 || e.Bit(0) == 0:
		return "RSA exponent is not an odd number of at least 3"
	case isROCA(n):
		return "RSA modulus has the ROCA weakness (CVE-2017-15361)"
	default:
		return ""
	}
}

func (m *members) ecKey() (*Key, error) {
	crv, _ := jsonx.String(m.crv)
	typ, curve := namedCurve(crv)
	if typ == noKey {
		return nil, otherKey("crv is not P-256, P-384 or P-521")
	}
	size := coordinateSize(typ)
	x, fault := coordinate("x", m.x, size)
	if fault != "" {
		return nil, invalidKey(fault)
	}
	y, fault := coordinate("y", m.y, size)
	if fault != "" {
		return nil, invalidKey(fault)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, invalidKey("point is not on the curve")
	}
	return &Key{
		typ:   typ,
		ecdsa: public,
		thumbprint: thumbprint(`{"crv":"` + crv + `","kty":"EC","x":"` + base64url.EncodeToString(x) +
			`","y":"` + base64url.EncodeToString(y) + `"}`),
	}, nil
}

// coordinate decodes a number that is as long as the curve's field, leading zeros
// included (RFC 7518 §6.2.1.2), and returns what is wrong with it, or "".
func coordinate(name string, raw []byte, size int) (data []byte, fault string) {
	data, fault = octets(name, raw, size)
	if fault == "" && len(data) != size {
		fault = name + " is not of the curve's size"
	}
	return data, fault
}

func namedCurve(crv string) (keyType, elliptic.Curve) {
	switch crv {
	case "P-256":
		return p256Key, elliptic.P256()
	case "P-384":
		return p384Key, elliptic.P384()
	case "P-521":
		return p521Key, elliptic.P521()
	default:
		return noKey, nil
	}
}

// coordinateSize returns the bytes that a number of the curve's field takes;
// for these curves, one below the order takes as many.
func coordinateSize(typ keyType) int {
	switch typ {
	case p256Key:
		return 32
	case p384Key:
		return 48
	case p521Key:
		return 66
	default:
		return 0
	}
}

func (m *members) okpKey() (*Key, error) {
	if crv, _ := jsonx.String(m.crv); crv != ed25519Name {
		return nil, otherKey("crv is not Ed25519")
	}
	x, fault := coordinate("x", m.x, ed25519.PublicKeySize)
	if fault != "" {
		return nil, invalidKey(fault)
	}
	if !isEd25519Point(x) {
		return nil, invalidKey("x is not the encoding of a point of sufficient order")
	}
	return &Key{
		typ:        ed25519Key,
		ed25519:    x,
		thumbprint: thumbprint(`{"crv":"Ed25519","kty":"OKP","x":"` + base64url.EncodeToString(x) + `"}`),
	}, nil
}

func thumbprint(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return base64url.EncodeToString(sum[:])
}
