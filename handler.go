package mcpauth

import (
	"io"
	"net/http"
	"slices"
	"strings"
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

// ChallengeScopes sets the scopes that the challenge to a caller without a
// token asks for. Without it they are the required ones. They are not enforced.
func ChallengeScopes(scopes ...string) Option {
	return optionFunc(func(p *protection) { p.challenge = append(p.challenge, scopes...) })
}

// ForResource names the resource that the handler belongs to. It can be left
// out where only one is configured.
func ForResource(identifier string) Option {
	return optionFunc(func(p *protection) { p.resource = identifier })
}

// WithoutToken hands requests to the handler without their Authorization and
// DPoP headers. A handler that forwards requests, such as a reverse proxy, then
// cannot pass on the caller's token, which MCP forbids, and one that logs headers
// cannot log it. [AuthInfo] still has the token.
func WithoutToken() Option {
	return optionFunc(func(p *protection) { p.withoutToken = true })
}

// Protect wraps a handler so that only authorized requests reach it; they carry
// their [AuthInfo] in the context. It panics if an option is wrong, or if the
// handler or the Auth is nil, as [http.ServeMux.Handle] does for a wrong pattern;
// see [Auth.Middleware] for an error where options are wrong.
func (a *Auth) Protect(next http.Handler, opts ...Option) http.Handler {
	wrap, err := a.Middleware(opts...)
	if err != nil {
		panic(err)
	}
	return wrap(next)
}

// Middleware is [Auth.Protect] for routers that take middleware, and for options
// that are not known to be right: it returns [*ConfigError] for an unknown
// resource or an impossible scope. It panics if the Auth is nil, and the function
// that it returns does if the handler is.
func (a *Auth) Middleware(opts ...Option) (func(http.Handler) http.Handler, error) {
	if a == nil {
		panic("mcpauth: the Auth is nil; New returns one unless it returns an error")
	}
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
		if f, ok := next.(http.HandlerFunc); next == nil || ok && f == nil {
			panic("mcpauth: the handler to protect is nil")
		}
		door := &httpDoor{auth: a, next: next, protection: p, res: res, answers: answers}
		return res.origins.guard(door, a.log)
	}, nil
}

// httpDoor is the net/http door.
type httpDoor struct {
	auth       *Auth
	next       http.Handler
	protection protection
	res        *resource
	answers    []prepared
}

func (d *httpDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.res.origins.callers && isPreflight(r) {
		d.next.ServeHTTP(w, r)
		return
	}
	req := Request{
		Method:          r.Method,
		URL:             target(r),
		Header:          r.Header,
		Resource:        d.protection.resource,
		Scopes:          d.protection.scopes,
		ChallengeScopes: d.protection.challenge,
		TLS:             r.TLS,
		RemoteAddr:      r.RemoteAddr,
	}
	var body *bodyReader // without a policy, none is read
	if d.res.policy != nil {
		body = newBodyReader(w, r)
		req.body = body
	}
	out, refused := d.auth.authorize(r.Context(), &req)
	if refused != nil {
		d.refuse(w, refused)
		return
	}
	if nonce := d.res.dpop.nonce(); nonce != "" {
		w.Header().Set("DPoP-Nonce", nonce)
		w.Header().Set("Cache-Control", "no-store") // or the nonce would be old (RFC 9449 §8.2)
	}
	r = r.WithContext(out.context())
	out.to = w
	out.receive(r, body)
	d.trim(r, out)
	defer out.leave()
	d.next.ServeHTTP(out, r)
	out.finish()
}

// bodyReader reads the body for the engine and keeps it for the handler. The
// request's context does not lead to it: sessions may keep that.
type bodyReader struct {
	w    http.ResponseWriter
	r    *http.Request
	data []byte // the body; before it is read, room for it
	at   int    // how much of it the handler has read
}

// newBodyReader has room for the usual body in the same piece of memory.
func newBodyReader(w http.ResponseWriter, r *http.Request) *bodyReader {
	var b *bodyReader
	switch length := r.ContentLength; {
	case 0 < length && length <= 200:
		roomy := &struct {
			bodyReader
			room [200]byte
		}{}
		b, roomy.data = &roomy.bodyReader, roomy.room[:0]
	case 0 < length && length <= 456:
		roomy := &struct {
			bodyReader
			room [456]byte
		}{}
		b, roomy.data = &roomy.bodyReader, roomy.room[:0]
	default:
		b = &bodyReader{}
	}
	b.w, b.r = w, r
	return b
}

// Read is the handler's.
func (b *bodyReader) Read(p []byte) (int, error) {
	if b.at == len(b.data) {
		return 0, io.EOF
	}
	n := copy(p, b.data[b.at:])
	b.at += n
	return n, nil
}

// WriteTo serves [io.Copy].
func (b *bodyReader) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(b.data[b.at:])
	b.at += n
	return int64(n), err
}

// Close has nothing to close.
func (*bodyReader) Close() error { return nil }

// maxEager is how many bytes of memory a caller gets by announcing a body.
const maxEager = 64 << 10

// read reads a body of at most so many bytes.
func (b *bodyReader) read(most int64) (_ []byte, err error) {
	switch length := b.r.ContentLength; {
	case b.r.Body == nil:
	case length < 0 || length > min(most, maxEager):
		b.data, err = io.ReadAll(http.MaxBytesReader(b.w, b.r.Body, most))
	default:
		b.data = slices.Grow(b.data, int(length))[:length] // net/http ends the body there
		_, err = io.ReadFull(b.r.Body, b.data)
	}
	return b.data, err
}

// receive gives the handler the body that the decision was made on, or notes
// what it reads.
func (w *doorWriter) receive(r *http.Request, read *bodyReader) {
	switch {
	case read != nil: // also where no operation was read, of a GET
		r.Body, r.ContentLength, r.TransferEncoding = read, int64(len(read.data)), nil
	case r.Body != nil && r.Body != http.NoBody:
		w.body = r.Body
		r.Body = (*requestBody)(w)
	}
}

// trim takes headers away that are not for the handler. An answer that is
// filtered must not come compressed.
func (d *httpDoor) trim(r *http.Request, w *doorWriter) {
	encoded := w.hides != 0 && len(r.Header["Accept-Encoding"]) > 0
	if !encoded && !d.protection.withoutToken {
		return
	}
	r.Header = r.Header.Clone()
	if encoded {
		r.Header.Del("Accept-Encoding")
	}
	if d.protection.withoutToken {
		r.Header.Del("Authorization")
		r.Header.Del("DPoP")
	}
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
