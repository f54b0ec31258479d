package grant

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authcode"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/loopback"
	"github.com/mcp-auth/go/client/internal/registration"
)

// issuerPart returns a part of a path that stands for an issuer.
func issuerPart(issuer string) string {
	sum := sha256.Sum256([]byte(issuer))
	return hex.EncodeToString(sum[:8])
}

// login is one visit of the user to the authorization server.
type login struct {
	grant   *AuthorizationCode
	request Request
	// register are the scopes to register the client with, if it registers.
	register []string

	client registration.Registration // once it is known
}

// run sends the user to the authorization server and redeems the code. The
// user's browser is shown how that ends.
func (l *login) run(ctx context.Context) (*Result, error) {
	browser, err := l.browser(ctx)
	if err != nil {
		return nil, err
	}
	defer browser.Close()
	if err := l.identify(ctx, browser.RedirectURI()); err != nil {
		return nil, err
	}
	token, err := l.obtain(ctx, browser)
	browser.Show(pageFor(err))
	if err != nil {
		return nil, err
	}
	l.grant.Registrar.Confirm(l.request.Server.Issuer)
	return newResult(token, l.client), nil
}

// identify finds or registers the client. A registration of an earlier login is
// held to the server first: if the server no longer knows it, it says so on a
// page only the user sees, and the answer never comes.
func (l *login) identify(ctx context.Context, redirectURI string) (err error) {
	g, wanted := l.grant, registration.Request{
		Server: l.request.Server, Before: l.request.Before, RedirectURI: redirectURI, Scopes: l.register,
	}
	l.client, err = g.Registrar.Register(ctx, wanted)
	if err != nil || !l.client.Kept || !l.isForgotten(ctx, redirectURI) {
		return err
	}
	g.Logger.InfoContext(ctx, "the server no longer knows the registration of an earlier login", "issuer", l.request.Server.Issuer)
	if err := g.Registrar.Forget(ctx, l.request.Server.Issuer, l.client.Identity.ID); err != nil {
		return err
	}
	l.client, err = g.Registrar.Register(ctx, wanted)
	return err
}

// isForgotten asks the token endpoint with a refresh token that does not exist: a
// server that does not know the client refuses the client, before or instead of
// the token (RFC 6749 §5.2). Whatever else it says, the client may be known. A
// server without refresh tokens is asked with a code, which fewer look at after
// the client.
func (l *login) isForgotten(ctx context.Context, redirectURI string) bool {
	r := l.request
	if types := r.Server.GrantTypesSupported; types != nil && !slices.Contains(types, endpoint.GrantRefreshToken) {
		_, err := l.redeem(ctx, rand.Text(), rand.Text()+rand.Text(), redirectURI)
		return endpoint.UnknownClient(err)
	}
	_, err := Refresh(ctx, l.grant.Endpoint, r, l.client.Identity, rand.Text())
	return endpoint.UnknownClient(err)
}

// obtain sends the user to the authorization server and redeems the code.
func (l *login) obtain(ctx context.Context, b browser) (*endpoint.Token, error) {
	r := l.request
	wanted := authcode.Request{
		Server: r.Server, ClientID: l.client.Identity.ID, RedirectURI: b.RedirectURI(), Resource: r.Resource, Scopes: r.Scopes,
	}
	if r.Key != nil {
		wanted.Thumbprint = r.Key.Thumbprint()
	}
	attempt := authcode.New(wanted)
	code, err := l.authorize(ctx, attempt, b)
	if err != nil {
		return nil, err
	}
	l.grant.Logger.InfoContext(ctx, "redeeming the authorization code", "issuer", r.Server.Issuer)
	return l.redeem(ctx, code, attempt.Verifier(), wanted.RedirectURI)
}

func (l *login) redeem(ctx context.Context, code, verifier, redirectURI string) (*endpoint.Token, error) {
	request := l.request.request(endpoint.GrantAuthorizationCode, l.client.Identity, code, verifier)
	request.Form.Del("scope") // RFC 6749 §4.1.3: determined by the code
	request.Form.Set("code", code)
	request.Form.Set("code_verifier", verifier)
	request.Form.Set("redirect_uri", redirectURI)
	return l.grant.Endpoint.Token(ctx, request)
}

var errUserTimeout = errors.New("the user's time is up")

// authorize has the user log in and returns the authorization code.
func (l *login) authorize(ctx context.Context, attempt *authcode.Attempt, b browser) (string, error) {
	target, err := attempt.URL()
	if err != nil {
		return "", err
	}
	g, issuer := l.grant, l.request.Server.Issuer
	g.Logger.InfoContext(ctx, "waiting for the user to log in", "issuer", issuer, "timeout", g.Timeout.String())
	limited, cancel := context.WithTimeoutCause(ctx, g.Timeout, errUserTimeout)
	defer cancel()
	callback, err := b.Visit(limited, attempt, target)
	if err != nil && errors.Is(context.Cause(limited), errUserTimeout) {
		return "", &clienterr.LoginTimeoutError{Issuer: issuer, Timeout: g.Timeout}
	}
	if err != nil {
		return "", err
	}
	return attempt.Code(callback)
}

// pageFor returns the page that says how a login ended.
func pageFor(err error) loopback.Page {
	var refused *clienterr.AuthorizationError
	var token *clienterr.TokenError
	switch {
	case err == nil:
		return loopback.LoggedIn
	case errors.As(err, &refused) && refused.Denied():
		return loopback.Denied
	case errors.As(err, &refused):
		return loopback.Failed(refused.Code, refused.Description)
	case errors.As(err, &token):
		return loopback.Failed(token.Code, token.Description)
	}
	return loopback.Failed("", "")
}
