package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
)

const (
	// expiryMargin is how long before its end a token is no longer sent: it has
	// to arrive.
	expiryMargin = 10 * time.Second
	// serverFresh is how long authorization server metadata is used without
	// asking again.
	serverFresh = 10 * time.Minute
)

// Client obtains and keeps tokens for one MCP server. It is safe for concurrent
// use. Make one with [New].
type Client struct {
	config     Config
	serverURL  *url.URL
	origin     string // scheme and authority of the server, as written
	onLoopback bool
	fetch      *fetch.Client
	// nonces are the authorization servers', the MCP server's are its own even
	// where both have one origin (RFC 9449 §9).
	nonces, serverNonces nonces

	// turn holds one: taken by who refreshes or obtains a token, so that
	// everybody else waits for the result.
	turn chan struct{}

	mu       sync.Mutex
	loaded   bool // the store has been asked
	current  *tokenRecord
	known    serverRecord
	as       *metadata.AuthorizationServer
	asUntil  time.Time
	attempts int   // to obtain a token
	failure  error // of the last attempt
}

// New returns a client for the server that config names. It makes no request.
// The error joins a [*ConfigError] for each mistake.
func New(config Config) (*Client, error) {
	config = config.normalized()
	if err := config.check(); err != nil {
		return nil, err
	}
	server, err := url.Parse(config.ServerURL)
	if err != nil { // checked
		return nil, &ConfigError{Field: "ServerURL", Fault: InvalidServerURL}
	}
	return &Client{
		config:     config,
		serverURL:  server,
		origin:     originOfServer(config.ServerURL),
		onLoopback: fetch.IsLoopbackURL(config.ServerURL),
		fetch:      fetch.New(fetch.Policy{Settings: network.Settings{AllowedNetworks: config.AllowedNetworks, RootCAs: config.RootCAs, Timeout: config.Timeout}}),
		turn:       make(chan struct{}, 1),
	}, nil
}

// ServerURL returns the URL of the MCP server, as configured.
func (c *Client) ServerURL() string { return c.config.ServerURL }

// Close closes idle connections to authorization servers.
func (c *Client) Close() { c.fetch.Close() }

func (c *Client) now() time.Time { return c.config.Now() }

// takeTurn waits until nobody else obtains a token. The function ends the turn.
func (c *Client) takeTurn(ctx context.Context) (func(), error) {
	select {
	case c.turn <- struct{}{}:
		return func() { <-c.turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// usable returns the token to send, nil if there is none: that one is refreshed
// first if it has expired and can be.
func (c *Client) usable(ctx context.Context) (*tokenRecord, error) {
	if token, ok := c.fresh(); ok {
		return token, nil
	}
	done, err := c.takeTurn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if token, ok := c.fresh(); ok {
		return token, nil
	}
	if err := c.loadToken(ctx); err != nil {
		return nil, err
	}
	if token, ok := c.fresh(); ok {
		return token, nil
	}
	c.mu.Lock()
	token, how := c.current, c.known.Finding
	c.mu.Unlock()
	if token == nil || token.RefreshToken == "" {
		return nil, nil
	}
	return c.refresh(ctx, token, how)
}

// fresh returns the token in memory. ok is false if the store or the
// authorization server must be asked.
func (c *Client) fresh() (token *tokenRecord, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.loaded:
		return nil, false
	case c.current == nil || c.current.AccessToken == "":
		return nil, true
	case c.expired(c.current):
		return nil, c.current.RefreshToken == ""
	}
	return c.current, true
}

func (c *Client) expired(r *tokenRecord) bool {
	return !r.ExpiresAt.IsZero() && !c.now().Add(expiryMargin).Before(r.ExpiresAt)
}

func (c *Client) held() *tokenRecord {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

// reload asks the store again where there is no token in memory: another
// process may have logged in since. The caller has the turn.
func (c *Client) reload(ctx context.Context) error {
	c.mu.Lock()
	c.loaded = c.loaded && c.current != nil && c.current.AccessToken != ""
	c.mu.Unlock()
	return c.loadToken(ctx)
}

// loadToken asks the store once. The caller has the turn.
func (c *Client) loadToken(ctx context.Context) error {
	c.mu.Lock()
	loaded := c.loaded
	c.mu.Unlock()
	if loaded {
		return nil
	}
	known, _, err := load[serverRecord](ctx, c.config.Store, serverKey(c.config.ServerURL))
	if err != nil {
		return err
	}
	var token *tokenRecord
	if known.Issuer != "" {
		if token, err = c.stored(ctx, known.Issuer, known.Resource); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loaded, c.known, c.current = true, known, token
	return nil
}

// stored returns the record of what an issuer granted for a resource, nil if
// there is none or it is another client's.
func (c *Client) stored(ctx context.Context, issuer, resource string) (*tokenRecord, error) {
	record, ok, err := load[tokenRecord](ctx, c.config.Store, tokenKey(issuer, resource))
	if err != nil || !ok {
		return nil, err
	}
	if record.Issuer != issuer || record.Resource != resource || !c.isOurs(&record) {
		return nil, nil
	}
	if err := record.restore(); err != nil {
		return nil, &StoreError{err}
	}
	return &record, nil
}

// isOurs reports whether a token was given to the client that is configured for
// its issuer, if one is.
func (c *Client) isOurs(r *tokenRecord) bool {
	for _, issuer := range []string{r.Issuer, ""} {
		for _, credentials := range c.config.Credentials {
			if credentials.Issuer == issuer {
				return credentials.ClientID == r.ClientID
			}
		}
	}
	return true
}

// keep stores a token, and remembers which authorization server it is of.
func (c *Client) keep(ctx context.Context, token *tokenRecord, f *flow) error {
	known := serverRecord{Issuer: token.Issuer, Resource: token.Resource, Bound: f.bound, Finding: f.finding}
	c.mu.Lock()
	changed := c.known != known
	c.loaded, c.known, c.current = true, known, token
	c.mu.Unlock()
	if err := save(ctx, c.config.Store, tokenKey(token.Issuer, token.Resource), token); err != nil || !changed {
		return err
	}
	return save(ctx, c.config.Store, serverKey(c.config.ServerURL), known)
}

func (c *Client) setCurrent(token *tokenRecord) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = token
}

// serverOf returns the metadata of an issuer, asking again after a while.
func (c *Client) serverOf(ctx context.Context, issuer string) (*metadata.AuthorizationServer, error) {
	c.mu.Lock()
	as, until := c.as, c.asUntil
	c.mu.Unlock()
	if as != nil && as.Issuer == issuer && c.now().Before(until) {
		return as, nil
	}
	as, err := c.server(ctx, issuer)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.as, c.asUntil = as, c.now().Add(serverFresh)
	return as, nil
}

// refresh exchanges the refresh token for a new access token, or takes over
// what another process got. It returns nil where a user must log in again. The
// caller has the turn.
func (c *Client) refresh(ctx context.Context, old *tokenRecord, how finding) (*tokenRecord, error) {
	as, err := c.serverFound(ctx, old.Issuer, how)
	if err != nil {
		return nil, err
	}
	// A refresh token that was used up for an answer nobody reads logs the user
	// out: once begun, the exchange goes on, for as long as a request may take.
	ctx = context.WithoutCancel(ctx)
	var fresh *tokenRecord
	err = update(ctx, c.config.Store, tokenKey(old.Issuer, old.Resource), func(record []byte) ([]byte, error) {
		latest, err := c.latest(record, old)
		if err != nil {
			return nil, err
		}
		if latest.AccessToken != old.AccessToken && !c.expired(latest) {
			fresh = latest
			return record, nil
		}
		if fresh, err = c.redeem(ctx, as, latest); err != nil {
			return nil, err
		}
		return encodeRecord(fresh)
	})
	if err != nil {
		return nil, err
	}
	c.setCurrent(fresh)
	if fresh.AccessToken == "" {
		return nil, nil
	}
	return fresh, nil
}

// latest is the record to refresh: the store's, which another process may have
// refreshed since.
func (c *Client) latest(record []byte, old *tokenRecord) (*tokenRecord, error) {
	if record == nil { // a logout
		return &tokenRecord{Issuer: old.Issuer, Resource: old.Resource, Requested: old.Requested}, nil
	}
	stored := &tokenRecord{}
	if err := decodeRecord(record, stored); err != nil {
		return nil, err
	}
	if err := stored.restore(); err != nil {
		return nil, &StoreError{err}
	}
	return stored, nil
}

// redeem sends a refresh token (RFC 6749 §6). A record without tokens is what
// is left when the server no longer takes it.
func (c *Client) redeem(ctx context.Context, as *metadata.AuthorizationServer, old *tokenRecord) (*tokenRecord, error) {
	spent := &tokenRecord{Issuer: old.Issuer, Resource: old.Resource, ClientID: old.ClientID, Requested: old.Requested}
	if old.RefreshToken == "" {
		return spent, nil
	}
	who, err := c.identityOf(ctx, as, old)
	if err != nil {
		return nil, err
	}
	c.config.Logger.InfoContext(ctx, "refreshing the access token", "issuer", as.Issuer)
	f := &flow{source: source{document: &metadata.ProtectedResource{Resource: old.Resource}, as: as}, scopes: old.Requested, identity: who, key: old.key}
	x := f.exchange(grantRefreshToken, old.RefreshToken)
	x.form.Del("scope") // RFC 6749 §6: absent means those granted before
	x.form.Set("refresh_token", old.RefreshToken)
	answer, err := c.token(ctx, x)
	var refused *TokenError
	if errors.As(err, &refused) && slices.Contains([]string{"invalid_grant", "invalid_client", "unauthorized_client"}, refused.Code) {
		c.config.Logger.InfoContext(ctx, "the refresh token is no longer accepted", "issuer", as.Issuer, "error", refused.Code)
		return spent, nil
	}
	if err != nil {
		return nil, err
	}
	fresh, err := f.record(answer, c.config.DPoP, c.now())
	if err != nil {
		return nil, err
	}
	if fresh.RefreshToken == "" { // not rotated
		fresh.RefreshToken = old.RefreshToken
	}
	if !answer.hasScope {
		fresh.Granted = old.Granted
	}
	return fresh, nil
}

// identityOf returns the client a token was given to. One that the client is no
// longer cannot refresh it.
func (c *Client) identityOf(ctx context.Context, as *metadata.AuthorizationServer, token *tokenRecord) (identity, error) {
	for i := range c.config.Credentials {
		credentials := &c.config.Credentials[i]
		if credentials.ClientID == token.ClientID && (credentials.Issuer == as.Issuer || credentials.Issuer == "") {
			return credentials.identify(as)
		}
	}
	record, ok, err := load[clientRecord](ctx, c.config.Store, clientKey(as.Issuer))
	if err != nil {
		return identity{}, err
	}
	if ok && record.Issuer == as.Issuer && record.ClientID == token.ClientID {
		return record.identity(), nil
	}
	return identity{id: token.ClientID, method: methodNone}, nil
}

// obtain gets a new token: it asks the server who grants them, and that one for
// a token. The caller has the turn.
func (c *Client) obtain(ctx context.Context, asked challenged) (*tokenRecord, error) {
	f, err := c.begin(ctx, asked)
	if err != nil {
		return nil, err
	}
	answer, err := c.config.Grant.obtain(ctx, c, f)
	if err != nil {
		return nil, errors.Join(err, c.forget(ctx, f, err))
	}
	token, err := f.record(answer, c.config.DPoP, c.now())
	if err != nil {
		return nil, err
	}
	return token, c.keep(ctx, token, f)
}

// begin does what comes before any grant. Nothing is registered and nobody
// asked before the resource's metadata has proved to be about the server.
func (c *Client) begin(ctx context.Context, asked challenged) (*flow, error) {
	c.config.Logger.InfoContext(ctx, "finding the authorization server", "server", c.config.ServerURL)
	found, err := c.source(ctx, asked)
	if err != nil {
		return nil, err
	}
	document := found.document
	c.mu.Lock()
	f := &flow{source: found, before: c.known}
	c.mu.Unlock()
	issuer, err := c.issuer(document, f.before.Issuer)
	if err != nil {
		return nil, err
	}
	if f.as == nil {
		if f.as, err = c.serverOf(ctx, issuer); err != nil {
			return nil, err
		}
	}
	// What was asked for at another server is no measure here.
	earlier, err := c.stored(ctx, issuer, document.Resource)
	if err != nil {
		return nil, err
	}
	request := scopeRequest{
		challenged: asked.scopes, supported: document.ScopesSupported, extra: c.config.Scopes,
		known: f.as.ScopesSupported, refreshing: c.config.Grant.interactive(),
	}
	if earlier != nil {
		request.before = earlier.Requested
	}
	f.scopes = request.choose()
	f.key, err = c.keyFor(f, asked, earlier)
	return f, err
}

// keyFor decides whether the token is to be bound to a key, and keeps the one
// that was used before.
func (c *Client) keyFor(f *flow, asked challenged, earlier *tokenRecord) (*proofKey, error) {
	able := slices.Contains(f.as.DPoPSigningAlgValuesSupported, proofAlg)
	known := asked.dpop || f.document.DPoPBoundAccessTokensRequired || slices.Contains(f.document.DPoPSigningAlgValuesSupported, proofAlg)
	required := c.config.DPoP == DPoPRequired || c.config.DPoP == DPoPAuto && f.document.DPoPBoundAccessTokensRequired
	switch {
	case required && !able:
		return nil, &UnsuitableError{Issuer: f.as.Issuer, Reason: "dpop_signing_alg_values_supported lacks " + proofAlg + ", and bound tokens are required"}
	case c.config.DPoP == DPoPOff, !required && (!known || !able):
		return nil, nil
	case earlier != nil && earlier.key != nil:
		return earlier.key, nil
	}
	return newProofKey()
}

// forget drops a registration that the server no longer knows, so that the next
// attempt makes a new one.
func (c *Client) forget(ctx context.Context, f *flow, cause error) error {
	var refused *TokenError
	if !f.registered || !errors.As(cause, &refused) || refused.Code != "invalid_client" {
		return nil
	}
	return remove(ctx, c.config.Store, clientKey(f.as.Issuer))
}

// HTTPClient returns an HTTP client for MCP SDKs: its transport is
// [Client.Transport] over a copy of the default one.
func (c *Client) HTTPClient() *http.Client { return &http.Client{Transport: c.Transport(nil)} }
