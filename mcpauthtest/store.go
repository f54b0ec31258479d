package mcpauthtest

import (
	"context"
	"errors"
	"time"
)

// The errors of a [Store]; compare with [errors.Is]. A code, refresh token or
// jti that is used a second time is ErrReplayed. If it belongs to a grant, the
// grant is revoked by the time the error is returned.
var (
	ErrUnknown  = errors.New("mcpauthtest: unknown or expired")
	ErrRevoked  = errors.New("mcpauthtest: revoked")
	ErrReplayed = errors.New("mcpauthtest: used before")
	ErrFull     = errors.New("mcpauthtest: too many entries")
)

// GrantID identifies a grant. It is not a secret: it gives access to nothing.
type GrantID [16]byte

// Store keeps clients, grants, used identifiers and the server's secrets.
// Unless [Config.Store] is set, the server keeps them in memory; package
// sqlitestore keeps them in a file. The methods are safe for concurrent use and
// atomic: of several calls that consume the same thing at once, one succeeds.
//
// Times are those of the server's clock, which passes in now. The store does
// not need to understand Data.
type Store interface {
	// AddClient adds a client. It fails with [ErrFull] if there is no room.
	AddClient(ctx context.Context, c StoredClient, now time.Time) error
	// Client returns the data of a client that is not expired, or [ErrUnknown].
	Client(ctx context.Context, id string, now time.Time) ([]byte, error)

	// AddGrant adds a grant.
	AddGrant(ctx context.Context, g StoredGrant, now time.Time) error
	// ConsumeCode redeems the code of a grant, makes 1 the number of its valid
	// refresh token, and returns the grant's data. Every later call revokes the
	// grant, and so does one that comes too late.
	ConsumeCode(ctx context.Context, id GrantID, now time.Time) ([]byte, error)
	// Refreshable returns the data of the grant whose valid refresh token has
	// this number. Any other number revokes the grant.
	Refreshable(ctx context.Context, id GrantID, number uint32, now time.Time) ([]byte, error)
	// RotateRefresh replaces the valid number by the next one and returns that.
	// Any other number revokes the grant.
	RotateRefresh(ctx context.Context, id GrantID, number uint32, now time.Time) (uint32, error)
	// Revoke ends a grant. It does nothing if the grant is unknown.
	Revoke(ctx context.Context, id GrantID) error
	// Grant returns a grant that has not expired, even if it is revoked, or
	// [ErrUnknown].
	Grant(ctx context.Context, id GrantID, now time.Time) (GrantState, error)
	// Grants returns the grants that have not expired, including revoked ones,
	// the newest first, and at most limit.
	Grants(ctx context.Context, limit int, now time.Time) ([]GrantState, error)

	// ConsumeID remembers an identifier until the given time. It fails with
	// [ErrReplayed] if the identifier is remembered already, and with [ErrFull]
	// if there is no room: nothing is forgotten early.
	ConsumeID(ctx context.Context, id string, until, now time.Time) error

	// Secrets returns what SaveSecrets was last given, or nil if it was never
	// called.
	Secrets(ctx context.Context) ([]byte, error)
	// SaveSecrets keeps the server's keys. Anybody who can read them can issue
	// tokens.
	SaveSecrets(ctx context.Context, data []byte) error
}

// StoredClient is a client that registered itself, for a Store.
type StoredClient struct {
	ID      string
	Data    []byte
	Expires time.Time
}

// StoredGrant is a grant as it was made, for a Store.
type StoredGrant struct {
	ID   GrantID
	Data []byte
	// CodeExpires is until when the code can be redeemed, or zero for a grant
	// without a code.
	CodeExpires time.Time
	// Expires is when the grant ends.
	Expires time.Time
}

// GrantState is a grant and its current state, for a Store.
type GrantState struct {
	StoredGrant
	// Consumed says that the code was redeemed.
	Consumed bool
	// Revoked says that the grant was ended.
	Revoked bool
	// Refresh is the number of the valid refresh token, or 0 before the code is
	// redeemed.
	Refresh uint32
}

// Consume is [Store.ConsumeCode] on the state itself, for stores that load and
// save it within a transaction. The state changes even where it fails.
func (s *GrantState) Consume(now time.Time) error {
	switch {
	case !now.Before(s.Expires):
		return ErrUnknown
	case s.CodeExpires.IsZero():
		s.Revoked = true
		return ErrUnknown
	case s.Consumed:
		s.Revoked = true
		return ErrReplayed
	}
	s.Consumed = true
	if !now.Before(s.CodeExpires) {
		s.Revoked = true
		return ErrUnknown
	}
	if s.Revoked {
		return ErrRevoked
	}
	s.Refresh = 1
	return nil
}

// CheckRefresh is [Store.Refreshable] on the state itself. Any number but the
// valid one was used before, or is in the hands of two.
func (s *GrantState) CheckRefresh(number uint32, now time.Time) error {
	switch {
	case !now.Before(s.Expires):
		return ErrUnknown
	case number == 0 || number != s.Refresh:
		s.Revoked = true
		return ErrReplayed
	case s.Revoked:
		return ErrRevoked
	}
	return nil
}

// Rotate is [Store.RotateRefresh] on the state itself.
func (s *GrantState) Rotate(number uint32, now time.Time) error {
	if err := s.CheckRefresh(number, now); err != nil {
		return err
	}
	s.Refresh++
	return nil
}
