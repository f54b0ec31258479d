package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
)

// AuthorizationCode lets a user log in and consent in a browser (authorization
// code with PKCE S256). If neither function is set, nobody can be asked, and
// the error is a [*LoginRequiredError].
type AuthorizationCode struct {
	// OpenURL shows the authorization URL to the user, see [OpenBrowser], and
	// returns. The client itself listens on loopback for the answer.
	OpenURL func(ctx context.Context, authorizationURL string) error
	// Callback brings the user to the authorization URL and returns the whole
	// URL that the browser is sent back to: for programs with a web page of
	// their own, and for tests. The client itself does not listen then.
	Callback func(ctx context.Context, authorizationURL string) (callbackURL string, err error)
	// RedirectURI is where the authorization server sends the browser: an https
	// URL, which needs Callback, or http on a loopback host. Without a port, and
	// if the client itself listens, any free one is taken (RFC 8252 §7.3). Empty
	// means "http://127.0.0.1/callback".
	RedirectURI string
	// Timeout is how long the user may take. Zero means 5 minutes; one hour is
	// the most.
	Timeout time.Duration
}

func (g AuthorizationCode) normalized() Grant {
	if g.RedirectURI == "" {
		g.RedirectURI = defaultRedirectURI
	}
	if g.Timeout == 0 {
		g.Timeout = defaultUserTimeout
	}
	return g
}

func (AuthorizationCode) interactive() bool { return true }

func (g AuthorizationCode) check(_ *Config, f *faults) {
	if !validRedirectURI(g.RedirectURI) {
		f.add(InvalidRedirectURI, g.RedirectURI, "Grant.RedirectURI")
	} else if g.Callback == nil && !isLoopbackHTTP(g.RedirectURI) {
		f.add(RedirectNotLoopback, g.RedirectURI, "Grant.RedirectURI")
	}
	if g.OpenURL != nil && g.Callback != nil {
		f.add(ConflictingUI, "", "Grant")
	}
	if g.Timeout < 0 || g.Timeout > maxUserTimeout {
		f.add(InvalidTimeout, g.Timeout.String(), "Grant.Timeout")
	}
}

func isLoopbackHTTP(raw string) bool {
	return fetch.IsLoopbackURL(raw) && strings.HasPrefix(raw, "http://")
}

// userAgent is what brings the user to the authorization URL and the answer
// back.
type userAgent interface {
	// redirectURI is where the answer will arrive.
	redirectURI() string
	// visit returns the URL of the first answer that accepted takes, or of any.
	visit(ctx context.Context, authorizationURL string, accepted func(callback string) bool) (string, error)
	close()
}

// callbackAgent is a caller's function.
type callbackAgent struct {
	callback func(ctx context.Context, authorizationURL string) (string, error)
	uri      string
}

func (a callbackAgent) redirectURI() string { return a.uri }
func (a callbackAgent) close()              {}
func (a callbackAgent) visit(ctx context.Context, authorizationURL string, _ func(string) bool) (string, error) {
	return a.callback(ctx, authorizationURL)
}

func (g AuthorizationCode) obtain(ctx context.Context, c *Client, f *flow) (*tokenResponse, error) {
	if err := checkCodeFlow(f.as); err != nil {
		return nil, err
	}
	if g.OpenURL == nil && g.Callback == nil {
		return nil, &LoginRequiredError{ServerURL: c.config.ServerURL}
	}
	agent, err := g.agent(ctx, c, f)
	if err != nil {
		return nil, err
	}
	defer agent.close()
	f.identity, err = c.register(ctx, f, agent.redirectURI())
	if err != nil {
		return nil, err
	}
	return g.login(ctx, c, f, agent)
}

// agent prepares for the answer. Where a registration holds a port, that one is
// tried first: not every server lets it vary.
func (g AuthorizationCode) agent(ctx context.Context, c *Client, f *flow) (userAgent, error) {
	if g.Callback != nil {
		return callbackAgent{g.Callback, g.RedirectURI}, nil
	}
	record, ok, err := load[clientRecord](ctx, c.config.Store, clientKey(f.as.Issuer))
	if err != nil {
		return nil, err
	}
	preferred := ""
	if ok && samePortless(record.RedirectURI, g.RedirectURI) {
		preferred = record.RedirectURI
	}
	return listen(ctx, g.RedirectURI, preferred, g.OpenURL)
}

// samePortless reports whether two redirect URIs differ in the port only, and
// the second leaves it open.
func samePortless(registered, configured string) bool {
	u, err := url.Parse(registered)
	return err == nil && u.Port() != "" && withPort(configured, u.Port()) == registered
}

// login sends the user to the authorization server and redeems the code.
func (g AuthorizationCode) login(ctx context.Context, c *Client, f *flow, agent userAgent) (*tokenResponse, error) {
	verifier := rand.Text() + rand.Text() // 52 characters (RFC 7636 §4.1)
	expected := &expectation{redirectURI: agent.redirectURI(), state: rand.Text(), as: f.as}
	target, err := f.authorizationURL(expected, verifier)
	if err != nil {
		return nil, err
	}
	c.config.Logger.InfoContext(ctx, "waiting for the user to log in", "issuer", f.as.Issuer, "timeout", g.Timeout.String())
	userCtx, cancel := context.WithTimeoutCause(ctx, g.Timeout, errUserTimeout)
	defer cancel()
	callback, err := agent.visit(userCtx, target, func(callback string) bool {
		answer, err := expected.parse(callback)
		return err == nil && expected.stateMatches(answer)
	})
	if err != nil {
		return nil, visitError(userCtx, err)
	}
	code, err := expected.code(callback)
	if err != nil {
		return nil, err
	}
	c.config.Logger.InfoContext(ctx, "redeeming the authorization code", "issuer", f.as.Issuer)
	x := f.exchange(grantAuthorizationCode, code, verifier)
	x.form.Del("scope") // RFC 6749 §4.1.3: fixed by the code
	x.form.Set("code", code)
	x.form.Set("code_verifier", verifier)
	x.form.Set("redirect_uri", expected.redirectURI)
	return c.token(ctx, x)
}

var errUserTimeout = fmt.Errorf("the user did not finish logging in: %w", context.DeadlineExceeded)

// visitError tells a user who took too long from other failures.
func visitError(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), errUserTimeout) {
		return fmt.Errorf("client: %w", errUserTimeout)
	}
	return err
}

// authorizationURL is where the user is sent (RFC 6749 §4.1.1, RFC 7636 §4.3,
// RFC 8707 §2.1, RFC 9449 §10).
func (f *flow) authorizationURL(expected *expectation, verifier string) (string, error) {
	target, err := url.Parse(f.as.AuthorizationEndpoint)
	if err != nil {
		return "", &UnsuitableError{Issuer: f.as.Issuer, Reason: "its authorization_endpoint is no URL"}
	}
	sum := sha256.Sum256([]byte(verifier))
	query := target.Query()
	for name, value := range map[string]string{
		"response_type":         "code",
		"client_id":             f.identity.id,
		"redirect_uri":          expected.redirectURI,
		"state":                 expected.state,
		"code_challenge":        base64.RawURLEncoding.EncodeToString(sum[:]),
		"code_challenge_method": "S256",
		"resource":              f.resource(),
	} {
		query.Set(name, value)
	}
	if len(f.scopes) > 0 {
		query.Set("scope", strings.Join(f.scopes, " "))
	}
	if slices.Contains(f.scopes, scopeOfflineAccess) {
		// OpenID providers ignore offline_access without it (OpenID Connect Core §11).
		query.Set("prompt", "consent")
	}
	if f.key != nil {
		query.Set("dpop_jkt", f.key.thumbprint)
	}
	target.RawQuery = query.Encode()
	return target.String(), nil
}
