// Package tokencache keeps the token of one MCP server in memory, over the
// records of a store.
package tokencache

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/urls"
)

// Config configures a [Cache].
type Config struct {
	ServerURL string
	Records   *record.Records
	// Owns reports whether a stored token is this client's.
	Owns func(*record.Token) bool
	Now  func() time.Time
}

// Cache is the token of one MCP server. It is safe for concurrent use, but only
// one goroutine at a time may change it.
type Cache struct {
	config Config

	mu     sync.Mutex
	loaded bool // the store was read
	token  *record.Token
	server record.Server
}

// New returns a cache that has not read the store yet.
func New(config Config) *Cache { return &Cache{config: config} }

// Usable returns the token in memory, nil if there is none to send. ok is false
// if the store must be read or the token refreshed first.
func (c *Cache) Usable() (token *record.Token, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.loaded:
		return nil, false
	case c.token == nil || c.token.AccessToken == "":
		return nil, true
	case c.Expired(c.token):
		return nil, c.token.RefreshToken == ""
	}
	return c.token, true
}

// Expired reports whether a token has expired or is about to.
func (c *Cache) Expired(token *record.Token) bool {
	return !token.ExpiresAt.IsZero() && !c.config.Now().Before(token.RenewAt)
}

// Held returns the token in memory, usable or not, and the authorization server
// it is from. The token is nil if there is none.
func (c *Cache) Held() (*record.Token, record.Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token, c.server
}

// Load reads the store, once.
func (c *Cache) Load(ctx context.Context) error {
	c.mu.Lock()
	loaded := c.loaded
	c.mu.Unlock()
	if loaded {
		return nil
	}
	server, err := c.storedServer(ctx)
	if err != nil {
		return err
	}
	var token *record.Token
	if server.Issuer != "" {
		if token, err = c.Stored(ctx, server.Issuer, server.Resource); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loaded, c.server, c.token = true, server, token
	return nil
}

// storedServer returns the record of the server, or else the record of its URL
// without the query: the same endpoint takes the same tokens.
func (c *Cache) storedServer(ctx context.Context) (record.Server, error) {
	server, err := c.config.Records.Server(ctx, c.config.ServerURL)
	bare := urls.WithoutQuery(c.config.ServerURL)
	if err != nil || server.Issuer != "" || bare == c.config.ServerURL {
		return server, err
	}
	return c.config.Records.Server(ctx, bare)
}

// Reload reads the store if there is no token in memory: another process may
// have logged in since.
func (c *Cache) Reload(ctx context.Context) error {
	c.mu.Lock()
	c.loaded = c.loaded && c.token != nil && c.token.AccessToken != ""
	c.mu.Unlock()
	return c.Load(ctx)
}

// Stored returns what an issuer granted this client for a resource, nil if it
// granted nothing.
func (c *Cache) Stored(ctx context.Context, issuer, resource string) (*record.Token, error) {
	token, err := c.config.Records.Token(ctx, issuer, resource)
	if err != nil || token == nil || !c.config.Owns(token) {
		return nil, err
	}
	return token, nil
}

// Keep keeps a new token, in memory and in the store, and the authorization
// server it is from.
func (c *Cache) Keep(ctx context.Context, token *record.Token, server record.Server) error {
	c.mu.Lock()
	changed := c.server != server
	c.loaded, c.server, c.token = true, server, token
	c.mu.Unlock()
	if err := c.config.Records.SetToken(ctx, token); err != nil || !changed {
		return err
	}
	if err := c.config.Records.SetServer(ctx, c.config.ServerURL, server); err != nil {
		return err
	}
	bare := urls.WithoutQuery(c.config.ServerURL)
	known, err := c.config.Records.Server(ctx, bare)
	if err != nil || known.Issuer != "" {
		return err
	}
	return c.config.Records.SetServer(ctx, bare, server)
}

// Replace replaces the token in memory with one that the store already has.
func (c *Cache) Replace(token *record.Token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = token
}

// Forget removes the token from memory and from the store, even if there is an
// error.
func (c *Cache) Forget(ctx context.Context) error {
	c.mu.Lock()
	server := c.server
	c.token, c.server = nil, record.Server{}
	c.mu.Unlock()
	err := errors.Join(
		c.config.Records.RemoveServer(ctx, c.config.ServerURL),
		c.config.Records.RemoveServer(ctx, urls.WithoutQuery(c.config.ServerURL)),
	)
	if server.Issuer != "" {
		err = errors.Join(err, c.config.Records.RemoveToken(ctx, server.Issuer, server.Resource))
	}
	return err
}
