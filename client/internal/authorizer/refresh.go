package authorizer

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/grant"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/metadata"
)

// refresh exchanges the refresh token for a new access token, or uses the token
// that another process got meanwhile. It returns nil if a user must log in
// again. The caller has the turn.
func (a *Authorizer) refresh(ctx context.Context, old *record.Token, finding record.Finding) (*record.Token, error) {
	as, err := a.config.Finder.Known(ctx, old.Issuer, finding)
	if err != nil {
		return nil, err
	}
	// A caller that leaves during the exchange would lose the new refresh token
	// after the old one was used up, which logs the user out. Therefore the
	// exchange outlives its caller, for as long as a request may take.
	ctx = context.WithoutCancel(ctx)
	var fresh *record.Token
	err = a.config.Records.UpdateToken(ctx, old.Issuer, old.Resource, func(stored *record.Token) (*record.Token, error) {
		if stored == nil { // logged out elsewhere
			fresh = spent(old)
			return fresh, nil
		}
		if stored.AccessToken != old.AccessToken && !a.config.Cache.Expired(stored) {
			fresh = stored
			return stored, nil
		}
		redeemed, err := a.redeem(ctx, as, stored)
		fresh = redeemed
		return redeemed, err
	})
	if err != nil {
		return nil, err
	}
	a.config.Cache.Replace(fresh)
	if fresh.AccessToken == "" {
		return nil, nil
	}
	return fresh, nil
}

// spent returns what is left of a token that the server no longer accepts: the
// scopes to request again.
func spent(old *record.Token) *record.Token {
	return &record.Token{Issuer: old.Issuer, Resource: old.Resource, ClientID: old.ClientID, Requested: old.Requested}
}

// redeem redeems the refresh token of old. The result has no tokens if the
// server no longer accepts it.
func (a *Authorizer) redeem(ctx context.Context, as *metadata.AuthorizationServer, old *record.Token) (*record.Token, error) {
	if old.RefreshToken == "" {
		return spent(old), nil
	}
	id, err := a.config.Registrar.Known(ctx, as, old.ClientID)
	if err != nil {
		return nil, err
	}
	a.config.Logger.InfoContext(ctx, "refreshing the access token", "issuer", as.Issuer)
	request := grant.Request{Server: as, Resource: old.Resource, Scopes: old.Requested, Key: old.Key()}
	answer, err := grant.Refresh(ctx, a.config.Endpoint, request, id, old.RefreshToken)
	var refused *clienterr.TokenError
	if errors.As(err, &refused) && slices.Contains([]string{"invalid_grant", "invalid_client", "unauthorized_client"}, refused.Code) {
		a.config.Logger.InfoContext(ctx, "the refresh token is no longer accepted", "issuer", as.Issuer, "error", refused.Code)
		return spent(old), nil
	}
	if err != nil {
		return nil, err
	}
	fresh, err := a.record(request, old.ClientID, answer)
	if err != nil {
		return nil, err
	}
	if fresh.RefreshToken == "" { // not rotated
		fresh.RefreshToken = old.RefreshToken
	}
	if !answer.HasScope {
		fresh.Granted = old.Granted
	}
	return fresh, nil
}

// revoke revokes the refresh token, which also ends its access tokens (RFC 7009
// §2.1), or the access token if there is no refresh token.
func (a *Authorizer) revoke(ctx context.Context, token *record.Token, finding record.Finding) error {
	as, err := a.config.Finder.Known(ctx, token.Issuer, finding)
	if err != nil || as.RevocationEndpoint == "" {
		return err
	}
	id, err := a.config.Registrar.Known(ctx, as, token.ClientID)
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
	return a.config.Endpoint.Revoke(ctx, endpoint.Request{
		URL: as.RevocationEndpoint, Issuer: as.Issuer, Identity: id, Secrets: []string{value},
		Form: url.Values{"token": {value}, "token_type_hint": {hint}},
	})
}
