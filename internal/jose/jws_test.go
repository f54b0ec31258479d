package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
)

const payload = `{"iss":"https://as.example.com","sub":"user"}`

func header(alg Algorithm) string { return `{"alg":"` + string(alg) + `"}` }

// Covers RS9.
func TestVerifyEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, alg := range Algorithms() {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			s := newSigner(t, alg)
			for name, token := range map[string]string{
				"standard library": s.token(t, header(alg), payload),
				"go-jose":          goJoseToken(t, s, payload),
			} {
				j := must(Parse(token))(t)
				if err := j.Verify(s.key(t)); err != nil {
					t.Errorf("signed with %s: %v", name, err)
				}
				if j.Header.Algorithm != alg || string(j.Payload) != payload {
					t.Errorf("signed with %s: %+v, payload %s", name, j.Header, j.Payload)
				}
			}
			theirs := must(gojose.ParseSignedCompact(s.token(t, header(alg), payload), []gojose.SignatureAlgorithm{gojose.SignatureAlgorithm(alg)}))(t)
			if got := must(theirs.Verify(s.private.Public()))(t); string(got) != payload {
				t.Errorf("go-jose reads %s", got)
			}
		})
	}
}

func goJoseToken(t *testing.T, s signer, payload string) string {
	t.Helper()
	key := gojose.SigningKey{Algorithm: gojose.SignatureAlgorithm(s.alg), Key: s.private}
	made := must(gojose.NewSigner(key, nil))(t)
	return must(must(made.Sign([]byte(payload)))(t).CompactSerialize())(t)
}

// TestSpecificationExamples verifies the signed examples of RFC 7515 A.3 and
// RFC 8037 A.4.
func TestSpecificationExamples(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ key, token string }{
		"RFC 7515 A.3": {
			`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
			joined("eyJhbGciOiJFUzI1NiJ9",
				"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
				"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
		},
		"RFC 8037 A.4": {
			`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
			joined("eyJhbGciOiJFZERTQSJ9", "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
				"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"),
		},
	} {
		if err := must(Parse(c.token))(t).Verify(must(ParseKey([]byte(c.key)))(t)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEveryCharacterCounts changes the token at each place in turn: because the
// encoding is canonical, no other text stands for the same token.
//
// Covers RS9.
func TestEveryCharacterCounts(t *testing.T) {
	t.Parallel()
	for _, alg := range []Algorithm{ES256, EdDSA, RS256, PS256} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			s := newSigner(t, alg)
			token, key := s.token(t, header(alg), `{"sub":"u"}`), s.key(t)
			for i := range token {
				for _, c := range []byte{token[i] ^ 1, 'A', '_'} {
					if c == token[i] {
						continue
					}
					changed := token[:i] + string(c) + token[i+1:]
					if j, err := Parse(changed); err == nil && j.Verify(key) == nil {
						t.Fatalf("%q at %d: still verifies", c, i)
					}
				}
				for _, changed := range []string{token[:i], token[:i] + token[i+1:], token[:i] + "A" + token[i:], token[i+1:]} {
					if j, err := Parse(changed); changed != token && err == nil && j.Verify(key) == nil {
						t.Fatalf("cut or grown at %d: still verifies", i)
					}
				}
			}
		})
	}
}

// TestHeaderNamesAnotherAlgorithm signs with one algorithm and declares another
// one of the same type of key.
//
// Covers RS9.
func TestHeaderNamesAnotherAlgorithm(t *testing.T) {
	t.Parallel()
	for _, signed := range Algorithms() {
		for _, declared := range Algorithms() {
			s := newSigner(t, signed)
			err := must(Parse(s.token(t, header(declared), payload)))(t).Verify(s.key(t))
			switch {
			case signed == declared:
				if err != nil {
					t.Errorf("%s: %v", signed, err)
				}
			case signed.keyType() == declared.keyType():
				wantReason(t, err, ReasonSignature)
			default:
				wantReason(t, err, ReasonKeyMismatch)
			}
		}
	}
}

// Covers RS9.
func TestSignatureForms(t *testing.T) {
	t.Parallel()
	for _, alg := range Algorithms() {
		s := newSigner(t, alg)
		message := encode(header(alg)) + "." + encode(payload)
		good := s.raw(t, message)
		half := len(good) / 2
		forms := map[string][]byte{
			"one byte less":  good[:len(good)-1],
			"one byte more":  append(bytes.Clone(good), 0),
			"zero in front":  append([]byte{0}, good...),
			"first byte off": good[1:],
			"one byte":       {1},
			"all zero":       make([]byte, len(good)),
			"all ones":       bytes.Repeat([]byte{0xff}, len(good)),
			"doubled":        append(bytes.Clone(good), good...),
			"halves swapped": append(bytes.Clone(good[half:]), good[:half]...),
			"of other text":  s.raw(t, message+"x"),
			"of the payload": s.raw(t, encode(payload)),
		}
		if coordinateSize(alg.keyType()) > 0 {
			r, sig := new(big.Int).SetBytes(good[:half]), new(big.Int).SetBytes(good[half:])
			forms["DER"] = must(asn1.Marshal([]*big.Int{r, sig}))(t)
			forms["r of zero"] = append(make([]byte, half), good[half:]...)
			forms["zero between"] = slices.Concat(good[:half], []byte{0}, good[half:])
			forms["s of zero"] = append(bytes.Clone(good[:half]), make([]byte, half)...)
		}
		key := s.key(t)
		for name, form := range forms {
			if bytes.Equal(form, good) {
				t.Fatalf("%s %s: the form is the signature itself", alg, name)
			}
			err := must(Parse(message + "." + encode(string(form))))(t).Verify(key)
			if err == nil {
				t.Errorf("%s: %s verifies", alg, name)
				continue
			}
			wantReason(t, err, ReasonSignature)
		}
	}
}

// TestSaltLength: RFC 7518 §3.5 has the salt exactly as long as the hash.
//
// Covers RS9.
func TestSaltLength(t *testing.T) {
	t.Parallel()
	for _, alg := range []Algorithm{PS256, PS384, PS512} {
		s := newSigner(t, alg)
		hash := alg.hash()
		message := encode(header(alg)) + "." + encode(payload)
		h := hash.New()
		h.Write([]byte(message))
		for _, salt := range []int{rsa.PSSSaltLengthAuto, 1, 20, hash.Size() - 1, hash.Size() + 1, hash.Size()} {
			sig := must(rsa.SignPSS(rand.Reader, s.private.(*rsa.PrivateKey), hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: salt}))(t)
			err := must(Parse(message + "." + encode(string(sig))))(t).Verify(s.key(t))
			if (err == nil) != (salt == hash.Size()) {
				t.Errorf("%s with a salt of %d bytes: %v", alg, salt, err)
			}
		}
	}
}

// TestPublicKeyIsNoSecret makes MACs with every form of the public key, the
// attack on libraries that take the algorithm from the header.
//
// Covers RS9.
func TestPublicKeyIsNoSecret(t *testing.T) {
	t.Parallel()
	s := newSigner(t, RS256)
	der := must(x509.MarshalPKIXPublicKey(s.private.Public()))(t)
	for _, secret := range [][]byte{s.jwk(t, nil), der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), {}} {
		for _, alg := range []string{"HS256", "RS256"} {
			message := encode(`{"alg":"`+alg+`"}`) + "." + encode(payload)
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(message))
			j, err := Parse(message + "." + encode(string(mac.Sum(nil))))
			if alg == "HS256" {
				wantReason(t, err, ReasonUnsupportedAlgorithm)
				continue
			}
			if err == nil {
				err = j.Verify(s.key(t))
			}
			wantReason(t, err, ReasonSignature)
		}
	}
}

// TestKeysInTheHeaderAreNotUsed signs with a key that the token brings along.
//
// Covers RS9.
func TestKeysInTheHeaderAreNotUsed(t *testing.T) {
	t.Parallel()
	trusted := newSigner(t, ES256)
	attacker := signer{ES256, must(ecdsa.GenerateKey(trusted.private.Public().(*ecdsa.PublicKey).Curve, rand.Reader))(t)}
	set := must(ParseKeySet(setOf(trusted.jwk(t, map[string]any{"kid": "k1"}))))(t)
	for name, extra := range map[string]string{
		"jwk":      `"jwk":` + string(attacker.jwk(t, map[string]any{"kid": "k1"})),
		"jku":      `"jku":"https://attacker.example/jwks.json"`,
		"x5u":      `"x5u":"https://attacker.example/chain.pem"`,
		"x5c":      `"x5c":["MIIB"]`,
		"x5t":      `"x5t":"AAAA"`,
		"x5t#S256": `"x5t#S256":"AAAA"`,
	} {
		head := `{"alg":"ES256","kid":"k1",` + extra + `}`
		if holds(set, attacker.token(t, head, payload)) {
			t.Errorf("%s: the token's own key verifies it", name)
		}
		if !holds(set, trusted.token(t, head, payload)) {
			t.Errorf("%s: a parameter that is to be ignored spoils the token", name)
		}
	}
	raw := attacker.jwk(t, nil)
	j := must(Parse(attacker.token(t, `{"alg":"ES256","jwk": `+string(raw)+` }`, payload)))(t)
	if !bytes.Equal(j.Header.JWK, raw) {
		t.Errorf("the header's jwk reads %s", j.Header.JWK)
	}
	if err := j.Verify(must(ParseKey(j.Header.JWK))(t)); err != nil {
		t.Errorf("as a DPoP proof it has to verify: %v", err)
	}
}

// Covers RS9.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	good := newSigner(t, ES256).token(t, header(ES256), payload)
	parts := strings.Split(good, ".")
	h, p, s := parts[0], parts[1], parts[2]
	withHeader := func(header string) string { return joined(encode(header), p, s) }
	// The last character of a part may carry bits that belong to no byte: set
	// here, they are zero in the canonical encoding.
	const loose = "eyJhbGciOiJFUzI1NiJ9Ch"
	for name, c := range map[string]struct {
		token  string
		reason Reason
	}{
		"empty":                     {"", ReasonMalformed},
		"one part":                  {h, ReasonMalformed},
		"two parts":                 {joined(h, p), ReasonMalformed},
		"four parts":                {joined(h, p, s, s), ReasonMalformed},
		"five parts":                {joined(h, p, s, s, s), ReasonMalformed},
		"dots only":                 {"..", ReasonMalformed},
		"no header":                 {joined("", p, s), ReasonMalformed},
		"no signature":              {joined(h, p, ""), ReasonMalformed},
		"dot behind":                {good + ".", ReasonMalformed},
		"JSON serialization":        {`{"payload":"` + p + `","protected":"` + h + `","signature":"` + s + `"}`, ReasonMalformed},
		"scheme in front":           {"Bearer " + good, ReasonMalformed},
		"space in front":            {" " + good, ReasonMalformed},
		"space behind":              {good + " ", ReasonMalformed},
		"line feed behind":          {good + "\n", ReasonMalformed},
		"line feed in the header":   {joined(h[:4]+"\n"+h[4:], p, s), ReasonMalformed},
		"return in the payload":     {joined(h, p[:4]+"\r"+p[4:], s), ReasonMalformed},
		"both in the signature":     {joined(h, p, s[:4]+"\r\n"+s[4:]), ReasonMalformed},
		"zero byte":                 {joined(h, p, s+"\x00"), ReasonMalformed},
		"not ASCII":                 {joined(h, p, s+"é"), ReasonMalformed},
		"padding on the header":     {joined(encode(`{"alg":"ES256" }`)+"==", p, s), ReasonMalformed},
		"padding on the payload":    {joined(h, "Zg==", s), ReasonMalformed},
		"padding on the signature":  {joined(h, p, s+"=="), ReasonMalformed},
		"base64 with + and /":       {joined(h, "-_-_", "+/+/"), ReasonMalformed},
		"impossible length":         {joined(h, "A", s), ReasonMalformed},
		"loose bits in the header":  {joined(loose, p, s), ReasonMalformed},
		"loose bits in the payload": {joined(h, "ZR", s), ReasonMalformed},
		"loose bits in signature":   {joined(h, p, s[:len(s)-1]+"_"), ReasonMalformed},
		"header is no JSON":         {withHeader("x"), ReasonMalformed},
		"header is an array":        {withHeader(`["ES256"]`), ReasonMalformed},
		"header is null":            {withHeader(`null`), ReasonMalformed},
		"header with text behind":   {withHeader(header(ES256) + "x"), ReasonMalformed},
		"header twice":              {withHeader(header(ES256) + header(ES256)), ReasonMalformed},
		"header with a mark":        {withHeader("\uFEFF" + header(ES256)), ReasonMalformed},
		"header of bad UTF-8":       {withHeader("{\"alg\":\"ES256\",\"kid\":\"\xff\"}"), ReasonMalformed},
		"header too deep":           {withHeader(`{"alg":"ES256","x":` + strings.Repeat("[", 8) + strings.Repeat("]", 8) + `}`), ReasonMalformed},
		"alg twice":                 {withHeader(`{"alg":"ES256","alg":"ES256"}`), ReasonMalformed},
		"alg twice by escape":       {withHeader(`{"alg":"ES256","\u0061lg":"none"}`), ReasonMalformed},
		"kid twice":                 {withHeader(`{"alg":"ES256","kid":"a","kid":"b"}`), ReasonMalformed},
		"member of jwk twice":       {withHeader(`{"alg":"ES256","jwk":{"kty":"EC","kty":"RSA"}}`), ReasonMalformed},
		"no alg":                    {withHeader(`{"typ":"at+jwt"}`), ReasonMalformed},
		"no members":                {withHeader(`{}`), ReasonMalformed},
		"alg in capitals":           {withHeader(`{"ALG":"ES256"}`), ReasonMalformed},
		"alg is a number":           {withHeader(`{"alg":256}`), ReasonMalformed},
		"alg is null":               {withHeader(`{"alg":null}`), ReasonMalformed},
		"alg is an array":           {withHeader(`{"alg":["ES256"]}`), ReasonMalformed},
		"kid is a number":           {withHeader(`{"alg":"ES256","kid":1}`), ReasonMalformed},
		"kid is null":               {withHeader(`{"alg":"ES256","kid":null}`), ReasonMalformed},
		"typ is a number":           {withHeader(`{"alg":"ES256","typ":1}`), ReasonMalformed},
		"cty is an object":          {withHeader(`{"alg":"ES256","cty":{}}`), ReasonMalformed},
		"crit":                      {withHeader(`{"alg":"ES256","crit":["exp"],"exp":1}`), ReasonUnsupportedExtension},
		"crit of nothing":           {withHeader(`{"alg":"ES256","crit":[]}`), ReasonUnsupportedExtension},
		"crit with b64":             {withHeader(`{"alg":"ES256","crit":["b64"],"b64":false}`), ReasonUnsupportedExtension},
		"crit by escape":            {withHeader(`{"alg":"ES256","\u0063rit":["x"]}`), ReasonUnsupportedExtension},
		"b64 false":                 {withHeader(`{"alg":"ES256","b64":false}`), ReasonUnsupportedExtension},
		"b64 true":                  {withHeader(`{"alg":"ES256","b64":true}`), ReasonUnsupportedExtension},
		"too large":                 {joined(h, strings.Repeat("A", MaxTokenSize), s), ReasonTooLarge},
		"too large and no token":    {strings.Repeat(".", MaxTokenSize+1), ReasonTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, err := Parse(c.token)
			wantReason(t, err, c.reason)
			if j != nil {
				t.Error("a token is returned beside the error")
			}
		})
	}
}

// Covers RS9.
func TestUnsupportedAlgorithms(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"none", "None", "NONE", "nOnE", "", " ", "HS256", "HS384", "HS512", "hs256", "rs256", "es256", "eddsa", "ED25519", "Ed448",
		"ES256K", "ES521", "RS1", "RS128", "PS1", "RSA1_5", "RSA-OAEP", "dir", "A128GCM", "ML-DSA-44", "ESP256", "RS256 ", " RS256", "RS256\u0000",
	} {
		quoted := must(json.Marshal(name))(t)
		_, err := Parse(joined(encode(`{"alg":`+string(quoted)+`}`), encode(payload), "AAAA"))
		wantReason(t, err, ReasonUnsupportedAlgorithm)
		if alg, ok := ParseAlgorithm(name); ok || alg != "" {
			t.Errorf("ParseAlgorithm(%q) = %q, %t", name, alg, ok)
		}
	}
}

func TestParseReadsTheHeader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header string
		want   Header
	}{
		"alg only":        {`{"alg":"ES256"}`, Header{Algorithm: ES256}},
		"all":             {`{"alg":"RS256","kid":"k","typ":"at+jwt","cty":"x"}`, Header{Algorithm: RS256, KeyID: "k", HasKeyID: true, Type: "at+jwt"}},
		"white space":     {" {\r\n\t\"alg\" : \"ES256\" } ", Header{Algorithm: ES256}},
		"escapes":         {`{"\u0061lg":"\u0045S256","kid":"\u00e9","typ":"at\u002bjwt"}`, Header{Algorithm: ES256, KeyID: "é", HasKeyID: true, Type: "at+jwt"}},
		"empty kid":       {`{"alg":"ES256","kid":""}`, Header{Algorithm: ES256, HasKeyID: true}},
		"typ as it is":    {`{"alg":"ES256","typ":"application/AT+JWT"}`, Header{Algorithm: ES256, Type: "application/AT+JWT"}},
		"typ of DPoP":     {`{"alg":"ES256","typ":"dpop+jwt"}`, Header{Algorithm: ES256, Type: "dpop+jwt"}},
		"typ JWT":         {`{"alg":"ES256","typ":"JWT"}`, Header{Algorithm: ES256, Type: "JWT"}},
		"empty typ":       {`{"alg":"ES256","typ":""}`, Header{Algorithm: ES256}},
		"Ed25519":         {`{"alg":"Ed25519"}`, Header{Algorithm: EdDSA}},
		"others ignored":  {`{"alg":"ES256","iat":1,"x":{"y":[{}]},"Kid":"no","zip":"DEF"}`, Header{Algorithm: ES256}},
		"jwk of any kind": {`{"alg":"ES256","jwk":7}`, Header{Algorithm: ES256, JWK: []byte("7")}},
	} {
		j, err := Parse(joined(encode(c.header), "", "AAAA"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if fmt.Sprintf("%+v", j.Header) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%s: got %+v, want %+v", name, j.Header, c.want)
		}
		if len(j.Payload) != 0 {
			t.Errorf("%s: payload %q, want none", name, j.Payload)
		}
	}
}

// TestEd25519Name: RFC 9864 names the algorithm of EdDSA keys on this curve
// anew; either name in the token fits either name in the key.
func TestEd25519Name(t *testing.T) {
	t.Parallel()
	s := newSigner(t, EdDSA)
	for _, inToken := range []string{"EdDSA", "Ed25519"} {
		j := must(Parse(s.token(t, `{"alg":"`+inToken+`"}`, payload)))(t)
		for _, inKey := range []any{"EdDSA", "Ed25519", nil} {
			if err := j.Verify(must(ParseKey(s.jwk(t, map[string]any{"alg": inKey})))(t)); err != nil {
				t.Errorf("token %s, key %v: %v", inToken, inKey, err)
			}
		}
		wantReason(t, j.Verify(newSigner(t, ES256).key(t)), ReasonKeyMismatch)
	}
}

func TestLargestToken(t *testing.T) {
	t.Parallel()
	s := newSigner(t, EdDSA)
	fixed := len(s.token(t, header(EdDSA), ""))
	body := strings.Repeat("x", (MaxTokenSize-fixed)*3/4)
	if token := s.token(t, header(EdDSA), body); len(token) != MaxTokenSize {
		t.Fatalf("made a token of %d bytes, want %d", len(token), MaxTokenSize)
	} else if err := must(Parse(token))(t).Verify(s.key(t)); err != nil {
		t.Error(err)
	}
	_, err := Parse(s.token(t, header(EdDSA), body+"x"))
	wantReason(t, err, ReasonTooLarge)
}

// TestZeroValuesDeny: whatever was not made by this package verifies nothing.
func TestZeroValuesDeny(t *testing.T) {
	t.Parallel()
	s := newSigner(t, ES256)
	j := must(Parse(s.token(t, header(ES256), payload)))(t)
	for name, err := range map[string]error{
		"nil key":              j.Verify(nil),
		"zero key":             j.Verify(new(Key)),
		"zero token":           new(JWS).Verify(s.key(t)),
		"zero token, zero key": new(JWS).Verify(new(Key)),
		"altered algorithm":    (&JWS{Header: Header{Algorithm: "none"}}).Verify(s.key(t)),
		"no signature":         (&JWS{Header: Header{Algorithm: ES256}}).Verify(s.key(t)),
	} {
		if err == nil {
			t.Errorf("%s verifies", name)
		}
	}
	if new(Key).Allows("") || new(Key).Allows(ES256) || s.key(t).Allows("") {
		t.Error("a key allows what it must not")
	}
	var set KeySet
	if set.Len() != 0 || set.Candidates(j.Header) != nil {
		t.Error("the zero set has keys")
	}
}

// TestPartsDoNotOverlap: a caller that appends to the payload does not write
// into the signature, which lies behind it.
func TestPartsDoNotOverlap(t *testing.T) {
	t.Parallel()
	s := newSigner(t, EdDSA)
	j := must(Parse(s.token(t, header(EdDSA), payload)))(t)
	_ = append(j.Payload, "x"...)
	_ = append(j.Header.JWK, 'x')
	if err := j.Verify(s.key(t)); err != nil {
		t.Error(err)
	}
}

// TestNothingOfATokenIsShown prints and logs tokens and the errors they cause.
func TestNothingOfATokenIsShown(t *testing.T) {
	t.Parallel()
	const secret = "sEcReT7"
	s := newSigner(t, ES256)
	token := s.token(t, `{"alg":"ES256","kid":"`+secret+`"}`, secret)
	j := must(Parse(token))(t)
	var shown bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&shown, verb+verb, j, *j)
	}
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("token", "jws", j, "value", *j)
	slog.New(slog.NewTextHandler(&shown, nil)).Info("token", "jws", j, "value", *j)
	fmt.Fprintln(&shown, j.Verify(newSigner(t, RS256).key(t)))
	other := newSigner(t, ES256)
	other.private = must(ecdsa.GenerateKey(s.private.Public().(*ecdsa.PublicKey).Curve, rand.Reader))(t)
	fmt.Fprintln(&shown, j.Verify(other.key(t)))
	for _, bad := range []string{
		secret, joined(secret, secret, secret), token + secret, token + "\n",
		joined(encode(`{"alg":"`+secret+`"}`), encode(secret), "AAAA"), joined(encode(secret), encode(secret), "AAAA"),
		joined(encode(`{"alg":"ES256","kid":{"`+secret+`":1}}`), "", "AAAA"),
		joined(encode(`{"alg":"ES256","`+secret+`":1,"`+secret+`":2}`), "", "AAAA"),
		joined(encode(`{"alg":"ES256","crit":["`+secret+`"]}`), "", "AAAA"),
	} {
		_, err := Parse(bad)
		if err == nil {
			t.Errorf("%q was parsed", bad)
		}
		fmt.Fprintln(&shown, err)
	}
	for _, leak := range []string{secret, encode(secret), strings.Split(token, ".")[2], fmt.Sprintf("%x", secret)} {
		if strings.Contains(shown.String(), leak) {
			t.Errorf("%q is shown in:\n%s", leak, shown.String())
		}
	}
	if !strings.Contains(shown.String(), redacted) {
		t.Error("nothing was printed at all")
	}
}

// TestDERMatchesTheStandardLibrary compares the encoding of (r, s) with
// encoding/asn1, at all lengths that leading zeros leave and with either value
// of the high bit.
func TestDERMatchesTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, size := range []int{32, 48, 66} {
		var numbers [][]byte
		for length := range size + 1 {
			for _, first := range []byte{0x01, 0x7f, 0x80, 0xff} {
				n := make([]byte, size)
				if length > 0 {
					_, _ = rand.Read(n[size-length:])
					n[size-length] = first
				}
				numbers = append(numbers, n)
			}
		}
		for _, r := range numbers {
			for _, s := range numbers {
				got := appendDER(nil, r, s)
				want := must(asn1.Marshal([]*big.Int{new(big.Int).SetBytes(r), new(big.Int).SetBytes(s)}))(t)
				if !bytes.Equal(got, want) {
					t.Fatalf("r %x, s %x: got %x, want %x", r, s, got, want)
				}
				if len(got) > maxDERSize {
					t.Fatalf("%d bytes, more than the buffer has", len(got))
				}
			}
		}
	}
}

// TestHashOfEachAlgorithm holds the digest to the algorithm's name.
func TestHashOfEachAlgorithm(t *testing.T) {
	t.Parallel()
	for _, alg := range Algorithms() {
		if alg == EdDSA {
			continue
		}
		want := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[string(alg[2:])]
		var buf [64]byte
		h := want.New()
		h.Write([]byte("text"))
		if got := digest(alg.hash(), []byte("text"), &buf); alg.hash() != want || !bytes.Equal(got, h.Sum(nil)) {
			t.Errorf("%s: %v, digest %x", alg, alg.hash(), got)
		}
	}
}
