package mcpauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/netip"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// maxCertificateHeader bounds a forwarded certificate, in bytes.
const maxCertificateHeader = 16 << 10

// MTLS lets a resource accept access tokens that are bound to the client's
// certificate (RFC 8705 §3). The zero value accepts them beside others, and
// compares them with the certificate of the TLS connection: the server must ask
// for one (tls.Config.ClientAuth). It need not verify the certificate's issuer:
// the token names the one certificate that it is for.
type MTLS struct {
	// Required refuses every token that is not bound to a certificate.
	Required bool
	// ForwardedHeader is the header in which a proxy that terminates TLS hands
	// over the client's certificate: "Client-Cert" in the form of RFC 9440, or
	// any other with URL-encoded PEM, as nginx writes it
	// ($ssl_client_escaped_cert). The proxy must remove the header from what
	// clients send.
	ForwardedHeader string
	// TrustedProxies are the networks of those proxies. The header counts only
	// in requests from there, and in those nothing but the header counts: the
	// connection's certificate is then the proxy's own.
	TrustedProxies []netip.Prefix
}

func (m *MTLS) clone() *MTLS {
	if m == nil {
		return nil
	}
	c := *m
	c.TrustedProxies = slices.Clone(m.TrustedProxies)
	return &c
}

func (m *MTLS) check(f *faults, field string) {
	if m == nil {
		return
	}
	if (m.ForwardedHeader == "") != (len(m.TrustedProxies) == 0) {
		f.add(IncompleteForwarding, "", "%s.ForwardedHeader and TrustedProxies", field)
	}
	if !validHeaderName(m.ForwardedHeader) {
		f.add(InvalidHeaderName, m.ForwardedHeader, "%s.ForwardedHeader", field)
	}
	for i, network := range m.TrustedProxies {
		if !network.IsValid() || network.Bits() == 0 {
			f.add(InvalidProxyNetwork, network.String(), "%s.TrustedProxies[%d]", field, i)
		}
	}
}

// validHeaderName accepts letters, digits and "-", and no name at all.
func validHeaderName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	})
}

// certificateChecker is a resource's MTLS, ready for use.
type certificateChecker struct {
	required bool
	header   string // canonical, "" for none
	proxies  []netip.Prefix
}

func newCertificateChecker(m *MTLS) *certificateChecker {
	if m == nil {
		return nil
	}
	return &certificateChecker{m.Required, textproto.CanonicalMIMEHeaderKey(m.ForwardedHeader), m.TrustedProxies}
}

// check compares the certificate with the token's x5t#S256, "" for a token that
// is bound to none.
func (m *certificateChecker) check(req *Request, thumbprint string) *refusal.Refusal {
	switch {
	case thumbprint == "" && (m == nil || !m.required):
		return nil
	case thumbprint == "":
		return refusal.InvalidToken(reason.CertificateRequired, "the token is not bound to a certificate")
	case m == nil:
		return refusal.InvalidToken(reason.SenderConstraint, "the token is bound to a certificate (cnf), which this resource does not check")
	}
	certificate, err := m.certificate(req)
	if err != nil {
		return refusal.RejectedToken(reason.CertificateRequired, err)
	}
	sum := sha256.Sum256(certificate)
	presented := base64.RawURLEncoding.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(presented), []byte(thumbprint)) != 1 {
		return refusal.InvalidToken(reason.WrongCertificate, "the token is bound to another certificate")
	}
	return nil
}

var (
	errNoCertificate  = errors.New("the connection has no client certificate")
	errNotForwarded   = errors.New("the proxy forwarded not exactly one client certificate")
	errBadCertificate = errors.New("the forwarded certificate cannot be read")
)

// certificate returns the DER form of the client's certificate.
func (m *certificateChecker) certificate(req *Request) ([]byte, error) {
	if m.fromProxy(req.RemoteAddr) {
		values := req.Header[m.header]
		if len(values) != 1 {
			return nil, errNotForwarded
		}
		return forwardedCertificate(values[0])
	}
	if req.TLS == nil || len(req.TLS.PeerCertificates) == 0 {
		return nil, errNoCertificate
	}
	return req.TLS.PeerCertificates[0].Raw, nil
}

// fromProxy reports whether the address of the peer is one of a trusted proxy.
func (m *certificateChecker) fromProxy(remote string) bool {
	if m.header == "" {
		return false
	}
	addr, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	ip := addr.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(m.proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// forwardedCertificate reads a byte sequence (RFC 9440 §2.1, RFC 8941 §3.3.5)
// or URL-encoded PEM. The first character tells which.
func forwardedCertificate(value string) ([]byte, error) {
	if len(value) > maxCertificateHeader {
		return nil, errBadCertificate
	}
	if sequence, ok := strings.CutPrefix(value, ":"); ok {
		encoded, ok := strings.CutSuffix(sequence, ":")
		der, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if !ok || err != nil || len(der) == 0 || strings.ContainsAny(encoded, "\r\n") {
			return nil, errBadCertificate
		}
		return der, nil
	}
	text, err := url.PathUnescape(value)
	if err != nil {
		return nil, errBadCertificate
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || len(block.Bytes) == 0 || !strings.HasPrefix(text, "-----BEGIN ") ||
		strings.TrimSpace(string(rest)) != "" {
		return nil, errBadCertificate
	}
	return block.Bytes, nil
}
