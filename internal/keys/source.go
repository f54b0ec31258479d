// Package keys holds what is fetched from authorization servers: metadata, and
// the keys that verify their tokens.
package keys

import (
	"context"
	"errors"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/remote"
	"github.com/mcp-auth/go/metadata"
)

const (
	// Cooldown is the longest time in which a server that is down is not asked
	// again. An unknown kid causes one fetch in this time.
	Cooldown = 5 * time.Second

	metadataMinFresh = 5 * time.Minute
	metadataDefault  = time.Hour
	metadataMaxFresh = 24 * time.Hour
	// The metadata only says where the keys are: an old one is better than none.
	metadataMaxStale = 30 * 24 * time.Hour

	keysMinFresh = time.Minute
	keysDefault  = 10 * time.Minute
	keysMaxFresh = 24 * time.Hour
	keysMaxStale = 24 * time.Hour
)

// Server says where metadata and keys of an authorization server come from.
type Server struct {
	// Issuer is the issuer identifier.
	Issuer string
	// Type, MetadataURL and Repair are the members of a [metadata.Source].
	Type        metadata.ServerType
	MetadataURL string
	Repair      func(document []byte) ([]byte, error)
	// RepairKeys, if set, repairs a key set before it is parsed.
	RepairKeys func(keySet []byte) ([]byte, error)
	// Metadata, if set, is not fetched.
	Metadata *metadata.AuthorizationServer
	// Keys, if set, are not fetched, and neither is the metadata.
	Keys *jose.KeySet
	// Unused says that no token is verified with the keys.
	Unused bool
}

// Source has the metadata and the keys of one authorization server. It is safe
// for concurrent use.
type Source struct {
	server   Server
	fetch    *fetch.Client
	now      func() time.Time
	metadata *remote.Document[*metadata.AuthorizationServer] // nil: given by hand, or not to be had
	given    *keySet                                         // keys given by hand
	keys     *remote.Document[*keySet]                       // nil: given by hand
	lineage  *lineage

	// onSkipped is called for each key of a new key set that is of no use, nil if
	// nothing is to be called.
	onSkipped func(issuer string, key jose.SkippedKey)
}

func newSource(server Server, config Config) *Source {
	s := &Source{server: server, fetch: config.Fetch, now: config.Now, lineage: &lineage{}, onSkipped: config.OnSkipped}
	if server.Keys != nil {
		s.given = &keySet{KeySet: server.Keys}
		s.reportSkipped(server.Keys)
		return s
	}
	if server.Metadata == nil {
		s.metadata = remote.New(remote.Config[*metadata.AuthorizationServer]{
			Fetch:        s.fetchMetadata,
			Now:          config.Now,
			MinFresh:     metadataMinFresh,
			DefaultFresh: metadataDefault,
			MaxFresh:     metadataMaxFresh,
			MaxStale:     metadataMaxStale,
			Cooldown:     Cooldown,
			FetchTimeout: config.Timeout,
			OnFetch:      config.reporting(server.Issuer, Metadata),
		})
	}
	s.keys = remote.New(remote.Config[*keySet]{
		Fetch:        s.fetchKeys,
		Now:          config.Now,
		MinFresh:     keysMinFresh,
		DefaultFresh: keysDefault,
		MaxFresh:     keysMaxFresh,
		MaxStale:     keysMaxStale,
		Cooldown:     Cooldown,
		FetchTimeout: 2 * config.Timeout, // the metadata may have to come first
		OnFetch:      config.reporting(server.Issuer, Keys),
	})
	return s
}

// Issuer returns the issuer identifier.
func (s *Source) Issuer() string { return s.server.Issuer }

// HasMetadata reports whether there is metadata, or will be.
func (s *Source) HasMetadata() bool { return s.server.Metadata != nil || s.metadata != nil }

// Metadata returns the metadata, and fetches it if need be.
func (s *Source) Metadata(ctx context.Context) (*metadata.AuthorizationServer, error) {
	if s.server.Metadata != nil {
		return s.server.Metadata, nil
	}
	if s.metadata == nil {
		return nil, errors.New("mcpauth: the keys are given by hand, the metadata is not")
	}
	snap, err := s.metadata.Get(ctx)
	return snap.Value, err
}

// ready fetches what is missing, and reports keys of which none can verify tokens.
func (s *Source) ready(ctx context.Context) error {
	if s.server.Unused || s.keys == nil {
		return nil
	}
	snap, err := s.keys.Get(ctx)
	if err != nil {
		return err
	}
	if fault := snap.Value.Fault(); fault != nil {
		return &documentError{Keys, s.server.Issuer, fault}
	}
	return nil
}

func (s *Source) close() {
	if s.keys != nil {
		s.keys.Close()
	}
	if s.metadata != nil {
		s.metadata.Close()
	}
}
