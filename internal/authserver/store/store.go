// Package store says what an authorization server keeps, and keeps it in memory.
package store

import (
	"context"
	"errors"
	"time"
)

// The errors of a [Store]; compare with [errors.Is]. A code, refresh token or
// identifier that is used a second time is ErrReplayed. If it belongs to a
// grant, the grant is revoked by the time the error is returned.
var (
	ErrUnknown  = errors.New("unknown or expired")
	ErrRevoked  = errors.New("revoked")
	ErrReplayed = errors.New("used before")
	ErrFull     = errors.New("too many entries")
)

// GrantID identifies a grant. It is not a secret: it gives access to nothing.
type GrantID [16]byte

// Store keeps clients, grants, used identifiers and the server's secrets. Its
// methods are safe for concurrent use and atomic: of several calls that consume
// the same thing at once, one succeeds.
//
// Times are those of the server's clock, which passes in now. A store does not
// need to understand Data.
type Store interface {
	Clients
	Grants
	IDs
	Secrets
}

// Clients keeps the clients that registered themselves.
type Clients interface {
	// AddClient adds a client. It fails with [ErrFull] if there is no room.
	AddClient(ctx context.Context, c Client, now time.Time) error
	// Client returns the data of a client that is not expired, or [ErrUnknown].
	Client(ctx context.Context, id string, now time.Time) ([]byte, error)
}

// Grants keeps the grants.
type Grants interface {
	// AddGrant adds a grant.
	AddGrant(ctx context.Context, g Grant, now time.Time) error
	// ConsumeCode redeems the code of a grant, sets the number of its valid
	// refresh token to 1, and returns the grant's data. Every later call revokes
	// the grant, and so does a call after the code has expired.
	ConsumeCode(ctx context.Context, id GrantID, now time.Time) ([]byte, error)
	// Refreshable returns the data of the grant whose valid refresh token has
	// this number. Any other number revokes the grant.
	Refreshable(ctx context.Context, id GrantID, number uint32, now time.Time) ([]byte, error)
	// RotateRefresh replaces the valid number by the next one and returns the
	// next one. Any other number revokes the grant.
	RotateRefresh(ctx context.Context, id GrantID, number uint32, now time.Time) (uint32, error)
	// Revoke ends a grant. It does nothing if the grant is unknown.
	Revoke(ctx context.Context, id GrantID) error
	// Grant returns a grant that has not expired, even if it is revoked, or
	// [ErrUnknown].
	Grant(ctx context.Context, id GrantID, now time.Time) (GrantState, error)
	// Grants returns at most limit grants that have not expired, the newest
	// first. Revoked ones are among them.
	Grants(ctx context.Context, limit int, now time.Time) ([]GrantState, error)
}

// IDs remembers identifiers that may be used once, such as the jti of a proof.
type IDs interface {
	// ConsumeID remembers an identifier until the given time. It fails with
	// [ErrReplayed] if the identifier is remembered already, and with [ErrFull]
	// if there is no room: nothing is forgotten early.
	ConsumeID(ctx context.Context, id string, until, now time.Time) error
}

// Secrets keeps the server's keys.
type Secrets interface {
	// Secrets returns what SaveSecrets was last given, or nil if it was never
	// called.
	Secrets(ctx context.Context) ([]byte, error)
	// SaveSecrets keeps the server's keys. Anyone who can read them can issue
	// tokens.
	SaveSecrets(ctx context.Context, data []byte) error
}

// Client is a client that registered itself.
type Client struct {
	ID      string
	Data    []byte
	Expires time.Time
}

// Grant is a grant as it was made.
type Grant struct {
	ID   GrantID
	Data []byte
	// CodeExpires is when the code expires. It is zero for a grant without a
	// code.
	CodeExpires time.Time
	// Expires is when the grant ends.
	Expires time.Time
}
