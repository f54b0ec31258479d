package mcpauthtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcp-auth/go/internal/dpop"
	"github.com/mcp-auth/go/internal/fetch"
)

// Endpoints, relative to the issuer.
const (
	authorizePath  = "/authorize"
	tokenPath      = "/token"
	registerPath   = "/register"
	introspectPath = "/introspect"
	revokePath     = "/revoke"
	jwksPath       = "/jwks"
)

const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = time.Minute
	idleTimeout       = time.Minute
	maxHeaderBytes    = 32 << 10
	closeGrace        = time.Second
)

// Server is an authorization server. Make one with [NewServer], which listens,
// or with [New], whose Handler you mount yourself. It is safe for concurrent
// use.
type Server struct {
	config Config // normalized, never changed
	issuer string
	base   string // the issuer without a terminating slash
	log    *slog.Logger
	now    func() time.Time

	keys    *keyring
	handles *handles
	opaque  *opaqueTokens
	nonces  *dpop.Nonces
	store   Store
	clients map[string]*client        // registered beforehand, never changed
	trusted map[string]*trustedIssuer // by issuer, never changed
	pages   *pages
	// Documents that clients and issuers name.
	clientDocuments *documents
	keyDocuments    *documents
	registrations   *limiter
	logins          *limiter
	faults          atomic.Pointer[Faults]
	counts          counters
	routes          map[string]route

	closing   chan struct{}
	closeOnce sync.Once
	http      *http.Server  // nil when it was made by New
	served    chan struct{} // nil when it was made by New
}

// NewServer starts an authorization server on loopback, or on [Config.Listen].
// Close it after use. Each mistake in config is a [*ConfigError], joined.
func NewServer(config Config) (*Server, error) {
	address := cmp.Or(config.Listen, defaultListen)
	if config.Issuer == "" && !loopbackListen(address) {
		return nil, &ConfigError{"Listen", "is not a loopback address, so Issuer is required"}
	}
	if config.Path != "" && (!strings.HasPrefix(config.Path, "/") || strings.ContainsAny(config.Path, "?#")) {
		return nil, &ConfigError{"Path", `must begin with "/" and have no query or fragment`}
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
	s.serve(listener)
	return s, nil
}

// New makes an authorization server that does not listen: mount
// [Server.Handler] at the host of [Config.Issuer], which is required. Each
// mistake in config is a [*ConfigError], joined.
func New(config Config) (*Server, error) {
	config = config.normalized()
	if err := config.check(); err != nil {
		return nil, err
	}
	clients, err := configuredClients(config.Clients)
	if err != nil {
		return nil, err
	}
	trusted, err := newTrustedIssuers(config)
	if err != nil {
		return nil, err
	}
	secrets, keys, err := loadSecrets(config)
	if err != nil {
		return nil, err
	}
	opaque, err := newOpaqueTokens(secrets.Opaque)
	if err != nil {
		return nil, err
	}
	pages, err := newPages(config.Issuer, secrets.CSRF)
	if err != nil {
		return nil, err
	}
	s := &Server{
		config:          config,
		issuer:          config.Issuer,
		base:            strings.TrimSuffix(config.Issuer, "/"),
		log:             config.Logger,
		now:             config.Now,
		keys:            keys,
		handles:         &handles{secrets.Handles},
		opaque:          opaque,
		nonces:          dpop.NewNonces(secrets.Nonces, config.Issuer),
		store:           config.Store,
		clients:         clients,
		trusted:         trusted,
		clientDocuments: newDocuments(config, maxClientDocument),
		keyDocuments:    newDocuments(config, maxKeyDocument),
		pages:           pages,
		registrations:   newLimiter(registrationBurst, registrationRate),
		logins:          newLimiter(loginBurst, loginRate),
		closing:         make(chan struct{}),
	}
	s.faults.Store(&Faults{})
	s.routes, err = s.newRoutes()
	return s, err
}

// Issuer returns the issuer identifier, which a resource server must trust.
func (s *Server) Issuer() string { return s.issuer }

// Done is closed when the server of [NewServer] listens no longer: after Close,
// or because it failed. It is nil for one of [New], which never listens.
func (s *Server) Done() <-chan struct{} { return s.served }

// Close stops the server. Requests under way get a moment to end.
func (s *Server) Close() {
	s.closeOnce.Do(func() {
		close(s.closing)
		defer s.clientDocuments.close()
		defer s.keyDocuments.close()
		if s.http == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		if err := s.http.Shutdown(ctx); err != nil {
			s.log.Debug("closing connections that are still in use", "error", err)
			_ = s.http.Close() // the listener is closed already, nothing else can fail
		}
		<-s.served
	})
}

func (s *Server) serve(listener net.Listener) {
	s.http = &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the authorization server stopped", "error", err)
		}
	}()
}

// Handler serves the endpoints and the well-known documents of the issuer, at
// the paths clients see: mount it at "/", or at the issuer's path and at
// "/.well-known/", without stripping a prefix.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serveHTTP) }

// route is what is served at a path.
type route struct {
	methods string // for Allow
	page    bool   // for people; all others are for programs, from any origin
	handle  http.HandlerFunc
}

// newRoutes lays out the paths: RFC 8414 §3.1 inserts the well-known part
// before the issuer's path, OpenID Connect Discovery §4 appends it. Clients try
// the second name at the first place too.
func (s *Server) newRoutes() (map[string]route, error) {
	u, err := url.Parse(s.base)
	if err != nil {
		return nil, &ConfigError{"Issuer", "is not an absolute URL"}
	}
	document := func(h http.HandlerFunc) route { return route{methods: "GET, HEAD", handle: h} }
	form := func(h http.HandlerFunc) route { return route{methods: "POST", handle: h} }
	routes := map[string]route{
		wellKnownOAuth + u.Path: document(s.serveOAuthMetadata),
		wellKnownOIDC + u.Path:  document(s.serveOIDCMetadata),
		u.Path + wellKnownOIDC:  document(s.serveOIDCMetadata),
		u.Path + jwksPath:       document(s.serveJWKS),
		u.Path + tokenPath:      form(s.serveToken),
		u.Path + revokePath:     form(s.serveRevocation),
		u.Path + introspectPath: form(s.serveIntrospection),
		u.Path + authorizePath:  {methods: "GET, POST", page: true, handle: s.serveAuthorize},
	}
	if s.registrationOpen() {
		routes[u.Path+registerPath] = form(s.serveRegister)
	}
	if s.config.StatusPage {
		routes[u.Path+"/"] = route{methods: "GET, HEAD, POST", page: true, handle: s.serveStatus}
	}
	return routes, nil
}

// registrationOpen tells whether anybody can register a client.
func (s *Server) registrationOpen() bool {
	return s.config.OpenRegistration || fetch.IsLoopbackURL(s.issuer)
}

func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	matched, ok := s.routes[r.URL.Path]
	if ok && matched.page {
		s.servePage(w, r, matched)
		return
	}
	// Any origin may read what needs no cookie; the answers hold nothing that
	// the caller could not fetch without a browser.
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, DPoP-Nonce")
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodOptions {
		preflight(w, matched)
		return
	}
	s.serveRoute(w, r, matched)
}

// servePage keeps out web pages whose host name was made to lead to loopback (DNS
// rebinding): to the browser they would be of the same origin.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request, matched route) {
	if fetch.IsLoopbackURL(s.issuer) && !fetch.IsLoopbackAuthority(r.Host) {
		http.Error(w, "This page answers to loopback host names only.", http.StatusForbidden)
		return
	}
	s.serveRoute(w, r, matched)
}

func (s *Server) serveRoute(w http.ResponseWriter, r *http.Request, matched route) {
	if !allowed(r.Method, matched.methods) {
		w.Header().Set("Allow", matched.methods)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	matched.handle(w, r)
}

func allowed(method, methods string) bool {
	for m := range strings.SplitSeq(methods, ", ") {
		if m == method {
			return true
		}
	}
	return false
}

// preflight lets scripts send what they want. The wildcard does not cover
// Authorization (Fetch §3.3.3), which token requests may need.
func preflight(w http.ResponseWriter, matched route) {
	w.Header().Set("Access-Control-Allow-Methods", matched.methods)
	w.Header().Set("Access-Control-Allow-Headers", "*, Authorization")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// Requests counts the requests to each endpoint, whether or not the server
// misbehaves.
type Requests struct {
	Metadata   int // both documents
	JWKS       int
	Authorize  int // pages and their forms
	Token      int
	Register   int
	Introspect int
	Revoke     int
}

type counters struct {
	metadata, jwks, authorize, token, register, introspect, revoke atomic.Int64
}

// Requests returns how many requests have arrived at each endpoint so far.
func (s *Server) Requests() Requests {
	return Requests{
		Metadata:   int(s.counts.metadata.Load()),
		JWKS:       int(s.counts.jwks.Load()),
		Authorize:  int(s.counts.authorize.Load()),
		Token:      int(s.counts.token.Load()),
		Register:   int(s.counts.register.Load()),
		Introspect: int(s.counts.introspect.Load()),
		Revoke:     int(s.counts.revoke.Load()),
	}
}

func loopbackListen(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && fetch.IsLoopbackHost(host)
}

// publicAddress is the host of a derived issuer: as configured, with the port
// that was really taken.
func publicAddress(configured string, actual net.Addr) string {
	host, _, err := net.SplitHostPort(configured)
	tcp, ok := actual.(*net.TCPAddr)
	if err != nil || !ok {
		return actual.String()
	}
	return net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}
