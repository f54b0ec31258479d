// Package clientdoc finds clients that describe themselves by a document at the
// URL that is their client_id (Client ID Metadata Document).
package clientdoc

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/document"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/registration"
)

// MaxDocument limits the size of a document in bytes. Client ID Metadata Document
// §6.6 recommends 5 kilobytes.
const MaxDocument = 5 << 10

// Documents fetches and reads the documents.
type Documents struct {
	cache *document.Cache
	terms registration.Terms
}

var _ client.Documents = Documents{}

// New returns documents that are fetched through a cache. privateUse allows
// redirect URIs with private-use schemes.
func New(cache *document.Cache, privateUse bool) Documents {
	return Documents{cache, registration.Terms{
		Methods: []string{oauth.AuthNone, oauth.AuthPrivateKey}, DefaultMethod: oauth.AuthNone, Described: true, PrivateUse: privateUse,
	}}
}

// Names reports whether a client_id is the URL of a document (§3): https with a
// path, without fragment, user information and dot segments. If the cache allows
// loopback, for development, it may also be an http URL on loopback.
func (d Documents) Names(id string) bool {
	u, err := url.Parse(id)
	if err != nil || d.cache.CheckURL(id) != nil {
		return false
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return strings.Trim(u.Path, "/") != ""
}

// None finds no documents, for a server that must not fetch any.
type None struct{ Documents }

// ErrNone is the error of [None].
var ErrNone = errors.New("this server fetches no documents of clients: the client must register")

// Find implements [client.Finder].
func (None) Find(context.Context, string) (*client.Client, error) {
	return nil, &client.DocumentError{Err: ErrNone}
}

// Find returns the client that the document at its client_id describes, or a
// [*client.DocumentError].
func (d Documents) Find(ctx context.Context, id string) (*client.Client, error) {
	c, err := d.find(ctx, id)
	if err != nil {
		return nil, &client.DocumentError{Err: err}
	}
	return c, nil
}

func (d Documents) find(ctx context.Context, id string) (*client.Client, error) {
	var m *registration.Metadata
	read := func(body []byte) (err error) {
		m, err = d.parse(body, id)
		return err
	}
	cached, err := d.cache.Get(ctx, id, time.Time{}, read)
	if err != nil {
		return nil, err
	}
	if m == nil { // a cached document was accepted before
		if err := read(cached.Body); err != nil {
			return nil, err
		}
	}
	return m.Client(id, client.SelfDescribed)
}

// parse checks a document (§4). It must name itself, a client_name and
// redirect_uris, as MCP demands. It must not name a secret, which would be
// public.
func (d Documents) parse(body []byte, id string) (*registration.Metadata, error) {
	m, err := registration.Parse(body)
	switch {
	case err != nil:
		return nil, err
	case m.ClientID != id:
		return nil, errors.New("its client_id is not its URL")
	case !oauth.Visible(m.ClientName):
		return nil, errors.New("client_name is missing")
	case m.HasSecret:
		return nil, errors.New("it cannot have a secret")
	}
	err = m.Settle(d.terms)
	var refused *oauth.Error
	if errors.As(err, &refused) {
		return nil, errors.New(refused.Description)
	}
	return m, err
}
