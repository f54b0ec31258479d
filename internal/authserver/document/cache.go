// Package document fetches documents that clients and issuers name, through the
// guarded fetcher, and caches them.
package document

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/mcp-auth/go/internal/authserver/expiring"
	"github.com/mcp-auth/go/internal/authserver/limit"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/network"
)

const (
	defaultTimeout = 5 * time.Second

	maxDocuments = 1000
	// defaultFresh is how long a document is cached if its response does not
	// say, maxFresh the longest time that is believed.
	defaultFresh = time.Minute
	maxFresh     = 24 * time.Hour

	fetchBurst = 50
	fetchRate  = 5.0 // a second
)

// ErrRate is the error of a fetch that came too soon after too many others.
var ErrRate = errors.New("too many documents were fetched")

// Config configures a [Cache].
type Config struct {
	// Network says which servers may be reached. A zero Timeout means 5 seconds.
	Network network.Settings
	// MaxBody limits the size of a document in bytes.
	MaxBody int64
	// Loopback allows documents at loopback addresses.
	Loopback bool
	// Now is the clock.
	Now func() time.Time
}

// Cache fetches documents and keeps them for as long as HTTP says (RFC 9111).
// Failures are never kept. It is safe for concurrent use.
type Cache struct {
	client   *fetch.Client
	limit    *limit.Bucket
	loopback bool
	now      func() time.Time

	mu   sync.Mutex
	kept *expiring.Map[string, Document]
}

// Document is a fetched document. It is never changed.
type Document struct {
	Body    []byte
	Fetched time.Time
}

// NewCache returns an empty cache. It follows no redirects, because the URL is
// the identity of a client (Client ID Metadata Document §4.1).
func NewCache(c Config) *Cache {
	settings := c.Network
	settings.Timeout = cmp.Or(settings.Timeout, defaultTimeout)
	return &Cache{
		client:   fetch.New(fetch.Policy{Settings: settings, MaxBody: c.MaxBody, MaxRedirects: -1}),
		limit:    limit.NewBucket(fetchBurst, fetchRate),
		loopback: c.Loopback,
		now:      c.Now,
		kept:     expiring.NewMap[string, Document](),
	}
}

// Close closes idle connections.
func (c *Cache) Close() { c.client.Close() }

// CheckURL returns what is wrong with the URL of a document.
func (c *Cache) CheckURL(url string) error { return fetch.CheckURL(url, c.loopback) }

// Client returns the fetcher for documents that the caller caches itself, or
// [ErrRate].
func (c *Cache) Client() (*fetch.Client, error) {
	if !c.limit.Allow(c.now()) {
		return nil, ErrRate
	}
	return c.client, nil
}

// Now returns the time by the clock of the cache.
func (c *Cache) Now() time.Time { return c.now() }

// Get returns the document at a URL, from the cache if it was fetched at
// notBefore or later. If accepts returns an error, the document is not cached
// and Get fails with the error.
func (c *Cache) Get(ctx context.Context, url string, notBefore time.Time, accepts func([]byte) error) (Document, error) {
	now := c.now()
	if kept, ok := c.find(url, now); ok && !kept.Fetched.Before(notBefore) {
		return kept, nil
	}
	client, err := c.Client()
	if err != nil {
		return Document{}, err
	}
	response, err := client.Do(ctx, fetch.Request{
		URL: url, Header: http.Header{"Accept": {"application/json"}}, AllowLoopback: c.loopback,
	})
	if err != nil {
		return Document{}, err
	}
	if response.Status != http.StatusOK {
		return Document{}, errors.New("the status of the response is not 200")
	}
	fetched := Document{response.Body, now}
	if err := accepts(fetched.Body); err != nil {
		return Document{}, err
	}
	c.keep(url, fetched, response.Header, now)
	return fetched, nil
}

func (c *Cache) find(url string, now time.Time) (Document, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept.Get(url, now)
}

func (c *Cache) keep(url string, fetched Document, header http.Header, now time.Time) {
	fresh, known := fetch.FreshFor(header, now)
	if !known {
		fresh = defaultFresh
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.Forget(now)
	for c.kept.Len() >= maxDocuments {
		c.kept.DropFirst()
	}
	c.kept.Put(url, fetched, now.Add(min(fresh, maxFresh)))
}
