package grant

import (
	"context"

	"github.com/mcp-auth/go/client/internal/authcode"
	"github.com/mcp-auth/go/client/internal/loopback"
)

// browser takes the user to the authorization URL and brings the answer back.
type browser interface {
	// RedirectURI returns the URL at which the answer will arrive.
	RedirectURI() string
	// Visit returns the URL of the answer.
	Visit(ctx context.Context, attempt *authcode.Attempt, authorizationURL string) (string, error)
	// Show shows the user how the login ended.
	Show(page loopback.Page)
	Close()
}

func (l *login) browser(ctx context.Context) (browser, error) {
	g, uri := l.grant, l.grant.redirectURI(l.request)
	if g.Callback != nil {
		return callbackBrowser{g.Callback, uri}, nil
	}
	registered, err := g.Registrar.RedirectURI(ctx, l.request.Server.Issuer)
	if err != nil {
		return nil, err
	}
	receiver, err := loopback.Listen(ctx, uri, registered)
	if err != nil {
		return nil, err
	}
	return loopbackBrowser{receiver, g.OpenURL}, nil
}

// callbackBrowser is a function of the caller, which has pages of its own.
type callbackBrowser struct {
	callback func(ctx context.Context, authorizationURL string) (string, error)
	uri      string
}

func (b callbackBrowser) RedirectURI() string { return b.uri }
func (b callbackBrowser) Close()              {}
func (b callbackBrowser) Show(loopback.Page)  {}
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
