package check

import (
	"time"

	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/network"
)

// Options configure a check. The zero value is usually enough.
type Options struct {
	// Token is a valid access token for the MCP server. With it, [Server] also
	// checks altered tokens and what only a logged-in client sees. It is sent
	// only to the server itself, and never appears in a report. Optional.
	Token string
	// WrongAudienceToken is a valid access token of the same authorization
	// server for another resource. With it, [Server] checks that the MCP server
	// refuses it. It is handled like Token. Optional.
	WrongAudienceToken string
	// Network says which servers may be reached, and bounds each request. ctx
	// bounds the whole check. Loopback may be reached if the target is there.
	Network network.Settings
	// OnExchange, if set, is called after each exchange, to show progress. Calls
	// do not overlap.
	OnExchange func(Exchange)
	// Now is the clock, for tests. Nil means [time.Now].
	Now func() time.Time
}

// probe returns a probe for a target. It must be closed.
func (o *Options) probe(kind Kind, target string, loopback bool) *probe.Probe {
	c := probe.Config{
		Network:  o.Network,
		Tokens:   []string{o.Token, o.WrongAudienceToken},
		Now:      o.Now,
		Loopback: loopback,
	}
	if o.OnExchange != nil {
		c.OnExchange = func(e probe.Exchange) { o.OnExchange(Exchange(e)) }
	}
	return probe.New(probe.Kind(kind), target, c)
}
