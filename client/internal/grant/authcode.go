package grant

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authcode"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/loopback"
	"github.com/mcp-auth/go/client/internal/registration"
	"github.com/mcp-auth/go/metadata"
)

// AuthorizationCode has a user log in with a browser.
type AuthorizationCode struct {
	Endpoint  *endpoint.Client
	Registrar *registration.Registrar
	Logger    *slog.Logger

	// ServerURL is the MCP server.
	ServerURL string
	// OpenURL shows the authorization URL to the user. The grant listens on
	// loopback for the answer.
	OpenURL func(ctx context.Context, authorizationURL string) error
	// Callback shows the authorization URL and returns the answer, instead of
	// OpenURL. If both are nil, a user cannot be asked.
	Callback    func(ctx context.Context, authorizationURL string) (callbackURL string, err error)
	RedirectURI string
	// Timeout is how long the user may take.
	Timeout time.Duration
}

// Interactive implements [Grant].
func (*AuthorizationCode) Interactive() bool { return true }

// Obtain implements [Grant]. The error is a [*clienterr.LoginRequiredError] if a
// user cannot be asked.
func (g *AuthorizationCode) Obtain(ctx context.Context, r Request) (*Result, error) {
	if err := authcode.CheckServer(r.Server); err != nil {
		return nil, err
	}
	if g.OpenURL == nil && g.Callback == nil {
		return nil, &clienterr.LoginRequiredError{ServerURL: g.ServerURL}
	}
	browser, err := g.browser(ctx, r.Server)
	if err != nil {
		return nil, err
	}
	defer browser.Close()
	client, err := g.Registrar.Register(ctx, r.Server, r.Before, browser.RedirectURI())
	if err != nil {
		return nil, err
	}
	token, err := g.login(ctx, r, client.Identity, browser)
	if err != nil {
		return nil, errors.Join(err, g.forget(ctx, r.Server.Issuer, client, err))
	}
	return newResult(token, client), nil
}

// forget removes a dynamic registration that the server no longer knows, so that
// the next attempt registers again.
func (g *AuthorizationCode) forget(ctx context.Context, issuer string, client registration.Registration, cause error) error {
	var refused *clienterr.TokenError
	if !client.Dynamic || !errors.As(cause, &refused) || refused.Code != "invalid_client" {
		return nil
	}
	return g.Registrar.Forget(ctx, issuer)
}

// browser takes the user to the authorization URL and brings the answer back.
type browser interface {
	// RedirectURI returns the URL at which the answer will arrive.
	RedirectURI() string
	// Visit returns the URL of the answer.
	Visit(ctx context.Context, attempt *authcode.Attempt, authorizationURL string) (string, error)
	Close()
}

func (g *AuthorizationCode) browser(ctx context.Context, as *metadata.AuthorizationServer) (browser, error) {
	if g.Callback != nil {
		return callbackBrowser{g.Callback, g.RedirectURI}, nil
	}
	registered, err := g.Registrar.RedirectURI(ctx, as.Issuer)
	if err != nil {
		return nil, err
	}
	receiver, err := loopback.Listen(ctx, g.RedirectURI, registered)
	if err != nil {
		return nil, err
	}
	return loopbackBrowser{receiver, g.OpenURL}, nil
}

// callbackBrowser is a function of the caller.
type callbackBrowser struct {
	callback func(ctx context.Context, authorizationURL string) (string, error)
	uri      string
}

func (b callbackBrowser) RedirectURI() string { return b.uri }
func (b callbackBrowser) Close()              {}
func (b callbackBrowser) Visit(ctx context.Context, _ *authcode.Attempt, authorizationURL string) (string, error) {
	return b.callback(ctx, authorizationURL)
}

// loopbackBrowser is the user's browser, which comes back to loopback.
type loopbackBrowser struct {
	*loopback.Receiver
	open func(ctx context.Context, authorizationURL string) error
}

func (b loopbackBrowser) Visit(ctx context.Context, attempt *authcode.Attempt, authorizationURL string) (string, error) {
	return b.Receive(ctx, func() error { return b.open(ctx, authorizationURL) }, attempt.Accepts)
}

// login sends the user to the authorization server and redeems the code.
func (g *AuthorizationCode) login(ctx context.Context, r Request, id endpoint.Identity, b browser) (*endpoint.Token, error) {
	wanted := authcode.Request{
		Server: r.Server, ClientID: id.ID, RedirectURI: b.RedirectURI(), Resource: r.Resource, Scopes: r.Scopes,
	}
	if r.Key != nil {
		wanted.Thumbprint = r.Key.Thumbprint()
	}
	attempt := authcode.New(wanted)
	code, err := g.authorize(ctx, r.Server.Issuer, attempt, b)
	if err != nil {
		return nil, err
	}
	g.Logger.InfoContext(ctx, "redeeming the authorization code", "issuer", r.Server.Issuer)
	request := r.request(endpoint.GrantAuthorizationCode, id, code, attempt.Verifier())
	request.Form.Del("scope") // RFC 6749 §4.1.3: determined by the code
	request.Form.Set("code", code)
	request.Form.Set("code_verifier", attempt.Verifier())
	request.Form.Set("redirect_uri", wanted.RedirectURI)
	return g.Endpoint.Token(ctx, request)
}

var errUserTimeout = fmt.Errorf("the user did not finish logging in: %w", context.DeadlineExceeded)

// authorize has the user log in and returns the authorization code.
func (g *AuthorizationCode) authorize(ctx context.Context, issuer string, attempt *authcode.Attempt, b browser) (string, error) {
	target, err := attempt.URL()
	if err != nil {
		return "", err
	}
	g.Logger.InfoContext(ctx, "waiting for the user to log in", "issuer", issuer, "timeout", g.Timeout.String())
	limited, cancel := context.WithTimeoutCause(ctx, g.Timeout, errUserTimeout)
	defer cancel()
	callback, err := b.Visit(limited, attempt, target)
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(limited), errUserTimeout) {
		return "", errUserTimeout
	}
	if err != nil {
		return "", err
	}
	return attempt.Code(callback)
}
