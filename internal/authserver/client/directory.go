package client

import (
	"context"
	"errors"
)

// ErrUnknown is the error for a client that is not known, or no longer known.
var ErrUnknown = errors.New("the client is unknown, or its registration has expired")

// DocumentError says why a Client ID Metadata Document cannot be used.
type DocumentError struct{ Err error }

// Error returns the reason.
func (e *DocumentError) Error() string { return "client metadata document: " + e.Err.Error() }

// Unwrap returns the reason.
func (e *DocumentError) Unwrap() error { return e.Err }

// Finder finds a client by its client_id. It fails with [ErrUnknown], or with a
// [*DocumentError], if there is no such client.
type Finder interface {
	Find(ctx context.Context, id string) (*Client, error)
}

// Documents finds clients that describe themselves.
type Documents interface {
	Finder
	// Names reports whether a client_id is the URL of a document.
	Names(id string) bool
}

// Directory finds clients of every origin: first the configured ones, then
// those that describe themselves, then those that registered themselves.
type Directory struct {
	configured map[string]*Client
	documents  Documents
	registered Finder
}

// NewDirectory returns a directory. It does not change configured.
func NewDirectory(configured map[string]*Client, documents Documents, registered Finder) *Directory {
	return &Directory{configured, documents, registered}
}

// Find implements [Finder].
func (d *Directory) Find(ctx context.Context, id string) (*Client, error) {
	if c, ok := d.configured[id]; ok {
		return c, nil
	}
	if d.documents.Names(id) {
		return d.documents.Find(ctx, id)
	}
	return d.registered.Find(ctx, id)
}
