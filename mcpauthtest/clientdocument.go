package mcpauthtest

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
)

// clientDocumentError tells why a Client ID Metadata Document cannot be used.
type clientDocumentError struct{ err error }

func (e *clientDocumentError) Error() string { return "client metadata document: " + e.err.Error() }
func (e *clientDocumentError) Unwrap() error { return e.err }

// isClientDocument tells whether a client_id is the URL of a Client ID Metadata
// Document (§3): https with a path, without fragment, user information and dot
// segments. Where the server itself is on loopback, for development, it may be a
// http URL there.
func (s *Server) isClientDocument(id string) bool {
	u, err := url.Parse(id)
	if err != nil || fetch.CheckURL(id, s.clientDocuments.loopback) != nil {
		return false
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return strings.Trim(u.Path, "/") != ""
}

// describedClient returns the client that the document at its client_id
// describes.
func (s *Server) describedClient(ctx context.Context, id string) (*client, error) {
	var described *registration
	read := func(body []byte) (err error) {
		described, err = readClientDocument(body, id)
		return err
	}
	kept, err := s.clientDocuments.get(ctx, id, time.Time{}, read)
	if err != nil {
		return nil, &clientDocumentError{err}
	}
	if described == nil { // a kept document was accepted before
		if err := read(kept.body); err != nil {
			return nil, &clientDocumentError{err}
		}
	}
	c, err := described.client(id, selfDescribed)
	if err != nil {
		return nil, &clientDocumentError{err}
	}
	return c, nil
}

// readClientDocument checks a document (§4): it must name itself, a client_name
// and redirect_uris as MCP demands, and no secret, which would be none.
func readClientDocument(body []byte, id string) (*registration, error) {
	described, err := parseClientMetadata(body)
	switch {
	case err != nil:
		return nil, err
	case described.ClientID != id:
		return nil, errors.New("its client_id is not its URL")
	case strings.TrimSpace(described.ClientName) == "":
		return nil, errors.New("client_name is missing")
	case described.hasSecret || described.TokenEndpointAuthMethod == authBasic || described.TokenEndpointAuthMethod == authPost:
		return nil, errors.New("it cannot have a secret")
	}
	if failed := described.settle(authNone); failed != nil {
		return nil, errors.New(failed.description)
	}
	return described, nil
}
