package mcpauthtest

import "github.com/mcp-auth/go/internal/authserver/store"

// The errors of a [Store]; compare with [errors.Is]. A code, refresh token or
// identifier that is used a second time is ErrReplayed. If it is a refresh token,
// its grant is revoked by the time the error is returned.
var (
	ErrUnknown  = store.ErrUnknown
	ErrRevoked  = store.ErrRevoked
	ErrReplayed = store.ErrReplayed
	ErrFull     = store.ErrFull
)

// Limits that every [Store] keeps to.
const (
	// MaxClients limits how many clients are kept, MaxGrants how many grants.
	MaxClients = store.MaxClients
	MaxGrants  = store.MaxGrants
	// MaxIDs limits how many identifiers of a kind are kept, MaxIDsOfOwner how
	// many of one owner.
	MaxIDs        = store.MaxIDs
	MaxIDsOfOwner = store.MaxIDsOfOwner
	// UnusedClientAge is how long a client that never had a grant keeps its place.
	UnusedClientAge = store.UnusedClientAge
	// RetryWindow is how long a refresh token that was replaced can be used once
	// more: the response with the next one may have been lost.
	RetryWindow = store.RetryWindow
)

// Store keeps clients, grants, used identifiers and the server's secrets.
// Unless [Config.Store] is set, the server keeps them in memory; package
// sqlitestore keeps them in a file. Its methods are safe for concurrent use and
// atomic: of several calls that consume the same thing at once, one succeeds.
//
// Times are those of the server's clock, which passes in now. A store does not
// need to understand Data. These are the methods:
//
//	// AddClient adds a client. If there is no room, the client that was added first
//	// makes room, of the clients that never had a grant and were added
//	// UnusedClientAge ago or earlier. If there is none, AddClient fails with ErrFull.
//	AddClient(ctx context.Context, c StoredClient, now time.Time) error
//	// Client returns the data of a client that is not expired, or ErrUnknown.
//	Client(ctx context.Context, id string, now time.Time) ([]byte, error)
//
//	// AddGrant adds a grant, and remembers that its client had one.
//	AddGrant(ctx context.Context, g StoredGrant, now time.Time) error
//	// ConsumeCode redeems the code of a grant, sets the number of its valid
//	// refresh token to 1, and returns the grant's data. Every later call fails with
//	// ErrReplayed and changes nothing. A call after the code has expired revokes the
//	// grant.
//	ConsumeCode(ctx context.Context, id GrantID, now time.Time) ([]byte, error)
//	// Refreshable returns the data of the grant whose valid refresh token has
//	// this number. Any other number revokes the grant, except for the number
//	// before if it can be retried: within RetryWindow after it was replaced, once.
//	Refreshable(ctx context.Context, id GrantID, number uint32, now time.Time) ([]byte, error)
//	// RotateRefresh replaces the valid number by the next one and returns the
//	// next one. For a number that is retried, it returns the valid number. Any
//	// other number revokes the grant.
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
//	// ConsumeID remembers an identifier. It fails with ErrReplayed if the
//	// identifier is remembered already, whatever its kind and owner, and with
//	// ErrFull if its kind or its owner has no room: nothing is forgotten early.
//	ConsumeID(ctx context.Context, id UsedID, now time.Time) error
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

// UsedID is an identifier that was used, for a [Store]. It has an ID, a Kind, an
// Owner, which is empty if it is no one in particular, and the time Until which it
// is remembered.
type UsedID = store.UsedID

// StoredGrant is a grant as it was made, for a [Store]. It has an ID, its
// ClientID, Data, and the times CodeExpires, which is zero for a grant without a code, and Expires.
type StoredGrant = store.Grant

// GrantState is a [StoredGrant] and its current state, for a [Store]: Consumed
// reports whether the code was redeemed, Revoked whether the grant was ended
// early, Refresh is the number of the valid refresh token, Rotated is when it
// replaced the number before, and Retried reports whether that was used once
// more. Its methods Consume, CheckRefresh and Rotate are ConsumeCode, Refreshable and
// RotateRefresh on the state itself, for stores that load and save the state
// within a transaction. They may change the state even if they fail.
type GrantState = store.GrantState
