package client

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
)

// Token is an access token and what is known about it.
type Token struct {
	// AccessToken is the token itself, a secret.
	AccessToken string `json:"-"`
	// Type is "Bearer" or "DPoP". A DPoP token is of no use without the proofs
	// that [Client.Transport] makes.
	Type string
	// ExpiresAt is when it expires, zero if that is not known.
	ExpiresAt time.Time
	// Scopes are the scopes that the authorization server says it granted, or,
	// if it does not say, the requested ones.
	Scopes []string
	// Issuer is the authorization server, Resource what the token is for.
	Issuer, Resource string
}

// LogValue keeps the token out of logs.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("issuer", t.Issuer), slog.String("resource", t.Resource))
}

// Format does not print the token, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "{"+t.Type+" "+t.Issuer+" "+t.Resource+"}")
}

// Token returns the stored token, refreshed if it has expired. If there is none,
// it obtains one if the grant needs no user. Otherwise the error is a
// [*clienterr.LoginRequiredError]: Token never asks a user, see [Client.Login].
func (c *Client) Token(ctx context.Context) (Token, error) {
	token, err := c.authorizer.Token(ctx)
	if err != nil {
		return Token{}, err
	}
	if token == nil && !c.authorizer.Interactive() {
		if err := c.Login(ctx); err != nil {
			return Token{}, err
		}
		if token, err = c.authorizer.Token(ctx); err != nil {
			return Token{}, err
		}
	}
	if token == nil {
		return Token{}, &clienterr.LoginRequiredError{ServerURL: c.ServerURL()}
	}
	return Token{
		AccessToken: token.AccessToken, Type: token.TokenType, ExpiresAt: token.ExpiresAt,
		Scopes: slices.Clone(token.Scopes()), Issuer: token.Issuer, Resource: token.Resource,
	}, nil
}
