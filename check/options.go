package check

import (
	"crypto/x509"
	"net/netip"
	"time"
)

// Options say how to check. The zero value is usually enough.
type Options struct {
	// Token is a good access token for the MCP server. With it, [Server] also
	// checks altered tokens and what only a logged-in client sees. It is sent
	// only to the server itself, and is in no report. Optional.
	Token string
	// WrongAudienceToken is a good access token of the same authorization
	// server for another resource. With it, [Server] checks that the MCP server
	// refuses it. It is handled like Token. Optional.
	WrongAudienceToken string
	// AllowedNetworks are the private networks that may be reached beside the
	// public internet. Loopback may be reached if the target is there.
	AllowedNetworks []netip.Prefix
	// RootCAs verifies servers. Nil means the system's.
	RootCAs *x509.CertPool
	// Timeout bounds each request. Zero means 10 seconds. ctx bounds the whole.
	Timeout time.Duration
	// OnExchange, if set, is told of each exchange as soon as it is over, to
	// show progress. It is called from one goroutine at a time.
	OnExchange func(Exchange)
	// Now is the clock, for tests. Nil means [time.Now].
	Now func() time.Time
}
