package keys

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/remote"
	"github.com/mcp-auth/go/metadata"
)

// Document is one of the documents that are fetched.
type Document string

// The documents.
const (
	Metadata Document = "metadata" // RFC 8414, OpenID Connect Discovery
	Keys     Document = "keys"     // RFC 7517
)

// Config configures [Sources]. All fields are required but OnFetch and OnSkipped.
type Config struct {
	Fetch *fetch.Client
	Now   func() time.Time
	// Timeout bounds the fetch of one document.
	Timeout time.Duration
	// OnFetch, if set, is called after each fetch, before any caller that waits
	// for it goes on. It must be quick.
	OnFetch func(Event)
	// OnSkipped, if set, is called for each key that is of no use, once for each
	// text of its key set. It must be quick.
	OnSkipped func(issuer string, key jose.SkippedKey)
}

// Event describes one finished fetch.
type Event struct {
	Issuer   string
	Document Document
	remote.Event
}

// reporting returns the hook of one document's fetches, nil if there is none.
func (c *Config) reporting(issuer string, document Document) func(remote.Event) {
	if c.OnFetch == nil {
		return nil
	}
	return func(e remote.Event) { c.OnFetch(Event{issuer, document, e}) }
}

// Sources makes sources, one for all servers that are fetched from alike. It is
// not safe for concurrent use until all are made.
type Sources struct {
	config Config
	all    []*Source
	shared map[shareKey]*Source
}

// shareKey is what two servers must have in common to share a source.
type shareKey struct {
	issuer, url string
	kind        metadata.ServerType
	given       *metadata.AuthorizationServer
	unused      bool
}

// NewSources returns an empty set of sources, which must be closed.
func NewSources(config Config) *Sources {
	return &Sources{config: config, shared: map[shareKey]*Source{}}
}

// Of returns the source of a server.
func (p *Sources) Of(server Server) *Source {
	key := shareKey{server.Issuer, server.MetadataURL, server.Type, server.Metadata, server.Unused}
	shareable := server.Repair == nil && server.RepairKeys == nil && server.Keys == nil
	if shareable && p.shared[key] != nil {
		return p.shared[key]
	}
	s := newSource(server, p.config)
	p.all = append(p.all, s)
	if shareable {
		p.shared[key] = s
	}
	return s
}

// Ready fetches all metadata and keys that are not there already, and reports
// all that failed.
func (p *Sources) Ready(ctx context.Context) (errs []error) {
	for _, s := range p.all {
		if err := s.ready(ctx); err != nil {
			errs = append(errs, fmt.Errorf("mcpauth: %w", err))
		}
	}
	return errs
}

// Close ends fetches under way and waits for them.
func (p *Sources) Close() {
	for _, s := range slices.Backward(p.all) {
		s.close()
	}
}
