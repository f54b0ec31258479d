package mcpauth

import (
	"fmt"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/senderconstraint"
)

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

// parse returns what checks the certificates, nil if bound tokens are not
// accepted, and reports mistakes.
func (m *MTLS) parse(faults *configerr.List, field string) *senderconstraint.MTLS {
	if m == nil {
		return nil
	}
	if (m.ForwardedHeader == "") != (len(m.TrustedProxies) == 0) {
		faults.Add(configerr.IncompleteForwarding, field+".ForwardedHeader and TrustedProxies", "")
	}
	if !validHeaderName(m.ForwardedHeader) {
		faults.Add(configerr.InvalidHeaderName, field+".ForwardedHeader", m.ForwardedHeader)
	}
	for i, network := range m.TrustedProxies {
		if !network.IsValid() || network.Bits() == 0 {
			faults.Add(configerr.InvalidProxyNetwork, fmt.Sprintf("%s.TrustedProxies[%d]", field, i), network.String())
		}
	}
	return &senderconstraint.MTLS{
		Required: m.Required, Header: textproto.CanonicalMIMEHeaderKey(m.ForwardedHeader), Proxies: m.TrustedProxies,
	}
}

// validHeaderName accepts letters, digits and "-", and no name at all.
func validHeaderName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	})
}
