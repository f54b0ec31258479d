package senderconstraint_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/reason"
)

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
	issuer, own, other := authtest.NewServer(t, mcpauthtest.Config{}), clientCertificate(t), clientCertificate(t)
	config := authtest.Trusting(issuer.Issuer())
	config.Resources[0].MTLS = &mcpauth.MTLS{}
	door := authtest.NewAuth(t, config).Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	server := httptest.NewUnstartedServer(door)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)

	token, err := issuer.Token(mcpauthtest.TokenClaims{
		Audience: []string{authtest.ResourceID},
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

// Covers RS19: what a proxy forwards must be one certificate of bounded size.
func TestForwardedCertificate(t *testing.T) {
	t.Parallel()
	issuer := authtest.NewServer(t, mcpauthtest.Config{})
	config := authtest.Trusting(issuer.Issuer())
	config.Resources[0].MTLS = &mcpauth.MTLS{ForwardedHeader: "client-cert", TrustedProxies: authtest.Prefixes("10.0.0.0/8")}
	auth := authtest.NewAuth(t, config)
	sequence := func(der []byte) string { return ":" + base64.StdEncoding.EncodeToString(der) + ":" }
	block := func(kind string, der []byte) string {
		return url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
	}
	der := clientCertificate(t).Certificate[0]
	largest, larger := make([]byte, 12285), make([]byte, 12288) // 16,382 and 16,386 bytes as a sequence
	for name, test := range map[string]struct {
		der   []byte
		value string
		want  reason.Reason
	}{
		"byte sequence": {der, sequence(der), ""},
		"PEM":           {der, block("CERTIFICATE", der), ""},
		"PEM of a key":  {der, block("PRIVATE KEY", der), reason.CertificateRequired},
		"line break":    {der, sequence(der)[:40] + "\n" + sequence(der)[40:], reason.CertificateRequired},
		"largest":       {largest, sequence(largest), ""},
		"larger":        {larger, sequence(larger), reason.CertificateRequired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			thumbprint := certificateThumbprint(tls.Certificate{Certificate: [][]byte{test.der}})
			token, err := issuer.Token(mcpauthtest.TokenClaims{
				Audience: []string{authtest.ResourceID}, Extra: map[string]any{"cnf": map[string]any{"x5t#S256": thumbprint}},
			})
			if err != nil {
				t.Fatal(err)
			}
			request := authtest.Bearer(token)
			request.RemoteAddr = "10.0.0.1:4711"
			request.Header.Set("Client-Cert", test.value)
			if got := authtest.ReasonOf(t, auth, request); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
