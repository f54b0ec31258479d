package keys

import (
	"context"
	"errors"
	"fmt"
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
func (s *Source) Verify(ctx context.Context, jws *jose.JWS, issuedAt time.Time) (generation Generation, _ *refusal.Refusal) {
	set, err := s.keySetFor(ctx, jws.Header, issuedAt)
	if err != nil {
		return Generation{}, refusal.Unavailable(reason.ServerUnavailable, err)
	}
	candidates := set.Candidates(jws.Header)
	if len(candidates) == 0 {
		return Generation{}, refusal.RejectedToken(reason.UnknownKey, &unknownKeyError{s.server.Issuer, jws.Header, set.KeySet})
	}
	for _, key := range candidates {
		if err = jws.Verify(key); err == nil {
			return set.generation, nil
		}
	}
	return Generation{}, refusal.RejectedToken(reason.InvalidSignature, err)
}

// unknownKeyError is a cause of its own because any caller can cause it as often
// as they like: its text is only made if it is read.
type unknownKeyError struct {
	issuer string
	header jose.Header
	set    *jose.KeySet
}

func (e *unknownKeyError) Error() string {
	text := fmt.Sprintf("%q has no key %.80q for %s", e.issuer, e.header.KeyID, e.header.Algorithm)
	if why := e.set.Lacks(e.header); why != "" {
		text += ": " + why
	}
	return text
}

// keySetFor returns the key set to verify a token with this header with: one that
// has a key for it if there is one. A kid that is not in the set causes at most
// one fetch per cool-down. Only a set that was fetched after the token was issued
// proves that there is no such key. The time of issue is not proven itself; it
// only decides whether the answer is "no" or "not now".
func (s *Source) keySetFor(ctx context.Context, h jose.Header, issuedAt time.Time) (*keySet, error) {
	if s.given != nil {
		return s.given, nil
	}
	arrived := s.now()
	snap, err := s.keys.Get(ctx)
	if err != nil {
		return nil, err
	}
	if len(snap.Value.Candidates(h)) > 0 {
		return snap.Value, nil
	}
	fresh, err := s.keys.Refresh(ctx, snap)
	var cooling *remote.CoolingDownError
	switch {
	case errors.As(err, &cooling) && cooling.Err == nil && predates(issuedAt, snap.FetchedAt):
		return snap.Value, nil
	case errors.As(err, &cooling) && cooling.Err == nil:
		return nil, fmt.Errorf("no key %.80q of %q: the keys were %w", h.KeyID, s.server.Issuer, err)
	case err != nil:
		return nil, err
	}
	lacks := len(fresh.Value.Candidates(h)) == 0
	if lacks && fresh.FetchedAt.Before(arrived) && !predates(issuedAt, fresh.FetchedAt) {
		return nil, fmt.Errorf("no key %.80q of %q: %w", h.KeyID, s.server.Issuer, ErrTooNew) // another caller's fetch, which began before
	}
	return fresh.Value, nil
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
