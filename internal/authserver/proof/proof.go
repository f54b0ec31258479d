// Package proof checks the DPoP proofs of token requests (RFC 9449 §5).
package proof

import (
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

// Key returns the thumbprint of the key that a token request proves to have. It
// is empty if the request has no proof. A proof can be used once.
func (c *Checker) Key(r *http.Request) (string, error) {
	proofs := r.Header.Values("DPoP")
	if len(proofs) == 0 {
		return "", nil
	}
	if len(proofs) > 1 {
		return "", oauth.InvalidProof("there is more than one DPoP header")
	}
	proof, err := dpop.Check(proofs[0], &dpop.Expected{
		Method: http.MethodPost, URL: c.URL, TokenRequest: true,
		Algorithms: jose.Algorithms(), Now: c.Now(), Lifetime: lifetime, Leeway: leeway, Nonces: c.Nonces,
	})
	if err != nil {
		return "", refusal(err)
	}
	err = c.IDs.ConsumeID(r.Context(), "dpop:"+proof.ID, proof.Until.Add(time.Second), c.Now())
	if errors.Is(err, store.ErrReplayed) {
		return "", oauth.InvalidProof("the proof was used before")
	}
	if err != nil {
		return "", err
	}
	return proof.Thumbprint, nil
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
