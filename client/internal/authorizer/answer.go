package authorizer

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/stepup"
)

// Answer gets another token if a response is a refusal that a token can change.
// It reports whether the request should be sent again. tried are the remedies
// that the request has already had, sent is the token it carried, nil if none.
func (a *Authorizer) Answer(ctx context.Context, tried *stepup.Attempts, resp *http.Response, sent *record.Token) (again bool, err error) {
	if resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusForbidden {
		return false, nil
	}
	demand := stepup.Read(resp.StatusCode, resp.Header)
	if demand.Nonce && sent != nil && sent.TokenType == stepup.DPoP {
		return tried.TryNonce(), nil
	}
	if !demand.Answerable() {
		return false, nil
	}
	return a.remedy(ctx, tried, demand, sent)
}

// remedy replaces a token that was refused. Requests that were refused at the
// same time wait for one attempt and share its result.
func (a *Authorizer) remedy(ctx context.Context, tried *stepup.Attempts, demand stepup.Demand, sent *record.Token) (again bool, err error) {
	attempts, _ := a.lastAttempt()
	unlock, err := a.turn.Lock(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	if err := a.config.Cache.Reload(ctx); err != nil {
		return false, err
	}
	if current, ok := a.config.Cache.Usable(); ok && current != nil && (sent == nil || current.AccessToken != sent.AccessToken) {
		return true, nil // another request or process got it meanwhile
	}
	if now, failure := a.lastAttempt(); now != attempts && failure != nil && !isContextError(failure) {
		return false, failure
	}
	current := a.Held()
	next := tried.Next(demand, heldOf(current))
	if next == stepup.None {
		return false, nil
	}
	token, err := a.apply(ctx, next, tried, demand, current)
	a.rememberDenial(demand, err)
	a.mu.Lock()
	a.attempts, a.failure = a.attempts+1, err
	a.mu.Unlock()
	return token != nil, err
}

func (a *Authorizer) lastAttempt() (attempts int, failure error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.attempts, a.failure
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func heldOf(token *record.Token) *stepup.Held {
	if token == nil {
		return nil
	}
	return &stepup.Held{Requested: token.Requested, Refreshable: token.RefreshToken != ""}
}

func (a *Authorizer) apply(ctx context.Context, next stepup.Remedy, tried *stepup.Attempts, demand stepup.Demand, current *record.Token) (*record.Token, error) {
	if next == stepup.Refresh {
		token, err := a.refreshRefused(ctx, demand, current)
		if err != nil || token != nil {
			return token, err
		}
		tried.RefreshFailed()
	}
	if denied := a.denied(demand); denied != nil {
		return nil, denied
	}
	return a.obtain(ctx, demand)
}

// refreshRefused refreshes a token that the server refused. It returns nil if
// the token cannot be refreshed, or if the server now names another
// authorization server, which must be asked instead.
func (a *Authorizer) refreshRefused(ctx context.Context, demand stepup.Demand, current *record.Token) (*record.Token, error) {
	_, known := a.config.Cache.Held()
	source, err := a.config.Finder.Source(ctx, refusal(demand), known)
	if err != nil {
		return nil, err
	}
	if source.Resource.Resource != current.Resource || !slices.Contains(source.Resource.AuthorizationServers, current.Issuer) {
		return nil, nil
	}
	return a.refresh(ctx, current, source.Finding)
}
