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
	"net/netip"
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
}

// Clone returns a copy that shares no slice with s.
func (s Settings) Clone() Settings {
	s.AllowedNetworks = slices.Clone(s.AllowedNetworks)
	return s
}
