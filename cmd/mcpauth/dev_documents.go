package main

import (
	"context"
	"log/slog"
	"net/netip"

	"github.com/mcp-auth/go/internal/authserver/clientdoc"
)

// addNetworks adds the private networks that may be reached, and checks whether
// client metadata documents are wanted.
func (o *devOptions) addNetworks() error {
	for _, text := range o.networks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return devUsage("the network %q is not an address and a length, such as 10.0.0.0/8", text)
		}
		o.config.Network.AllowedNetworks = append(o.config.Network.AllowedNetworks, network)
	}
	switch o.documents {
	case "", "auto", "on", "off":
		return nil
	}
	return devUsage("client documents can be on, off or auto, not %q", o.documents)
}

// settleDocuments turns client metadata documents off if they are not wanted or
// cannot be fetched: a client that finds them advertised does not register.
func (o *devOptions) settleDocuments(ctx context.Context, logger *slog.Logger) {
	switch {
	case o.documents == "off":
		o.config.NoClientDocuments = true
	case o.documents == "on" || len(o.networks) > 0:
	default:
		o.config.NoClientDocuments = withoutDocuments(ctx, logger)
	}
}

// withoutDocuments reports whether client metadata documents cannot be fetched,
// and logs why.
func withoutDocuments(ctx context.Context, logger *slog.Logger) bool {
	err := clientdoc.CheckReachable(ctx)
	if err != nil {
		logger.WarnContext(ctx, "client ID metadata documents are not advertised, so that clients register instead", "reason", err)
	}
	return err != nil
}
