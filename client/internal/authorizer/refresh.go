package authorizer

import (
	"context"
	"net/url"
	"time"

	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/grant"
	"github.com/mcp-auth/go/client/internal/record"
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
func (a *Authorizer) redeem(ctx context.Context, as *authserver.Server, old *record.Token) (*record.Token, error) {
	if old.RefreshToken == "" {
		return spent(old), nil
	}
	a.config.Logger.InfoContext(ctx, "refreshing the access token", "issuer", as.Issuer)
	request := grant.Request{Server: as, Resource: old.Resource, Scopes: old.Requested, Key: old.Key()}
	answer, err := a.askToRefresh(ctx, request, old)
	if endpoint.RefusesGrant(err) {
		a.config.Logger.InfoContext(ctx, "the refresh token is no longer accepted", "issuer", as.Issuer, "error", err)
		return spent(old), a.forgetRefused(ctx, as, old, err)
	}
	if err != nil {
		return nil, err
	}
	a.config.Registrar.Confirm(as.Issuer)
	client := record.Client{ClientID: old.ClientID, ClientSecret: old.ClientSecret, Method: old.ClientMethod}
	fresh, err := a.record(request, client, answer)
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

// clientRetry is how long to wait before a client that was refused tries again.
const clientRetry = 250 * time.Millisecond

// askToRefresh redeems a refresh token. If the server does not know the client,
// it tries once more: a node of the server that is starting knows none.
func (a *Authorizer) askToRefresh(ctx context.Context, request grant.Request, old *record.Token) (*endpoint.Token, error) {
	id := a.config.Registrar.Known(request.Server, old)
	answer, err := grant.Refresh(ctx, a.config.Endpoint, request, id, old.RefreshToken)
	if !endpoint.RefusesClient(err) {
		return answer, err
	}
	select {
	case <-time.After(clientRetry):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return grant.Refresh(ctx, a.config.Endpoint, request, id, old.RefreshToken)
}

// forgetRefused forgets the registration that a token was issued to, if err says
// that the server no longer knows it. The next login registers anew.
func (a *Authorizer) forgetRefused(ctx context.Context, as *authserver.Server, token *record.Token, err error) error {
	if !endpoint.RefusesClient(err) || token.ClientMethod == "" {
		return nil
	}
	a.config.Logger.InfoContext(ctx, "the server no longer knows the registration of an earlier login", "issuer", as.Issuer)
	return a.config.Registrar.Forget(ctx, as.Issuer, token.ClientID)
}

// revoke revokes the refresh token, which also ends its access tokens (RFC 7009
// §2.1), or the access token if there is no refresh token.
func (a *Authorizer) revoke(ctx context.Context, token *record.Token, finding record.Finding) error {
	as, err := a.config.Finder.Known(ctx, token.Issuer, finding)
	if err != nil || as.RevocationEndpoint == "" {
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
		URL: as.RevocationEndpoint, Issuer: as.OwnIssuer(), Identity: a.config.Registrar.Known(as, token), Secrets: []string{value},
		Form: url.Values{"token": {value}, "token_type_hint": {hint}},
	})
}
