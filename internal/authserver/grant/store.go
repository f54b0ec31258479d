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
	return id, s.grants.AddGrant(ctx, store.Grant{ID: id, ClientID: g.ClientID, Data: data, CodeExpires: codeExpires, Expires: expires}, g.Given)
}

// Redemption is an attempt to redeem an authorization code.
type Redemption struct {
	ID    store.GrantID
	Grant Grant
	// Used reports whether the code was redeemed before.
	Used bool
}

// Redeemable returns the grant of an authorization code without using the code
// up.
func (s *Store) Redeemable(ctx context.Context, code string) (Redemption, error) {
	v, ok := s.handles.Open(Code, code)
	if !ok {
		return Redemption{}, oauth.InvalidGrant(codeUnknown)
	}
	g, state, err := s.Get(ctx, v.ID)
	if errors.Is(err, store.ErrUnknown) || err == nil && state.Revoked && !state.Consumed {
		return Redemption{}, oauth.InvalidGrant(codeUnknown)
	}
	return Redemption{v.ID, g, state.Consumed}, err
}

const (
	codeUsed    = "the authorization code was used before"
	codeUnknown = "the authorization code is unknown or expired"
)

// Redeem uses an authorization code up, which allows one attempt. It reports
// false if the code was redeemed since [Store.Redeemable].
func (s *Store) Redeem(ctx context.Context, id store.GrantID) (bool, error) {
	_, err := s.grants.ConsumeCode(ctx, id, s.now())
	if errors.Is(err, store.ErrReplayed) {
		return false, nil
	}
	return err == nil, refusal(err, codeUsed, codeUnknown)
}

// Replayed returns the error for a code that was redeemed before. If revokes is
// true, it ends the grant and with it the tokens that the first use was given
// (OAuth 2.1 §4.1.3).
func (s *Store) Replayed(ctx context.Context, id store.GrantID, revokes bool) error {
	if !revokes {
		return oauth.InvalidGrant(codeUsed)
	}
	if err := s.Revoke(ctx, id); err != nil {
		return err
	}
	return oauth.InvalidGrant(codeUsed + ", so the tokens issued for it are revoked")
}

// Burn ends the grants of authorization codes that must not be redeemed. A code
// that was redeemed already is left alone.
func (s *Store) Burn(ctx context.Context, codes []string) error {
	for _, code := range codes {
		v, ok := s.handles.Open(Code, code)
		if !ok {
			continue
		}
		redeemed, err := s.Redeem(ctx, v.ID)
		if redeemed {
			err = s.Revoke(ctx, v.ID)
		}
		if err != nil && !oauth.ClientFault(err) {
			return err
		}
	}
	return nil
}

const (
	refreshReused  = "the refresh token was used before, so the login is revoked"
	refreshUnknown = "the refresh token is unknown, expired or revoked"
)

// Refreshable returns the grant of a valid refresh token of a client without
// using the token up. A token that was used before revokes its grant (OAuth 2.1
// §4.3.1), unless it is retried.
func (s *Store) Refreshable(ctx context.Context, token, clientID string) (Handle, Grant, error) {
	v, ok := s.handles.Open(Refresh, token)
	if !ok {
		return Handle{}, Grant{}, oauth.InvalidGrant(refreshUnknown)
	}
	g, _, err := s.Get(ctx, v.ID)
	if err != nil {
		return Handle{}, Grant{}, refusal(err, refreshReused, refreshUnknown)
	}
	if g.ClientID != clientID {
		return Handle{}, Grant{}, oauth.InvalidGrant("the refresh token was issued to another client")
	}
	if _, err := s.grants.Refreshable(ctx, v.ID, v.Number, s.now()); err != nil {
		return Handle{}, Grant{}, refusal(err, refreshReused, refreshUnknown)
	}
	return v, g, nil
}

// Rotate uses a refresh token up and returns the next one. A retried token gets
// the same next one again.
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
