package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/untrusted"
	"github.com/mcp-auth/go/client/internal/urls"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// resource fetches the metadata of the protected resource from the URL that the
// challenge names, else from the well-known URLs, the path's first (MCP
// authorization server discovery).
func (f *Finder) resource(ctx context.Context, challenged string) (*metadata.ProtectedResource, error) {
	if challenged != "" {
		return f.resourceAt(ctx, challenged)
	}
	var missing *clienterr.ResourceError
	for _, place := range f.server.places {
		document, err := f.resourceAt(ctx, place)
		var failure *clienterr.ResourceError
		if err == nil || !errors.As(err, &failure) || !passedOver(failure) {
			return document, err
		}
		if missing == nil || failure.Kind == clienterr.ResourceMalformed || absent(missing) && !absent(failure) {
			missing = failure
		}
	}
	return nil, missing
}

// passedOver reports whether a place has no document at all. A web page, with
// which some servers answer every path, is not a document either.
func passedOver(e *clienterr.ResourceError) bool {
	var document *metadata.DocumentError
	return e.Kind == clienterr.ResourceNotFound || e.Kind == clienterr.ResourceMalformed && errors.As(e.Err, &document)
}

var errNoIssuer = errors.New("authorization_servers is missing (MCP authorization server location)")

func (f *Finder) resourceAt(ctx context.Context, place string) (*metadata.ProtectedResource, error) {
	fail := func(kind clienterr.ResourceKind, err error) (*metadata.ProtectedResource, error) {
		return nil, &clienterr.ResourceError{URL: untrusted.URL(place), Kind: kind, Err: err}
	}
	resp, err := f.config.Fetch.Do(ctx, fetch.Request{
		URL: place, Header: http.Header{"Accept": {"application/json"}}, AllowLoopback: f.server.Loopback,
	})
	var refused *fetch.Error
	switch {
	case errors.As(err, &refused) && (refused.Kind == fetch.InvalidURL || refused.Kind == fetch.NotHTTPS || refused.Kind == fetch.BlockedAddress):
		return fail(clienterr.ResourceMalformed, err)
	case err != nil:
		return fail(clienterr.ResourceUnavailable, err)
	case resp.Status >= http.StatusInternalServerError || resp.Status == http.StatusTooManyRequests:
		return fail(clienterr.ResourceUnavailable, resp.Unexpected())
	case resp.Status != http.StatusOK:
		return fail(clienterr.ResourceNotFound, resp.Unexpected())
	}
	document, err := metadata.ParseProtectedResource(resp.Body)
	if err != nil {
		return fail(clienterr.ResourceMalformed, err)
	}
	if err := f.server.matches(document.Resource, place); err != nil {
		return fail(clienterr.ResourceMismatch, err)
	}
	if len(document.AuthorizationServers) == 0 {
		return fail(clienterr.ResourceMalformed, errNoIssuer)
	}
	return document, nil
}

// matches compares the resource of a document with the server. RFC 9728 §3.3
// wants it identical to the identifier that the URL of the document was made
// from, or to the URL that was requested if a challenge named the document. MCP
// adds the root of the server's origin as a place; a document there may be about
// the origin.
//
// If the server's URL has a query, the document may be about the URL without it:
// a query seldom names another resource (RFC 8707 §2), servers that use one for
// options leave it out of their metadata, and a token goes to the server whatever
// the query.
func (s *Server) matches(resource, place string) error {
	if sameIdentifier(resource, s.Identifier) || sameIdentifier(resource, s.bare) || place == s.root && sameIdentifier(resource, s.origin) {
		return nil
	}
	text := fmt.Sprintf("the document is about %.200q, not about %.200q", untrusted.Text(resource, 200), s.Identifier)
	switch {
	case strings.TrimSuffix(resource, "/") == strings.TrimSuffix(s.Identifier, "/"):
		text += "; they differ in the trailing slash"
	case sameIdentifier(urls.WithoutQuery(resource), s.bare):
		text += "; they differ in the query: use the URL with the query that the document has"
	}
	return errors.New(text)
}

// sameIdentifier compares byte for byte, except for the case of scheme and host
// and a path that is only a slash, which do not change the meaning or the
// metadata URL.
func sameIdentifier(a, b string) bool { return canonical(a) == canonical(b) }

func canonical(raw string) string {
	origin, rest := urls.Cut(raw)
	if rest == "/" {
		rest = ""
	}
	return strings.ToLower(origin) + rest
}
