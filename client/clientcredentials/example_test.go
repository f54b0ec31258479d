package clientcredentials_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/clientcredentials"
)

func ExampleSource_Token() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"access_token":"for-notes","token_type":"Bearer","expires_in":300}`)
	}))
	defer endpoint.Close()

	notes, err := clientcredentials.New(clientcredentials.Config{
		Client:        client.Credentials{Issuer: endpoint.URL, ClientID: "mcp-server", ClientSecret: "s3cret"},
		TokenEndpoint: endpoint.URL + "/token",
		Resource:      "https://notes.internal/mcp",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer notes.Close()
	token, err := notes.Token(context.Background())
	fmt.Println(token.AccessToken, err)
	// Output: for-notes <nil>
}
