package refusal

import (
	"net/http"

	"github.com/mcp-auth/go/reason"
)

// Description is the fixed text that the caller sees. It holds nothing of the
// cause.
func (r *Refusal) Description() string {
	switch {
	case r.Reason == reason.ReplayCacheUnavailable:
		return "The DPoP proof cannot be checked now. Keep the access token and try again with a new proof."
	case r.Reason == reason.SessionStoreUnavailable:
		return "The session cannot be checked now. Keep the access token and try again."
	case r.Reason == reason.MalformedMessage || r.Reason == reason.HeaderMismatch:
		return "The request is not a message that this MCP server accepts."
	case r.Reason == reason.URINotNormal:
		return "The resource URI is not in normal form (RFC 3986, section 6.2.2)."
	case r.Reason == reason.UnknownSession:
		return "The session has ended. Begin a new one."
	case r.Code == CodeAccessDenied:
		return "This operation is not permitted."
	case r.Status == http.StatusServiceUnavailable:
		return "The authorization server cannot be reached now. Keep the access token and try again."
	case r.Reason == reason.NoCredentials:
		return "An access token is required."
	case r.Reason == reason.TokenInQuery:
		return "The access token must be sent in the Authorization header, not in the URL."
	case r.Code == CodeInvalidRequest:
		return "The request must have one Authorization header with one access token."
	case r.Code == CodeInvalidDPoPProof:
		return "The DPoP proof is missing, invalid, used before, or not for this request and access token."
	case r.Code == CodeUseDPoPNonce:
		return "The DPoP proof needs the nonce that the header DPoP-Nonce gives."
	case r.Reason == reason.DPoPRequired:
		return "The access token must be bound to a key and sent with the scheme DPoP."
	case r.Code == CodeInsufficientScope:
		return "The access token does not have all scopes that this operation needs."
	}
	return "The access token is invalid, expired or not issued for this resource."
}
