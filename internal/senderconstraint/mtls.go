package senderconstraint

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// maxCertificateHeader bounds a forwarded certificate, in bytes.
const maxCertificateHeader = 16 << 10

// MTLS accepts tokens that are bound to the client's certificate (RFC 8705 §3).
type MTLS struct {
	// Required refuses every other token.
	Required bool
	// Header is the canonical name of the header in which a proxy forwards the
	// certificate, or empty.
	Header string
	// Proxies are the networks of those proxies.
	Proxies []netip.Prefix
}

// check compares the certificate with the token's x5t#S256, "" for a token that
// is bound to none.
func (m *MTLS) check(r *Request, thumbprint string) *refusal.Refusal {
	switch {
	case thumbprint == "" && (m == nil || !m.Required):
		return nil
	case thumbprint == "":
		return refusal.InvalidToken(reason.CertificateRequired, "the token is not bound to a certificate")
	case m == nil:
		return refusal.InvalidToken(reason.SenderConstraint, "the token is bound to a certificate (cnf), which this resource does not check")
	}
	certificate, err := m.certificate(r)
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
func (m *MTLS) certificate(r *Request) ([]byte, error) {
	if m.fromProxy(r.RemoteAddr) {
		values := r.Header[m.Header]
		if len(values) != 1 {
			return nil, errNotForwarded
		}
		return forwardedCertificate(values[0])
	}
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil, errNoCertificate
	}
	return r.TLS.PeerCertificates[0].Raw, nil
}

// fromProxy reports whether the address of the peer belongs to a trusted proxy.
func (m *MTLS) fromProxy(remote string) bool {
	if m.Header == "" {
		return false
	}
	addr, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	ip := addr.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(m.Proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// forwardedCertificate reads a byte sequence (RFC 9440 §2.1, RFC 8941 §3.3.5)
// or URL-encoded PEM. The first character decides which.
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
