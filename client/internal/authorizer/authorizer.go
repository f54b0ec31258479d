// Package authorizer obtains, refreshes and revokes the tokens of one MCP server
// and answers its refusals.
package authorizer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/mcp-auth/go/client/internal/discovery"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/grant"
	"github.com/mcp-auth/go/client/internal/mutex"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/registration"
	"github.com/mcp-auth/go/client/internal/stepup"
	"github.com/mcp-auth/go/client/internal/tokencache"
)

// Config configures an [Authorizer].
type Config struct {
	// ServerURL is the MCP server.
	ServerURL string
	Finder    *discovery.Finder
	Registrar *registration.Registrar
	Endpoint  *endpoint.Client
	Grant     grant.Grant
	Cache     *tokencache.Cache
	Records   *record.Records

	// Scopes are requested in addition to the scopes that the server asks for.
	Scopes []string
	// DPoP says when tokens are bound to a key.
	DPoP   DPoPMode
	Logger *slog.Logger
	Now    func() time.Time
}

// Authorizer gets the tokens of one MCP server. It is safe for concurrent use.
type Authorizer struct {
	config Config

	// turn is held while a token is obtained, refreshed or revoked, so that all
	// other callers wait for the result.
	turn *mutex.Mutex

	mu       sync.Mutex
	attempts int   // to get a token because of a refusal
	failure  error // of the last attempt
	denials  []denial
}

// New returns an authorizer. It makes no request.
func New(config Config) *Authorizer { return &Authorizer{config: config, turn: mutex.New()} }

// Interactive reports whether a user takes part in obtaining a token.
func (a *Authorizer) Interactive() bool { return a.config.Grant.Interactive() }

// Held returns the token in memory, usable or not, nil if there is none.
func (a *Authorizer) Held() *record.Token {
	token, _ := a.config.Cache.Held()
	return token
}

// Token returns the token to send, nil if there is none. It refreshes a token
// that has expired.
func (a *Authorizer) Token(ctx context.Context) (*record.Token, error) {
	if token, ok := a.config.Cache.Usable(); ok {
		return token, nil
	}
	unlock, err := a.turn.Lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if token, ok := a.config.Cache.Usable(); ok {
		return token, nil
	}
	if err := a.config.Cache.Load(ctx); err != nil {
		return nil, err
	}
	if token, ok := a.config.Cache.Usable(); ok {
		return token, nil
	}
	token, server := a.config.Cache.Held()
	if token == nil || token.RefreshToken == "" {
		return nil, nil
	}
	return a.refresh(ctx, token, server.Finding)
}

// Login obtains a new token. It sends the server a request without a token and
// answers its challenge.
func (a *Authorizer) Login(ctx context.Context) error {
	demand, err := a.probe(ctx)
	if err != nil {
		return err
	}
	unlock, err := a.turn.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := a.config.Cache.Load(ctx); err != nil {
		return err
	}
	a.forgetDenials()
	_, err = a.obtain(ctx, demand)
	a.rememberDenial(demand, err)
	return err
}

// probe returns what the server demands of a request without a token. A server
// that does not refuse the request demands nothing: its metadata may be found
// nevertheless.
func (a *Authorizer) probe(ctx context.Context) (stepup.Demand, error) {
	resp, err := a.config.Finder.Probe(ctx)
	if err != nil || resp.Status != http.StatusUnauthorized {
		return stepup.Demand{}, err
	}
	return stepup.Read(resp.Status, resp.Header), nil
}

// Logout forgets the token and the client's registration, and revokes the token
// if the authorization server supports that (RFC 7009). Both are forgotten even
// if there is an error.
func (a *Authorizer) Logout(ctx context.Context) error {
	unlock, err := a.turn.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := a.config.Cache.Load(ctx); err != nil {
		return err
	}
	token, server := a.config.Cache.Held()
	err = a.config.Cache.Forget(ctx)
	if server.Issuer != "" {
		err = errors.Join(err, a.config.Registrar.Forget(ctx, server.Issuer, ""))
	}
	if token == nil {
		return err
	}
	return errors.Join(err, a.revoke(ctx, token, server.Finding))
}
