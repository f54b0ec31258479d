package mcpauth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/body"
	"github.com/mcp-auth/go/internal/origin"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/safelog"
	"github.com/mcp-auth/go/internal/scope"
	"github.com/mcp-auth/go/internal/upgrade"
	"github.com/mcp-auth/go/reason"
)

// Option says what a protected handler needs.
type Option interface{ apply(*protection) }

type optionFunc func(*protection)

func (f optionFunc) apply(p *protection) { f(p) }

type protection struct {
	resource     string
	scopes       []string
	challenge    []string
	withoutToken bool
}

// Scopes demands scopes, all of them. A token that lacks one is answered with 403
// insufficient_scope (RFC 6750 §3.1). What each operation needs besides goes into
// [Resource.Policy].
func Scopes(required ...string) Option {
	required = slices.Clone(required)
	return optionFunc(func(p *protection) { p.scopes = append(p.scopes, required...) })
}

// ChallengeScopes sets the scopes that the challenge to a caller without a token
// asks for. By default they are the required ones. They are not enforced.
func ChallengeScopes(scopes ...string) Option {
	return optionFunc(func(p *protection) { p.challenge = append(p.challenge, scopes...) })
}

// ForResource names the resource that the handler belongs to. It can be left out
// if only one is configured.
func ForResource(identifier string) Option {
	return optionFunc(func(p *protection) { p.resource = identifier })
}

// WithoutToken hands requests to the handler without their Authorization and
// DPoP headers. A handler that forwards requests, such as a reverse proxy, then
// cannot pass on the caller's token, which MCP forbids, and a handler that logs
// headers cannot log it. [AuthInfo] still has the token.
func WithoutToken() Option {
	return optionFunc(func(p *protection) { p.withoutToken = true })
}

// Protect wraps a handler so that only authorized requests reach it; they carry
// their [AuthInfo] in the context. It panics if an option is wrong, or if the
// handler or the Auth is nil, as [http.ServeMux.Handle] does for a wrong pattern;
// see [Auth.Middleware] for an error if options are wrong.
func (a *Auth) Protect(next http.Handler, opts ...Option) http.Handler {
	wrap, err := a.Middleware(opts...)
	if err != nil {
		panic(err)
	}
	return wrap(next)
}

// Middleware is [Auth.Protect] for routers that take middleware, and for options
// that may be wrong: it returns [*configerr.Error] for an unknown resource or an
// impossible scope. It panics if the Auth is nil, and the function that it
// returns panics if the handler is nil.
func (a *Auth) Middleware(opts ...Option) (func(http.Handler) http.Handler, error) {
	var p protection
	for _, opt := range opts {
		opt.apply(&p)
	}
	res, err := a.resource(p.resource)
	if err != nil {
		return nil, err
	}
	var f configerr.List
	f.Nest("Scopes", scope.Validate(p.scopes))
	f.Nest("ChallengeScopes", scope.Validate(p.challenge))
	if err := f.Err(); err != nil {
		return nil, err
	}
	p.resource = res.identifier
	p.scopes, p.challenge = slices.Clone(p.scopes), slices.Clone(p.challenge)
	answers := prepareAnswers(res, &p)
	return func(next http.Handler) http.Handler {
		if f, ok := next.(http.HandlerFunc); next == nil || ok && f == nil {
			panic("mcpauth: the handler to protect is nil")
		}
		m := &middleware{next: next, protection: p, resource: res, all: a.ordered, answers: answers}
		return res.origins.Guard(m, m.refuseOrigin)
	}, nil
}

// middleware is a protected net/http handler.
type middleware struct {
	next       http.Handler
	protection protection
	resource   *resource
	all        []*resource
	answers    preparedAnswers
	astray     atomic.Bool // a request for another path was reported
	foreign    atomic.Bool // a request that the handler refused for its Host was reported
}

func (m *middleware) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.resource.origins.PassesPreflights(r) {
		m.next.ServeHTTP(w, origin.Preflight(r))
		return
	}
	var read *body.Buffer // without a policy, none is read
	if m.resource.policy != nil {
		r = upgrade.Ignore(r)
		read = body.New(w, r)
	}
	req := m.request(r)
	if !isBelow(req.URL, m.resource.path) && !m.astray.Load() {
		m.reportAstray(r)
	}
	var d decision
	m.resource.decide(r.Context(), &req, read, &d)
	if d.refused != nil {
		m.refuse(w, &req, &d)
		return
	}
	if nonce := m.resource.sender.DPoP().Nonce(); nonce != "" {
		w.Header().Set("DPoP-Nonce", nonce)
		w.Header().Set("Cache-Control", "no-store") // or the nonce would be old (RFC 9449 §8.2)
	}
	m.serve(w, r, &d, read)
}

// reportAstray reports, once, that the handler was reached under a path that is not
// its resource's: it then admits tokens for its resource at the place of another. A
// proxy that takes a prefix off the path is the harmless case.
func (m *middleware) reportAstray(r *http.Request) {
	asked, err := url.ParseRequestURI(target(r))
	own, _ := url.PathUnescape(m.resource.path)
	if err != nil || isBelow(asked.Path, own) || m.astray.Swap(true) {
		return
	}
	level, attrs := slog.LevelInfo, []slog.Attr{
		slog.String("resource", m.resource.identifier), slog.String("path", asked.EscapedPath()),
	}
	for _, other := range m.all {
		if other != m.resource && other.path != "" && isBelow(asked.EscapedPath(), other.path) {
			level, attrs = slog.LevelWarn, append(attrs, slog.String("path_of", other.identifier))
			break
		}
	}
	safelog.Write(r.Context(), m.resource.log, level, "mcpauth: a handler was reached under a path that is not its resource's", attrs...)
}

// isBelow reports whether a path, with or without a query, is another one or below it.
func isBelow(path, top string) bool {
	return strings.HasPrefix(path, top) && (len(path) == len(top) || path[len(top)] == '/' || path[len(top)] == '?')
}

func (m *middleware) request(r *http.Request) Request {
	return Request{
		Method:          r.Method,
		URL:             target(r),
		Header:          r.Header,
		Resource:        m.protection.resource,
		Scopes:          m.protection.scopes,
		ChallengeScopes: m.protection.challenge,
		TLS:             r.TLS,
		RemoteAddr:      r.RemoteAddr,
	}
}

// serve lets the handler answer a request that was let in.
func (m *middleware) serve(w http.ResponseWriter, r *http.Request, d *decision, read *body.Buffer) {
	x := &exchange{ctx: r.Context()}
	x.accept(d)
	x.writer = &x.Writer
	x.Start(w, x, d.response)
	r = r.WithContext(x.context())
	x.receive(r, read)
	m.trim(r, x)
	defer x.Leave()
	m.next.ServeHTTP(x, r)
	x.Finish()
	if x.forbidden.Load() && origin.ForeignHost(r) && !m.foreign.Swap(true) {
		m.reportForeignHost(r)
	}
}

// reportForeignHost reports, once, that the handler has refused a request from a proxy
// on this machine, as MCP SDKs do without a word in any log.
func (m *middleware) reportForeignHost(r *http.Request) {
	safelog.Write(r.Context(), m.resource.log, slog.LevelWarn,
		"mcpauth: the handler answered 403 to a request that came in on loopback for another host; MCP SDKs refuse these as DNS rebinding. "+
			"Behind a reverse proxy, let the proxy send the Host of the address that it connects to, or switch the SDK's check off (go-sdk: DisableLocalhostProtection)",
		slog.String("resource", m.resource.identifier), slog.String("host", printable(fmt.Sprintf("%.200s", r.Host))))
}

// receive gives the handler the body that the decision was made on, or notes
// what the handler reads.
func (x *exchange) receive(r *http.Request, read *body.Buffer) {
	switch {
	case read != nil: // also if no operation was read, of a GET
		r.Body, r.ContentLength, r.TransferEncoding = read, read.Len(), nil
	case r.Body != nil && r.Body != http.NoBody:
		r.Body = x.Watch(r.Body)
	}
}

// trim takes headers away that are not for the handler. A response that is
// filtered must not come compressed.
func (m *middleware) trim(r *http.Request, x *exchange) {
	encoded := x.decision.response.Hides != 0 && len(r.Header["Accept-Encoding"]) > 0
	if !encoded && !m.protection.withoutToken {
		return
	}
	r.Header = r.Header.Clone()
	if encoded {
		r.Header.Del("Accept-Encoding")
	}
	if m.protection.withoutToken {
		r.Header.Del("Authorization")
		r.Header.Del("DPoP")
	}
}

// refuse answers a request that was refused.
func (m *middleware) refuse(w http.ResponseWriter, req *Request, d *decision) {
	c := m.resource.challenge(req, d.scheme, d.refused)
	if !m.answers.write(w, c) {
		WriteChallenge(w, c)
	}
}

func (m *middleware) refuseOrigin(w http.ResponseWriter, r *http.Request, cause error) {
	why, text := reason.WrongOrigin, "Pages of this origin may not call this server."
	if errors.Is(cause, origin.ErrForeignHost) {
		why, text = reason.WrongHost, "This server is on loopback and answers to names of loopback only. "+
			"A reverse proxy must send the Host of the address that it connects to."
	}
	d := decision{method: r.Method, refused: &refusal.Refusal{
		Status: http.StatusForbidden, Code: refusal.CodeAccessDenied, Reason: why, Cause: cause,
	}}
	m.resource.report(r.Context(), &d, time.Now())
	WriteChallenge(w, &Challenge{Status: http.StatusForbidden, Code: refusal.CodeAccessDenied, Reason: why, Description: text})
}

// target is the request target as it was sent, which handlers further out may
// have stripped of a prefix in r.URL.
func target(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}
