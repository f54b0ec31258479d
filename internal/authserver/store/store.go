// Package store says what an authorization server keeps, and keeps it in memory.
package store

import (
	"context"
	"errors"
	"time"
)

// The errors of a [Store]; compare with [errors.Is]. A code, refresh token or
// identifier that is used a second time is ErrReplayed. If it is a refresh token,
// its grant is revoked by the time the error is returned.
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
	// AddClient adds a client. If there is no room, the client that was added first
	// makes room, of the clients that never had a grant and were added
	// [UnusedClientAge] ago or earlier. If there is none, AddClient fails with
	// [ErrFull].
	AddClient(ctx context.Context, c Client, now time.Time) error
	// Client returns the data of a client that is not expired, or [ErrUnknown].
	Client(ctx context.Context, id string, now time.Time) ([]byte, error)
}

// Grants keeps the grants.
type Grants interface {
	// AddGrant adds a grant, and remembers that its client had one.
	AddGrant(ctx context.Context, g Grant, now time.Time) error
	// ConsumeCode redeems the code of a grant, sets the number of its valid
	// refresh token to 1, and returns the grant's data. Every later call fails with
	// [ErrReplayed] and changes nothing. A call after the code has expired revokes
	// the grant.
	ConsumeCode(ctx context.Context, id GrantID, now time.Time) ([]byte, error)
	// Refreshable returns the data of the grant whose valid refresh token has
	// this number. Any other number revokes the grant, except for the number
	// before if it can be retried: within [RetryWindow] after it was replaced,
	// once.
	Refreshable(ctx context.Context, id GrantID, number uint32, now time.Time) ([]byte, error)
	// RotateRefresh replaces the valid number by the next one and returns the
	// next one. For a number that is retried, it returns the valid number. Any
	// other number revokes the grant.
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
	// ConsumeID remembers an identifier. It fails with [ErrReplayed] if the
	// identifier is remembered already, whatever its kind and owner, and with
	// [ErrFull] if its kind or its owner has no room: nothing is forgotten early.
	ConsumeID(ctx context.Context, id UsedID, now time.Time) error
}

// UsedID is an identifier that was used.
type UsedID struct {
	ID string
	// Kind is what is identified. Each kind has room for [MaxIDs].
	Kind string
	// Owner is the client or the grant that used the identifier, if it is one of
	// many: each has room for [MaxIDsOfOwner], so that none takes the places of
	// the others. Empty means no one in particular.
	Owner string
	// Until is how long the identifier is remembered.
	Until time.Time
}

// Limits that every store keeps to.
const (
	// MaxClients limits how many clients are kept, MaxGrants how many grants.
	MaxClients = 10_000
	MaxGrants  = 100_000
	// MaxIDs limits how many identifiers of a kind are kept, MaxIDsOfOwner how
	// many of one owner.
	MaxIDs        = 100_000
	MaxIDsOfOwner = 1_000
	// UnusedClientAge is how long a client that never had a grant keeps its place.
	UnusedClientAge = time.Hour
	// RetryWindow is how long a refresh token that was replaced can be used once
	// more: the response with the next one may have been lost.
	RetryWindow = 10 * time.Second
)

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
	ID GrantID
	// ClientID is the client that has it.
	ClientID string
	Data     []byte
	// CodeExpires is when the code expires. It is zero for a grant without a
	// code.
	CodeExpires time.Time
	// Expires is when the grant ends.
	Expires time.Time
}
