package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/mcp-auth/go/internal/jsonx"
)

// Covers RS9.
func TestAlgorithmIsBoundToTheKey(t *testing.T) {
	t.Parallel()
	fits := map[keyType][]Algorithm{
		rsaKey:     {RS256, RS384, RS512, PS256, PS384, PS512},
		p256Key:    {ES256},
		p384Key:    {ES384},
		p521Key:    {ES512},
		ed25519Key: {EdDSA},
	}
	for _, of := range Algorithms() {
		s := newSigner(t, of)
		// Without alg, as Microsoft Entra publishes its keys: all of the type.
		key := s.key(t)
		for _, alg := range append(Algorithms(), "", "none", "HS256", "ES256K", "Ed25519") {
			if got, want := key.Allows(alg), slices.Contains(fits[of.keyType()], alg); got != want {
				t.Errorf("key for %s without alg allows %q: %t, want %t", of, alg, got, want)
			}
		}
		// With alg: this one only, and only if it is of the type at all.
		for _, named := range Algorithms() {
			key, err := ParseKey(s.jwk(t, map[string]any{"alg": named}))
			if named.keyType() != of.keyType() {
				wantReason(t, err, ReasonInvalidKey)
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, alg := range Algorithms() {
				if got := key.Allows(alg); got != (alg == named) {
					t.Errorf("key for %s with alg %s allows %s: %t", of, named, alg, got)
				}
			}
		}
	}
}

func nullMembers(names ...string) map[string]any {
	members := map[string]any{}
	for _, name := range names {
		members[name] = json.RawMessage("null")
	}
	return members
}

// Covers RS9.
func TestKeyPurpose(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		over map[string]any
		ok   bool
	}{
		"neither":                  {nil, true},
		"use sig":                  {map[string]any{"use": "sig"}, true},
		"key_ops verify":           {map[string]any{"key_ops": []string{"verify"}}, true},
		"key_ops among others":     {map[string]any{"key_ops": []string{"encrypt", "verify"}}, true},
		"both":                     {map[string]any{"use": "sig", "key_ops": []string{"verify"}}, true},
		"certificates ignored":     {map[string]any{"x5c": []string{"nonsense"}, "x5t": 1, "x5u": "x"}, true},
		"unknown members ignored":  {map[string]any{"ext": true, "issuer": "x", "KTY": "oct", "D": "x", "nbf": nil}, true},
		"empty kid":                {map[string]any{"kid": ""}, true},
		"use enc":                  {map[string]any{"use": "enc"}, false},
		"use SIG":                  {map[string]any{"use": "SIG"}, false},
		"use empty":                {map[string]any{"use": ""}, false},
		"use is an array":          {map[string]any{"use": []string{"sig"}}, false},
		"use is null":              {map[string]any{"use": json.RawMessage("null")}, true},
		"key_ops sign":             {map[string]any{"key_ops": []string{"sign"}}, false},
		"key_ops empty":            {map[string]any{"key_ops": []string{}}, false},
		"key_ops is a string":      {map[string]any{"key_ops": "verify"}, false},
		"key_ops of numbers":       {map[string]any{"key_ops": []any{"verify", 1}}, false},
		"use sig, key_ops encrypt": {map[string]any{"use": "sig", "key_ops": []string{"encrypt"}}, false},
		"use enc, key_ops verify":  {map[string]any{"use": "enc", "key_ops": []string{"verify"}}, false},
		"alg for encryption":       {map[string]any{"alg": "ECDH-ES"}, false},
		"alg none":                 {map[string]any{"alg": "none"}, false},
		"alg HS256":                {map[string]any{"alg": "HS256"}, false},
		"alg empty":                {map[string]any{"alg": ""}, false},
		"alg is null":              {map[string]any{"alg": json.RawMessage("null")}, true},
		"alg is an array":          {map[string]any{"alg": []string{"ES256"}}, false},
		"kid is a number":          {map[string]any{"kid": 1}, false},
		"kid is null":              {map[string]any{"kid": json.RawMessage("null")}, true},
		"all optional ones null":   {nullMembers("use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t", "x5t#S256", "n", "e", "d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"), true},
		"kty is null":              {nullMembers("kty"), false},
		"crv is null":              {nullMembers("crv"), false},
		"y is null":                {nullMembers("y"), false},
		"kty missing":              {map[string]any{"kty": nil}, false},
		"kty in lower case":        {map[string]any{"kty": "ec"}, false},
		"kty of another type":      {map[string]any{"kty": "RSA"}, false},
		"kty oct":                  {map[string]any{"kty": "oct"}, false},
		"kty oct with a secret":    {map[string]any{"kty": "oct", "k": "c2VjcmV0"}, false},
		"kty AKP":                  {map[string]any{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}, false},
		"kty is a number":          {map[string]any{"kty": 2}, false},
		"d":                        {map[string]any{"d": "AQ"}, false},
		"d is null":                {map[string]any{"d": json.RawMessage("null")}, true},
		"p":                        {map[string]any{"p": "AQ"}, false},
		"q":                        {map[string]any{"q": "AQ"}, false},
		"dp":                       {map[string]any{"dp": "AQ"}, false},
		"dq":                       {map[string]any{"dq": "AQ"}, false},
		"qi":                       {map[string]any{"qi": "AQ"}, false},
		"oth":                      {map[string]any{"oth": []any{}}, false},
		"k":                        {map[string]any{"k": "AQ"}, false},
		"priv":                     {map[string]any{"priv": "AQ"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSigner(t, ES256)
			key, err := ParseKey(s.jwk(t, c.over))
			if !c.ok {
				wantReason(t, err, ReasonInvalidKey)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := must(Parse(s.token(t, header(ES256), payload)))(t).Verify(key); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestKeyJSON(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `null`, `[]`, `"EC"`, `{`, `{"kty":"EC"} x`, `{"kty":"EC","kty":"EC"}`, `{"x":{"a":1,"a":2}}`, "{\"kid\":\"\xff\"}"} {
		_, err := ParseKey([]byte(raw))
		wantReason(t, err, ReasonInvalidKey)
		var fault *jsonx.Error
		if !errors.As(err, &fault) {
			t.Errorf("%s: %v does not wrap the fault in the JSON", raw, err)
		}
	}
	_, err := ParseKey(bytes.Repeat([]byte{' '}, MaxKeySize+1))
	wantReason(t, err, ReasonTooLarge)
}

func TestKeyID(t *testing.T) {
	t.Parallel()
	s := newSigner(t, ES256)
	for _, c := range []struct {
		kid any
		id  string
		has bool
	}{{nil, "", false}, {"", "", true}, {"k1", "k1", true}, {"é\n", "é\n", true}} {
		k := must(ParseKey(s.jwk(t, map[string]any{"kid": c.kid})))(t)
		if k.kid != c.id || k.hasKid != c.has {
			t.Errorf("kid %v: got %q %t", c.kid, k.kid, k.hasKid)
		}
	}
}

func rsaJWK(n, e *big.Int) []byte {
	return fmt.Appendf(nil, `{"kty":"RSA","n":%q,"e":%q}`, encode(string(n.Bytes())), encode(string(e.Bytes())))
}

// Covers RS9.
func TestRSAKeys(t *testing.T) {
	t.Parallel()
	odd := func(bits uint) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return n.Add(n, big.NewInt(1))
	}
	f4 := big.NewInt(65537)
	good := odd(2048)
	for name, c := range map[string]struct {
		n, e *big.Int
		ok   bool
	}{
		"2048 bits":           {good, f4, true},
		"3072 bits":           {odd(3072), f4, true},
		"8192 bits":           {odd(8192), f4, true},
		"exponent 3":          {good, big.NewInt(3), true},
		"largest exponent":    {good, big.NewInt(1<<31 - 1), true},
		"2047 bits":           {odd(2047), f4, false},
		"1024 bits":           {odd(1024), f4, false},
		"8193 bits":           {odd(8193), f4, false},
		"100000 bits":         {odd(100000), f4, false},
		"even modulus":        {new(big.Int).Sub(good, big.NewInt(1)), f4, false},
		"zero modulus":        {new(big.Int), f4, false},
		"exponent 0":          {good, new(big.Int), false},
		"exponent 1":          {good, big.NewInt(1), false},
		"exponent 2":          {good, big.NewInt(2), false},
		"even exponent":       {good, big.NewInt(65536), false},
		"exponent of 32 bits": {good, big.NewInt(1<<31 + 1), false},
		"exponent of 33 bits": {good, big.NewInt(1<<32 + 1), false},
		"exponent of 64 bits": {good, new(big.Int).SetUint64(1<<63 + 3), false},
		"exponent as modulus": {good, good, false},
	} {
		key, err := ParseKey(rsaJWK(c.n, c.e))
		if !c.ok {
			if err == nil {
				t.Errorf("%s is accepted", name)
				continue
			}
			wantReason(t, err, ReasonInvalidKey)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if key.Verify(RS256, []byte("text"), make([]byte, (c.n.BitLen()+7)/8)) {
			t.Errorf("%s: verifies nonsense", name)
		}
	}
}

// TestRSAKeyEncoding: a zero octet in front does not make another key, anything
// but canonical base64url is refused.
func TestRSAKeyEncoding(t *testing.T) {
	t.Parallel()
	s := newSigner(t, RS256)
	m := jwkMembers(t, s.private.Public())
	n := string(must(base64url.DecodeString(m["n"].(string)))(t))
	padded := must(ParseKey(s.jwk(t, map[string]any{"n": encode("\x00" + n), "e": encode("\x00\x01\x00\x01")})))(t)
	if padded.Thumbprint() != s.key(t).Thumbprint() {
		t.Error("a zero octet changes the thumbprint")
	}
	if err := must(Parse(s.token(t, header(RS256), payload)))(t).Verify(padded); err != nil {
		t.Error(err)
	}
	for name, over := range map[string]map[string]any{
		"n missing":          {"n": nil},
		"e missing":          {"e": nil},
		"n empty":            {"n": ""},
		"e empty":            {"e": ""},
		"n is a number":      {"n": 12345},
		"e is a number":      {"e": 65537},
		"e with padding":     {"e": "AQAB===="},
		"n with padding":     {"n": encode(n) + "=="},
		"n with a line feed": {"n": encode(n)[:8] + "\n" + encode(n)[8:]},
		"e with a return":    {"e": "AQ\rAB"},
		"n with + for -":     {"n": "+" + encode(n)[1:]},
		"loose bits in e":    {"e": "AR"},
		"e of zeros":         {"e": "AAAA"},
		"many zeros":         {"n": encode(strings.Repeat("\x00", 2000) + n)},
	} {
		_, err := ParseKey(s.jwk(t, over))
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		wantReason(t, err, ReasonInvalidKey)
	}
}

// TestROCA has moduli of the weak shape at each size, and sound ones beside.
// The vector with a real key of the kind is among Wycheproof's.
func TestROCA(t *testing.T) {
	t.Parallel()
	primorial := big.NewInt(1)
	for p := int64(2); p <= 701; p++ {
		if big.NewInt(p).ProbablyPrime(0) {
			primorial.Mul(primorial, big.NewInt(p))
		}
	}
	for _, exponent := range []int64{0, 1, 2, 5, 12345, 1 << 40} {
		weak := new(big.Int).Exp(big.NewInt(65537), big.NewInt(exponent), primorial)
		weak.Add(weak, new(big.Int).Mul(primorial, new(big.Int).Lsh(big.NewInt(1), 1100)))
		if weak.BitLen() < minModulusBits {
			t.Fatalf("modulus of %d bits", weak.BitLen())
		}
		if !isROCA(weak) {
			t.Errorf("65537^%d is not seen", exponent)
		}
		_, err := ParseKey(rsaJWK(weak, big.NewInt(65537)))
		wantReason(t, err, ReasonInvalidKey)
		for d := int64(2); d < 100; d += 2 {
			if other := new(big.Int).Add(weak, big.NewInt(d)); isROCA(other) {
				t.Errorf("65537^%d + %d is taken for one", exponent, d)
			}
		}
	}
}

// Covers RS9.
func TestECKeys(t *testing.T) {
	t.Parallel()
	for _, alg := range []Algorithm{ES256, ES384, ES512} {
		s := newSigner(t, alg)
		m := jwkMembers(t, s.private.Public())
		x := string(must(base64url.DecodeString(m["x"].(string)))(t))
		y := string(must(base64url.DecodeString(m["y"].(string)))(t))
		p := s.private.Public().(*ecdsa.PublicKey).Params().P
		field := string(p.FillBytes(make([]byte, len(x))))
		for name, over := range map[string]map[string]any{
			"x missing":            {"x": nil},
			"y missing":            {"y": nil},
			"crv missing":          {"crv": nil},
			"crv secp256k1":        {"crv": "secp256k1"},
			"crv in lower case":    {"crv": strings.ToLower(m["crv"].(string))},
			"crv Ed25519":          {"crv": "Ed25519"},
			"crv is a number":      {"crv": 256},
			"x empty":              {"x": ""},
			"x is a number":        {"x": 1},
			"x one byte short":     {"x": encode(x[1:])},
			"y one byte short":     {"y": encode(y[:len(y)-1])},
			"x one zero more":      {"x": encode("\x00" + x)},
			"y one byte more":      {"y": encode(y + "\x00")},
			"x twice as long":      {"x": encode(x + x)},
			"x oversized":          {"x": encode(strings.Repeat("\xff", 10000))},
			"y oversized":          {"y": strings.Repeat("_", 60000)},
			"x with padding":       {"x": encode(x) + "="},
			"swapped":              {"x": encode(y), "y": encode(x)},
			"same coordinate":      {"y": encode(x)},
			"origin":               {"x": encode(strings.Repeat("\x00", len(x))), "y": encode(strings.Repeat("\x00", len(x)))},
			"all ones":             {"x": encode(strings.Repeat("\xff", len(x))), "y": encode(strings.Repeat("\xff", len(x)))},
			"x is the field's":     {"x": encode(field)},
			"y is the field's":     {"y": encode(field)},
			"x off by one":         {"x": encode(x[:len(x)-1] + string(x[len(x)-1]^1))},
			"y off by one":         {"y": encode(y[:len(y)-1] + string(y[len(y)-1]^1))},
			"point of other curve": {"crv": map[Algorithm]string{ES256: "P-384", ES384: "P-521", ES512: "P-256"}[alg]},
		} {
			_, err := ParseKey(s.jwk(t, over))
			if err == nil {
				t.Errorf("%s, %s: accepted", alg, name)
				continue
			}
			wantReason(t, err, ReasonInvalidKey)
		}
	}
}

// TestECLeadingZeros verifies with keys and signatures whose numbers are short,
// which every so often trips libraries that drop leading zeros.
func TestECLeadingZeros(t *testing.T) {
	t.Parallel()
	s := newSigner(t, ES256)
	for shortKey, shortSig := 0, 0; shortKey < 2 || shortSig < 2; {
		private := must(ecdsa.GenerateKey(s.private.Public().(*ecdsa.PublicKey).Curve, rand.Reader))(t)
		point := must(private.PublicKey.Bytes())(t)
		s.private = private
		token := s.token(t, header(ES256), payload)
		j := must(Parse(token))(t)
		if point[1] == 0 || point[33] == 0 {
			shortKey++
		}
		if j.signature[0] == 0 || j.signature[32] == 0 {
			shortSig++
		}
		if err := j.Verify(s.key(t)); err != nil {
			t.Fatalf("key %x, token %s: %v", point, token, err)
		}
	}
}

// edwards is arithmetic on edwards25519, slow and plain, as a yardstick.
type edwards struct{ p, d *big.Int }

func newEdwards() edwards {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	d := new(big.Int).ModInverse(big.NewInt(121666), p)
	d.Mul(d, big.NewInt(-121665))
	return edwards{p, d.Mod(d, p)}
}

// x returns an x for y, or nil if there is none.
func (c edwards) x(y *big.Int) *big.Int {
	yy := new(big.Int).Mul(y, y)
	v := new(big.Int).Mul(yy, c.d)
	v.ModInverse(v.Add(v, big.NewInt(1)), c.p)
	v.Mul(v, yy.Sub(yy, big.NewInt(1)))
	return v.ModSqrt(v.Mod(v, c.p), c.p)
}

func (c edwards) double(x, y *big.Int) (*big.Int, *big.Int) {
	xx, yy, xy := new(big.Int).Mul(x, x), new(big.Int).Mul(y, y), new(big.Int).Mul(x, y)
	t := new(big.Int).Mul(xx, yy)
	t.Mod(t.Mul(t, c.d), c.p)
	one := big.NewInt(1)
	x3 := new(big.Int).Mul(xy.Lsh(xy, 1), new(big.Int).ModInverse(new(big.Int).Add(one, t), c.p))
	minus := new(big.Int).Sub(one, t)
	y3 := new(big.Int).Mul(yy.Add(yy, xx), new(big.Int).ModInverse(minus.Mod(minus, c.p), c.p))
	return x3.Mod(x3, c.p), y3.Mod(y3, c.p)
}

// sound reports whether y belongs to points of an order above 8.
func (c edwards) sound(y *big.Int) bool {
	x := c.x(y)
	if x == nil {
		return false
	}
	for range 3 {
		x, y = c.double(x, y)
	}
	return x.Sign() != 0 || y.Cmp(big.NewInt(1)) != 0
}

func littleEndian(y *big.Int) []byte {
	b := y.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

// TestEd25519Points compares the check of the point with the yardstick.
func TestEd25519Points(t *testing.T) {
	t.Parallel()
	curve := newEdwards()
	sound, unsound := 0, 0
	for i := range 120 {
		raw := make([]byte, 32)
		_, _ = rand.Read(raw)
		raw[31] &= 0x7f
		if i < 40 {
			// Small numbers, 0 and 1 among them.
			raw = append([]byte{byte(i)}, make([]byte, 31)...)
		}
		y := slices.Clone(raw)
		slices.Reverse(y)
		want := curve.sound(new(big.Int).SetBytes(y))
		for _, sign := range []byte{0, 0x80} {
			raw[31] |= sign
			if got := isEd25519Point(raw); got != want {
				t.Errorf("%x: got %t, want %t", raw, got, want)
			}
		}
		if want {
			sound++
		} else {
			unsound++
		}
	}
	if sound < 20 || unsound < 20 {
		t.Errorf("only %d sound and %d unsound points", sound, unsound)
	}
}

// TestEd25519SmallOrder: under such a key anyone can sign. The standard library
// lets them verify, so the key must not be accepted.
//
// Covers RS9.
func TestEd25519SmallOrder(t *testing.T) {
	t.Parallel()
	curve := newEdwards()
	var encodings [][]byte
	for _, text := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		raw := must(hex.DecodeString(text))(t)
		y := slices.Clone(raw)
		slices.Reverse(y)
		n := new(big.Int).SetBytes(y)
		if curve.x(n) == nil || curve.sound(n) {
			t.Fatalf("%s is no point of small order", text)
		}
		encodings = append(encodings, raw)
	}
	// The same numbers written with the field's prime added, as far as that fits.
	for _, n := range []int64{0, 1, 2, 3, 4, 18} {
		encodings = append(encodings, littleEndian(new(big.Int).Add(curve.p, big.NewInt(n))))
	}
	forgeable := 0
	for _, raw := range encodings {
		for _, sign := range []byte{0, 0x80} {
			raw := slices.Clone(raw)
			raw[31] |= sign
			_, err := ParseKey([]byte(`{"kty":"OKP","crv":"Ed25519","x":"` + encode(string(raw)) + `"}`))
			if err == nil {
				t.Errorf("%x is accepted", raw)
			} else {
				wantReason(t, err, ReasonInvalidKey)
			}
			if forged(raw) {
				forgeable++
			}
		}
	}
	if forgeable < 2 {
		t.Errorf("%d of the keys let a forgery verify: the test shows nothing", forgeable)
	}
}

// forged makes a signature without any private key: R the neutral element, S
// zero. It verifies when the hash happens to be a multiple of the key's order.
func forged(public []byte) bool {
	sig := make([]byte, ed25519.SignatureSize)
	sig[0] = 1
	for i := range 64 {
		if ed25519.Verify(public, fmt.Appendf(nil, "text %d", i), sig) {
			return true
		}
	}
	return false
}

func TestOKPKeys(t *testing.T) {
	t.Parallel()
	s := newSigner(t, EdDSA)
	x := string(s.private.Public().(ed25519.PublicKey))
	// Every other number is a y of the curve, so a few tries find out whether
	// the length is looked at: crypto/ed25519 panics on a wrong one.
	for range 24 {
		short := make([]byte, ed25519.PublicKeySize-1)
		_, _ = rand.Read(short)
		_, err := ParseKey(s.jwk(t, map[string]any{"x": encode(string(short))}))
		if err == nil {
			t.Fatalf("%d bytes are accepted", len(short))
		}
	}
	for name, over := range map[string]map[string]any{
		"x missing":      {"x": nil},
		"x empty":        {"x": ""},
		"31 bytes":       {"x": encode(x[1:])},
		"33 bytes":       {"x": encode(x + "\x00")},
		"oversized":      {"x": encode(strings.Repeat(x, 1000))},
		"x is a number":  {"x": 1},
		"crv missing":    {"crv": nil},
		"crv X25519":     {"crv": "X25519"},
		"crv Ed448":      {"crv": "Ed448", "x": encode(x + x[:25])},
		"crv P-256":      {"crv": "P-256"},
		"with padding":   {"x": encode(x) + "="},
		"with line feed": {"x": encode(x)[:20] + "\n" + encode(x)[20:]},
	} {
		_, err := ParseKey(s.jwk(t, over))
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		wantReason(t, err, ReasonInvalidKey)
	}
}

// rfc7638Key is the key of RFC 7638 §3.1.
const rfc7638Key = `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn6` +
	`4tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-b` +
	`FTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`

// Covers RS18.
func TestThumbprint(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ jwk, want string }{
		"RFC 7638 §3.1": {
			rfc7638Key,
			"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		},
		"RFC 8037 A.3": {
			`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
			"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
		},
	} {
		if got := must(ParseKey([]byte(c.jwk)))(t).Thumbprint(); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	for _, alg := range Algorithms() {
		s := newSigner(t, alg)
		theirs := must((&gojose.JSONWebKey{Key: s.private.Public()}).Thumbprint(crypto.SHA256))(t)
		if got := s.key(t).Thumbprint(); got != encode(string(theirs)) || len(got) != base64url.EncodedLen(sha256.Size) {
			t.Errorf("%s: got %s, go-jose gives %s", alg, got, encode(string(theirs)))
		}
	}
}

// TestKeyErrorsHoldNoKey: a private key that went astray is not repeated.
func TestKeyErrorsHoldNoKey(t *testing.T) {
	t.Parallel()
	const secret = "sEcReT7x"
	s := newSigner(t, ES256)
	for _, name := range []string{"d", "k", "x", "crv", "kty", "alg", "use"} {
		_, err := ParseKey(s.jwk(t, map[string]any{name: secret}))
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseKey([]byte(`{"` + secret + `":1,"` + secret + `":2}`)); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("duplicate: %v", err)
	}
}
