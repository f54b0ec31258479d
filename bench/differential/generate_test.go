package differential

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

const (
	issuer   = "https://auth.example.com"
	resource = "https://api.example.com/notes"
	now      = 1_795_000_000 // the engine's clock, in November 2026
)

// program is what the fuzzing engine mutates: each byte decides something. When
// it ends every further decision is the usual, valid one, which 0 stands for.
type program struct{ rest []byte }

// pick returns a number below n.
func (p *program) pick(n int) int {
	if len(p.rest) == 0 {
		return 0
	}
	b := p.rest[0]
	p.rest = p.rest[1:]
	return int(b) % n
}

// rarely is true for few values of a byte, so that most of a token stays valid.
func (p *program) rarely() bool { return p.pick(256) >= 240 }

func choose[T any](p *program, values ...T) T { return values[p.pick(len(values))] }

// usually is the first most of the time, else one of the others.
func usually[T any](p *program, first T, others ...T) T {
	if !p.rarely() {
		return first
	}
	return choose(p, others...)
}

// sample is one token and one key set, and how the token came about.
type sample struct {
	token string
	set   []byte

	key     key
	alg     string // signed with
	header  string
	payload []byte
}

// generate runs the program. text goes into header, payload or key verbatim.
func generate(keys []key, data []byte, text string) sample {
	p := &program{data}
	s := sample{key: keys[p.keyIndex(len(keys))]}
	kid := choose(p, "a", "b", "")
	s.alg = p.algorithm(s.key)
	place := p.pick(8) // where text goes
	s.header = p.header(s.alg, kid, textAt(place, 1, text))
	s.payload = p.payload(textAt(place, 2, text), textAt(place, 3, text))
	s.set = p.keySet(keys, s.key, kid, textAt(place, 4, text), textAt(place, 5, text))
	signed := p.encode([]byte(s.header)) + "." + p.encode(s.payload)
	s.token = p.mangle(signed + "." + p.encode(p.mangleSignature(sign(s.key, s.alg, signed), s.key)))
	return s
}

// keyIndex prefers the keys whose cryptography is quick, which stand first.
func (p *program) keyIndex(n int) int {
	i := p.pick(4 * n)
	if i < n {
		return i
	}
	return i % max(1, n-2)
}

func textAt(place, here int, text string) string {
	if place == here {
		return text
	}
	return ""
}

// algorithm is one that the key can sign with.
func (p *program) algorithm(k key) string {
	if k.alg == "RS256" {
		return choose(p, "RS256", "PS256", "RS384", "PS384", "RS512", "PS512")
	}
	return k.alg
}

// header is JSON text: some of what it does cannot come out of an encoder.
func (p *program) header(alg, kid, text string) string {
	named := alg
	if p.rarely() {
		named = choose(p, "none", "HS256", strings.ToLower(alg), "ES256K", "", "RS256", "ES256", "EdDSA", "PS256", "Ed25519")
	}
	if named == "EdDSA" && p.pick(4) == 3 {
		named = "Ed25519"
	}
	members := []string{choose(p, `"alg":`, `"alg" : `, `"\u0061lg":`) + strconv.Quote(named)}
	if typ := choose(p, "at+jwt", "JWT", "", "application/at+jwt", "jose"); typ != "" {
		members = append(members, `"typ":`+strconv.Quote(typ))
	}
	if p.pick(4) != 3 {
		members = append(members, `"kid":`+strconv.Quote(kid))
	}
	if p.rarely() {
		members = append(members, choose(p, `"crit":["b64"],"b64":false`, `"b64":true`, `"crit":[]`, `"crit":["exp"],"exp":1`,
			`"alg":"none"`, `"Alg":"none"`, `"kid":1`, `"kid":null`, `"x5c":[]`, `"x5c":["AAAA"]`, `"jku":"https://evil.example/"`, `"cty":"JWT"`,
			`"jwk":{"kty":"oct","k":"AAAA"}`, `"x5t":"AAAA"`, `"zip":"DEF"`, `"a":[[[[[[[[[[]]]]]]]]]]`, `"a":"\ud800"`, `"a":1e999`, `"typ":"x"`))
	}
	if text != "" {
		members = append(members, text)
	}
	if p.pick(4) == 3 {
		members[0], members[len(members)-1] = members[len(members)-1], members[0]
	}
	return usually(p, "", "\n ", "\ufeff") + "{" + strings.Join(members, usually(p, ",", ", ", ",,")) + "}" + usually(p, "", " ", "{}", "\x00")
}

// payload are claims, mostly valid ones.
func (p *program) payload(whole, member string) []byte {
	if whole != "" {
		return []byte(whole)
	}
	members := []string{`"sub":"u"`, `"iat":` + strconv.Itoa(now)}
	iss := []string{quoted(issuer), quoted(issuer + "/"), quoted("HTTPS://auth.example.com"), `["` + issuer + `"]`, "null", `"https:\/\/auth.example.com"`}
	aud := []string{quoted(resource), `["x",` + quoted(resource) + `]`, quoted(resource + "/"), quoted(resource + "x"), "[]", `[1]`, `{"a":1}`, `[["` + resource + `"]]`}
	exp := []string{strconv.Itoa(now + 60), strconv.Itoa(now - 60), strconv.Itoa(now) + ".5", "1.796e9", "1e400", "-1", `"1796000000"`, "null", "1796000000000", "true", strconv.Itoa(now - 5)}
	members = append(members, `"iss":`+usually(p, iss[0], iss...), `"aud":`+usually(p, aud[0], aud...), `"exp":`+usually(p, exp[0], exp...))
	if p.rarely() {
		members = append(members, choose(p, `"nbf":`+strconv.Itoa(now+60), `"nbf":1`, `"iss":"x"`, `"exp":9999999999`, `"aud":"x"`, `"cnf":{"jkt":"x"}`,
			`"nonce":"x"`, `"\u0065xp":1`, `"Exp":1`, `"iat":`+strconv.Itoa(now+600), `"scope":"a b"`, `"scope":["a"]`))
	}
	if member != "" {
		members = append(members, member)
	}
	return []byte("{" + strings.Join(members, ",") + "}" + usually(p, "", "x", " "))
}

func quoted(s string) string { return `"` + s + `"` }

// keySet holds the token's key, and perhaps others.
func (p *program) keySet(keys []key, used key, kid, member, whole string) []byte {
	var list []string
	for _, k := range keys {
		switch {
		case k.alg == used.alg:
			list = append(list, p.jwk(k, kid, member))
		case p.pick(4) == 3:
			list = append(list, p.jwk(k, choose(p, "z", kid, ""), ""))
		}
	}
	if p.rarely() {
		list = append(list, choose(p, `{"kty":"oct","k":"AAAA"}`, "null", `{"kty":"X"}`, "1", `{}`, `{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`))
	}
	if whole != "" {
		list = append(list, whole)
	}
	return []byte(usually(p, "", " ", "\ufeff") + `{"keys":[` + strings.Join(list, ",") + usually(p, "]}", `],"x":1}`, `],"keys":[]}`, "]} x"))
}

// jwk is the public key with optional members and, rarely, a fault.
func (p *program) jwk(k key, kid, text string) string {
	m := map[string]any{}
	for name, value := range k.jwk {
		m[name] = value
	}
	set := func(name, value string) {
		if value != "" {
			m[name] = value
		}
	}
	set("kid", kid)
	set("alg", usually(p, "", k.alg, "PS256", "ES256", "Ed25519", "HS256", "none"))
	set("use", usually(p, "sig", "", "enc", "x"))
	if ops := usually(p, nil, []string{"verify"}, []string{"sign"}, []string{"verify", "verify"}, []string{}); ops != nil {
		m["key_ops"] = ops
	}
	if p.rarely() {
		name := choose(p, "x", "y", "n", "e", "crv", "kty")
		if old, ok := m[name].(string); ok {
			m[name] = choose(p, "AA"+old, old+"=", strings.ToLower(old), "", old[:len(old)-1], "P-256", "Ed448", "AAEAAQ", "Aw", old+"\n")
		}
	}
	if p.rarely() {
		name := choose(p, "d", "k", "p", "x5c", "x5t", "x5u", "ext", "oth")
		m[name] = choose[any](p, "AAAA", []string{"AAAA"}, true, nil)
	}
	data, err := json.Marshal(m)
	if err != nil {
		return "{}"
	}
	if text != "" {
		return string(data[:len(data)-1]) + "," + text + "}"
	}
	return string(data)
}

// encode is base64url, rarely another encoding of the same bytes.
func (p *program) encode(data []byte) string {
	text := encode(data)
	if !p.rarely() {
		return text
	}
	switch p.pick(6) {
	case 0:
		return base64.URLEncoding.EncodeToString(data)
	case 1:
		return base64.RawStdEncoding.EncodeToString(data)
	case 2:
		return text + "\n"
	case 3:
		return " " + text
	case 4: // bits that mean nothing
		if len(text)%4 == 0 || text == "" {
			return text
		}
		return text[:len(text)-1] + string(text[len(text)-1]+1)
	default:
		return base64.StdEncoding.EncodeToString(data)
	}
}

// mangleSignature changes the signature, mostly not.
func (p *program) mangleSignature(signature []byte, k key) []byte {
	if !p.rarely() || len(signature) == 0 {
		return signature
	}
	half := len(signature) / 2
	switch p.pick(9) {
	case 0:
		signature[p.pick(len(signature))] ^= 1 << p.pick(8)
	case 1:
		return append(signature, 0)
	case 2:
		return append([]byte{0}, signature...)
	case 3:
		return signature[:len(signature)-1]
	case 4:
		return append(signature[half:len(signature):len(signature)], signature[:half]...)
	case 5: // the other s, which verifies too
		public, ok := k.private.Public().(*ecdsa.PublicKey)
		if !ok {
			return signature
		}
		s := new(big.Int).SetBytes(signature[half:])
		s.Sub(public.Params().N, s).FillBytes(signature[half:])
	case 6:
		der, err := asn1.Marshal([]*big.Int{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
		if err == nil {
			return der
		}
	case 7: // the same number modulo n
		public, ok := k.private.Public().(*rsa.PublicKey)
		if !ok {
			return signature
		}
		return new(big.Int).Add(new(big.Int).SetBytes(signature), public.N).Bytes()
	default:
		clear(signature)
	}
	return signature
}

// mangle changes the finished token, mostly not.
func (p *program) mangle(token string) string {
	if !p.rarely() {
		return token
	}
	at := (p.pick(256)*256 + p.pick(256)) % len(token)
	switch p.pick(6) {
	case 0:
		return token[:at] + string(rune(p.pick(128))) + token[at+1:]
	case 1:
		return token[:at] + token[at+1:]
	case 2:
		return token + "."
	case 3:
		return token + ".x"
	case 4:
		parts := strings.Split(token, ".")
		if len(parts) != 3 {
			return token
		}
		return `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`
	default:
		return token[:at] + choose(p, "\n", " ", "\t", "=", "\x00") + token[at:]
	}
}

// sign signs in the way of the algorithm, always the same way: the engine wants
// runs that can be repeated.
func sign(k key, alg, message string) []byte {
	hash := crypto.SHA256
	switch alg[2:] {
	case "384":
		hash = crypto.SHA384
	case "512":
		hash = crypto.SHA512
	}
	h := hash.New()
	h.Write([]byte(message))
	sum := h.Sum(nil)
	var signature []byte
	var err error
	switch private := k.private.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(private, []byte(message))
	case *rsa.PrivateKey:
		if alg[0] == 'P' {
			// Salts of a fixed text: PSS is to be repeatable too.
			signature, err = rsa.SignPSS(zeros{}, private, hash, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			signature, err = rsa.SignPKCS1v15(nil, private, hash, sum)
		}
	case *ecdsa.PrivateKey:
		signature, err = private.Sign(nil, sum, hash) // RFC 6979
		signature = fixedSize(signature, (private.Params().BitSize+7)/8)
	}
	if err != nil {
		panic(err) // key and algorithm belong together
	}
	return signature
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// fixedSize turns DER into the form of RFC 7518 §3.4.
func fixedSize(der []byte, size int) []byte {
	var values struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &values); err != nil {
		return nil
	}
	out := make([]byte, 2*size)
	values.R.FillBytes(out[:size])
	values.S.FillBytes(out[size:])
	return out
}
