package authserver

import (
	"log/slog"
	"time"

	"github.com/mcp-auth/go/internal/authserver/assertion"
	"github.com/mcp-auth/go/internal/authserver/authorize"
	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/clientauth"
	"github.com/mcp-auth/go/internal/authserver/clientdoc"
	"github.com/mcp-auth/go/internal/authserver/document"
	"github.com/mcp-auth/go/internal/authserver/grant"
	"github.com/mcp-auth/go/internal/authserver/introspection"
	"github.com/mcp-auth/go/internal/authserver/key"
	"github.com/mcp-auth/go/internal/authserver/keyset"
	"github.com/mcp-auth/go/internal/authserver/page"
	"github.com/mcp-auth/go/internal/authserver/proof"
	"github.com/mcp-auth/go/internal/authserver/registration"
	"github.com/mcp-auth/go/internal/authserver/respond"
	"github.com/mcp-auth/go/internal/authserver/revocation"
	"github.com/mcp-auth/go/internal/authserver/secret"
	"github.com/mcp-auth/go/internal/authserver/store"
	"github.com/mcp-auth/go/internal/authserver/token"
	"github.com/mcp-auth/go/internal/authserver/tokenendpoint"
	"github.com/mcp-auth/go/internal/dpop"
)

// Parts are what the program around a server gives it. All are required.
type Parts struct {
	// Store keeps clients, grants and used identifiers.
	Store store.Store
	// Secrets and Keys recognize and sign what the server issues. Signer signs
	// with Keys.
	Secrets secret.Secrets
	Keys    *key.Ring
	Signer  token.Signer
	// Login finds out who the user is. Pages renders the pages.
	Login authorize.Login
	Pages *page.Pages
	// Realm is the realm of challenges to authenticate.
	Realm string
	Log   *slog.Logger
	Now   func() time.Time
}

// Server is an authorization server. It is safe for concurrent use.
type Server struct {
	// Grants are what clients were allowed to do. Tokens reads the tokens of
	// this server, Opaque makes opaque ones.
	Grants *grant.Store
	Tokens *token.Reader
	Opaque *token.Sealer
	// Authorization completes requests whose login took a detour.
	Authorization *authorize.Endpoint

	config        *Config
	parts         Parts
	respond       respond.Responder
	documents     *document.Cache // of clients
	keyDocuments  *document.Cache // of clients and issuers
	registration  *registration.Endpoint
	token         *tokenendpoint.Endpoint
	introspection *introspection.Endpoint
	revocation    *revocation.Endpoint
}

// New returns a server. Close it after use.
func New(c *Config, p Parts) (*Server, error) {
	opaque, err := token.NewSealer(p.Secrets.Opaque)
	if err != nil {
		return nil, err
	}
	grants := grant.NewStore(p.Store, p.Secrets.Handles, p.Now)
	s := &Server{
		Grants: grants,
		Opaque: opaque,
		Tokens: &token.Reader{
			Issuer: c.issuer, Keys: p.Keys, Opaque: opaque, Grants: grants, Now: p.Now,
		},
		config:       c,
		parts:        p,
		respond:      respond.Responder{Realm: p.Realm, Log: p.Log},
		documents:    c.newDocuments(clientdoc.MaxDocument, p.Now),
		keyDocuments: c.newDocuments(keyset.MaxDocument, p.Now),
	}
	s.registration = registration.NewEndpoint(registration.Config{
		Clients: p.Store, TTL: c.registrationTTL, PrivateUse: c.onLoopback(), Respond: s.respond, Log: p.Log, Now: p.Now,
	})
	clients := client.NewDirectory(c.clients, s.clientDocuments(), s.registration)
	assertions := assertion.NewVerifier(keyset.NewVerifier(s.keyDocuments), p.Store, p.Now)
	authenticator := clientauth.New(clients, assertions, c.issuer)
	s.Authorization = s.newAuthorization(clients)
	s.token = s.newToken(authenticator, assertions)
	s.introspection = &introspection.Endpoint{Clients: authenticator, Tokens: s.Tokens, Respond: s.respond}
	s.revocation = &revocation.Endpoint{
		Clients: authenticator, Tokens: s.Tokens, Grants: grants, Respond: s.respond, Log: p.Log,
	}
	return s, nil
}

func (s *Server) clientDocuments() client.Documents {
	documents := clientdoc.New(s.documents, s.config.onLoopback())
	if s.config.noClientDocuments {
		return clientdoc.None{Documents: documents}
	}
	return documents
}

func (c *Config) newDocuments(maxBody int64, now func() time.Time) *document.Cache {
	return document.NewCache(document.Config{
		Network: c.network, MaxBody: maxBody, Loopback: c.onLoopback(), Now: now,
	})
}

func (s *Server) newAuthorization(clients client.Finder) *authorize.Endpoint {
	return authorize.New(authorize.Config{
		Issuer: s.config.issuer, Clients: clients, Supported: s.config.supported,
		Grants: s.Grants, GrantTTL: s.config.refreshTokenTTL,
		Login: s.parts.Login, Pages: s.parts.Pages, Respond: s.respond, Log: s.parts.Log, Now: s.parts.Now,
	})
}

func (s *Server) newToken(authenticator *clientauth.Authenticator, assertions *assertion.Verifier) *tokenendpoint.Endpoint {
	c, p := s.config, s.parts
	proofs := &proof.Checker{URL: c.base() + tokenPath, IDs: p.Store, Now: p.Now}
	if c.dpopNonce {
		proofs.Nonces = dpop.NewNonces(p.Secrets.Nonces, c.issuer)
	}
	issuer := &token.Issuer{
		Issuer: c.issuer, TTL: c.accessTokenTTL, Signer: p.Signer, Grants: s.Grants, Log: p.Log, Now: p.Now,
	}
	if c.opaqueAccessTokens {
		issuer.Opaque = s.Opaque
	}
	return tokenendpoint.New(tokenendpoint.Parts{
		Clients: authenticator, Proofs: proofs, Grants: s.Grants, Issuer: issuer, Reader: s.Tokens,
		Supported: c.supported, TrustedIssuers: c.trusted, Assertions: assertions, KeyDocuments: s.keyDocuments,
		Audiences: c.audiences, Respond: s.respond, Log: p.Log, Now: p.Now,
	})
}

// Close closes idle connections to other servers.
func (s *Server) Close() {
	s.documents.Close()
	s.keyDocuments.Close()
}
