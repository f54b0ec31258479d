package client

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/mcp-auth/go/client/internal/authorizer"
	"github.com/mcp-auth/go/client/internal/discovery"
	"github.com/mcp-auth/go/client/internal/proof"
	"github.com/mcp-auth/go/client/internal/tokencache"
	"github.com/mcp-auth/go/client/internal/transport"
	"github.com/mcp-auth/go/client/internal/urls"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
)

// Client obtains and keeps tokens for one MCP server. It is safe for concurrent
// use. Make one with [New].
type Client struct {
	server     *discovery.Server
	extension  string // of MCP that the grant is of, if any
	authorizer *authorizer.Authorizer
	fetch      *fetch.Client
	nonces     proof.Nonces                     // of the MCP server
	proxy      func(*url.URL) (*url.URL, error) // nil: the environment's
	now        func() time.Time
}

// New returns a client for the server that config names. It makes no request.
// The error joins a [*configerr.Error] for each mistake.
func New(config Config) (*Client, error) {
	config = config.withDefaults()
	var faults configerr.List
	parts := config.parse(&faults)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return newClient(parts), nil
}

// newClient puts the parts together.
func newClient(p *parts) *Client {
	cache := tokencache.New(tokencache.Config{
		ServerURL: p.server.Identifier, Records: p.records, Owns: p.registrar.Owns, Now: p.now,
	})
	return &Client{
		server:    p.server,
		extension: p.extension,
		fetch:     p.fetch,
		proxy:     p.proxy,
		now:       p.now,
		authorizer: authorizer.New(authorizer.Config{
			ServerURL: p.server.Identifier,
			Finder:    p.finder, Registrar: p.registrar, Endpoint: p.endpoint, Grant: p.grant, Cache: cache, Records: p.records,
			Scopes: p.scopes, DPoP: p.dpop, Logger: p.logger, Now: p.now,
		}),
	}
}

// Format prints the server only, whatever the verb: a client holds secrets.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "{"+c.name()+"}") }

// LogValue keeps secrets out of logs.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.name()) }

// name returns the server's URL without its query, which may hold a key.
func (c *Client) name() string {
	if c == nil || c.server == nil {
		return ""
	}
	return urls.WithoutQuery(c.server.Identifier)
}

// ServerURL returns the URL of the MCP server, as configured.
func (c *Client) ServerURL() string { return c.server.Identifier }

// Extensions returns the authorization extensions of MCP that the client uses, by
// their identifiers, each with no settings. It is nil for [AuthorizationCode]. MCP
// wants clients to declare extensions when they open a session, which SDKs do: with
// the go-sdk, set ClientCapabilities.Extensions.
func (c *Client) Extensions() map[string]any {
	if c.extension == "" {
		return nil
	}
	return map[string]any{c.extension: map[string]any{}}
}

// Close closes idle connections to authorization servers.
func (c *Client) Close() { c.fetch.Close() }

// HTTPClient returns an HTTP client for MCP SDKs. Its transport is
// [Client.Transport] over a copy of the default one.
func (c *Client) HTTPClient() *http.Client { return &http.Client{Transport: c.Transport(nil)} }

// Transport returns a round tripper over base (nil: a copy of
// [http.DefaultTransport], with the proxy of [Config.Network] if there is one). It
// sends requests for [Client.ServerURL] with an
// access token and answers challenges: 401 by refreshing the token or having
// the user log in, 403 with insufficient scope by requesting the missing scopes,
// each once per request. Other requests pass without a token.
//
// If a token cannot be obtained, the error is of a type in package clienterr or
// metadata. If a new token does not help, the server's refusal is returned as a
// response.
func (c *Client) Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = defaultTransport(c.proxy)
	}
	return transport.New(transport.Config{
		Base: base, Name: c.name(), Server: c.server.URL, Tokens: c.authorizer, Nonces: &c.nonces, Now: c.now,
	})
}

// defaultTransport returns a copy of the default transport, which takes its proxy
// from the environment unless there is another.
func defaultTransport(proxy func(*url.URL) (*url.URL, error)) http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	copied := standard.Clone()
	if proxy != nil {
		copied.Proxy = func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
	}
	return copied
}

// Login obtains a new token now, instead of when a request is refused: it sends
// the server a request without a token and answers its challenge. It replaces an
// existing token and requests all its scopes again.
//
// A user who denies a login, or lets it time out, is not asked again for the same
// scopes until Login is called: requests that are refused meanwhile return the
// same error.
func (c *Client) Login(ctx context.Context) error { return c.authorizer.Login(ctx) }

// Logout forgets the token and the dynamic registration and, if the authorization
// server supports it, revokes the token there (RFC 7009). Both are forgotten even
// if there is an error.
func (c *Client) Logout(ctx context.Context) error { return c.authorizer.Logout(ctx) }
