package mcpauth

import (
	"net/http"
	"slices"
	"strings"

	"github.com/jub0bs/cors"
)

// Option says what a protected handler needs.
type Option interface{ apply(*protection) }

type optionFunc func(*protection)

func (f optionFunc) apply(p *protection) { f(p) }

type protection struct {
	resource  string
	scopes    []string
	challenge []string
}

// Scopes demands scopes, all of them. A token that lacks one is answered with
// 403 insufficient_scope (RFC 6750 §3.1).
func Scopes(required ...string) Option {
	return optionFunc(func(p *protection) { p.scopes = append(p.scopes, required...) })
}

// ChallengeScopes are the scopes that the challenge to a caller without a token
// asks for. Without it they are the required ones. They are not enforced.
func ChallengeScopes(scopes ...string) Option {
	return optionFunc(func(p *protection) { p.challenge = append(p.challenge, scopes...) })
}

// ForResource names the resource that the handler belongs to. It can be left
// out where only one is configured.
func ForResource(identifier string) Option {
	return optionFunc(func(p *protection) { p.resource = identifier })
}

// Protect wraps a handler so that only authorized requests reach it; they carry
// their [AuthInfo] in the context. It panics if an option is wrong, as
// [http.ServeMux.Handle] does for a wrong pattern; see [Auth.Middleware] for an
// error instead.
func (a *Auth) Protect(next http.Handler, opts ...Option) http.Handler {
	wrap, err := a.Middleware(opts...)
	if err != nil {
		panic(err)
	}
	return wrap(next)
}

// Middleware is [Auth.Protect] for routers that take middleware, and for options
// that are not known to be right: it returns [*ConfigError] for an unknown
// resource or an impossible scope.
func (a *Auth) Middleware(opts ...Option) (func(http.Handler) http.Handler, error) {
	var p protection
	for _, opt := range opts {
		opt.apply(&p)
	}
	res, err := a.resource(p.resource)
	if err != nil {
		return nil, err
	}
	var f faults
	checkScopes(&f, p.scopes, "Scopes")
	checkScopes(&f, p.challenge, "ChallengeScopes")
	if err := f.err(); err != nil {
		return nil, err
	}
	p.resource = res.identifier
	p.scopes, p.challenge = slices.Clone(p.scopes), slices.Clone(p.challenge)
	answers := a.prepare(res, &p)
	return func(next http.Handler) http.Handler {
		door := &httpDoor{auth: a, next: next, protection: p, proofs: res.dpop, answers: answers}
		if a.cors == nil {
			return door
		}
		return &corsDoor{door: door, cors: a.cors.Wrap(door), anyOrigin: a.anyOrigin}
	}, nil
}

// corsDoor puts CORS in front of a door. Where every origin is admitted, answers
// do not vary by Origin, and a request without one needs no CORS headers.
type corsDoor struct {
	door, cors http.Handler
	anyOrigin  bool
}

func (d *corsDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.anyOrigin && len(r.Header["Origin"]) == 0 {
		d.door.ServeHTTP(w, r)
		return
	}
	d.cors.ServeHTTP(w, r)
}

// httpDoor is the net/http door.
type httpDoor struct {
	auth       *Auth
	next       http.Handler
	protection protection
	proofs     *proofChecker
	answers    []prepared
}

func (d *httpDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.auth.cors == nil && isPreflight(r) {
		d.next.ServeHTTP(w, r)
		return
	}
	admitted, refused := d.auth.authorize(r.Context(), &Request{
		Method:          r.Method,
		URL:             target(r),
		Header:          r.Header,
		Resource:        d.protection.resource,
		Scopes:          d.protection.scopes,
		ChallengeScopes: d.protection.challenge,
		TLS:             r.TLS,
		RemoteAddr:      r.RemoteAddr,
	})
	if refused != nil {
		d.refuse(w, refused)
		return
	}
	if nonce := d.proofs.nonce(); nonce != "" {
		w.Header().Set("DPoP-Nonce", nonce)
	}
	d.next.ServeHTTP(w, r.WithContext(admitted))
}

// refuse is [WriteChallenge], which need not be done anew for most refusals.
func (d *httpDoor) refuse(w http.ResponseWriter, c *Challenge) {
	for i := range d.answers {
		if p := &d.answers[i]; p.fits(c) {
			c.write(w, p.rendering)
			return
		}
	}
	WriteChallenge(w, c)
}

// target is the request target as it was sent, which handlers further out may
// have stripped of a prefix in r.URL.
func target(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" &&
		r.Header.Get("Access-Control-Request-Method") != ""
}

// newCORS makes the middleware for protected handlers, or nil (RS20).
func newCORS(c CORS) (*cors.Middleware, error) {
	if c.Disabled {
		return nil, nil
	}
	origins := c.Origins
	if len(origins) == 0 {
		origins = []string{"*"}
	}
	m, err := cors.NewMiddleware(cors.Config{
		Origins: origins,
		Methods: []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		// The wildcard does not cover Authorization (Fetch standard); MCP has
		// headers named by tool parameters, which no list can hold.
		RequestHeaders:  []string{"*", "Authorization"},
		ResponseHeaders: []string{"WWW-Authenticate", "Mcp-Session-Id", "MCP-Protocol-Version", "DPoP-Nonce", "Retry-After"},
		MaxAgeInSeconds: 600,
	})
	if err != nil {
		return nil, &ConfigError{Field: "CORS.Origins", Fault: InvalidCORS, detail: err}
	}
	return m, nil
}
