package mcpauthtest

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/network"
)

const (
	// Client ID Metadata Document §6.6 recommends 5 kilobytes.
	maxClientDocument = 5 << 10
	maxKeyDocument    = 256 << 10
	documentTimeout   = 5 * time.Second

	maxDocuments = 1000
	// documentFresh is how long a document is kept whose answer says nothing of
	// it, maxDocumentFresh the longest that is believed.
	documentFresh    = time.Minute
	maxDocumentFresh = 24 * time.Hour
	// documentCooldown is how long a document is not fetched again because
	// something was missing in it.
	documentCooldown = 10 * time.Second

	fetchBurst = 50
	fetchRate  = 5.0 // a second
)

var errFetchRate = errors.New("too many documents were fetched")

// documents fetches documents that others name, guarded, and keeps them for as
// long as HTTP says (RFC 9111). Failures are never kept.
type documents struct {
	client   *fetch.Client
	limit    *limiter
	loopback bool // may be fetched from
	now      func() time.Time

	mu   sync.Mutex
	kept *expiring[string, document]
}

// document is a fetched document. It is never changed.
type document struct {
	body    []byte
	fetched time.Time
}

// newDocuments makes a cache of documents of maxBody bytes or less. Redirects
// are not followed (Client ID Metadata Document §4.1): the URL is the identity.
func newDocuments(config Config, maxBody int64) *documents {
	return &documents{
		client:   fetch.New(fetch.Policy{Settings: network.Settings{AllowedNetworks: config.AllowedNetworks, RootCAs: config.RootCAs, Timeout: documentTimeout}, MaxBody: maxBody, MaxRedirects: -1}),
		limit:    newLimiter(fetchBurst, fetchRate),
		loopback: fetch.IsLoopbackURL(config.Issuer),
		now:      config.Now,
		kept:     newExpiring[string, document](),
	}
}

func (d *documents) close() { d.client.Close() }

// get returns the document at a URL, a kept one if it was fetched at notBefore
// or later. accepts says what is wrong with one that must not be kept.
func (d *documents) get(ctx context.Context, url string, notBefore time.Time, accepts func([]byte) error) (document, error) {
	now := d.now()
	if kept, ok := d.find(url, now); ok && !kept.fetched.Before(notBefore) {
		return kept, nil
	}
	if !d.limit.allow(now) {
		return document{}, errFetchRate
	}
	response, err := d.client.Do(ctx, fetch.Request{
		URL: url, Header: http.Header{"Accept": {"application/json"}}, AllowLoopback: d.loopback,
	})
	if err != nil {
		return document{}, err
	}
	if response.Status != http.StatusOK {
		return document{}, errors.New("the answer's status is not 200")
	}
	fetched := document{response.Body, now}
	if err := accepts(fetched.body); err != nil {
		return document{}, err
	}
	d.keep(url, fetched, response.Header, now)
	return fetched, nil
}

func (d *documents) find(url string, now time.Time) (document, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kept.get(url, now)
}

func (d *documents) keep(url string, fetched document, header http.Header, now time.Time) {
	fresh, known := fetch.FreshFor(header, now)
	if !known {
		fresh = documentFresh
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept.forget(now)
	for d.kept.len() >= maxDocuments {
		d.kept.dropFirst()
	}
	d.kept.put(url, fetched, now.Add(min(fresh, maxDocumentFresh)))
}

// keySource says where a party's public keys are.
type keySource struct {
	set *jose.KeySet // nil: at uri
	uri string
}

// newKeySource reads a key set that was checked before.
func newKeySource(jwks []byte, uri string) (*keySource, error) {
	if len(jwks) == 0 {
		return &keySource{uri: uri}, nil
	}
	set, err := jose.ParseKeySet(jwks)
	return &keySource{set: set}, err
}

// verify tells whether one of the party's keys made the signature. The keys are
// fetched anew where none did: they may have been rotated since.
func (d *documents) verify(ctx context.Context, jws *jose.JWS, source *keySource) error {
	if source.set != nil {
		return verifyWith(source.set, jws)
	}
	set, fetched, err := d.keySet(ctx, source.uri, time.Time{})
	if err != nil {
		return err
	}
	if err = verifyWith(set, jws); err == nil || d.now().Sub(fetched) < documentCooldown {
		return err
	}
	if set, _, err = d.keySet(ctx, source.uri, d.now()); err != nil {
		return err
	}
	return verifyWith(set, jws)
}

func (d *documents) keySet(ctx context.Context, uri string, notBefore time.Time) (*jose.KeySet, time.Time, error) {
	raw, err := d.get(ctx, uri, notBefore, func(body []byte) error {
		_, err := jose.ParseKeySet(body)
		return err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	set, err := jose.ParseKeySet(raw.body)
	return set, raw.fetched, err
}

var errSignature = errors.New("no key of the issuer made the signature")

func verifyWith(set *jose.KeySet, jws *jose.JWS) error {
	for _, key := range set.Candidates(jws.Header) {
		if jws.Verify(key) == nil {
			return nil
		}
	}
	return errSignature
}
