package mcpauth

import (
	"fmt"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
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
	return &senderconstraint.MTLS{
		Required: m.Required, Header: textproto.CanonicalMIMEHeaderKey(m.ForwardedHeader),
		Proxies: parseProxies(faults, field+".TrustedProxies", m.TrustedProxies),
	}
}

// parseProxies returns the networks, and reports those that hold no address or
// every one. IPv4-mapped networks become IPv4 networks, because the addresses of
// peers are compared in that form. A wider one that holds all mapped addresses
// would silently trust no proxy.
func parseProxies(faults *configerr.List, field string, networks []netip.Prefix) (proxies []netip.Prefix) {
	for i, network := range networks {
		unmapped := fetch.Unmap(network)
		if !network.IsValid() || unmapped.Bits() == 0 || unmapped.Masked().Contains(mappedIPv4) {
			faults.Add(configerr.InvalidProxyNetwork, fmt.Sprintf("%s[%d]", field, i), network.String())
		}
		proxies = append(proxies, unmapped)
	}
	return proxies
}

// mappedIPv4 is an address in every network that holds all IPv4-mapped addresses.
var mappedIPv4 = netip.MustParseAddr("::ffff:0:0")

// validHeaderName accepts letters, digits and "-", and no name at all.
func validHeaderName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	})
}
