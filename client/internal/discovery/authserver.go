package discovery

import (
	"context"
	"slices"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/untrusted"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// freshFor is how long authorization server metadata is used without fetching it
// again.
const freshFor = 10 * time.Minute

// AuthorizationServer returns the authorization server of a source. Of several
// it takes one of preferred, else the one used before, else the first. The error
// is a [*clienterr.UnsuitableError] if MCP does not allow its use, a
// [*metadata.DiscoveryError] if its metadata cannot be fetched.
func (f *Finder) AuthorizationServer(ctx context.Context, s *Source, before string, preferred []string) (*authserver.Server, error) {
	issuer := choose(s.Resource.AuthorizationServers, before, preferred)
	if err := f.checkIssuer(issuer); err != nil {
		return nil, err
	}
	if s.as != nil {
		return s.as, nil
	}
	return f.metadataOf(ctx, issuer)
}

func choose(named []string, before string, preferred []string) string {
	for _, issuer := range preferred {
		if slices.Contains(named, issuer) {
			return issuer
		}
	}
	if slices.Contains(named, before) {
		return before
	}
	return named[0]
}

func (f *Finder) checkIssuer(issuer string) error {
	if err := metadata.CheckIssuer(f.server.Plain.Secured(issuer)); err != nil {
		return &clienterr.UnsuitableError{Issuer: untrusted.Text(issuer, untrusted.MaxDescription), Reason: err.Error()}
	}
	if fetch.IsLoopbackURL(issuer) && !f.server.Loopback {
		return &clienterr.UnsuitableError{Issuer: issuer, Reason: "it is on loopback, and the MCP server that names it is not"}
	}
	return nil
}

// metadataOf returns the metadata of an issuer, from memory if it is fresh.
func (f *Finder) metadataOf(ctx context.Context, issuer string) (*authserver.Server, error) {
	f.mu.Lock()
	as, until := f.as, f.until
	f.mu.Unlock()
	if as != nil && as.Issuer == issuer && f.config.Now().Before(until) {
		return as, nil
	}
	as, err := f.fetchIssuer(ctx, issuer)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.as, f.until = as, f.config.Now().Add(freshFor)
	return as, nil
}

func (f *Finder) fetchIssuer(ctx context.Context, issuer string) (*authserver.Server, error) {
	if err := f.checkIssuer(issuer); err != nil {
		return nil, err
	}
	settings, err := f.settings(issuer)
	if err != nil {
		return nil, err
	}
	as, err := f.fetchMetadata(ctx, issuer, settings)
	if err != nil {
		return nil, err
	}
	if as.TokenEndpoint == "" {
		return nil, &clienterr.UnsuitableError{Issuer: issuer, Reason: "its metadata has no token_endpoint"}
	}
	return as, nil
}

func (f *Finder) settings(issuer string) (authserver.Settings, error) {
	if f.config.Settings == nil {
		return authserver.Settings{}, nil
	}
	return f.config.Settings(issuer)
}

func (f *Finder) fetchMetadata(ctx context.Context, issuer string, settings authserver.Settings) (*authserver.Server, error) {
	if settings.Metadata != nil {
		return &authserver.Server{AuthorizationServer: settings.Metadata, Settings: settings, Own: settings.OwnIssuer}, nil
	}
	repairer := &repairer{issuer: issuer, settings: settings, plain: f.server.Plain.For(issuer)}
	found, err := metadata.Fetch(ctx, f.config.Fetch, metadata.Source{
		Issuer: issuer, URL: settings.MetadataURL, Repair: repairer.repair,
	})
	if err != nil {
		return nil, err
	}
	return &authserver.Server{AuthorizationServer: found.Server, Settings: settings, Own: repairer.own}, nil
}
