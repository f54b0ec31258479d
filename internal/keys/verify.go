package keys

import (
	"context"
	"errors"
	"time"

	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/internal/remote"
	"github.com/mcp-auth/go/reason"
)

// issueMargin is how much newer a token may be than its iat says: clocks differ,
// and some servers date iat back by minutes.
const issueMargin = 10 * time.Minute

// ErrTooNew is the cause of a refusal of a token that may have been issued after
// the key set was fetched.
var ErrTooNew = errors.New("the token may be newer than the key set")

// Verify verifies the signature of a token that was issued at a time, as the
// token says, or at an unknown time. It returns the generation of the key set
// that verified it.
func (s *Source) Verify(ctx context.Context, jws *jose.JWS, issuedAt time.Time) (generation uint64, _ *refusal.Refusal) {
	candidates, generation, err := s.candidates(ctx, jws.Header, issuedAt)
	if err != nil {
		return 0, refusal.Unavailable(reason.ServerUnavailable, err)
	}
	if len(candidates) == 0 {
		return 0, refusal.InvalidToken(reason.UnknownKey, "%q has no key %.80q for %s", s.server.Issuer, jws.Header.KeyID, jws.Header.Algorithm)
	}
	for _, key := range candidates {
		if err = jws.Verify(key); err == nil {
			return generation, nil
		}
	}
	return 0, refusal.RejectedToken(reason.InvalidSignature, err)
}

// candidates returns the keys a token with this header may be signed with, and
// the generation of their set. A kid that is not in the set causes at most one
// fetch per cool-down. Only a set that was fetched after the token was issued
// proves that there is no such key. The time of issue is not proven itself; it
// only decides whether the answer is "no" or "not now".
func (s *Source) candidates(ctx context.Context, h jose.Header, issuedAt time.Time) ([]*jose.Key, uint64, error) {
	if s.server.Keys != nil {
		return s.server.Keys.Candidates(h), 0, nil
	}
	arrived := s.now()
	snap, err := s.keys.Get(ctx)
	if err != nil {
		return nil, 0, err
	}
	if keys := snap.Value.Candidates(h); len(keys) > 0 {
		return keys, snap.Value.generation, nil
	}
	fresh, err := s.keys.Refresh(ctx, snap)
	var cooling *remote.CoolingDownError
	switch {
	case errors.As(err, &cooling) && cooling.Err == nil && predates(issuedAt, snap.FetchedAt):
		return nil, 0, nil
	case err != nil:
		return nil, 0, err
	}
	keys := fresh.Value.Candidates(h)
	if len(keys) == 0 && fresh.FetchedAt.Before(arrived) && !predates(issuedAt, fresh.FetchedAt) {
		return nil, 0, ErrTooNew // another caller's fetch, which began before
	}
	return keys, fresh.Value.generation, nil
}

// predates reports whether the token was surely issued before the fetch.
func predates(issuedAt, fetchedAt time.Time) bool {
	return !issuedAt.IsZero() && issuedAt.Add(issueMargin).Before(fetchedAt)
}

// RetryAfter returns how long to wait before the cause of a failure may be gone.
func RetryAfter(cause error) time.Duration {
	var unavailable *remote.Error
	if errors.As(cause, &unavailable) && unavailable.RetryAfter > 0 {
		return unavailable.RetryAfter
	}
	var cooling *remote.CoolingDownError
	if errors.As(cause, &cooling) && cooling.RetryAfter > 0 {
		return cooling.RetryAfter
	}
	return Cooldown
}

// CausedByCaller reports whether any caller can cause a failure, with an
// invented kid: the authorization server is then not in trouble.
func CausedByCaller(cause error) bool {
	var cooling *remote.CoolingDownError
	return errors.Is(cause, ErrTooNew) || errors.As(cause, &cooling) && cooling.Err == nil
}
