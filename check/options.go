package check

import (
	"fmt"
	"time"

	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/network"
)

// Options configure a check. The zero value is usually enough.
type Options struct {
	// Token is a valid access token for the MCP server. With it, [Server] also
	// checks altered tokens and what only a logged-in client sees. It is sent
	// only to the server itself, and never appears in a report. Optional.
	Token string `json:"-"`
	// WrongAudienceToken is a valid access token of the same authorization
	// server for another resource. With it, [Server] checks that the MCP server
	// refuses it. It is handled like Token. Optional.
	WrongAudienceToken string `json:"-"`
	// Network says which servers may be reached, and bounds each request. ctx
	// bounds the whole check. Loopback may be reached if the target is there. A
	// server on a host of DangerouslyAllowHTTP is checked, with a warning.
	Network network.Settings
	// OnExchange, if set, is called after each exchange, to show progress. Calls
	// do not overlap.
	OnExchange func(Exchange)
	// Now is the clock, for tests. Nil means [time.Now].
	Now func() time.Time
}

// Format prints neither token, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{Token:%t WrongAudienceToken:%t}", o.Token != "", o.WrongAudienceToken != "")
}

// probe returns a probe for a server, which reports show as target. It must be closed.
func (o *Options) probe(kind Kind, target, url string) *probe.Probe {
	c := probe.Config{
		Network: o.Network,
		Tokens:  []string{o.Token, o.WrongAudienceToken},
		Now:     o.Now,
		// A configured server on loopback is intended.
		Loopback: kind == KindConfiguration || fetch.IsLoopbackURL(url),
		Plain:    o.plain().Plain(url),
	}
	if o.OnExchange != nil {
		c.OnExchange = func(e probe.Exchange) { o.OnExchange(Exchange(e)) }
	}
	return probe.New(probe.Kind(kind), target, c)
}

// plain returns the hosts that may be plain http.
func (o *Options) plain() fetch.PlainHosts { return o.Network.DangerouslyAllowHTTP }
