package discovery

import (
	"net/url"
	"strings"

	"github.com/mcp-auth/go/client/internal/urls"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// Server is an MCP server, by its URL. Make one with [ParseServer].
type Server struct {
	// Identifier is the URL as the caller wrote it.
	Identifier string
	// URL is the same, parsed.
	URL *url.URL
	// Loopback reports whether the server is on loopback. Only then may it name
	// servers on loopback: another could make the client reach the services of
	// this machine.
	Loopback bool
	// Plain are the hosts that may be plain http. Only a server that is on one of
	// them, or on loopback, may name others.
	Plain fetch.PlainHosts

	bare   string   // the identifier without its query
	origin string   // scheme and authority, as the caller wrote them
	places []string // URLs of its metadata, by precedence
	root   string   // URL of the metadata of its origin
}

// ParseServer reads the URL of an MCP server, which may be http on the hosts of
// plain. The error is a [*metadata.URLError] if the URL cannot be a resource
// identifier.
func ParseServer(raw string, plain fetch.PlainHosts) (*Server, error) {
	secured := plain.Secured(raw)
	place, err := metadata.ResourceMetadataURL(secured)
	if err != nil {
		return nil, err
	}
	root, err := metadata.RootResourceMetadataURL(secured)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	origin, _ := urls.Cut(raw)
	place, root = fetch.SchemeOf(raw, place), fetch.SchemeOf(raw, root)
	s := &Server{
		Identifier: raw, URL: u, Loopback: fetch.IsLoopbackURL(raw),
		bare: urls.WithoutQuery(raw), origin: origin, places: []string{place}, root: root,
	}
	if s.Loopback || plain.Plain(raw) {
		s.Plain = plain
	}
	if root != place {
		s.places = append(s.places, root)
	}
	return s, nil
}

// issuer returns the issuer of an authorization server at the server's origin.
func (s *Server) issuer() string { return strings.ToLower(s.origin) }
