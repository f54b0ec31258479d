package mcpauthtest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/mcp-auth/go/internal/authserver"
	"github.com/mcp-auth/go/internal/authserver/consent"
	"github.com/mcp-auth/go/internal/authserver/key"
	"github.com/mcp-auth/go/internal/authserver/page"
	"github.com/mcp-auth/go/internal/authserver/secret"
	"github.com/mcp-auth/go/metadata"
)

const realm = "mcpauthtest"

// Server is an authorization server. Make one with [NewServer], which listens,
// or with [New], whose Handler you mount yourself. It is safe for concurrent
// use.
type Server struct {
	base     *authserver.Server
	issuer   string
	user     *User // the first one, behind a pointer to keep it from being printed
	keys     *key.Ring
	minter   *minter
	faults   *faultState
	counters *counters
	handler  http.Handler
	log      *slog.Logger

	closing   chan struct{}
	closeOnce sync.Once
	listening *listening // nil if it was made by New
}

// NewServer starts an authorization server on loopback, or on [Config.Listen].
// Close it after use. The mistakes in config are joined [*configerr.Error]
// values.
func NewServer(config Config) (*Server, error) {
	address := cmp.Or(config.Listen, defaultListen)
	if err := config.checkListen(address); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: %w", err)
	}
	if config.Issuer == "" {
		config.Issuer = "http://" + publicAddress(address, listener.Addr()) + config.Path
		config.Path = ""
	}
	s, err := New(config)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.listening = serve(listener, s.handler, s.log)
	return s, nil
}

// New makes an authorization server that does not listen: mount
// [Server.Handler] at the host of [Config.Issuer], which is required. The
// mistakes in config are joined [*configerr.Error] values.
func New(config Config) (*Server, error) {
	c, err := config.parse()
	if err != nil {
		return nil, err
	}
	secrets, keys, err := secret.Load(c.Store, c.Algorithm, c.AccessTokenTTL, c.Now())
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: %w", err)
	}
	pages, err := newPages(c, secrets.Forms)
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: %w", err)
	}
	faults := newFaultState()
	forger := newForger(keys, faults)
	base, err := authserver.New(c.base, authserver.Parts{
		Store: c.Store, Secrets: secrets, Keys: keys, Signer: forger,
		Login: newPasswordLogin(c, &consent.Page{Pages: pages, ScopeDescriptions: c.ScopeDescriptions, Login: c.shownUsers()}),
		Pages: pages, Realm: realm, Log: c.Logger, Now: c.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("mcpauthtest: %w", err)
	}
	s := &Server{
		base: base, issuer: c.Issuer, user: &c.Users[0], keys: keys, faults: faults, counters: &counters{},
		log: c.Logger, closing: make(chan struct{}),
		minter: &minter{
			issuer: c.Issuer, subject: c.Users[0].Subject, resources: c.Resources, ttl: c.AccessTokenTTL,
			opaque: c.OpaqueAccessTokens, sealer: base.Opaque, grants: base.Grants, forger: forger, now: c.Now,
		},
	}
	s.handler = s.newHandler(c, pages)
	return s, nil
}

// newHandler puts faults and counters around the endpoints and adds the status
// page.
func (s *Server) newHandler(c *parsed, pages *page.Pages) http.Handler {
	spoiler := &spoiler{faults: s.faults, server: s.base, closing: s.closing, log: s.log}
	routes := s.base.Routes()
	for path, route := range routes {
		routes[path] = s.counters.count(spoiler.spoil(route))
	}
	if c.StatusPage {
		status := &statusPage{
			pages: pages, metadata: s.base.MetadataURL(), resources: c.Resources, users: c.listedUsers(), keys: s.keys, grants: s.base.Grants,
			inspector: &inspector{tokens: s.base.Tokens, opaque: s.base.Opaque, grants: s.base.Grants, now: c.Now},
			log:       s.log, now: c.Now,
		}
		routes[s.base.Path()+"/"] = status.route()
	}
	return s.base.Handler(routes)
}

// Issuer returns the issuer identifier, which a resource server must trust.
func (s *Server) Issuer() string { return s.issuer }

// Handler serves the endpoints and the well-known documents of the issuer, at
// the paths that clients see: mount it at "/", or at the issuer's path and at
// "/.well-known/", without stripping a prefix.
func (s *Server) Handler() http.Handler { return s.handler }

// Done returns a channel that is closed when the server of [NewServer] listens
// no longer: after Close, or because it failed. It is nil for a server of [New],
// which never listens.
func (s *Server) Done() <-chan struct{} {
	if s.listening == nil {
		return nil
	}
	return s.listening.done
}

// Close stops the server. Requests under way get a moment to end.
func (s *Server) Close() {
	s.closeOnce.Do(func() {
		close(s.closing)
		defer s.base.Close()
		if s.listening != nil {
			s.listening.close()
		}
	})
}

// SetFaults makes the server misbehave from the next request on.
// SetFaults(Faults{}) ends that.
func (s *Server) SetFaults(f Faults) { s.faults.set(f) }

// Requests returns how many requests have arrived at each endpoint so far.
func (s *Server) Requests() Requests { return s.counters.requests() }

// Metadata returns the server's metadata, for a resource server that is
// configured with it manually. One document serves RFC 8414 and OpenID Connect
// Discovery, which share the names of members. It is not affected by Faults.
func (s *Server) Metadata() *metadata.AuthorizationServer { return s.base.Metadata() }

// JWKS returns the current JWK Set (RFC 7517), for a resource server whose keys
// are configured manually. It is not affected by Faults.
func (s *Server) JWKS() ([]byte, error) { return json.Marshal(s.base.KeySet()) }

// RotateOption changes what [Server.RotateKeys] does.
type RotateOption struct{ dropOldKeys bool }

// DropOldKeys withdraws all keys at once, including the next one, which was
// published already, and signs with a key that was never published before.
// Older tokens can then no longer be verified, and new ones only after the JWK
// Set is fetched again.
func DropOldKeys() RotateOption { return RotateOption{dropOldKeys: true} }

// RotateKeys signs with the next key from now on. There is no outage: the next
// key was published before, the one that follows it is published now, and the
// old key stays published until the last token it signed has expired.
func (s *Server) RotateKeys(options ...RotateOption) error {
	for _, o := range options {
		if o.dropOldKeys {
			return s.keys.Replace()
		}
	}
	return s.keys.Rotate()
}

// Token makes a signed access token (RFC 9068) without any flow. Options make
// tokens that must be refused, and claims can be anything. It fails if the
// token has no audience, or if a claim cannot be encoded as JSON.
func (s *Server) Token(claims TokenClaims, options ...TokenOption) (string, error) {
	return s.minter.token(claims, options)
}

// TokenActive reports whether an access token is one of this server's, not
// expired and not revoked. A token is revoked when the authorization code it
// came from is redeemed again, or a refresh token of the same login is reused.
// Resource servers that introspect tokens see that; resource servers that verify
// tokens with keys do not.
func (s *Server) TokenActive(ctx context.Context, token string) bool {
	_, active := s.base.Tokens.Active(ctx, token)
	return active
}

// Grants returns at most 200 grants that have not expired, the newest first.
func (s *Server) Grants(ctx context.Context) ([]Grant, error) { return listGrants(ctx, s.base.Grants) }

// RevokeGrant ends a grant and with it its refresh token. [Server.TokenActive]
// and introspection then report its access tokens as inactive. It does nothing
// if the grant is unknown.
func (s *Server) RevokeGrant(ctx context.Context, id string) error {
	return revokeGrant(ctx, s.base.Grants, id)
}

// UserAgent returns a user agent for the first of [Config.Users].
func (s *Server) UserAgent() *UserAgent {
	return &UserAgent{Username: s.user.Username, Password: s.user.Password}
}
