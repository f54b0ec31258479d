package check

import (
	"crypto/x509"
	"net/netip"
	"time"
)

// Options say how to check. The zero value is good for most.
type Options struct {
	// Token is a good access token for the MCP server, for [Server] to see what
	// it does with tokens that are not for it. It is sent to the server itself
	// only, and is in no report. Optional.
	Token string
	// WrongAudienceToken is a good access token of the same authorization server
	// for another resource, for [Server] to see that the server refuses it. It is
	// treated as Token is. Optional.
	WrongAudienceToken string
	// AllowedNetworks are the private networks that may be reached beside the
	// public internet; loopback may be where the target is there.
	AllowedNetworks []netip.Prefix
	// RootCAs verifies servers. Nil means the system's.
	RootCAs *x509.CertPool
	// Timeout bounds each request. Zero means 10 seconds. ctx bounds the whole.
	Timeout time.Duration
	// OnExchange is told of each exchange as soon as it is over, to show
	// progress. It is called from one goroutine at a time. Nil means nobody.
	OnExchange func(Exchange)
	// Now is the clock, for tests. Nil means [time.Now].
	Now func() time.Time
}
