package authserver

import (
	"net/http"

	"github.com/go-jose/go-jose/v4"

	"github.com/mcp-auth/go/internal/authserver/route"
)

// Names of the endpoints.
const (
	OAuthMetadata = "RFC 8414 metadata"
	OIDCMetadata  = "OpenID Connect metadata"
	JWKS          = "JWK Set"
	Authorization = "authorization"
	Token         = "token"
	Registration  = "registration"
	Introspection = "introspection"
	Revocation    = "revocation"
)

// Paths of the endpoints, relative to the issuer.
const (
	authorizePath  = "/authorize"
	tokenPath      = "/token"
	registerPath   = "/register"
	introspectPath = "/introspect"
	revokePath     = "/revoke"
	jwksPath       = "/jwks"

	wellKnownOAuth = "/.well-known/oauth-authorization-server"
	wellKnownOIDC  = "/.well-known/openid-configuration"
)

// Routes returns the routes by their paths. RFC 8414 §3.1 inserts the well-known
// part before the issuer's path, OpenID Connect Discovery §4 appends it; clients
// also try the second name at the first place.
func (s *Server) Routes() map[string]route.Route {
	path := s.config.path()
	document := func(name string, h http.HandlerFunc) route.Route {
		return route.Route{Name: name, Methods: []string{"GET", "HEAD"}, Handler: h}
	}
	form := func(name string, h http.Handler) route.Route {
		return route.Route{Name: name, Methods: []string{"POST"}, Handler: h}
	}
	routes := map[string]route.Route{
		wellKnownOAuth + path: document(OAuthMetadata, s.serveMetadata),
		wellKnownOIDC + path:  document(OIDCMetadata, s.serveMetadata),
		path + wellKnownOIDC:  document(OIDCMetadata, s.serveMetadata),
		path + jwksPath:       document(JWKS, s.serveJWKS),
		path + tokenPath:      form(Token, s.token),
		path + revokePath:     form(Revocation, s.revocation),
		path + introspectPath: form(Introspection, s.introspection),
		path + authorizePath: {
			Name: Authorization, Methods: []string{"GET", "POST"}, Page: true, Handler: s.Authorization,
		},
	}
	if s.config.registrationOpen() {
		routes[path+registerPath] = form(Registration, s.registration)
	}
	return routes
}

// Path returns the path of the issuer without a terminating slash.
func (s *Server) Path() string { return s.config.path() }

// MetadataURL returns the URL of the metadata (OpenID Connect Discovery §4).
func (s *Server) MetadataURL() string { return s.config.base() + wellKnownOIDC }

// Handler returns the handler of routes, which may be more than those of
// [Server.Routes].
func (s *Server) Handler(routes map[string]route.Route) http.Handler {
	table := &route.Table{Loopback: s.config.onLoopback(), Routes: routes, ShowProblem: s.parts.Pages.ShowProblem}
	if s.config.plain {
		table.Host = s.config.issuerURL.Host
	}
	return table
}

func (s *Server) serveMetadata(w http.ResponseWriter, r *http.Request) {
	s.respond.Document(w, r, s.Metadata())
}

func (s *Server) serveJWKS(w http.ResponseWriter, r *http.Request) {
	s.respond.Document(w, r, s.KeySet())
}

// KeySet returns the JWK Set with the public keys (RFC 7517).
func (s *Server) KeySet() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: s.parts.Keys.Published(s.parts.Now())}
}
