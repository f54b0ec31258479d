package authorizer

import (
	"errors"
	"slices"
	"strings"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/client/internal/endpoint"
	"github.com/mcp-auth/go/client/internal/proof"
	"github.com/mcp-auth/go/client/internal/record"
	"github.com/mcp-auth/go/client/internal/stepup"
	"github.com/mcp-auth/go/metadata"
)

// DPoPMode says when tokens are bound to a key.
type DPoPMode int

const (
	// DPoPAuto binds tokens if both servers support it.
	DPoPAuto DPoPMode = iota
	// DPoPRequired accepts only bound tokens.
	DPoPRequired
	// DPoPOff never binds tokens.
	DPoPOff
)

// wanted reports whether to ask for a bound token. challenged reports whether
// the MCP server's challenge has the scheme DPoP. The error is a
// [*clienterr.UnsuitableError] if bound tokens are required and the
// authorization server cannot issue them.
func (m DPoPMode) wanted(challenged bool, resource *metadata.ProtectedResource, as *metadata.AuthorizationServer) (bool, error) {
	issued := slices.Contains(as.DPoPSigningAlgValuesSupported, proof.Algorithm)
	accepted := challenged || resource.DPoPBoundAccessTokensRequired || slices.Contains(resource.DPoPSigningAlgValuesSupported, proof.Algorithm)
	required := m == DPoPRequired || m == DPoPAuto && resource.DPoPBoundAccessTokensRequired
	if required && !issued {
		return false, &clienterr.UnsuitableError{
			Issuer: as.Issuer, Reason: "dpop_signing_alg_values_supported lacks " + proof.Algorithm + ", and bound tokens are required",
		}
	}
	return required || m == DPoPAuto && accepted && issued, nil
}

// keyOf returns the key of an earlier token, a new one if it has none.
func keyOf(earlier *record.Token) (*proof.Key, error) {
	if earlier != nil && earlier.Key() != nil {
		return earlier.Key(), nil
	}
	return proof.NewKey()
}

var (
	errUnboundToken = errors.New("the token is not bound to the client's key, as DPoP mode \"required\" demands")
	errBoundToken   = errors.New("the token is bound to a key, and the client sent none")
)

// setType sets the token's type (RFC 6749 §7.1, RFC 9449 §5), which servers
// write in any case.
func setType(token *record.Token, tokenType string, key *proof.Key, mode DPoPMode) error {
	switch {
	case strings.EqualFold(tokenType, stepup.Bearer) && mode == DPoPRequired:
		return errUnboundToken
	case strings.EqualFold(tokenType, stepup.Bearer):
		token.TokenType = stepup.Bearer
		return nil
	case strings.EqualFold(tokenType, stepup.DPoP) && key == nil:
		return errBoundToken
	case strings.EqualFold(tokenType, stepup.DPoP):
		token.TokenType = stepup.DPoP
		return token.Bind(key)
	}
	return endpoint.ErrTokenType
}
