// Package mcpgo protects MCP servers built on github.com/mark3labs/mcp-go with
// mcpauth.
//
// Three calls protect a server on mcp-go: MetadataHandler says where to get tokens,
// mcpgo.Protect lets only authorized requests through, and mcpgo.Middleware lets
// each tool refuse its caller.
//
//	s := server.NewMCPServer("notes", "1.0.0", mcpgo.Middleware())
//	http.Handle("/.well-known/", auth.MetadataHandler())
//	http.Handle("/mcp", mcpgo.Protect(auth, server.NewStreamableHTTPServer(s), mcpauth.Scopes("read:notes")))
//
// In a handler, [mcpauth.RequireAuthInfo] then returns the caller. If the handler
// returns the error of [mcpauth.Require], it becomes an HTTP 403, and clients then
// ask for the missing scope and try again.
//
// What each tool, prompt and resource needs goes into mcpauth.Resource.Policy,
// which [Protect] enforces. If you check requests with code of your own that
// does not read their bodies, [Authorize] enforces the policy inside mcp-go.
//
// In mcp-go a session has no owner. [Protect] gives it one: only the issuer and
// subject that opened a session can use its identifier.
package mcpgo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/protected"
	"github.com/mcp-auth/go/policy"
)

// challengeKey is where clients look for a challenge in a result.
const challengeKey = "mcp/www_authenticate"

// Protect wraps a [server.StreamableHTTPServer], or a handler around one, as
// [mcpauth.Auth.Protect] does. Like that method it panics if an option is
// wrong, or the handler or the Auth is nil.
//
// mcp-go passes the request's context to its handlers, so that
// mcpauth.FromContext works in them without more. A function given to
// [server.WithHTTPContextFunc] must derive its context from the one it gets.
//
// A request without a session reaches mcp-go with an identifier that is the same
// for all requests of its caller and for no others, see [server.ClientSession]:
// what stateless servers keep of one caller is then of no use to another. Callers
// without a token get another identifier with each request, so that such a server
// keeps nothing for them.
func Protect(a *mcpauth.Auth, next http.Handler, opts ...mcpauth.Option) http.Handler {
	if next == nil {
		panic("mcpgo: the handler to protect is nil")
	}
	return a.Protect(keepApart(next), opts...)
}

// keepApart names the caller as the session of requests that have none. mcp-go
// keeps streams, events, tasks and log levels by session: without one, those of
// all callers are the same. Nobody can send such an identifier, as the door
// knows no session of that name.
func keepApart(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, _ := mcpauth.FromContext(r.Context()) // nil without a token, which has a UserID too
		r = r.WithContext(kept(r.Context(), info))
		if r.Header.Get(server.HeaderKeySessionID) == "" {
			r.Header = r.Header.Clone()
			r.Header.Set(server.HeaderKeySessionID, callerID(r.Context()))
		}
		next.ServeHTTP(w, r)
	})
}

// callerID names the caller of a request. Callers without a token cannot be told
// apart, so each request of theirs is one by itself.
func callerID(ctx context.Context) string {
	info, ok := mcpauth.FromContext(ctx)
	if !ok || info == nil {
		return "anonymous-" + rand.Text()
	}
	return fmt.Sprintf("caller-%x", sha256.Sum256([]byte(info.UserID())))
}

type apartKey struct{}

// kept returns a context that carries the AuthInfo also when the response has been
// sent: task tools and the tools of an SSE server run after that. mcp-go keeps no
// context for a session, so this one never serves another request.
func kept(ctx context.Context, info *mcpauth.AuthInfo) context.Context {
	if info != nil {
		ctx = mcpauth.NewContext(ctx, info)
	}
	return context.WithValue(ctx, apartKey{}, true)
}

// errNotApart is the answer to all that a handler would do on a server behind
// [mcpauth.Auth.Protect], where nothing keeps callers apart.
var errNotApart = errors.New("this server is set up wrongly: around mcp-go's HTTP server, use mcpgo.Protect in place of Auth.Protect")

func checkApart(ctx context.Context) error {
	if apart, _ := ctx.Value(apartKey{}).(bool); apart || !protected.Request(ctx) {
		return nil
	}
	return errNotApart
}

// Middleware turns an error of a tool, prompt or resource handler that is a
// [*mcpauth.Challenge], such as that of [mcpauth.Require], into the HTTP
// response if that has not begun. Otherwise it becomes the result of the tool,
// with IsError and the challenges in _meta["mcp/www_authenticate"]. For prompts
// and resources, mcp-go lets an error carry nothing but text.
//
// It refuses tools, prompts and resources behind [mcpauth.Auth.Protect], which does
// not keep the callers of a stateless server apart, as [Protect] does.
//
// It does not see the handlers of task tools, as no middleware of mcp-go does.
func Middleware() server.ServerOption { return middleware(nil) }

// decide says whether a caller may do an operation. The error is a challenge.
type decide func(context.Context, policy.Operation) error

func middleware(permitted decide) server.ServerOption {
	if permitted == nil {
		permitted = func(context.Context, policy.Operation) error { return nil }
	}
	options := []server.ServerOption{
		server.WithToolHandlerMiddleware(permitted.tools),
		server.WithPromptHandlerMiddleware(permitted.prompts),
		server.WithResourceHandlerMiddleware(permitted.resources),
	}
	return func(s *server.MCPServer) {
		for _, option := range options {
			option(s)
		}
	}
}

func (permitted decide) tools(next server.ToolHandlerFunc) server.ToolHandlerFunc {
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		result, err := guarded(ctx, permitted, toolCall(&request), func() (*mcp.CallToolResult, error) { return next(ctx, request) })
		var refused refusal
		if errors.As(err, &refused) {
			return refused.result(), nil
		}
		return result, err
	}
}

func (permitted decide) prompts(next server.PromptHandlerFunc) server.PromptHandlerFunc {
	return func(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return guarded(ctx, permitted, promptGet(&request), func() (*mcp.GetPromptResult, error) { return next(ctx, request) })
	}
}

func (permitted decide) resources(next server.ResourceHandlerFunc) server.ResourceHandlerFunc {
	return func(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return guarded(ctx, permitted, resourceRead(&request), func() ([]mcp.ResourceContents, error) { return next(ctx, request) })
	}
}

// guarded calls a handler if the operation is permitted. Challenges, of the
// policy and of the handler, become a refusal, unless the policy hides them.
func guarded[T any](ctx context.Context, permitted decide, op policy.Operation, next func() (T, error)) (result T, err error) {
	if err = checkApart(ctx); err == nil {
		err = permitted(ctx, op)
	}
	if err == nil {
		result, err = next()
	}
	if err == nil {
		return result, nil
	}
	var none T
	return none, refuse(ctx, err)
}

// refuse has the HTTP response become the challenge, if that can be had.
func refuse(ctx context.Context, err error) error {
	var challenge *mcpauth.Challenge
	if !errors.As(err, &challenge) || challenge.Hidden {
		return err
	}
	mcpauth.SetChallenge(ctx, challenge)
	return refusal{challenge}
}

// refusal is a challenge as the client is told of it.
type refusal struct{ challenge *mcpauth.Challenge }

func (r refusal) Error() string { return r.challenge.Description }
func (r refusal) Unwrap() error { return r.challenge }

func (r refusal) result() *mcp.CallToolResult {
	result := mcp.NewToolResultError(r.challenge.Description)
	if values := r.challenge.WWWAuthenticate(); len(values) > 0 {
		result.Meta = mcp.NewMetaFromMap(map[string]any{challengeKey: values})
	}
	return result
}
