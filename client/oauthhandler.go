package client

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authorizer"
	"github.com/mcp-auth/go/client/internal/stepup"
	"github.com/mcp-auth/go/client/internal/transport"
	"golang.org/x/oauth2"
)

// OAuthHandler implements the auth.OAuthHandler of the MCP Go SDK with a
// [Client]. Prefer [Client.HTTPClient]: the SDK asks a handler only once per
// request, so that a request cannot have both a login and a step-up, and sends
// its token as a Bearer token, never with a DPoP proof. The SDK's endpoint must
// be [Client.ServerURL], because a handler does not learn where its token goes.
type OAuthHandler struct{ authorizer *authorizer.Authorizer }

// Format prints no token, whatever the verb.
func (OAuthHandler) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "{OAuthHandler}") }

// LogValue keeps secrets out of logs.
func (OAuthHandler) LogValue() slog.Value { return slog.StringValue("{OAuthHandler}") }

// OAuthHandler returns the client as an auth.OAuthHandler of the MCP Go SDK.
// Prefer [Client.HTTPClient].
func (c *Client) OAuthHandler() *OAuthHandler { return &OAuthHandler{c.authorizer} }

// TokenSource returns a source of the client's token, or nil if there is no
// token yet.
func (h *OAuthHandler) TokenSource(ctx context.Context) (oauth2.TokenSource, error) {
	token, err := h.authorizer.Token(ctx)
	if err != nil || token == nil {
		return nil, err
	}
	if token.TokenType != stepup.Bearer {
		return nil, &clienterr.UnsuitableError{Issuer: token.Issuer, Reason: "its DPoP tokens need Client.HTTPClient instead of an OAuthHandler"}
	}
	return oauth2.StaticTokenSource(&oauth2.Token{
		AccessToken: token.AccessToken, TokenType: token.TokenType, Expiry: token.ExpiresAt,
	}), nil
}

// Authorize obtains the token that the response's challenge asks for. It closes
// the body of the response. If no token can change the refusal, it returns no
// error: the SDK sends the request again and reports the answer.
func (h *OAuthHandler) Authorize(ctx context.Context, req *http.Request, resp *http.Response) error {
	defer transport.Drain(resp)
	sent := h.authorizer.Held()
	if sent != nil && req.Header.Get("Authorization") != sent.TokenType+" "+sent.AccessToken {
		sent = nil
	}
	_, err := h.authorizer.Answer(ctx, &stepup.Attempts{}, resp, sent)
	return err
}
