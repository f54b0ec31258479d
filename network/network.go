// Package network holds the settings by which the packages of this module reach
// other servers. Every configuration that fetches something has a field of type
// [Settings].
//
// The zero value reaches public addresses over https, and loopback addresses
// for a server that is itself on loopback:
//
//	mcpauth.Config{Network: network.Settings{
//		AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
//	}}
package network

import (
	"crypto/x509"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// Settings say which servers may be reached, and how.
type Settings struct {
	// AllowedNetworks are private networks that may be reached in addition to
	// the public internet.
	AllowedNetworks []netip.Prefix
	// RootCAs verifies the certificates of servers. Nil means the system's.
	RootCAs *x509.CertPool
	// Timeout bounds one exchange with a server, redirects and body included.
	// Zero means 10 seconds.
	Timeout time.Duration
	// DangerouslyAllowHTTP names hosts of your own network whose servers may be
	// plain http, for development only, such as the services of Docker Compose:
	// "mcpauth" for http://mcpauth:9473. Tokens, passwords and keys then travel in
	// the clear, and anyone on the way can replace them. It is honoured for issuers,
	// their metadata, keys and endpoints, and for identifiers of MCP servers; http
	// is refused for everything else, and for every other host but loopback. Their
	// addresses may be private. A name stands for itself only: it has no scheme, no
	// port and no wildcard.
	DangerouslyAllowHTTP []string
	// Proxy returns the proxy for a URL, nil if there is none for it, as the
	// field of the same name of [http.Transport] does; see [EnvironmentProxy]. Nil
	// means that no proxy is used, whatever the environment says: a server
	// should not send its requests where a variable points.
	//
	// With a proxy it is the proxy that resolves names and connects, so it must
	// keep requests out of networks that are not for them. Addresses in URLs are
	// checked here all the same. Loopback is never reached by a proxy.
	Proxy func(target *url.URL) (*url.URL, error)
}

// EnvironmentProxy returns the proxy that the environment variables HTTPS_PROXY,
// HTTP_PROXY and NO_PROXY name for a URL, as [http.ProxyFromEnvironment] does. It
// is a value for [Settings.Proxy].
func EnvironmentProxy(target *url.URL) (*url.URL, error) {
	return http.ProxyFromEnvironment(&http.Request{URL: target})
}

// Clone returns a copy that shares no slice with s.
func (s Settings) Clone() Settings {
	s.AllowedNetworks = slices.Clone(s.AllowedNetworks)
	s.DangerouslyAllowHTTP = slices.Clone(s.DangerouslyAllowHTTP)
	return s
}
