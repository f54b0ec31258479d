package client

import (
	"context"
	"strings"
	"time"

	"github.com/mcp-auth/go/client/internal/grant"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
)

const (
	defaultUserTimeout = 5 * time.Minute
	maxUserTimeout     = time.Hour

	// defaultRedirectURI stands for any port of loopback (RFC 8252 §7.3).
	defaultRedirectURI = "http://127.0.0.1/callback"
)

// AuthorizationCode lets a user log in and consent in a browser (authorization
// code with PKCE S256). If neither function is set, a user cannot be asked, and
// the error is a [*clienterr.LoginRequiredError].
type AuthorizationCode struct {
	// OpenURL shows the authorization URL to the user, see [OpenBrowser], and
	// returns. The client itself listens on loopback for the answer.
	OpenURL func(ctx context.Context, authorizationURL string) error
	// Callback takes the user to the authorization URL and returns the whole URL
	// that the browser is sent back to: for programs with web pages of their
	// own, and for tests. The client itself does not listen then.
	Callback func(ctx context.Context, authorizationURL string) (callbackURL string, err error)
	// RedirectURI is where the authorization server sends the browser: an https
	// URL, which needs Callback, or http on a loopback host. If it has no port,
	// and the client itself listens, any free port is taken (RFC 8252 §7.3).
	// Empty means "http://127.0.0.1/callback", and for a client that registers
	// dynamically a path below it that differs from issuer to issuer, so that no
	// authorization server can be mistaken for another (OAuth 2.0 Security BCP
	// §4.4.2.2).
	RedirectURI string
	// Timeout is how long the user may take. Zero means 5 minutes; one hour is
	// the most.
	Timeout time.Duration
}

func (g AuthorizationCode) parse(p *parts, faults *configerr.List) grant.Grant {
	perIssuer := g.RedirectURI == ""
	if perIssuer {
		g.RedirectURI = defaultRedirectURI
	}
	if g.Timeout == 0 {
		g.Timeout = defaultUserTimeout
	}
	if fetch.CheckURL(g.RedirectURI, true) != nil {
		faults.Add(configerr.InvalidRedirectURI, "Grant.RedirectURI", g.RedirectURI)
	} else if g.Callback == nil && !isLoopbackHTTP(g.RedirectURI) {
		faults.Add(configerr.RedirectNotLoopback, "Grant.RedirectURI", g.RedirectURI)
	}
	if g.OpenURL != nil && g.Callback != nil {
		faults.Add(configerr.ConflictingUI, "Grant", "")
	}
	if g.Timeout < 0 || g.Timeout > maxUserTimeout {
		faults.Add(configerr.InvalidTimeout, "Grant.Timeout", g.Timeout.String())
	}
	return &grant.AuthorizationCode{
		Endpoint: p.endpoint, Registrar: p.registrar, Logger: p.logger, ServerURL: p.server.Identifier,
		OpenURL: g.OpenURL, Callback: g.Callback, RedirectURI: g.RedirectURI, PerIssuer: perIssuer, Timeout: g.Timeout,
	}
}

func isLoopbackHTTP(raw string) bool {
	return fetch.IsLoopbackURL(raw) && strings.HasPrefix(raw, "http://")
}
