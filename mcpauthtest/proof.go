package mcpauthtest

import (
	"errors"
	"net/http"
	"time"

	"github.com/mcp-auth/go/internal/dpop"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/reason"
)

const (
	// How far iat of a proof may lie from now: five minutes, as the DPoP profile
	// for MCP has it for resource servers.
	proofLifetime = 5 * time.Minute
	proofLeeway   = 5 * time.Minute

	useDPoPNonce = "use_dpop_nonce" // RFC 9449 §8
)

func invalidProof(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_dpop_proof", description}
}

// offerNonce gives the nonce for the next proof (RFC 9449 §8.2).
func (s *Server) offerNonce(w http.ResponseWriter, r *http.Request) {
	if s.config.DPoPNonce && len(r.Header.Values("DPoP")) > 0 {
		w.Header().Set("DPoP-Nonce", s.nonces.Issue(s.now()))
	}
}

// proofKey returns the thumbprint of the key that a token request proves to
// have (RFC 9449 §5), empty if it has no proof. A proof is good once.
func (s *Server) proofKey(r *http.Request) (string, *oauthError) {
	proofs := r.Header.Values("DPoP")
	if len(proofs) == 0 {
		return "", nil
	}
	if len(proofs) > 1 {
		return "", invalidProof("there is more than one DPoP header")
	}
	want := &dpop.Expected{
		Method: http.MethodPost, URL: s.base + tokenPath, TokenRequest: true,
		Algorithms: jose.Algorithms(), Now: s.now(), Lifetime: proofLifetime, Leeway: proofLeeway,
	}
	if s.config.DPoPNonce {
		want.Nonces = s.nonces
	}
	proof, err := dpop.Check(proofs[0], want)
	if err != nil {
		return "", proofError(err)
	}
	err = s.store.ConsumeID(r.Context(), "dpop:"+proof.ID, proof.Until.Add(time.Second), s.now())
	if errors.Is(err, ErrReplayed) {
		return "", invalidProof("the proof was used before")
	}
	if err != nil {
		return "", s.serverError(r, err)
	}
	return proof.Thumbprint, nil
}

func proofError(err error) *oauthError {
	var fault *dpop.Error
	if !errors.As(err, &fault) {
		return invalidProof("the proof cannot be read")
	}
	if fault.Reason == reason.DPoPNonceRequired {
		return &oauthError{http.StatusBadRequest, useDPoPNonce, "send the nonce of the DPoP-Nonce header in the proof"}
	}
	return invalidProof(fault.Detail)
}
