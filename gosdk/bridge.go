package gosdk

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/protected"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var errNoDoor = errors.New("gosdk: no door of mcpauth let the request in")

// Bridge hands the mcpauth.AuthInfo in a request's context over to the SDK. Use
// it behind code of your own that calls mcpauth.Auth.Authorize; [Protect] does
// it already. Callers without a token, see [mcpauth.Anonymous], have no
// TokenInfo. Bridge itself protects nothing: except for preflights, a request
// that was not let in is answered with 500. It panics if the handler is nil.
//
// Handlers between Bridge and the SDK find the AuthInfo in the request's context.
// It is gone from there when the handler has returned, since a session of the SDK
// keeps the context of the request that opened it. A stream of the old HTTP+SSE
// transport, which lasts as long as its session, never has it there.
func Bridge(next http.Handler) http.Handler {
	if next == nil {
		panic("gosdk: the handler to protect is nil")
	}
	// The SDK's context key is private: the only way in is its own middleware,
	// with a verifier that repeats what is already known. Expiry was checked
	// with mcpauth's clock and leeway, so the SDK must not decide again.
	handOver := auth.RequireBearerToken(verified, &auth.RequireBearerTokenOptions{
		AllowMissingExpiration: true,
		ClockSkew:              100 * 365 * 24 * time.Hour,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := mcpauth.FromContext(r.Context()); !ok {
			if mcpauth.Anonymous(r.Context()) || isPreflight(r) {
				serve(next, w, r, r.Context())
				return
			}
			mcpauth.WriteChallenge(w, errNoDoor)
			return
		}
		outer, original := r.Context(), r.Header
		restore := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header = original
			serve(next, w, r, outer)
		})
		bridged := r.Clone(outer)
		bridged.Header = http.Header{"Authorization": {"Bearer verified"}}
		handOver(restore).ServeHTTP(w, bridged)
	})
}

// serve lets the SDK answer a request that was let in. Outer is its context before
// the SDK's middleware put the TokenInfo into it.
func serve(next http.Handler, w http.ResponseWriter, r *http.Request, outer context.Context) {
	ctx := &bridgedContext{Context: r.Context(), after: mcpauth.NewContext(outer, nil)}
	if opensStream(r) {
		ctx.Context = mcpauth.NewContext(r.Context(), nil)
	}
	defer ctx.isOver.Store(true)
	next.ServeHTTP(w, r.WithContext(ctx))
}

// opensStream reports whether the request opens a session of the old HTTP+SSE
// transport, and goes on for as long as that lasts.
func opensStream(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Mcp-Session-Id") == ""
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// verified is the SDK's verifier for a token that is already verified.
func verified(ctx context.Context, _ string, _ *http.Request) (*auth.TokenInfo, error) {
	info, ok := mcpauth.FromContext(ctx)
	if !ok {
		return nil, auth.ErrInvalidToken
	}
	return TokenInfo(info), nil
}

// bridgedContext is the context of a request behind [Bridge]. It carries AuthInfo
// and TokenInfo while the request is under way, and the mark that Bridge was there
// for as long as a session keeps it.
type bridgedContext struct {
	context.Context

	after  context.Context // without either
	isOver atomic.Bool
}

type bridgedKey struct{}

func (c *bridgedContext) Value(key any) any {
	if key == any(bridgedKey{}) {
		return true
	}
	if c.isOver.Load() {
		return c.after.Value(key)
	}
	return c.Context.Value(key)
}

const notBridged = "this server is set up wrongly: around the SDK's HTTP handler, use gosdk.Protect in place of Auth.Protect, " +
	"or gosdk.Bridge behind code of your own that calls Auth.Authorize"

// checkBridged refuses a message that came over HTTP and through mcpauth, without
// [Bridge] or [TokenInfo].
func checkBridged(ctx context.Context, req mcp.Request) error {
	if extra := req.GetExtra(); extra == nil || extra.Header == nil {
		return nil // not over HTTP
	}
	if bridged, _ := ctx.Value(bridgedKey{}).(bool); bridged {
		return nil
	}
	if _, known := AuthInfo(req); known {
		return nil
	}
	if _, known := mcpauth.FromContext(ctx); known || mcpauth.Anonymous(ctx) || protected.Request(ctx) {
		return &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: notBridged}
	}
	return nil
}
