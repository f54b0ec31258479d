// Package keyset finds the public keys of clients and issuers and verifies their
// signatures.
package keyset

import (
	"context"
	"errors"
	"time"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/authserver/document"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
)

// MaxDocument limits the size of a JWK Set and of an issuer's metadata, in bytes.
const MaxDocument = 256 << 10

// cooldown is how long a key set is not fetched again because a key was missing
// in it.
const cooldown = 10 * time.Second

// Source says where the public keys of a client or an issuer are.
type Source struct {
	set *jose.KeySet // nil: at uri
	uri string
}

// At returns the source for a JWK Set at a URL.
func At(uri string) *Source { return &Source{uri: uri} }

// Parse returns the source for a JWK Set or for the URL of one. It returns nil
// if both are empty or there is a mistake, which it adds to list. field is the
// field of the settings that have JWKS and JWKSURI. The URL may be http on the hosts
// of plain.
func Parse(list *configerr.List, field string, jwks []byte, uri string, plain fetch.PlainHosts) *Source {
	before := list.Len()
	if len(jwks) > 0 && uri != "" {
		list.Add(configerr.ConflictingSources, field+".JWKSURI", uri)
	}
	if uri != "" && fetch.CheckURL(plain.Secured(uri), true) != nil {
		list.Add(configerr.InvalidURL, field+".JWKSURI", uri)
	}
	var set *jose.KeySet
	if len(jwks) > 0 {
		var err error
		if set, err = jose.ParseKeySet(jwks); err != nil || set.Len() == 0 {
			list.Add(configerr.InvalidKeySet, field+".JWKS", "")
		}
	}
	if list.Len() > before || set == nil && uri == "" {
		return nil
	}
	return &Source{set: set, uri: uri}
}

// Verifier verifies signatures of clients and issuers.
type Verifier struct{ documents *document.Cache }

// NewVerifier returns a verifier that fetches key sets through a cache.
func NewVerifier(documents *document.Cache) *Verifier { return &Verifier{documents} }

// Verify returns nil if one of the keys made the signature. If none did, it
// fetches the keys again, because they may have been rotated since.
func (v *Verifier) Verify(ctx context.Context, jws *jose.JWS, source *Source) error {
	if source.set != nil {
		return verifyWith(source.set, jws)
	}
	set, fetched, err := v.fetch(ctx, source.uri, time.Time{})
	if err != nil {
		return err
	}
	if err = verifyWith(set, jws); err == nil || v.documents.Now().Sub(fetched) < cooldown {
		return err
	}
	if set, _, err = v.fetch(ctx, source.uri, v.documents.Now()); err != nil {
		return err
	}
	return verifyWith(set, jws)
}

func (v *Verifier) fetch(ctx context.Context, uri string, notBefore time.Time) (*jose.KeySet, time.Time, error) {
	raw, err := v.documents.Get(ctx, uri, notBefore, func(body []byte) error {
		_, err := jose.ParseKeySet(body)
		return err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	set, err := jose.ParseKeySet(raw.Body)
	return set, raw.Fetched, err
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
