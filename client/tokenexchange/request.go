package tokenexchange

import (
	"context"
	"net/url"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/internal/endpoint"
)

// accessTokenType is the type of both tokens (RFC 8693 §3).
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token"

// exchange asks the token endpoint.
func (e *Exchanger) exchange(ctx context.Context, subject string) (client.Token, error) {
	form := url.Values{}
	if e.config.Flow == OnBehalfOf {
		form.Set("grant_type", endpoint.GrantJWTBearer)
		form.Set("assertion", subject)
		form.Set("requested_token_use", "on_behalf_of")
	} else {
		form.Set("grant_type", endpoint.GrantTokenExchange)
		form.Set("subject_token", subject)
		form.Set("subject_token_type", accessTokenType)
		form.Set("requested_token_type", accessTokenType)
	}
	return e.endpoint.Token(ctx, form, subject)
}
