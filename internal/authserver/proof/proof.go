// Package proof checks the DPoP proofs of token requests (RFC 9449 §5).
package proof

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/store"
	"github.com/mcp-auth/go/internal/dpop"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/reason"
)

// How far iat of a proof may lie from now: five minutes, which the DPoP profile
// for MCP allows resource servers.
const (
	lifetime = 5 * time.Minute
	leeway   = 5 * time.Minute
)

// Checker checks proofs.
type Checker struct {
	// URL is the URL of the token endpoint.
	URL string
	// Nonces, if not nil, must have made the nonce of every proof.
	Nonces *dpop.Nonces
	// IDs remembers the proofs that were used.
	IDs store.IDs
	// Now is the clock.
	Now func() time.Time
}

// OfferNonce sends a client that sent a proof the nonce for the next one
// (RFC 9449 §8.2).
func (c *Checker) OfferNonce(w http.ResponseWriter, r *http.Request) {
	if c.Nonces != nil && len(r.Header.Values("DPoP")) > 0 {
		w.Header().Set("DPoP-Nonce", c.Nonces.Issue(c.Now()))
	}
}

// Proof is a valid proof. It can be used once.
type Proof struct {
	// Key is the thumbprint of the key that the request proves to have.
	Key   string
	id    string
	until time.Time
}

// Check returns the proof of a token request without using it up, or nil if the
// request has none.
func (c *Checker) Check(r *http.Request) (*Proof, error) {
	proofs := r.Header.Values("DPoP")
	if len(proofs) == 0 {
		return nil, nil
	}
	if len(proofs) > 1 {
		return nil, oauth.InvalidProof("there is more than one DPoP header")
	}
	checked, err := dpop.Check(proofs[0], &dpop.Expected{
		Method: http.MethodPost, URL: c.URL, TokenRequest: true,
		Algorithms: jose.Algorithms(), Now: c.Now(), Lifetime: lifetime, Leeway: leeway, Nonces: c.Nonces,
	})
	if err != nil {
		return nil, refusal(err)
	}
	return &Proof{Key: checked.Thumbprint, id: "dpop:" + checked.ID, until: checked.Until.Add(time.Second)}, nil
}

// Use uses a proof up. Anyone can make proofs, so Use must not be called before
// the client and the grant of the request are known, of which owner is one.
func (c *Checker) Use(ctx context.Context, p *Proof, owner string) error {
	if p == nil {
		return nil
	}
	err := c.IDs.ConsumeID(ctx, store.UsedID{ID: p.id, Kind: "DPoP proof", Owner: owner, Until: p.until}, c.Now())
	switch {
	case errors.Is(err, store.ErrReplayed):
		return oauth.InvalidProof("the proof was used before")
	case errors.Is(err, store.ErrFull):
		return oauth.Unavailable("too many proofs were used lately")
	}
	return err
}

func refusal(err error) error {
	var fault *dpop.Error
	if !errors.As(err, &fault) {
		return oauth.InvalidProof("the proof cannot be read")
	}
	if fault.Reason == reason.DPoPNonceRequired {
		return oauth.BadRequest(oauth.UseDPoPNonce, "send the nonce of the DPoP-Nonce header in the proof")
	}
	return oauth.InvalidProof(fault.Detail)
}
