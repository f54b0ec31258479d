package client

import (
	"log/slog"
	"net/url"
	"time"

	"github.com/mcp-auth/go/client/internal/authorizer"
	"github.com/mcp-auth/go/client/internal/discovery"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/grant"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/registration"
	"github.com/mcp-auth/go/internal/fetch"
)

// parts are what a client is made of.
type parts struct {
	server    *discovery.Server
	fetch     *fetch.Client
	records   *record.Records
	endpoint  *endpoint.Client
	finder    *discovery.Finder
	registrar *registration.Registrar
	dpop      authorizer.DPoPMode
	grant     grant.Grant
	extension string // that the grant is of, if any

	credentials []Credentials
	scopes      []string
	logger      *slog.Logger
	proxy       func(*url.URL) (*url.URL, error)
	now         func() time.Time
}
