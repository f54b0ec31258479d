package verdict

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // SHA-384 and SHA-512 for crypto.Hash
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/metadata"
)

// keyRing holds the keys and certificates that verdict files name: es, es2,
// es384, es512, rs, ed in the default issuer's set, and stranger in none; of
// clients, device, device-rs and device-ed to sign proofs, thief to sign some
// of its own, and certificates laptop and thief.
type keyRing struct {
	private      map[string]crypto.Signer
	certificates map[string]*x509.Certificate
}

func newKeyRing(t *testing.T) *keyRing {
	t.Helper()
	k := &keyRing{private: map[string]crypto.Signer{}, certificates: map[string]*x509.Certificate{}}
	for name, curve := range map[string]elliptic.Curve{
		"es": elliptic.P256(), "es2": elliptic.P256(), "es384": elliptic.P384(), "es512": elliptic.P521(), "stranger": elliptic.P256(),
		"device": elliptic.P256(), "thief": elliptic.P256(),
	} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		k.private[name] = key
	}
	for _, prefix := range []string{"", "device-"} {
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		_, edKey, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		k.private[prefix+"rs"], k.private[prefix+"ed"] = rsaKey, edKey
	}
	k.addCertificates(t)
	return k
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// jwk renders a public key, with members to add or, if null, to remove.
func (k *keyRing) jwk(t *testing.T, name string, change map[string]any) map[string]any {
	t.Helper()
	jwk := map[string]any{"kid": name, "use": "sig"}
	switch pub := k.private[name].Public().(type) {
	case *ecdsa.PublicKey:
		size := (pub.Curve.Params().BitSize + 7) / 8
		point, err := pub.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		jwk["kty"], jwk["crv"] = "EC", pub.Curve.Params().Name
		jwk["x"], jwk["y"] = b64(point[1:1+size]), b64(point[1+size:])
	case *rsa.PublicKey:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", b64(pub.N.Bytes()), b64(big.NewInt(int64(pub.E)).Bytes())
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", b64(pub)
	}
	override(jwk, change)
	return jwk
}

func override(base, change map[string]any) {
	maps.Copy(base, change)
	maps.DeleteFunc(base, func(_ string, v any) bool { return v == nil })
}

// config is the configuration of a verdict file.
type config struct {
	Resources []resource
	Origins   []string
	Leeway    string
	Details   bool
}

type resource struct {
	Identifier string
	Scopes     []string
	Includes   map[string][]string
	Servers    []server
	DPoP       *dpop
	MTLS       *mtls
	Policy     json.RawMessage
}

type server struct {
	Issuer     string
	Audiences  []string
	Clients    []string // AllowedClients
	Algorithms []string
	Types      []string
	ScopeClaim string `json:"scope_claim"`
	// Keys are the names of the keys in its set, all by default.
	Keys []string
	// JWK changes keys of the set: name, then members; null removes one.
	JWK map[string]map[string]any
	// Extra are further members of the JWK Set's keys, as they are.
	Extra []json.RawMessage
	// Unreachable gives metadata and keys that cannot be fetched.
	Unreachable bool
	// Verifier is a custom verifier's answer: claims, "invalid" or "outage".
	Verifier any
	// Introspection adds an introspection endpoint.
	Introspection *introspection
}

const (
	defaultIssuer   = "https://auth.example.com"
	defaultResource = "https://api.example.com/mcp"
)

func (c *config) build(t *testing.T, keys *keyRing, now time.Time) mcpauth.Config {
	t.Helper()
	built := mcpauth.Config{Now: func() time.Time { return now }, DangerouslyShowErrorDetails: c.Details}
	built.CORS.Origins = c.Origins
	if c.Leeway != "" {
		leeway, err := time.ParseDuration(c.Leeway)
		if err != nil {
			t.Fatal(err)
		}
		built.Leeway = leeway
	}
	resources := c.Resources
	if resources == nil {
		resources = []resource{{}}
	}
	for _, r := range resources {
		res := mcpauth.Resource{Identifier: r.Identifier, ScopesSupported: r.Scopes, ScopeIncludes: r.Includes, DPoP: r.DPoP.build(t), MTLS: r.MTLS.build()}
		if res.Identifier == "" {
			res.Identifier = defaultResource
		}
		servers := r.Servers
		if servers == nil {
			servers = []server{{}}
		}
		for _, s := range servers {
			res.AuthorizationServers = append(res.AuthorizationServers, s.build(t, keys, now))
		}
		applyPolicy(t, r.Policy, &res)
		built.Resources = append(built.Resources, res)
	}
	return built
}

func (s server) build(t *testing.T, keys *keyRing, now time.Time) mcpauth.AuthorizationServer {
	t.Helper()
	built := mcpauth.AuthorizationServer{
		Issuer: s.Issuer, Audiences: s.Audiences, AllowedClients: s.Clients, Algorithms: s.Algorithms, TokenTypes: s.Types, ScopeClaim: s.ScopeClaim,
	}
	if built.Issuer == "" {
		built.Issuer = defaultIssuer
	}
	if s.Introspection != nil {
		built.Introspection = s.Introspection.build(t, keys, now)
	}
	switch {
	case s.Verifier != nil:
		built.Verifier = customVerifier(t, s.Verifier, now)
	case s.Unreachable:
		// Port 1 on loopback refuses connections.
		built.Metadata = &metadata.AuthorizationServer{Issuer: built.Issuer, JWKSURI: "http://127.0.0.1:1/jwks"}
	default:
		built.JWKS = s.jwks(t, keys)
	}
	return built
}

func (s server) jwks(t *testing.T, keys *keyRing) []byte {
	t.Helper()
	names := s.Keys
	if names == nil {
		names = []string{"es", "es2", "es384", "es512", "rs", "ed"}
	}
	set := struct {
		Keys []any `json:"keys"`
	}{}
	for _, name := range names {
		set.Keys = append(set.Keys, keys.jwk(t, name, s.JWK[name]))
	}
	for _, extra := range s.Extra {
		set.Keys = append(set.Keys, extra)
	}
	data, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// customVerifier answers every token alike.
func customVerifier(t *testing.T, answer any, now time.Time) mcpauth.Verifier {
	t.Helper()
	var claims *mcpauth.Claims
	var err error
	switch a := answer.(type) {
	case string:
		switch a {
		case "invalid":
			err = fmt.Errorf("%w: unknown", mcpauth.ErrInvalidToken)
		case "outage":
			err = errors.New("connection refused")
		case "nothing":
		default:
			t.Fatalf("verifier %q", a)
		}
	case map[string]any:
		claims = &mcpauth.Claims{Issuer: defaultIssuer, Subject: "alice", Audience: []string{defaultResource}, ExpiresAt: now.Add(time.Hour)}
		if v, ok := a["issuer"].(string); ok {
			claims.Issuer = v
		}
		if v, ok := a["audience"].(string); ok {
			claims.Audience = strings.Fields(v)
		}
		if v, ok := a["scopes"].(string); ok {
			claims.Scopes = strings.Fields(v)
		}
		if v, ok := a["expires_in"].(float64); ok {
			claims.ExpiresAt = now.Add(time.Duration(v) * time.Second)
		}
		if v, ok := a["no_expiry"].(bool); ok && v {
			claims.ExpiresAt = time.Time{}
		}
		if v, ok := a["jkt"].(string); ok {
			claims.Confirmation = &mcpauth.Confirmation{JWKThumbprint: v}
		}
	}
	return mcpauth.VerifierFunc(func(context.Context, string) (*mcpauth.Claims, error) { return claims, err })
}

// tokenSpec says how a token differs from a good one.
type tokenSpec struct {
	// Sign names the key; default es. Alg is how it signs, default the key's own.
	Sign, Alg string
	// Header and Claims change members; null removes one. In Claims, "now"
	// plus or minus seconds stands for a NumericDate, such as "now+60".
	Header, Claims map[string]any
	// RawHeader and RawClaims replace the whole text.
	RawHeader string `json:"raw_header"`
	RawClaims string `json:"raw_claims"`
	// HMAC signs with HMAC-SHA256: "pem" and "jwk" take the public key of Sign
	// as the secret, "empty" the empty one.
	HMAC string
	// Signature replaces the signature: "empty", "zero", "der", "long", "swap", "bits".
	Signature string
	// Edit replaces text in the finished token, old and new in turn.
	Edit []string
	// Literal is the token itself; Pad makes it that long.
	Literal string
	Pad     int
}

func (s *tokenSpec) mint(t *testing.T, keys *keyRing, now time.Time) string {
	t.Helper()
	token := s.Literal
	if token == "" {
		token = s.compact(t, keys, now)
	}
	for i := 0; i+1 < len(s.Edit); i += 2 {
		if !strings.Contains(token, s.Edit[i]) {
			t.Fatalf("edit: no %q", s.Edit[i])
		}
		token = strings.Replace(token, s.Edit[i], s.Edit[i+1], 1)
	}
	if n := s.Pad - len(token); n > 0 {
		token += strings.Repeat("A", n)
	}
	return token
}

func (s *tokenSpec) compact(t *testing.T, keys *keyRing, now time.Time) string {
	t.Helper()
	name := s.Sign
	if name == "" {
		name = "es"
	}
	signer := keys.private[name]
	if signer == nil {
		t.Fatalf("no key %q", name)
	}
	alg := s.Alg
	if alg == "" {
		alg = map[string]string{"es": "ES256", "es2": "ES256", "stranger": "ES256", "es384": "ES384", "es512": "ES512", "rs": "RS256", "ed": "EdDSA"}[name]
	}
	input := b64(s.header(t, name, alg)) + "." + b64(s.claims(t, now))
	var sig []byte
	if s.HMAC != "" {
		sig = hmacSign(t, s.HMAC, keys, name, input)
	} else {
		sig = sign(t, signer, alg, input)
	}
	return input + "." + b64(s.mangle(t, sig))
}

func (s *tokenSpec) header(t *testing.T, kid, alg string) []byte {
	t.Helper()
	if s.RawHeader != "" {
		return []byte(s.RawHeader)
	}
	header := map[string]any{"alg": alg, "typ": "at+jwt", "kid": kid}
	override(header, s.Header)
	return marshal(t, header)
}

func (s *tokenSpec) claims(t *testing.T, now time.Time) []byte {
	t.Helper()
	if s.RawClaims != "" {
		return []byte(s.RawClaims)
	}
	claims := map[string]any{
		"iss": defaultIssuer, "aud": defaultResource, "sub": "alice", "client_id": "client-1",
		"scope": "read write", "iat": now.Unix() - 60, "exp": now.Unix() + 600, "jti": "id-1",
	}
	s.changeClaims(t, now, claims)
	return marshal(t, claims)
}

// changeClaims applies Claims.
func (s *tokenSpec) changeClaims(t *testing.T, now time.Time, claims map[string]any) {
	t.Helper()
	for name, value := range s.Claims {
		if text, ok := value.(string); ok && (text == "now" || strings.HasPrefix(text, "now+") || strings.HasPrefix(text, "now-")) {
			claims[name] = relative(t, now, text)
			continue
		}
		claims[name] = value
	}
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
}

func relative(t *testing.T, now time.Time, text string) any {
	t.Helper()
	if text == "now" {
		return now.Unix()
	}
	d, err := time.ParseDuration(strings.TrimPrefix(text, "now") + "s")
	if err != nil {
		t.Fatal(err)
	}
	return json.Number(fmt.Sprintf("%.3f", float64(now.Add(d).UnixMilli())/1000))
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func hmacSign(t *testing.T, kind string, keys *keyRing, name, input string) []byte {
	t.Helper()
	var secret []byte
	switch kind {
	case "pem":
		der, err := x509.MarshalPKIXPublicKey(keys.private[name].Public())
		if err != nil {
			t.Fatal(err)
		}
		secret = []byte("-----BEGIN PUBLIC KEY-----\n" + base64.StdEncoding.EncodeToString(der) + "\n-----END PUBLIC KEY-----\n")
	case "jwk":
		secret = marshal(t, keys.jwk(t, name, nil))
	case "empty":
	default:
		t.Fatalf("hmac %q", kind)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return mac.Sum(nil)
}

func sign(t *testing.T, key crypto.Signer, alg, input string) []byte {
	t.Helper()
	if ed, ok := key.(ed25519.PrivateKey); ok {
		return ed25519.Sign(ed, []byte(input))
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[len(alg)-3:]]
	h := hash.New()
	h.Write([]byte(input))
	digest := h.Sum(nil)
	var sig []byte
	var err error
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		size := (key.Curve.Params().BitSize + 7) / 8
		r, s, signErr := ecdsa.Sign(rand.Reader, key, digest)
		if err = signErr; err == nil {
			sig = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		}
	case *rsa.PrivateKey:
		var opts crypto.SignerOpts = hash
		if strings.HasPrefix(alg, "PS") {
			opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
		}
		sig, err = key.Sign(rand.Reader, digest, opts)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// mangle makes signatures that some libraries take.
func (s *tokenSpec) mangle(t *testing.T, sig []byte) []byte {
	t.Helper()
	half := len(sig) / 2
	switch s.Signature {
	case "":
		return sig
	case "empty":
		return nil
	case "zero": // CVE-2022-21449
		return make([]byte, len(sig))
	case "long":
		return append(sig, 0)
	case "padded": // r and s with a leading zero byte each
		return append(append([]byte{0}, sig[:half]...), append([]byte{0}, sig[half:]...)...)
	case "swap":
		return append(append([]byte{}, sig[half:]...), sig[:half]...)
	case "bit":
		sig[len(sig)-1] ^= 1
		return sig
	case "der":
		return der(sig[:half], sig[half:])
	}
	t.Fatalf("signature %q", s.Signature)
	return nil
}

// der is the ASN.1 form, which JWS does not use (RFC 7518 §3.4).
func der(r, s []byte) []byte {
	integer := func(b []byte) []byte {
		b = new(big.Int).SetBytes(b).Bytes()
		if len(b) > 0 && b[0] >= 0x80 {
			b = append([]byte{0}, b...)
		}
		return append([]byte{2, byte(len(b))}, b...)
	}
	body := append(integer(r), integer(s)...)
	return append([]byte{0x30, byte(len(body))}, body...)
}
