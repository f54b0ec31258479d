package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/netip"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpauthtest"
)

// Bound is a resource that takes bound tokens, and a client with such a token.
type Bound struct {
	Auth  *mcpauth.Auth
	Key   *mcpauthtest.DPoPKey
	Token string
}

// NewBound makes both.
func NewBound(t *testing.T, dpop *mcpauth.DPoP) *Bound {
	t.Helper()
	server := NewServer(t, mcpauthtest.Config{})
	config := Trusting(server.Issuer())
	config.Resources[0].DPoP = dpop
	key := NewDPoPKey(t)
	return &Bound{NewAuth(t, config), key, Mint(t, server, mcpauthtest.BoundTo(key))}
}

// NewDPoPKey makes the key of a client.
func NewDPoPKey(t *testing.T) *mcpauthtest.DPoPKey {
	t.Helper()
	key, err := mcpauthtest.NewDPoPKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Request is a good one, with a new proof.
func (b *Bound) Request(t *testing.T, nonce string) mcpauth.Request {
	t.Helper()
	header := http.Header{}
	if err := b.Key.Authorize(header, http.MethodPost, ResourceID, b.Token, nonce); err != nil {
		t.Fatal(err)
	}
	return mcpauth.Request{Method: http.MethodPost, URL: "/mcp", Header: header}
}

// Prefixes parses networks; what is none gives the zero one.
func Prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		prefix, _ := netip.ParsePrefix(text)
		list = append(list, prefix)
	}
	return list
}

// Signer makes a key for an algorithm.
func Signer(t *testing.T, alg string) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch alg {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}
