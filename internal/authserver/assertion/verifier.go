package assertion

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/mcp-auth/go/internal/authserver/keyset"
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

// Use checks the claims that every assertion has and its signature, and uses
// the assertion up, which allows one use (RFC 7523 §3, jti). source finds the
// keys of its issuer. An error that the other party caused is an [*Error].
func (v *Verifier) Use(ctx context.Context, a *Assertion, source func(context.Context) (*keyset.Source, error)) error {
	if err := a.check(v.now()); err != nil {
		return &Error{Reason: "the assertion cannot be used: " + err.Error()}
	}
	if err := v.verify(ctx, a, source); err != nil {
		return &Error{"the signature of the assertion does not verify, or the keys of its issuer cannot be fetched", err}
	}
	err := v.consume(ctx, a)
	if errors.Is(err, store.ErrReplayed) {
		return &Error{Reason: "the assertion was used before"}
	}
	return err
}

func (v *Verifier) verify(ctx context.Context, a *Assertion, source func(context.Context) (*keyset.Source, error)) error {
	keys, err := source(ctx)
	if err != nil {
		return err
	}
	return v.keys.Verify(ctx, a.jws, keys)
}

func (v *Verifier) consume(ctx context.Context, a *Assertion) error {
	sum := sha256.Sum256([]byte(a.Issuer + "\x00" + a.ID))
	id := "jti:" + base64.RawURLEncoding.EncodeToString(sum[:])
	return v.ids.ConsumeID(ctx, id, a.expires.Add(leeway), v.now())
}
