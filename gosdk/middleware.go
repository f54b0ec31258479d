package gosdk

import (
	"context"
	"encoding/json"
	"errors"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	// challengeKey is where clients look for a challenge in a result.
	challengeKey = "mcp/www_authenticate"
	// codeRefused is of the codes that JSON-RPC 2.0 §5.1 leaves to servers and
	// no revision of MCP uses.
	codeRefused = -32003
)

// Middleware puts the AuthInfo of each request into the context of its handler,
// for [mcpauth.FromContext]. Add it with AddReceivingMiddleware.
//
// It refuses all requests that [mcpauth.Auth.Protect] or an enforcement point of
// your own let in without [Bridge], because it cannot know who sent them.
//
// A handler's error that is a [*mcpauth.Challenge], such as that of
// [mcpauth.Require], becomes the HTTP response if that has not begun. Otherwise
// it becomes the result of the tool, with IsError and the challenges in
// _meta["mcp/www_authenticate"], or for other methods a JSON-RPC error with the
// same _meta in its data.
func Middleware() mcp.Middleware {
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if err := checkBridged(ctx, req); err != nil {
				return nil, err
			}
			info, _ := AuthInfo(req)
			ctx = mcpauth.NewContext(ctx, info)
			result, err := next(ctx, method, req)
			if refused := challengeOf(result, err); refused != nil {
				return refuse(ctx, method, refused)
			}
			return result, err
		}
	}
}

// challengeOf finds a handler's challenge. mcp.AddTool hides errors in results.
func challengeOf(result mcp.Result, err error) *mcpauth.Challenge {
	if called, ok := result.(*mcp.CallToolResult); ok && called != nil && err == nil {
		err = called.GetError()
	}
	var refused *mcpauth.Challenge
	if errors.As(err, &refused) {
		return refused
	}
	return nil
}

// refuse answers with a challenge: with the HTTP response if it can be had, and
// in any case in the message, which may be stored for a client that resumes.
func refuse(ctx context.Context, method string, refused *mcpauth.Challenge) (mcp.Result, error) {
	mcpauth.SetChallenge(ctx, refused)
	meta := mcp.Meta{}
	if values := refused.WWWAuthenticate(); len(values) > 0 {
		meta[challengeKey] = values
	}
	if method == mcpmethod.ToolsCall {
		result := &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: refused.Description}}, Meta: meta}
		result.SetError(refused)
		return result, nil
	}
	answer := &jsonrpc.Error{Code: codeRefused, Message: refused.Description}
	if data, err := json.Marshal(map[string]any{"_meta": meta}); err == nil && len(meta) > 0 {
		answer.Data = data
	}
	return nil, answer
}
