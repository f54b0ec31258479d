package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// LegacyDiscovery says what to do with a server that has no protected resource
// metadata (RFC 9728), such as those of MCP 2025-03-26.
//
// It applies only if that is certain: the server refused a request with status
// 401 and named no metadata in its challenge, not even in one that cannot be
// read; its own origin answered every place of resource metadata with status
// 404 or 410; and no token was ever obtained with resource metadata, as far as
// the [Store] remembers and until [Client.Logout]. Outages, documents that are
// malformed or about another resource, and all other statuses are errors as
// usual.
//
// The issuer is then the server's origin, with or without a slash at its end,
// and tokens are requested for the resource [Config.ServerURL].
type LegacyDiscovery string

const (
	// LegacyMetadata uses the authorization server metadata at the server's
	// origin, by the same rules as elsewhere: identical issuer, PKCE with S256
	// advertised. An origin that publishes them could as well publish resource
	// metadata that name itself.
	LegacyMetadata LegacyDiscovery = ""
	// LegacyOff uses resource metadata only.
	LegacyOff LegacyDiscovery = "off"
	// DangerouslyAssumeEndpoints does what LegacyMetadata does and, if the
	// origin has no authorization server metadata either, assumes /authorize,
	// /token and /register there. PKCE with S256 is sent, but nothing shows
	// whether the server checks it: if not, anybody who gets hold of an
	// authorization code can redeem it. The iss parameter that would reveal a
	// mix-up may be missing, too (RFC 9207). After a login with metadata,
	// endpoints are not assumed until [Client.Logout].
	DangerouslyAssumeEndpoints LegacyDiscovery = "endpoints"
)

// finding is how an authorization server was found. Stores keep it.
type finding string

const (
	byResource finding = ""          // resource metadata name it
	atOrigin   finding = "metadata"  // its metadata stand at the MCP server's origin
	assumed    finding = "endpoints" // it has none
)

// source is where tokens come from.
type source struct {
	// document is made up where the server has none.
	document *metadata.ProtectedResource
	finding  finding
	// as is nil if its metadata are still to be fetched.
	as *metadata.AuthorizationServer
}

// source asks the server who grants tokens for it.
func (c *Client) source(ctx context.Context, asked challenged) (source, error) {
	document, err := c.resource(ctx, asked.metadataURL)
	if err == nil {
		return source{document: document}, nil
	}
	var missing *ResourceError
	if !errors.As(err, &missing) || !absent(missing) || asked.named || asked.status == 0 || c.config.LegacyDiscovery == LegacyOff {
		return source{}, err
	}
	c.mu.Lock()
	known := c.known
	c.mu.Unlock()
	if known.Issuer != "" && known.Finding == byResource {
		missing.Err = fmt.Errorf("%w, though it had metadata at the last login", missing.Err)
		return source{}, missing
	}
	return c.legacySource(ctx, known, missing)
}

// absent reports whether a place is certain to have no document.
func absent(e *ResourceError) bool { return e.Kind == ResourceNotFound && isAbsence(e.Err, e.URL) }

// isAbsence reports whether the origin of a place itself said that there is
// nothing. Other statuses do not say so, or not of this place.
func isAbsence(err error, place string) bool {
	var answered *fetch.StatusError
	if !errors.As(err, &answered) || originOf(answered.URL) != originOf(place) {
		return false
	}
	return answered.Status == http.StatusNotFound || answered.Status == http.StatusGone
}

// legacySource looks for an authorization server at the MCP server's origin (MCP
// 2025-03-26, Server Metadata Discovery).
func (c *Client) legacySource(ctx context.Context, known serverRecord, missing *ResourceError) (source, error) {
	as, err := c.serverOfOrigin(ctx)
	how := atOrigin
	switch {
	case err != nil && !noServerMetadata(err):
		return source{}, err
	case err != nil && known.Finding == atOrigin:
		missing.Err = fmt.Errorf("%w, and its origin no longer has the authorization server metadata of the last login: %w", missing.Err, err)
		return source{}, missing
	case err != nil && c.config.LegacyDiscovery != DangerouslyAssumeEndpoints:
		missing.Err = fmt.Errorf("%w, and its origin has no authorization server metadata (MCP 2025-03-26): %w", missing.Err, err)
		return source{}, missing
	case err != nil:
		as, how = defaultEndpoints(c.issuerOfOrigin()), assumed
		c.config.Logger.WarnContext(ctx, "the server has no metadata: assuming default endpoints at its origin, whether PKCE is checked is unknown", "issuer", as.Issuer)
	default:
		c.config.Logger.InfoContext(ctx, "the server has no resource metadata: using the authorization server at its origin", "issuer", as.Issuer)
	}
	return source{
		document: &metadata.ProtectedResource{Resource: c.config.ServerURL, AuthorizationServers: []string{as.Issuer}},
		finding:  how,
		as:       as,
	}, nil
}

func (c *Client) issuerOfOrigin() string { return strings.ToLower(c.origin) }

// serverOfOrigin finds metadata at the origin. An issuer with and one without a
// slash at the end have theirs at one place (RFC 8414 §3.1); which of them it is,
// the document says.
func (c *Client) serverOfOrigin(ctx context.Context) (*metadata.AuthorizationServer, error) {
	issuer := c.issuerOfOrigin()
	as, err := c.serverOf(ctx, issuer)
	var other *metadata.IssuerMismatchError
	if errors.As(err, &other) && other.Got == issuer+"/" {
		return c.serverOf(ctx, other.Got)
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

// defaultEndpoints are those of a server without metadata (MCP 2025-03-26,
// Fallbacks for Servers without Metadata Discovery), with what that revision
// demands of every server.
func defaultEndpoints(origin string) *metadata.AuthorizationServer {
	return &metadata.AuthorizationServer{
		Issuer:                            origin,
		AuthorizationEndpoint:             origin + "/authorize",
		TokenEndpoint:                     origin + "/token",
		RegistrationEndpoint:              origin + "/register",
		ResponseTypesSupported:            []string{"code"},
		CodeChallengeMethodsSupported:     []string{"S256"},
		TokenEndpointAuthMethodsSupported: []string{methodNone, methodBasic, methodPost},
	}
}

// serverFound returns the metadata of an issuer that a token was obtained from
// before. Endpoints are assumed only for what came from such, and as long as
// there are no metadata.
func (c *Client) serverFound(ctx context.Context, issuer string, how finding) (*metadata.AuthorizationServer, error) {
	as, err := c.serverOf(ctx, issuer)
	if err != nil && how == assumed && c.config.LegacyDiscovery == DangerouslyAssumeEndpoints && noServerMetadata(err) {
		return defaultEndpoints(issuer), nil
	}
	return as, err
}
