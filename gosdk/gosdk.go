// Package gosdk protects MCP servers built on the official Go SDK
// (github.com/modelcontextprotocol/go-sdk) with mcpauth.
//
// Three calls protect a server on the official Go SDK: MetadataHandler says where
// to get tokens, gosdk.Protect lets only authorized requests through, and
// gosdk.Middleware shows each tool its caller.
//
//	server := mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1.0.0"}, nil)
//	server.AddReceivingMiddleware(gosdk.Middleware())
//	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
//	http.Handle("/.well-known/", auth.MetadataHandler())
//	http.Handle("/mcp", gosdk.Protect(auth, handler, mcpauth.Scopes("read:notes")))
//
// In a tool handler, [mcpauth.RequireAuthInfo] then returns the caller of this
// request, and req.Extra.TokenInfo is the SDK's own view of it. If the handler
// returns the error of [mcpauth.Require], it becomes an HTTP 403, and clients then
// ask for the missing scope and try again.
//
// What each tool, prompt and resource needs goes into mcpauth.Resource.Policy,
// which [Protect] enforces. If you check requests with code of your own that
// does not read their bodies, [Authorize] enforces the policy inside the SDK.
//
// The SDK binds each session to the TokenInfo's UserID, which is made of issuer
// and subject. [Protect] binds sessions as well, including those that a caller
// without a token opened.
package gosdk

import (
	"net/http"

	mcpauth "github.com/mcp-auth/go"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// extraKey is where the TokenInfo carries the AuthInfo.
const extraKey = "github.com/mcp-auth/go.AuthInfo"

// Protect wraps an MCP handler of the SDK: it does what [mcpauth.Auth.Protect]
// does and hands the AuthInfo over to the SDK. Like that method it panics if an
// option is wrong, or the handler or the Auth is nil.
func Protect(a *mcpauth.Auth, next http.Handler, opts ...mcpauth.Option) http.Handler {
	return a.Protect(Bridge(next), opts...)
}

// TokenInfo is the SDK's view of info, which [AuthInfo], [Middleware] and
// [Authorize] read back. It is nil for nil.
//
// It is for servers that keep the SDK's own [auth.RequireBearerToken]: its
// verifier has the token checked by [mcpauth.Auth.Authorize] and returns this.
// That Auth must have no Policy, since the verifier does not read the operation:
// give [Authorize] one that has it. Of the headers, the verifier passes on
// Authorization alone: the SDK opens sessions without mcpauth seeing it, which
// would refuse them as unknown.
//
// [Protect] does more, which is then missing:
//   - challenges: a 401 has no error code, and a refusal by the policy or by
//     [mcpauth.Require] is never an HTTP 403 on which clients step up, only a
//     message;
//   - callers without a token, and tokens bound to a key of the client (DPoP);
//   - session binding by [mcpauth.Resource.Sessions]: what remains is the SDK's
//     own, to the UserID;
//   - the check of the Origin header, and CORS.
func TokenInfo(info *mcpauth.AuthInfo) *auth.TokenInfo {
	if info == nil {
		return nil
	}
	return &auth.TokenInfo{
		Scopes:     info.Scopes,
		Expiration: info.ExpiresAt,
		UserID:     info.UserID(),
		Extra:      map[string]any{extraKey: info},
	}
}

// AuthInfo returns who sent an MCP request, also without [Middleware]. It
// returns false if neither [Protect] nor a verifier with [TokenInfo] accepted
// the request, or if it came without a token.
func AuthInfo(req mcp.Request) (*mcpauth.AuthInfo, bool) {
	extra := req.GetExtra()
	if extra == nil || extra.TokenInfo == nil {
		return nil, false
	}
	info, ok := extra.TokenInfo.Extra[extraKey].(*mcpauth.AuthInfo)
	return info, ok
}
