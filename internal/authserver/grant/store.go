package grant

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/store"
)

const codeTTL = time.Minute

// Store gives, redeems, refreshes and ends grants. It writes them as data into
// a [store.Grants]. An error that a client caused is an [*oauth.Error].
type Store struct {
	grants  store.Grants
	handles Handles
	now     func() time.Time
}

// NewStore returns a store of grants. key makes codes and refresh tokens.
func NewStore(grants store.Grants, key []byte, now func() time.Time) *Store {
	return &Store{grants: grants, handles: NewHandles(key), now: now}
}

// AddWithCode stores a grant until expires and returns its authorization code.
func (s *Store) AddWithCode(ctx context.Context, g Grant, expires time.Time) (string, error) {
	id, err := s.add(ctx, g, s.now().Add(codeTTL), expires)
	if err != nil {
		return "", err
	}
	return s.handles.Seal(Code, Handle{ID: id}), nil
}

// Add stores a grant without a code until expires.
func (s *Store) Add(ctx context.Context, g Grant, expires time.Time) (store.GrantID, error) {
	return s.add(ctx, g, time.Time{}, expires)
}

func (s *Store) add(ctx context.Context, g Grant, codeExpires, expires time.Time) (store.GrantID, error) {
	g.Given = s.now()
	id := NewID()
	data, err := json.Marshal(g)
	if err != nil {
		return id, err
	}
	return id, s.grants.AddGrant(ctx, store.Grant{ID: id, Data: data, CodeExpires: codeExpires, Expires: expires}, g.Given)
}

// Redeem consumes an authorization code, which allows one attempt: a replay
// revokes what the first use was given (OAuth 2.1 §4.1.3).
func (s *Store) Redeem(ctx context.Context, code string) (store.GrantID, Grant, error) {
	v, ok := s.handles.Open(Code, code)
	if !ok {
		return store.GrantID{}, Grant{}, oauth.InvalidGrant("the authorization code is unknown")
	}
	data, err := s.grants.ConsumeCode(ctx, v.ID, s.now())
	if err != nil {
		return v.ID, Grant{}, refusal(err, "the authorization code was used before, so the tokens issued for it are revoked",
			"the authorization code is unknown or expired")
	}
	g, err := Read(data)
	if err != nil {
		return v.ID, Grant{}, errors.Join(err, s.Revoke(ctx, v.ID))
	}
	return v.ID, g, nil
}

// Burn ends the grants of authorization codes that must not be redeemed.
func (s *Store) Burn(ctx context.Context, codes []string) error {
	for _, code := range codes {
		v, ok := s.handles.Open(Code, code)
		if !ok {
			continue
		}
		if err := s.Revoke(ctx, v.ID); err != nil {
			return err
		}
	}
	return nil
}

const (
	refreshReused  = "the refresh token was used before, so the login is revoked"
	refreshUnknown = "the refresh token is unknown, expired or revoked"
)

// Refreshable returns the grant of a valid refresh token without using the token
// up. A token that was used before revokes its grant (OAuth 2.1 §4.3.1).
func (s *Store) Refreshable(ctx context.Context, token string) (Handle, Grant, error) {
	v, ok := s.handles.Open(Refresh, token)
	if !ok {
		return Handle{}, Grant{}, oauth.InvalidGrant(refreshUnknown)
	}
	data, err := s.grants.Refreshable(ctx, v.ID, v.Number, s.now())
	if err != nil {
		return Handle{}, Grant{}, refusal(err, refreshReused, refreshUnknown)
	}
	g, err := Read(data)
	return v, g, err
}

// Rotate uses a refresh token up and returns the next one.
func (s *Store) Rotate(ctx context.Context, v Handle) (Handle, error) {
	next, err := s.grants.RotateRefresh(ctx, v.ID, v.Number, s.now())
	if err != nil {
		return Handle{}, refusal(err, refreshReused, refreshUnknown)
	}
	return Handle{ID: v.ID, Number: next, JKT: v.JKT}, nil
}

// RefreshToken returns the text of a refresh token.
func (s *Store) RefreshToken(v Handle) string { return s.handles.Seal(Refresh, v) }

// Revoke ends a grant. It does nothing if the grant is unknown.
func (s *Store) Revoke(ctx context.Context, id store.GrantID) error { return s.grants.Revoke(ctx, id) }

// Get returns a grant that has not expired, even if it is revoked, with its
// state, or [store.ErrUnknown].
func (s *Store) Get(ctx context.Context, id store.GrantID) (Grant, store.GrantState, error) {
	state, err := s.grants.Grant(ctx, id, s.now())
	if err != nil {
		return Grant{}, state, err
	}
	g, err := Read(state.Data)
	return g, state, err
}

// Active reports whether a grant has neither expired nor been revoked.
func (s *Store) Active(ctx context.Context, id store.GrantID) bool {
	state, err := s.grants.Grant(ctx, id, s.now())
	return err == nil && !state.Revoked
}

// List returns at most limit grants that have not expired, the newest first.
func (s *Store) List(ctx context.Context, limit int) ([]store.GrantState, error) {
	return s.grants.Grants(ctx, limit, s.now())
}

// NewTokenID returns a jti that names the grant of an access token.
func (s *Store) NewTokenID(id store.GrantID) string {
	var number [4]byte
	_, _ = rand.Read(number[:]) // never fails (crypto/rand)
	return s.handles.Seal(TokenID, Handle{ID: id, Number: binary.BigEndian.Uint32(number[:])})
}

// Open returns what a code, a refresh token or a jti stands for, whether or not
// it is still valid.
func (s *Store) Open(kind Kind, sealed string) (Handle, bool) { return s.handles.Open(kind, sealed) }

// Read reads the data of a stored grant.
func Read(data []byte) (Grant, error) {
	var g Grant
	if err := json.Unmarshal(data, &g); err != nil {
		return Grant{}, errors.New("a stored grant cannot be read")
	}
	return g, nil
}

// refusal returns what the answer of a store means to a client.
func refusal(err error, replayed, unknown string) error {
	switch {
	case errors.Is(err, store.ErrReplayed):
		return oauth.InvalidGrant(replayed)
	case errors.Is(err, store.ErrUnknown), errors.Is(err, store.ErrRevoked):
		return oauth.InvalidGrant(unknown)
	}
	return err
}
