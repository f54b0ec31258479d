package gateway

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway/internal/headers"
	"github.com/mcp-auth/go/internal/panics"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/safelog"
	"github.com/mcp-auth/go/reason"
)

var (
	errDraining = errors.New("the gateway ends streams")
	errBroken   = errors.New("the upstream broke its response off")
)

// forwarder hands the requests that were let in for a resource to its upstream.
type forwarder struct {
	resource    string
	metadataURL string
	url         *url.URL // path of the identifier; never written to
	upstream    http.Handler
	keepsQuery  bool // the upstream looks its session up in it
	credential  Credential
	keepAlive   time.Duration
	limiter     Limiter // nil: none
	hooks       Hooks
	log         *slog.Logger
	draining    context.Context

	forwardedHost, forwardedProto []string
}

// ServeHTTP is called with requests that were let in.
func (f *forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		refuseMethod(w)
		return
	}
	if f.isLimited(w, r) {
		return
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	if r.Method == http.MethodGet {
		defer context.AfterFunc(f.draining, func() { cancel(errDraining) })()
	}
	x := newExchange(w, r, f.keepAlive)
	x.streaming = func() {
		observe(ctx, f, "Streaming", f.hooks.Streaming, UpstreamEvent{Resource: f.resource, Method: r.Method, Stream: true})
	}
	x.idle = time.AfterFunc(idleTimeout, func() { cancel(errIdle) })
	defer f.end(ctx, x, time.Now())
	r, err := f.prepare(ctx, r)
	if err != nil {
		f.refuseCredential(x, err)
		return
	}
	f.upstream.ServeHTTP(x, r)
	x.finish()
}

// prepare returns the request as the upstream gets it. Auth.Protect has given it a
// header of its own.
func (f *forwarder) prepare(ctx context.Context, r *http.Request) (*http.Request, error) {
	headers.StripRequest(r.Header)
	if address := ClientAddress(ctx); address.IsValid() {
		r.Header["X-Forwarded-For"] = []string{address.String()}
	}
	r.Header["X-Forwarded-Host"], r.Header["X-Forwarded-Proto"] = f.forwardedHost, f.forwardedProto
	up := r.WithContext(ctx)
	up.Trailer = nil
	if !f.keepsQuery {
		up.URL, up.RequestURI = f.url, f.url.EscapedPath()
	}
	if f.credential == nil {
		return up, nil
	}
	info, _ := mcpauth.FromContext(ctx)
	_, err := panics.Call("the Credential", func() (struct{}, error) {
		return struct{}{}, f.credential.Apply(ctx, info, up.Header)
	})
	return up, err
}

// refuseCredential answers a request whose credential for the upstream cannot be had.
func (f *forwarder) refuseCredential(x *exchange, err error) {
	status, retryAfter := http.StatusBadGateway, time.Duration(0)
	if c, ok := errors.AsType[*mcpauth.Challenge](err); ok {
		if c.Status != http.StatusServiceUnavailable {
			x.refuse(c, nil) // the caller is to blame, and the upstream as well as before
			return
		}
		status, retryAfter = c.Status, c.RetryAfter
	}
	if e, ok := errors.AsType[*CredentialError](err); ok {
		status, retryAfter = cmp.Or(e.Status, status), e.RetryAfter
	}
	if status != http.StatusUnauthorized {
		x.fail(status, retryAfter, err)
		return
	}
	x.refuse(&mcpauth.Challenge{
		Status: status, Code: refusal.CodeInvalidToken, Reason: reason.InactiveToken, ResourceMetadata: f.metadataURL,
		Description: "The access token is no longer accepted.",
	}, err)
}

// end reports how the exchange with the upstream ended, also if the handler panics,
// as [httputil.ReverseProxy] does if a response breaks off. A stream that the gateway
// has ended is complete for its client.
func (f *forwarder) end(ctx context.Context, x *exchange, began time.Time) {
	x.idle.Stop()
	o, err := x.leave(), context.Cause(ctx)
	switch {
	case err == errDraining:
		if value := recover(); value != nil && value != http.ErrAbortHandler {
			panic(value)
		}
		err = nil
	case err != nil:
	case o.err != nil:
		err = o.err
	case !o.finished:
		err = errBroken
	}
	if err != nil {
		f.logFailure(ctx, x, o, err)
	}
	observe(ctx, f, "Upstream", f.hooks.Upstream, UpstreamEvent{
		Resource: f.resource, Method: x.method, Status: o.status, Stream: o.stream, Duration: time.Since(began), Err: err,
	})
}

// observe calls a hook, if there is one.
func observe[E any](ctx context.Context, f *forwarder, name string, hook func(context.Context, E), event E) {
	if hook == nil {
		return
	}
	_, err := panics.Call("the hook "+name, func() (struct{}, error) {
		hook(ctx, event)
		return struct{}{}, nil
	})
	if err != nil {
		safelog.Write(ctx, f.log, slog.LevelError, "mcpauth: hook panicked", safelog.Cause(err)...)
	}
}

func (f *forwarder) logFailure(ctx context.Context, x *exchange, o outcome, err error) {
	level := slog.LevelError
	if errors.Is(err, context.Canceled) { // the client went away
		level = slog.LevelDebug
	}
	if !safelog.Enabled(ctx, f.log, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("resource", f.resource), slog.String("method", x.method), slog.Int("status", o.status), slog.String("request", RequestID(ctx)),
	}
	safelog.Write(ctx, f.log, level, "mcpauth: the upstream failed", append(attrs, safelog.Cause(err)...)...)
}
