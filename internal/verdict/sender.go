package verdict

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/txtar"
)

// dpop configures DPoP of a resource.
type dpop struct {
	Required, Nonce bool
	Algorithms      []string
	Lifetime        string
	// Cache is the size of the replay cache, or its fault: "outage".
	Cache any
}

func (d *dpop) build(t *testing.T) *mcpauth.DPoP {
	t.Helper()
	if d == nil {
		return nil
	}
	built := &mcpauth.DPoP{Required: d.Required, RequireNonce: d.Nonce, Algorithms: d.Algorithms}
	if d.Nonce {
		built.NonceKey = []byte("0123456789abcdef0123456789abcdef")
	}
	if d.Lifetime != "" {
		lifetime, err := time.ParseDuration(d.Lifetime)
		if err != nil {
			t.Fatal(err)
		}
		built.ProofLifetime = lifetime
	}
	switch cache := d.Cache.(type) {
	case nil:
	case float64:
		built.ReplayCacheSize = int(cache)
	case string:
		built.ReplayCache = brokenCache{}
	default:
		t.Fatalf("cache %v", cache)
	}
	return built
}

// brokenCache is a replay cache that cannot be reached.
type brokenCache struct{}

func (brokenCache) Seen(context.Context, string, time.Time) (bool, error) {
	return false, errors.New("connection refused")
}

// mtls configures MTLS of a resource.
type mtls struct {
	Required bool
	Header   string
	Proxies  []netip.Prefix
}

func (m *mtls) build() *mcpauth.MTLS {
	if m == nil {
		return nil
	}
	return &mcpauth.MTLS{Required: m.Required, ForwardedHeader: m.Header, TrustedProxies: m.Proxies}
}

// connection is where a request comes from.
type connection struct {
	// Remote is the peer's address.
	Remote string
	// Certificate names the one the peer presented in TLS.
	Certificate string
	// TLS says that there is TLS, with or without a certificate.
	TLS bool
}

func (c *connection) apply(keys *keyRing, r *http.Request) {
	r.TLS = nil
	if c.Remote != "" {
		r.RemoteAddr = c.Remote
	}
	if c.TLS || c.Certificate != "" {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
	if c.Certificate != "" {
		r.TLS.PeerCertificates = []*x509.Certificate{keys.certificates[c.Certificate]}
	}
}

func (k *keyRing) addCertificates(t *testing.T) {
	t.Helper()
	for serial, name := range []string{"laptop", "thief"} {
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(serial + 1)), DNSNames: []string{name + ".example"}}
		key := k.private["device"]
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		if k.certificates[name], err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
}

// thumbprint is RFC 7638, written apart from the code under test.
func (k *keyRing) thumbprint(t *testing.T, name string) string {
	t.Helper()
	jwk := k.jwk(t, name, nil)
	maps.DeleteFunc(jwk, func(member string, _ any) bool {
		return !strings.Contains(" crv e kty n x y ", " "+member+" ")
	})
	sum := sha256.Sum256(marshal(t, jwk)) // sorted, without white space
	return b64(sum[:])
}

// placeholder stands in sections for what is made anew in each run: {jkt.KEY},
// {x5t.CERTIFICATE}, {cert.CERTIFICATE} as RFC 9440 has it, {pem.CERTIFICATE}
// as nginx has it, {nonce} for the present nonce, {nonce-120} for an older one.
var placeholder = regexp.MustCompile(`\{(jkt|x5t|cert|pem|nonce)([.+-][a-z0-9-]+)?\}`)

// expand copies the sections of these kinds, with placeholders filled in.
func (c *testCase) expand(t *testing.T, archive *txtar.Archive, kinds ...string) *txtar.Archive {
	t.Helper()
	expanded := &txtar.Archive{}
	for _, f := range archive.Files {
		if kind, _, _ := strings.Cut(f.Name, "."); !slices.Contains(kinds, kind) {
			continue
		}
		f.Data = placeholder.ReplaceAllFunc(f.Data, func(match []byte) []byte {
			parts := placeholder.FindSubmatch(match)
			return []byte(c.placeholder(t, string(parts[1]), strings.TrimPrefix(string(parts[2]), ".")))
		})
		expanded.Files = append(expanded.Files, f)
	}
	return expanded
}

func (c *testCase) placeholder(t *testing.T, kind, name string) string {
	t.Helper()
	switch kind {
	case "jkt":
		return c.keys.thumbprint(t, name)
	case "nonce":
		return c.nonce(t, name)
	}
	certificate := c.keys.certificates[name]
	if certificate == nil {
		t.Fatalf("no certificate %q", name)
	}
	switch kind {
	case "x5t":
		sum := sha256.Sum256(certificate.Raw)
		return b64(sum[:])
	case "cert":
		return ":" + base64.StdEncoding.EncodeToString(certificate.Raw) + ":"
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	return strings.ReplaceAll(url.QueryEscape(string(block)), "+", "%20")
}

// nonce is that of another time, on a server with the same key.
func (c *testCase) nonce(t *testing.T, offset string) string {
	t.Helper()
	if offset == "" {
		offset = "+0"
	}
	d, err := time.ParseDuration(offset + "s")
	if err != nil {
		t.Fatal(err)
	}
	built := c.config
	now := built.Now().Add(d)
	built.Now = func() time.Time { return now }
	other, err := mcpauth.New(built)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	return other.DPoPNonce(c.protection.Resource)
}

// proofSpec says how a DPoP proof differs from a good one, which the key device
// signs for a POST to the default resource with the token of the section token.
type proofSpec struct {
	tokenSpec
	// JWK changes the key in the header; null removes a member. Embed names
	// another key than the one that signs.
	JWK   map[string]any
	Embed string
	// Token names the section of the token that ath is for.
	Token string
}

func (p *proofSpec) mint(t *testing.T, keys *keyRing, now time.Time, tokens map[string]string) string {
	t.Helper()
	if p.Sign == "" {
		p.Sign = "device"
	}
	if p.Alg == "" {
		p.Alg = map[string]string{"device-rs": "RS256", "device-ed": "EdDSA", "es384": "ES384", "es512": "ES512"}[p.Sign]
	}
	if p.Alg == "" {
		p.Alg = "ES256"
	}
	if p.Embed == "" {
		p.Embed = p.Sign
	}
	if p.Token == "" {
		p.Token = "token"
	}
	jwk := keys.jwk(t, p.Embed, map[string]any{"kid": nil, "use": nil})
	override(jwk, p.JWK)
	header := map[string]any{"alg": p.Alg, "typ": "dpop+jwt", "jwk": jwk}
	override(header, p.Header)
	hash := sha256.Sum256([]byte(tokens[p.Token]))
	claims := map[string]any{
		"jti": "proof-1", "htm": "POST", "htu": defaultResource, "iat": now.Unix(), "ath": b64(hash[:]),
	}
	p.changeClaims(t, now, claims)
	if p.RawHeader == "" {
		p.RawHeader = string(marshal(t, header))
	}
	if p.RawClaims == "" {
		p.RawClaims = string(marshal(t, claims))
	}
	return p.tokenSpec.mint(t, keys, now)
}

// sections calls visit for the section of that name, present or not, and for
// those called name.ANYTHING.
func sections(archive *txtar.Archive, name string, visit func(name string)) {
	visit(name)
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, name+".") {
			visit(f.Name)
		}
	}
}

// mintAll makes the tokens and proofs of a file, by section.
func mintAll(t *testing.T, archive *txtar.Archive, keys *keyRing, now time.Time) (tokens, proofs map[string]string) {
	t.Helper()
	tokens, proofs = map[string]string{}, map[string]string{}
	sections(archive, "token", func(name string) {
		var spec tokenSpec
		decode(t, archive, name, &spec)
		tokens[name] = spec.mint(t, keys, now)
	})
	sections(archive, "proof", func(name string) {
		var spec proofSpec
		decode(t, archive, name, &spec)
		proofs[name] = spec.mint(t, keys, now, tokens)
	})
	return tokens, proofs
}
