package mcpauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/remote"
	"github.com/mcp-auth/go/metadata"
)

const (
	fetchTimeout = 10 * time.Second
	// A down server is asked again after this long; an unknown kid causes one
	// fetch in this long.
	fetchCooldown = 5 * time.Second

	metadataMinFresh = 5 * time.Minute
	metadataDefault  = time.Hour
	metadataMaxFresh = 24 * time.Hour
	// The metadata only say where the keys are: old ones beat none.
	metadataMaxStale = 30 * 24 * time.Hour

	keysMinFresh = time.Minute
	keysDefault  = 10 * time.Minute
	keysMaxFresh = 24 * time.Hour
	keysMaxStale = 24 * time.Hour
)

// issuer holds what is fetched from one authorization server. Resources that
// configure it alike share one.
type issuer struct {
	server AuthorizationServer
	fetch  *fetch.Client

	metadata *remote.Document[*metadata.AuthorizationServer] // nil: given by hand
	keys     *remote.Document[*keySet]                       // nil: given by hand
	static   *jose.KeySet
	now      func() time.Time
	report   func(FetchEvent) // nil: to nobody

	mu   sync.Mutex
	last *keySet // that was fetched last
}

// keySet is a fetched key set. Its generation changes only with its text, so
// that what was verified with the same keys need not be verified again.
type keySet struct {
	*jose.KeySet
	sum        [sha256.Size]byte
	generation uint64
}

// generate numbers a fetched set.
func (s *issuer) generate(set *jose.KeySet, text []byte) *keySet {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := &keySet{KeySet: set, sum: sha256.Sum256(text), generation: 1}
	if s.last != nil {
		next.generation = s.last.generation
		if s.last.sum != next.sum {
			next.generation++
		}
	}
	s.last = next
	return next
}

// issuerKey tells whether two configurations fetch the same.
type issuerKey struct {
	issuer, url string
	kind        metadata.ServerType
	given       *metadata.AuthorizationServer
	keyless     bool
}

// shareable reports whether s may share what is fetched, and under which key.
func (s *AuthorizationServer) shareable() (issuerKey, bool) {
	return issuerKey{s.Issuer, s.MetadataURL, s.Type, s.Metadata, s.keyless()}, s.RepairMetadata == nil && s.JWKS == nil
}

func newIssuer(server AuthorizationServer, client *fetch.Client, now func() time.Time, report func(FetchEvent)) (*issuer, error) {
	s := &issuer{server: server, fetch: client, now: now, report: report}
	if server.JWKS != nil {
		set, err := jose.ParseKeySet(server.JWKS)
		s.static = set
		return s, err
	}
	if server.Metadata == nil {
		s.metadata = remote.New(remote.Config[*metadata.AuthorizationServer]{
			Fetch:        s.fetchMetadata,
			Now:          now,
			MinFresh:     metadataMinFresh,
			DefaultFresh: metadataDefault,
			MaxFresh:     metadataMaxFresh,
			MaxStale:     metadataMaxStale,
			Cooldown:     fetchCooldown,
			FetchTimeout: fetchTimeout,
			OnFetch:      s.reporting(FetchedMetadata),
		})
	}
	s.keys = remote.New(remote.Config[*keySet]{
		Fetch:        s.fetchKeys,
		Now:          now,
		MinFresh:     keysMinFresh,
		DefaultFresh: keysDefault,
		MaxFresh:     keysMaxFresh,
		MaxStale:     keysMaxStale,
		Cooldown:     fetchCooldown,
		FetchTimeout: 2 * fetchTimeout, // the metadata may have to come first
		Usable:       func(set *keySet) bool { return set.Len() > 0 },
		OnFetch:      s.reporting(FetchedKeys),
	})
	return s, nil
}

func (s *issuer) source() metadata.Source {
	return metadata.Source{
		Issuer: s.server.Issuer,
		Type:   s.server.Type,
		URL:    s.server.MetadataURL,
		Repair: s.server.RepairMetadata,
	}
}

func (s *issuer) fetchMetadata(ctx context.Context) (remote.Result[*metadata.AuthorizationServer], error) {
	got, err := metadata.Fetch(ctx, s.fetch, s.source())
	if err != nil {
		return remote.Result[*metadata.AuthorizationServer]{}, err
	}
	result := remote.Result[*metadata.AuthorizationServer]{Value: got.Server}
	result.FreshFor, result.HasFreshFor = got.FreshFor(s.now())
	return result, nil
}

// serverMetadata returns the metadata, fetching them if need be.
func (s *issuer) serverMetadata(ctx context.Context) (*metadata.AuthorizationServer, error) {
	if s.server.Metadata != nil {
		return s.server.Metadata, nil
	}
	if s.metadata == nil {
		return nil, errors.New("mcpauth: the keys are given by hand, the metadata is not")
	}
	snap, err := s.metadata.Get(ctx)
	return snap.Value, err
}

func (s *issuer) fetchKeys(ctx context.Context) (remote.Result[*keySet], error) {
	var result remote.Result[*keySet]
	md, err := s.serverMetadata(ctx)
	if err != nil {
		return result, fmt.Errorf("metadata of %q: %w", s.server.Issuer, err)
	}
	if md.JWKSURI == "" {
		return result, fmt.Errorf("the metadata of %q have no jwks_uri", s.server.Issuer)
	}
	resp, err := s.fetch.Do(ctx, fetch.Request{
		Method:        http.MethodGet,
		URL:           md.JWKSURI,
		Header:        http.Header{"Accept": {"application/jwk-set+json, application/json"}},
		AllowLoopback: fetch.IsLoopbackURL(s.server.Issuer),
	})
	if err != nil {
		return result, fmt.Errorf("keys of %q: %w", s.server.Issuer, err)
	}
	if resp.Status != http.StatusOK {
		return result, fmt.Errorf("keys of %q: status %d", s.server.Issuer, resp.Status)
	}
	set, err := jose.ParseKeySet(resp.Body)
	if err != nil {
		return result, fmt.Errorf("keys of %q: %w", s.server.Issuer, err)
	}
	result.Value = s.generate(set, resp.Body)
	result.FreshFor, result.HasFreshFor = fetch.FreshFor(resp.Header, s.now())
	return result, nil
}

func (s *issuer) ready(ctx context.Context) error {
	if s.server.keyless() || s.keys == nil {
		return nil
	}
	_, err := s.keys.Get(ctx)
	return err
}

func (s *issuer) close() {
	if s.keys != nil {
		s.keys.Close()
	}
	if s.metadata != nil {
		s.metadata.Close()
	}
}

// generation tells which key set is in use, if there is one.
func (s *issuer) generation(now time.Time) (uint64, bool) {
	if s.static != nil {
		return 0, true
	}
	snap, ok := s.keys.Peek(now)
	if !ok {
		return 0, false
	}
	return snap.Value.generation, true
}

// issueMargin is how much older than it says a token may be taken to be newer:
// clocks differ, and some servers date iat back by minutes.
const issueMargin = 10 * time.Minute

// errTooNew is the answer for a token that may have been issued after the key
// set was fetched.
var errTooNew = errors.New("the token may be newer than the key set")

// candidates returns the keys a token with this header may be signed with, and
// the generation of the set they are from. A kid that is not in the set causes
// at most one fetch per cool-down. Only a set that was fetched after the token
// was issued can say that there is no such key; issuedAt is the token's own,
// unproven word, and decides only whether this token is told "no" or "not now".
func (s *issuer) candidates(ctx context.Context, h jose.Header, issuedAt time.Time) ([]*jose.Key, uint64, error) {
	if s.static != nil {
		return s.static.Candidates(h), 0, nil
	}
	arrived := s.now()
	snap, err := s.keys.Get(ctx)
	if err != nil {
		return nil, 0, err
	}
	if keys := snap.Value.Candidates(h); len(keys) > 0 {
		return keys, snap.Value.generation, nil
	}
	fresh, err := s.keys.Refresh(ctx, snap)
	var cooling *remote.CoolingDownError
	switch {
	case errors.As(err, &cooling) && cooling.Err == nil && predates(issuedAt, snap.FetchedAt):
		return nil, 0, nil
	case err != nil:
		return nil, 0, err
	}
	keys := fresh.Value.Candidates(h)
	if len(keys) == 0 && fresh.FetchedAt.Before(arrived) && !predates(issuedAt, fresh.FetchedAt) {
		return nil, 0, errTooNew // somebody else's fetch, which began before
	}
	return keys, fresh.Value.generation, nil
}

// predates reports whether the token was surely issued before the fetch.
func predates(issuedAt, fetchedAt time.Time) bool {
	return !issuedAt.IsZero() && issuedAt.Add(issueMargin).Before(fetchedAt)
}

// FetchServerConfig fetches the metadata of an authorization server up front
// and returns server with Metadata set, so that a mistake shows at start. Only
// Issuer, Type, MetadataURL and RepairMetadata are read. Errors are
// [*metadata.DiscoveryError] or [*ConfigError]. Unlike metadata fetched on
// first use, it is not refreshed.
func FetchServerConfig(ctx context.Context, server AuthorizationServer) (AuthorizationServer, error) {
	var f faults
	server.check(&f, "AuthorizationServer")
	if err := f.err(); err != nil {
		return AuthorizationServer{}, err
	}
	client := fetch.New(fetch.Policy{})
	defer client.Close()
	s := &issuer{server: server}
	got, err := metadata.Fetch(ctx, client, s.source())
	if err != nil {
		return AuthorizationServer{}, err
	}
	server.Metadata, server.MetadataURL, server.RepairMetadata = got.Server, "", nil
	return server, nil
}

// issuers builds one issuer for all configurations that fetch the same.
type issuers struct {
	report func(FetchEvent)
	all    []*issuer
	shared map[issuerKey]*issuer
}

func (p *issuers) get(server AuthorizationServer, client *fetch.Client, now func() time.Time) (*issuer, error) {
	key, shareable := server.shareable()
	if shareable && p.shared[key] != nil {
		return p.shared[key], nil
	}
	s, err := newIssuer(server, client, now, p.report)
	if err != nil {
		return nil, err
	}
	p.all = append(p.all, s)
	if shareable {
		p.shared[key] = s
	}
	return s, nil
}

func (p *issuers) close() {
	for _, s := range slices.Backward(p.all) {
		s.close()
	}
}
