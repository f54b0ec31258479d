// Package discovery finds out who issues tokens for an MCP server: the metadata
// of the protected resource (RFC 9728), the authorization server it names, and
// that server's metadata (RFC 8414, OpenID Connect Discovery).
package discovery

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/mcp-auth/go/client/internal/authserver"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// Config configures a [Finder].
type Config struct {
	Server *Server
	// Fallback says what to do if the server has no resource metadata.
	Fallback Fallback
	// Settings says how to deal with an authorization server. Nil means that all
	// conform.
	Settings func(issuer string) (authserver.Settings, error)

	Fetch  *fetch.Client
	Logger *slog.Logger
	Now    func() time.Time
}

// Finder finds the authorization server of one MCP server. It is safe for
// concurrent use.
type Finder struct {
	config Config
	server *Server

	mu    sync.Mutex
	as    *authserver.Server // the last one that was fetched
	until time.Time          // as is used without fetching it again
}

// New returns a finder.
func New(config Config) *Finder { return &Finder{config: config, server: config.Server} }

// Refusal is what an MCP server's refusal says about its metadata.
type Refusal struct {
	// Refused reports whether the server refused a request, so that it is certain
	// to protect something.
	Refused bool
	// MetadataURL is the URL of the metadata, empty if no challenge has one.
	MetadataURL string
	// Named reports whether a challenge names metadata, even in a form that
	// cannot be read.
	Named bool
	// Unreadable says what is wrong with the challenge, empty if it can be read.
	Unreadable string
}

// Source is where tokens come from.
type Source struct {
	// Resource is the metadata of the resource. The finder writes it if the
	// server has none.
	Resource *metadata.ProtectedResource
	// Finding is how the authorization server was found.
	Finding record.Finding

	as *authserver.Server // nil if it is still to be fetched
}

// probe asks for something that every MCP server protects, and opens no
// session.
const probe = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`

// Probe sends the MCP server a request without a token.
func (f *Finder) Probe(ctx context.Context) (*fetch.Response, error) {
	return f.config.Fetch.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: f.server.Identifier, Body: []byte(probe),
		Header: http.Header{
			"Content-Type": {"application/json"},
			"Accept":       {"application/json, text/event-stream"},
		},
		AllowLoopback: f.server.Loopback,
	})
}
