package tokenexchange_test

import (
	"context"
	"crypto"
	"net/http"
	"os"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/tokenexchange"
)

var (
	clientID, thumbprint string
	key                  crypto.Signer
)

// A tool calls an API in the name of its caller.
func Example() {
	notes, err := tokenexchange.New(tokenexchange.Config{
		Client: client.Credentials{
			Issuer: "https://auth.example.com", ClientID: "mcp-server", ClientSecret: os.Getenv("CLIENT_SECRET"),
		},
		Audience: "https://notes.internal",
		Scopes:   []string{"notes.read"},
	})
	if err != nil {
		return // each mistake is a *configerr.Error
	}
	defer notes.Close()

	list := func(ctx context.Context) (*http.Response, error) { // in the tool's handler
		token, err := notes.Token(ctx)
		if err != nil {
			return nil, err // the adapters for the MCP SDKs answer 401 or 503 where that is right
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://notes.internal/notes", nil)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token.AccessToken)
		return http.DefaultClient.Do(request)
	}
	_ = list
}

// At Entra ID the scopes name the service.
func ExampleNew_onBehalfOf() {
	notes, err := tokenexchange.New(tokenexchange.Config{
		Client: client.Credentials{
			Issuer: "https://login.microsoftonline.com/TENANT/v2.0", ClientID: clientID, PrivateKey: key, KeyID: thumbprint,
		},
		Flow:   tokenexchange.OnBehalfOf,
		Scopes: []string{"api://notes/.default"},
	})
	_, _ = notes, err
}
