package mcpauthtest

import "github.com/mcp-auth/go/internal/authserver/store"

// The errors of a [Store]; compare with [errors.Is]. A code, refresh token or
// identifier that is used a second time is ErrReplayed. If it belongs to a
// grant, the grant is revoked by the time the error is returned.
var (
	ErrUnknown  = store.ErrUnknown
	ErrRevoked  = store.ErrRevoked
	ErrReplayed = store.ErrReplayed
	ErrFull     = store.ErrFull
)

// Store keeps clients, grants, used identifiers and the server's secrets.
// Unless [Config.Store] is set, the server keeps them in memory; package
// sqlitestore keeps them in a file. Its methods are safe for concurrent use and
// atomic: of several calls that consume the same thing at once, one succeeds.
//
// Times are those of the server's clock, which passes in now. A store does not
// need to understand Data. These are the methods:
//
//	// AddClient adds a client. It fails with ErrFull if there is no room.
//	AddClient(ctx context.Context, c StoredClient, now time.Time) error
//	// Client returns the data of a client that is not expired, or ErrUnknown.
//	Client(ctx context.Context, id string, now time.Time) ([]byte, error)
//
//	// AddGrant adds a grant.
//	AddGrant(ctx context.Context, g StoredGrant, now time.Time) error
//	// ConsumeCode redeems the code of a grant, sets the number of its valid
//	// refresh token to 1, and returns the grant's data. Every later call revokes
//	// the grant, and so does a call after the code has expired.
//	ConsumeCode(ctx context.Context, id GrantID, now time.Time) ([]byte, error)
//	// Refreshable returns the data of the grant whose valid refresh token has
//	// this number. Any other number revokes the grant.
//	Refreshable(ctx context.Context, id GrantID, number uint32, now time.Time) ([]byte, error)
//	// RotateRefresh replaces the valid number by the next one and returns the
//	// next one. Any other number revokes the grant.
//	RotateRefresh(ctx context.Context, id GrantID, number uint32, now time.Time) (uint32, error)
//	// Revoke ends a grant. It does nothing if the grant is unknown.
//	Revoke(ctx context.Context, id GrantID) error
//	// Grant returns a grant that has not expired, even if it is revoked, or
//	// ErrUnknown.
//	Grant(ctx context.Context, id GrantID, now time.Time) (GrantState, error)
//	// Grants returns at most limit grants that have not expired, the newest
//	// first. Revoked ones are among them.
//	Grants(ctx context.Context, limit int, now time.Time) ([]GrantState, error)
//
//	// ConsumeID remembers an identifier until the given time. It fails with
//	// ErrReplayed if the identifier is remembered already, and with ErrFull if
//	// there is no room: nothing is forgotten early.
//	ConsumeID(ctx context.Context, id string, until, now time.Time) error
//
//	// Secrets returns what SaveSecrets was last given, or nil if it was never
//	// called.
//	Secrets(ctx context.Context) ([]byte, error)
//	// SaveSecrets keeps the server's keys. Anyone who can read them can issue
//	// tokens.
//	SaveSecrets(ctx context.Context, data []byte) error
type Store = store.Store

// GrantID identifies a grant. It is not a secret: it gives access to nothing.
type GrantID = store.GrantID

// StoredClient is a client that registered itself, for a [Store]. It has an ID,
// Data, and the time when it Expires.
type StoredClient = store.Client

// StoredGrant is a grant as it was made, for a [Store]. It has an ID, Data, and
// the times CodeExpires, which is zero for a grant without a code, and Expires.
type StoredGrant = store.Grant

// GrantState is a [StoredGrant] and its current state, for a [Store]: Consumed
// reports whether the code was redeemed, Revoked whether the grant was ended
// early, and Refresh is the number of the valid refresh token. Its methods
// Consume, CheckRefresh and Rotate are ConsumeCode, Refreshable and
// RotateRefresh on the state itself, for stores that load and save the state
// within a transaction. They may change the state even if they fail.
type GrantState = store.GrantState
