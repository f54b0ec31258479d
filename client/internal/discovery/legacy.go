package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/urls"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// Fallback says what to use if a server has no resource metadata, as servers of
// MCP 2025-03-26.
type Fallback int

const (
	// OriginMetadata uses authorization server metadata at the server's origin.
	OriginMetadata Fallback = iota
	// NoFallback uses resource metadata only.
	NoFallback
	// DefaultEndpoints is OriginMetadata and, if that is missing too, the
	// default endpoints at the origin.
	DefaultEndpoints
)

// Source asks the server who issues tokens for it. known is what was found
// before: the client does not settle for less afterwards. The error is a
// [*clienterr.ResourceError] if the server does not say.
func (f *Finder) Source(ctx context.Context, refusal Refusal, known record.Server) (*Source, error) {
	document, err := f.resource(ctx, refusal.MetadataURL)
	if err == nil {
		return &Source{Resource: document}, nil
	}
	var missing *clienterr.ResourceError
	if errors.As(err, &missing) && refusal.Unreadable != "" {
		missing.Err = fmt.Errorf("%w (the challenge of the server cannot be read: %s)", missing.Err, refusal.Unreadable)
	}
	if missing == nil || !absent(missing) || refusal.Named || !refusal.Refused || f.config.Fallback == NoFallback {
		return nil, err
	}
	if known.Issuer != "" && known.Finding == record.ByResource {
		missing.Err = fmt.Errorf("%w, although it had metadata at the last login", missing.Err)
		return nil, missing
	}
	return f.legacySource(ctx, known, missing)
}

// absent reports whether a place is certain to have no document.
func absent(e *clienterr.ResourceError) bool {
	return e.Kind == clienterr.ResourceNotFound && isAbsence(e.Err, e.URL)
}

// isAbsence reports whether the origin of a place itself answered that there is
// nothing. Other statuses do not say so, or not about this place.
func isAbsence(err error, place string) bool {
	var answered *fetch.StatusError
	if !errors.As(err, &answered) || urls.Origin(answered.URL) != urls.Origin(place) {
		return false
	}
	return answered.Status == http.StatusNotFound || answered.Status == http.StatusGone
}

// legacySource looks for an authorization server at the MCP server's origin (MCP
// 2025-03-26, Server Metadata Discovery).
func (f *Finder) legacySource(ctx context.Context, known record.Server, missing *clienterr.ResourceError) (*Source, error) {
	as, err := f.originMetadata(ctx)
	finding := record.AtOrigin
	switch {
	case err != nil && !noServerMetadata(err):
		return nil, err
	case err != nil && known.Finding == record.AtOrigin:
		missing.Err = fmt.Errorf("%w, and its origin no longer has the authorization server metadata of the last login: %w", missing.Err, err)
		return nil, missing
	case err != nil && f.config.Fallback != DefaultEndpoints:
		missing.Err = fmt.Errorf("%w, and its origin has no authorization server metadata (MCP 2025-03-26): %w", missing.Err, err)
		return nil, missing
	case err != nil:
		as, finding = defaultEndpoints(f.server.issuer()), record.Assumed
		f.config.Logger.WarnContext(ctx, "the server has no metadata: assuming default endpoints at its origin, whether PKCE is checked is unknown", "issuer", as.Issuer)
	default:
		f.config.Logger.InfoContext(ctx, "the server has no resource metadata: using the authorization server at its origin", "issuer", as.Issuer)
	}
	return &Source{
		Resource: &metadata.ProtectedResource{Resource: f.server.Identifier, AuthorizationServers: []string{as.Issuer}},
		Finding:  finding,
		as:       as,
	}, nil
}

// originMetadata fetches the authorization server metadata at the origin. The
// metadata of an issuer with a slash at the end is at the same URL as without
// (RFC 8414 §3.1); the document says which issuer it is about.
func (f *Finder) originMetadata(ctx context.Context) (*authserver.Server, error) {
	issuer := f.server.issuer()
	as, err := f.metadataOf(ctx, issuer)
	var other *metadata.IssuerMismatchError
	if errors.As(err, &other) && other.Got == issuer+"/" {
		return f.metadataOf(ctx, other.Got)
	}
	return as, err
}

// noServerMetadata reports whether every place of an authorization server's
// metadata is certain to have none.
func noServerMetadata(err error) bool {
	var failure *metadata.DiscoveryError
	if !errors.As(err, &failure) {
		return false
	}
	for _, place := range slices.Concat([]*metadata.DiscoveryError{failure}, failure.Others) {
		if place.Kind != metadata.NotFound || !isAbsence(place.Err, place.URL) {
			return false
		}
	}
	return true
}

// defaultEndpoints returns the endpoints of a server without metadata (MCP
// 2025-03-26, Fallbacks for Servers without Metadata Discovery), with what that
// revision demands of every server.
func defaultEndpoints(origin string) *authserver.Server {
	return &authserver.Server{AuthorizationServer: &metadata.AuthorizationServer{
		Issuer:                            origin,
		AuthorizationEndpoint:             origin + "/authorize",
		TokenEndpoint:                     origin + "/token",
		RegistrationEndpoint:              origin + "/register",
		ResponseTypesSupported:            []string{"code"},
		CodeChallengeMethodsSupported:     []string{"S256"},
		TokenEndpointAuthMethodsSupported: []string{"none", "client_secret_basic", "client_secret_post"},
	}}
}

// Known returns the authorization server that a token was obtained from before.
// It assumes endpoints only if the token came from assumed ones and there is
// still no metadata.
func (f *Finder) Known(ctx context.Context, issuer string, finding record.Finding) (*authserver.Server, error) {
	as, err := f.metadataOf(ctx, issuer)
	if err != nil && finding == record.Assumed && f.config.Fallback == DefaultEndpoints && noServerMetadata(err) {
		return defaultEndpoints(issuer), nil
	}
	return as, err
}
