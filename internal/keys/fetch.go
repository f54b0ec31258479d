package keys

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/panics"
	"github.com/mcp-auth/go/internal/remote"
	"github.com/mcp-auth/go/internal/retry"
	"github.com/mcp-auth/go/metadata"
)

// documentError says which document of which authorization server cannot be had,
// and why: one sentence, for Ready and for the cause of a 503.
type documentError struct {
	document Document
	issuer   string
	err      error
}

func (e *documentError) Error() string {
	why := strings.TrimPrefix(e.err.Error(), "metadata: ") // which is said already
	return fmt.Sprintf("no %s of %q: %s", e.document, e.issuer, why)
}

func (e *documentError) Unwrap() error { return e.err }

func (s *Source) fetchMetadata(ctx context.Context) (remote.Result[*metadata.AuthorizationServer], error) {
	var result remote.Result[*metadata.AuthorizationServer]
	got, err := metadata.Fetch(ctx, s.fetch, metadata.Source{
		Issuer: s.server.Issuer,
		Type:   s.server.Type,
		URL:    s.server.MetadataURL,
		Repair: s.server.Repair,
	})
	if err != nil {
		return result, &documentError{Metadata, s.server.Issuer, err}
	}
	result.Value = got.Server
	result.FreshFor, result.HasFreshFor = got.FreshFor(s.now())
	return result, nil
}

// fetchKeys fetches the key set. A set that is well-formed replaces the one there
// is, even if it has no usable key: keys that were withdrawn verify nothing more.
// Only the first one must have one, since nothing else says where tokens come from.
func (s *Source) fetchKeys(ctx context.Context) (remote.Result[*keySet], error) {
	var result remote.Result[*keySet]
	md, err := s.Metadata(ctx)
	if err != nil {
		return result, err
	}
	fail := func(err error) (remote.Result[*keySet], error) {
		return result, &documentError{Keys, s.server.Issuer, err}
	}
	if md.JWKSURI == "" {
		return fail(errors.New("the metadata has no jwks_uri"))
	}
	resp, err := retry.Do(ctx, fetch.MayPass, func(ctx context.Context) (*keyResponse, error) {
		return s.requestKeys(ctx, md.JWKSURI)
	})
	if err != nil {
		return fail(err)
	}
	current, known := s.keys.Peek(s.now())
	if fault := resp.set.Fault(); fault != nil && !known {
		return fail(fmt.Errorf("%s: %w", fetch.Shown(md.JWKSURI), fault))
	}
	generation := Generation(sha256.Sum256(resp.text))
	if !known || current.Value.generation != generation {
		s.reportSkipped(resp.set)
	}
	result.Value = &keySet{KeySet: resp.set, generation: generation}
	result.FreshFor, result.HasFreshFor = fetch.FreshFor(resp.header, s.now())
	return result, nil
}

// keyResponse is a key set with the text and the header that it came with.
type keyResponse struct {
	set    *jose.KeySet
	text   []byte
	header http.Header
}

// requestKeys asks for the key set once.
func (s *Source) requestKeys(ctx context.Context, url string) (*keyResponse, error) {
	resp, err := s.fetch.Do(ctx, fetch.Request{
		Method:        http.MethodGet,
		URL:           url,
		Header:        http.Header{"Accept": {"application/jwk-set+json, application/json"}},
		AllowLoopback: fetch.IsLoopbackURL(s.server.Issuer),
	})
	if err != nil {
		return nil, err // which names the URL
	}
	if resp.Status != http.StatusOK {
		return nil, fmt.Errorf("%s: %w", fetch.Shown(url), resp.Unexpected())
	}
	set, text, err := s.parseKeys(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", fetch.Shown(url), &fetch.UnreadableError{Err: err})
	}
	return &keyResponse{set, text, resp.Header}, nil
}

func (s *Source) parseKeys(text []byte) (*jose.KeySet, []byte, error) {
	if s.server.RepairKeys != nil {
		var err error
		text, err = panics.Call("the repair function", func() ([]byte, error) { return s.server.RepairKeys(text) })
		if err != nil {
			return nil, nil, fmt.Errorf("repair: %w", err)
		}
	}
	set, err := jose.ParseKeySet(text)
	return set, text, err
}

func (s *Source) reportSkipped(set *jose.KeySet) {
	if s.onSkipped == nil {
		return
	}
	for _, key := range set.Skipped() {
		s.onSkipped(s.server.Issuer, key)
	}
}
