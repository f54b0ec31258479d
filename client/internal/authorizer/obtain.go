package authorizer

import (
	"context"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/discovery"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/grant"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/stepup"
	"github.com/mcp-auth/go/client/internal/urls"
)

// obtain gets a new token and keeps it. The caller has the turn.
func (a *Authorizer) obtain(ctx context.Context, demand stepup.Demand) (*record.Token, error) {
	a.config.Logger.InfoContext(ctx, "finding the authorization server", "server", a.config.ServerURL)
	_, before := a.config.Cache.Held()
	source, err := a.config.Finder.Source(ctx, refusal(demand), before)
	if err != nil {
		return nil, err
	}
	request, err := a.request(ctx, source, demand, before)
	if err != nil {
		return nil, err
	}
	result, err := a.config.Grant.Obtain(ctx, request)
	if err != nil {
		return nil, err
	}
	token, err := a.record(request, result.Client, result.Token)
	if err != nil {
		return nil, err
	}
	return token, a.config.Cache.Keep(ctx, token, record.Server{
		Issuer: token.Issuer, Resource: token.Resource, Bound: result.Bound, Finding: source.Finding,
	})
}

func refusal(demand stepup.Demand) discovery.Refusal {
	return discovery.Refusal{Refused: demand.Status != 0, MetadataURL: demand.MetadataURL, Named: demand.Named, Unreadable: demand.Unreadable}
}

// request prepares what every grant needs: the authorization server, the scopes
// and the key.
func (a *Authorizer) request(ctx context.Context, source *discovery.Source, demand stepup.Demand, before record.Server) (grant.Request, error) {
	as, err := a.config.Finder.AuthorizationServer(ctx, source, before.Issuer, a.config.Registrar.Issuers())
	if err != nil {
		return grant.Request{}, err
	}
	// Scopes requested at another server do not count here.
	earlier, err := a.config.Cache.Stored(ctx, as.Issuer, source.Resource.Resource)
	if err != nil {
		return grant.Request{}, err
	}
	scopes := stepup.Scopes{
		Challenged: demand.Scopes, Supported: source.Resource.ScopesSupported, Extra: a.config.Scopes, Always: as.Settings.Scopes,
		Known: as.ScopesSupported, Refreshing: a.config.Grant.Interactive(),
	}
	if earlier != nil {
		scopes.Before = earlier.Requested
	}
	request := grant.Request{
		Server: as, Resource: source.Resource.Resource, Scopes: scopes.Choose(), Supported: scopes.All(), Before: before,
	}
	bound, err := a.config.DPoP.wanted(demand.DPoP, source.Resource, as.AuthorizationServer)
	if err != nil || !bound {
		return request, err
	}
	request.Key, err = keyOf(earlier)
	return request, err
}

// margin returns how long before its expiry a token is no longer sent: it has to
// arrive. A token that lives for seconds is used for most of them.
func margin(lifetime time.Duration) time.Duration { return min(10*time.Second, lifetime/4) }

// record returns the record to keep of a token endpoint's answer.
func (a *Authorizer) record(r grant.Request, client record.Client, answer *endpoint.Token) (*record.Token, error) {
	token := &record.Token{
		Issuer: r.Server.Issuer, Resource: r.Resource,
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, ClientMethod: client.Method,
		AccessToken: answer.AccessToken, RefreshToken: answer.RefreshToken,
		Requested: r.Scopes,
	}
	if answer.HasScope {
		token.Granted = answer.Scope
	}
	if answer.HasLifetime {
		token.ExpiresAt = a.config.Now().Add(answer.Lifetime)
		token.RenewAt = token.ExpiresAt.Add(-margin(answer.Lifetime))
	}
	if err := setType(token, answer.Type, r.Key, a.config.DPoP); err != nil {
		return nil, &clienterr.AnswerError{Endpoint: urls.WithoutQuery(r.Server.TokenEndpoint), Reason: err.Error()}
	}
	return token, nil
}
