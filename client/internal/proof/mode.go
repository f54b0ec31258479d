package proof

import (
	"slices"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/metadata"
)

// Mode says when tokens are bound to a key.
type Mode int

const (
	// Auto binds tokens if both servers support it.
	Auto Mode = iota
	// Required accepts only bound tokens.
	Required
	// Off never binds tokens.
	Off
)

// Wanted reports whether to ask for a bound token. challenged reports whether
// the MCP server's challenge has the scheme DPoP. The error is a
// [*clienterr.UnsuitableError] if bound tokens are required and the
// authorization server cannot issue them.
func (m Mode) Wanted(challenged bool, resource *metadata.ProtectedResource, as *metadata.AuthorizationServer) (bool, error) {
	issued := slices.Contains(as.DPoPSigningAlgValuesSupported, Algorithm)
	accepted := challenged || resource.DPoPBoundAccessTokensRequired || slices.Contains(resource.DPoPSigningAlgValuesSupported, Algorithm)
	required := m == Required || m == Auto && resource.DPoPBoundAccessTokensRequired
	if required && !issued {
		return false, &clienterr.UnsuitableError{
			Issuer: as.Issuer, Reason: "dpop_signing_alg_values_supported lacks " + Algorithm + ", and bound tokens are required",
		}
	}
	return required || m == Auto && accepted && issued, nil
}
