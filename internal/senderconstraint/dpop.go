package senderconstraint

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/mcp-auth/go/internal/dpop"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/refusal"
	"github.com/mcp-auth/go/reason"
)

// DPoP accepts tokens that are bound to a key of the client (RFC 9449). It is
// complete and valid.
type DPoP struct {
	// Required refuses every other token.
	Required bool
	// Algorithms may sign proofs. Names are the same algorithms as text.
	Algorithms []jose.Algorithm
	Names      []string
	// Lifetime is how long after its iat a proof is accepted, and Leeway how long
	// before.
	Lifetime, Leeway time.Duration
	// Nonces, if set, must have made the nonce of each proof.
	Nonces *dpop.Nonces
	// Replays remembers proofs, so that each is accepted once.
	Replays ReplayCache
	Now     func() time.Time
}

// ReplayCache remembers which proofs were used. Seen notes that a proof is used
// now and reports whether it was used before, in one atomic step.
type ReplayCache interface {
	Seen(ctx context.Context, proof *dpop.Proof, now time.Time) (bool, error)
}

// Nonce returns the value of the header DPoP-Nonce, or nothing if no nonces are
// required.
func (d *DPoP) Nonce() string {
	if d == nil || d.Nonces == nil {
		return ""
	}
	return d.Nonces.Issue(d.Now())
}

// inherit shares what another DPoP remembers in memory: used proofs, and the random
// key of nonces.
func (d *DPoP) inherit(old *DPoP) {
	if d == nil || old == nil {
		return
	}
	d.Nonces = d.Nonces.Continue(old.Nonces)
	mine, inMemory := d.Replays.(*dpop.Replays)
	if theirs, were := old.Replays.(*dpop.Replays); inMemory && were {
		d.Replays = mine.Continue(theirs)
	}
}

// check proves that the request comes from the owner of the token's key.
func (d *DPoP) check(ctx context.Context, r *Request, target, token, thumbprint string) *refusal.Refusal {
	if d == nil {
		return refusal.InvalidToken(reason.SenderConstraint, "the token is bound to a key (cnf), which this resource does not check")
	}
	proofs := r.Header["Dpop"] // the canonical form
	if len(proofs) != 1 {
		return invalidProof(reason.DPoPProofMalformed, "%d DPoP headers, not one", len(proofs))
	}
	now := d.Now()
	proof, err := dpop.Check(proofs[0], &dpop.Expected{
		Method: r.Method, URL: target, Token: token, Thumbprint: thumbprint, Algorithms: d.Algorithms,
		Now: now, Lifetime: d.Lifetime, Leeway: d.Leeway, Nonces: d.Nonces,
	})
	if err != nil {
		return refuseProof(err)
	}
	seen, err := d.Replays.Seen(ctx, proof, now)
	switch {
	case err != nil:
		return refusal.Unavailable(reason.ReplayCacheUnavailable, err)
	case seen:
		return invalidProof(reason.DPoPProofReplayed, "the DPoP proof was used before")
	}
	return nil
}

func refuseProof(err error) *refusal.Refusal {
	var e *dpop.Error
	if !errors.As(err, &e) {
		return invalidProof(reason.DPoPProofMalformed, "%w", err)
	}
	if e.Reason == reason.DPoPNonceRequired {
		return refusal.New(http.StatusUnauthorized, refusal.CodeUseDPoPNonce, reason.DPoPNonceRequired, "%w", err)
	}
	return invalidProof(e.Reason, "%w", err)
}

func invalidProof(why reason.Reason, format string, args ...any) *refusal.Refusal {
	return refusal.New(http.StatusUnauthorized, refusal.CodeInvalidDPoPProof, why, format, args...)
}
