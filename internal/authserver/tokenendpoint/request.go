package tokenendpoint

import (
	"net/http"
	"time"

	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/proof"
	"github.com/mcp-auth/go/internal/authserver/token"
)

// Response is a successful response (RFC 6749 §5.1).
type Response struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	Scope        string `json:"scope,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	// IssuedTokenType is the member of RFC 8693 §2.2.1.
	IssuedTokenType string `json:"issued_token_type,omitempty"`
}

func respondWith(t token.Issued) *Response {
	return &Response{
		AccessToken: t.Token, TokenType: t.Type, ExpiresIn: int64(t.Lifetime / time.Second), Scope: t.Scope,
	}
}

// request is a request to the token endpoint.
type request struct {
	*http.Request
	p oauth.Parameters
	// proof is the DPoP proof, nil without one. badProof is not nil if there is an
	// invalid proof.
	proof    *proof.Proof
	badProof error
}

// jkt returns the key of the DPoP proof. It is empty without a proof.
func (q *request) jkt() string {
	if q.proof == nil {
		return ""
	}
	return q.proof.Key
}
