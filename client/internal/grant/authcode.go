package grant

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/authcode"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/registration"
	"github.com/mcp-auth/go/client/internal/urls"
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
	Callback func(ctx context.Context, authorizationURL string) (callbackURL string, err error)
	// RedirectURI is where the user is sent back to.
	RedirectURI string
	// PerIssuer extends the path of RedirectURI by a part that differs from
	// issuer to issuer, if the client registers dynamically.
	PerIssuer bool
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
	g.warnOfMixUp(ctx, r)
	var register []string // scopes
	if r.Server.Settings.RegisterScopes {
		register = (&login{request: r}).scopesToRegister()
	}
	for again := true; ; again = false {
		login := &login{grant: g, request: r, register: register}
		result, err := login.run(ctx)
		if err == nil {
			return result, nil
		}
		wider, retry, failure := login.recover(ctx, err)
		if !retry || !again || ctx.Err() != nil {
			return nil, failure
		}
		register = wider
	}
}

// redirectURI returns where a server sends the user. A client that registers
// itself has a redirect URI for each issuer: a server that was talked into
// serving another's authorization request does not know that URI (OAuth 2.0
// Security BCP §4.4.2.2), be its answers without iss.
func (g *AuthorizationCode) redirectURI(r Request) string {
	if !g.PerIssuer || !g.Registrar.RegistersDynamically(r.Server, r.Before) {
		return g.RedirectURI
	}
	u, err := url.Parse(g.RedirectURI)
	if err != nil {
		return g.RedirectURI
	}
	return u.JoinPath(issuerPart(r.Server.Issuer)).String()
}

// warnOfMixUp logs a warning if nothing would show that the user was sent to
// another server than the one that gets the code: no iss is promised, the
// redirect URI is the same for all servers, and the endpoints are of different
// origins.
func (g *AuthorizationCode) warnOfMixUp(ctx context.Context, r Request) {
	as := r.Server
	if as.AuthorizationResponseIssParameterSupported || g.redirectURI(r) != g.RedirectURI ||
		urls.Origin(as.AuthorizationEndpoint) == urls.Origin(as.TokenEndpoint) {
		return
	}
	g.Logger.WarnContext(ctx, "the server does not promise iss in its answers, and its endpoints have different origins: check that the login page is that server's",
		"issuer", as.Issuer, "login page", urls.Origin(as.AuthorizationEndpoint), "token endpoint", urls.Origin(as.TokenEndpoint))
}

// recover does what can be done about a login that failed. It reports whether to
// try once more, and with which scopes to register then.
func (l *login) recover(ctx context.Context, cause error) (register []string, again bool, failure error) {
	issuer, client := l.request.Server.Issuer, l.client
	refused := refusesClient(cause)
	var timeout *clienterr.LoginTimeoutError
	unanswered := errors.As(cause, &timeout) || ctx.Err() != nil
	switch {
	case !client.Dynamic:
		return nil, false, cause
	case refused, unanswered && client.Kept:
	case refusesScope(cause) && !covers(client.Scopes, l.scopesToRegister()):
		l.grant.Logger.InfoContext(ctx, "the server grants only the scopes that a client registered: registering anew with scopes", "issuer", issuer)
		return l.scopesToRegister(), true, l.forget(ctx, cause)
	default:
		return nil, false, cause
	}
	if timeout != nil {
		timeout.Forgotten = client.Identity.ID
	}
	if refused && client.Kept {
		l.grant.Logger.InfoContext(ctx, "the server no longer knows the registration of an earlier login: registering anew", "issuer", issuer)
	}
	return nil, refused && client.Kept, l.forget(ctx, cause)
}

// forget removes the registration that the login used, even if the caller is
// leaving.
func (l *login) forget(ctx context.Context, cause error) error {
	return errors.Join(cause, l.grant.Registrar.Forget(context.WithoutCancel(ctx), l.request.Server.Issuer, l.client.Identity.ID))
}

// scopesToRegister returns the scopes for a server that lets a client request
// only what it registered.
func (l *login) scopesToRegister() []string {
	scopes := slices.Concat(l.client.Scopes, l.request.Scopes, l.request.Supported)
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

func covers(scopes, needed []string) bool {
	return !slices.ContainsFunc(needed, func(s string) bool { return !slices.Contains(scopes, s) })
}

// refusesClient reports whether the token endpoint, or the authorization
// endpoint, does not know the client.
func refusesClient(err error) bool {
	var refused *clienterr.AuthorizationError
	if errors.As(err, &refused) {
		return refused.Code == "invalid_client" || refused.Code == "unauthorized_client"
	}
	return endpoint.RefusesClient(err)
}

func refusesScope(err error) bool {
	const invalidScope = "invalid_scope"
	var refused *clienterr.AuthorizationError
	var refusedToken *clienterr.TokenError
	return errors.As(err, &refused) && refused.Code == invalidScope ||
		errors.As(err, &refusedToken) && refusedToken.Code == invalidScope
}
