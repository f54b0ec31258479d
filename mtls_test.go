package mcpauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/mcpauthtest"
)

// prefixes parses networks; what is none gives the zero one.
func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		prefix, _ := netip.ParsePrefix(text)
		list = append(list, prefix)
	}
	return list
}

func clientCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func certificateThumbprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Covers RS19: over a real TLS connection, with self-signed certificates.
func TestMTLSConnection(t *testing.T) {
	t.Parallel()
	issuer, own, other := newServer(t, mcpauthtest.Config{}), clientCertificate(t), clientCertificate(t)
	config := trusting(issuer.Issuer())
	config.Resources[0].MTLS = &mcpauth.MTLS{}
	door := newAuth(t, config).Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	server := httptest.NewUnstartedServer(door)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)

	token, err := issuer.Token(mcpauthtest.TokenClaims{
		Audience: []string{resourceID},
		Extra:    map[string]any{"cnf": map[string]any{"x5t#S256": certificateThumbprint(own)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		certificates []tls.Certificate
		want         int
	}{
		"own certificate":     {[]tls.Certificate{own}, http.StatusNoContent},
		"another certificate": {[]tls.Certificate{other}, http.StatusUnauthorized},
		"no certificate":      {nil, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			client := server.Client()
			transport := client.Transport.(*http.Transport).Clone()
			transport.TLSClientConfig.Certificates = test.certificates
			defer transport.CloseIdleConnections()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/mcp", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+token)
			response, err := (&http.Client{Transport: transport}).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if response.StatusCode != test.want {
				t.Errorf("status %d, want %d", response.StatusCode, test.want)
			}
		})
	}
}
