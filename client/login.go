package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
)

// probe asks for something every MCP server protects, and opens no session.
const probe = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`

// Login obtains a new token now, instead of when a request is refused: it sends
// the server a request without a token and answers its challenge. An existing
// token is replaced, with all its scopes.
func (c *Client) Login(ctx context.Context) error {
	asked, err := c.probe(ctx)
	if err != nil {
		return err
	}
	done, err := c.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := c.loadToken(ctx); err != nil {
		return err
	}
	_, err = c.obtain(ctx, asked)
	return err
}

// probe returns the challenge of the server, an empty one if it has none: its
// metadata may be found all the same.
func (c *Client) probe(ctx context.Context) (challenged, error) {
	resp, err := c.fetch.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: c.config.ServerURL, Body: []byte(probe),
		Header: http.Header{
			"Content-Type": {"application/json"},
			"Accept":       {"application/json, text/event-stream"},
		},
		AllowLoopback: c.onLoopback,
	})
	if err != nil {
		return challenged{}, err
	}
	if resp.Status != http.StatusUnauthorized {
		return challenged{}, nil
	}
	return readChallenge(resp.Status, resp.Header), nil
}

// Token is an access token and what is known of it.
type Token struct {
	// AccessToken is the token itself, a secret.
	AccessToken string
	// Type is "Bearer" or "DPoP". A DPoP token is of no use without the proofs
	// that [Client.Transport] makes.
	Type string
	// ExpiresAt is when it expires, zero if that is not known.
	ExpiresAt time.Time
	// Scopes are those the authorization server says it granted, or, if it does
	// not say, those asked for.
	Scopes []string
	// Issuer is the authorization server, Resource what the token is for.
	Issuer, Resource string
}

// LogValue keeps the token out of logs.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("issuer", t.Issuer), slog.String("resource", t.Resource))
}

// Format prints no token, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "{"+t.Type+" "+t.Issuer+" "+t.Resource+"}")
}

// Token returns the stored token, refreshed if it has expired. If there is
// none, it obtains one if the grant needs no user. Otherwise the error is a
// [*LoginRequiredError]: it never asks a user, see [Client.Login].
func (c *Client) Token(ctx context.Context) (Token, error) {
	token, err := c.usable(ctx)
	if err != nil {
		return Token{}, err
	}
	if token == nil && !c.config.Grant.interactive() {
		if err := c.Login(ctx); err != nil {
			return Token{}, err
		}
		token, err = c.usable(ctx)
	}
	if err != nil {
		return Token{}, err
	}
	if token == nil {
		return Token{}, &LoginRequiredError{ServerURL: c.config.ServerURL}
	}
	return Token{
		AccessToken: token.AccessToken, Type: token.TokenType, ExpiresAt: token.ExpiresAt,
		Scopes: slices.Clone(token.granted()), Issuer: token.Issuer, Resource: token.Resource,
	}, nil
}

// Logout forgets the token and, if the authorization server supports it,
// revokes it there (RFC 7009). The registration stays. The token is forgotten
// even if there is an error.
func (c *Client) Logout(ctx context.Context) error {
	done, err := c.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := c.loadToken(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	token, known := c.current, c.known
	c.current, c.known = nil, serverRecord{}
	c.mu.Unlock()
	err = remove(ctx, c.config.Store, serverKey(c.config.ServerURL))
	if known.Issuer != "" {
		err = errors.Join(err, remove(ctx, c.config.Store, tokenKey(known.Issuer, known.Resource)))
	}
	if token == nil {
		return err
	}
	return errors.Join(err, c.revoke(ctx, token, known.Finding))
}

// revoke revokes the refresh token, and with it what it gave (RFC 7009 §2.1),
// or the access token if there is no other.
func (c *Client) revoke(ctx context.Context, token *tokenRecord, how finding) error {
	as, err := c.serverFound(ctx, token.Issuer, how)
	if err != nil || as.RevocationEndpoint == "" {
		return err
	}
	who, err := c.identityOf(ctx, as, token)
	if err != nil {
		return err
	}
	value, hint := token.RefreshToken, "refresh_token"
	if value == "" {
		value, hint = token.AccessToken, "access_token"
	}
	if value == "" {
		return nil
	}
	x := exchange{
		endpoint: as.RevocationEndpoint, issuer: as.Issuer, identity: who, secrets: []string{value},
		form: url.Values{"token": {value}, "token_type_hint": {hint}},
	}
	resp, err := c.post(ctx, x)
	if err != nil {
		return err
	}
	if resp.Status != http.StatusOK && resp.Status != http.StatusNoContent {
		return refusal(x, resp)
	}
	return nil
}
