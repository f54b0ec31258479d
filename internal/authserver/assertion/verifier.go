package assertion

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/mcp-auth/go/internal/authserver/keyset"
	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/store"
)

// Error says why an assertion cannot be used.
type Error struct {
	// Reason is safe to send to the client.
	Reason string
	// Cause is for the log. It is nil if the reason says it all.
	Cause error
}

// Error returns the reason.
func (e *Error) Error() string { return e.Reason }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Verifier checks assertions and uses them up.
type Verifier struct {
	keys *keyset.Verifier
	ids  store.IDs
	now  func() time.Time
}

// NewVerifier returns a verifier that remembers the jti of each assertion in
// ids.
func NewVerifier(keys *keyset.Verifier, ids store.IDs, now func() time.Time) *Verifier {
	return &Verifier{keys: keys, ids: ids, now: now}
}

// Use verifies an assertion and uses it up.
func (v *Verifier) Use(ctx context.Context, a *Assertion, from Signer) error {
	if err := v.Verify(ctx, a, from); err != nil {
		return err
	}
	return v.Consume(ctx, a, from)
}

// Signer is who signs assertions.
type Signer struct {
	// Keys finds the keys.
	Keys func(context.Context) (*keyset.Source, error)
	// Kind and Owner are for the places where used assertions are remembered, see
	// [store.UsedID].
	Kind, Owner string
}

// Verify checks the claims that every assertion has and its signature. An error
// that the other party caused is an [*Error].
func (v *Verifier) Verify(ctx context.Context, a *Assertion, from Signer) error {
	if err := a.check(v.now()); err != nil {
		return &Error{Reason: "the assertion cannot be used: " + err.Error()}
	}
	keys, err := from.Keys(ctx)
	if err == nil {
		err = v.keys.Verify(ctx, a.jws, keys)
	}
	if err != nil {
		return &Error{"the signature of the assertion does not verify, or the keys of its issuer cannot be fetched", err}
	}
	return nil
}

// Consume uses a verified assertion up, which allows one use (RFC 7523 §3, jti).
func (v *Verifier) Consume(ctx context.Context, a *Assertion, from Signer) error {
	sum := sha256.Sum256([]byte(a.Issuer + "\x00" + a.ID))
	err := v.ids.ConsumeID(ctx, store.UsedID{
		ID: "jti:" + base64.RawURLEncoding.EncodeToString(sum[:]), Kind: from.Kind, Owner: from.Owner, Until: a.expires.Add(leeway),
	}, v.now())
	switch {
	case errors.Is(err, store.ErrReplayed):
		return &Error{Reason: "the assertion was used before"}
	case errors.Is(err, store.ErrFull):
		return oauth.Unavailable("too many assertions were used lately")
	}
	return err
}
