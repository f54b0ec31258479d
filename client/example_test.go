package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/mcpauthtest"
)

// protectedServer stands for an MCP server on the internet and the
// authorization server it trusts.
func protectedServer() (server *httptest.Server, as *mcpauthtest.Server, err error) {
	as, err = mcpauthtest.NewServer(mcpauthtest.Config{
		AutoApprove: true,
		Clients:     []mcpauthtest.Client{{ID: "nightly-report", Secret: "not a secret"}},
	})
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	server = httptest.NewServer(mux)
	protection, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           server.URL + "/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer()}},
	}}})
	if err != nil {
		return nil, nil, err
	}
	mux.Handle("/.well-known/", protection.MetadataHandler())
	mux.Handle("/mcp", protection.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, err := mcpauth.RequireAuthInfo(r.Context())
		if err != nil {
			mcpauth.WriteChallenge(w, err)
			return
		}
		fmt.Fprintf(w, "hello %s", info.Subject)
	}), mcpauth.Scopes("read:notes")))
	return server, as, nil
}

// browser stands for the user's browser: it opens the login page and follows its
// redirect.
func browser(ctx context.Context, authorizationURL string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, authorizationURL, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// A client that has its user log in when the server asks for it.
func Example() {
	server, as, err := protectedServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()
	defer server.Close()

	c, err := client.New(client.Config{
		ServerURL: server.URL + "/mcp",
		Grant:     client.AuthorizationCode{OpenURL: browser}, // client.OpenBrowser(os.Stderr)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	response, err := c.HTTPClient().Get(c.ServerURL())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	var text [64]byte
	n, _ := response.Body.Read(text[:])
	fmt.Println(response.StatusCode, string(text[:n]))
	// Output: 200 hello alice
}

// A job without a user, which has a secret.
func ExampleClientCredentials() {
	server, as, err := protectedServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()
	defer server.Close()

	c, err := client.New(client.Config{
		ServerURL: server.URL + "/mcp",
		Grant:     client.ClientCredentials{},
		Credentials: []client.Credentials{{
			Issuer: as.Issuer(), ClientID: "nightly-report", ClientSecret: "not a secret",
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	token, err := c.Token(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Type, token.Scopes, token.Resource == c.ServerURL())
	// Output: Bearer [read:notes] true
}

// A program that has web pages of its own brings the answer back itself.
func ExampleAuthorizationCode_callback() {
	callbacks := make(chan string, 1) // filled by the handler of /callback
	_, err := client.New(client.Config{
		ServerURL: "https://mcp.example.com/mcp",
		Grant: client.AuthorizationCode{
			RedirectURI: "https://app.example.com/callback",
			Callback: func(ctx context.Context, authorizationURL string) (string, error) {
				// Send the user there, then wait for the whole URL of the callback.
				select {
				case callback := <-callbacks:
					return callback, nil
				case <-ctx.Done():
					return "", ctx.Err()
				}
			},
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

// A workload with the identity that its platform keeps in a file.
func ExampleWorkloadIdentity() {
	_, err := client.New(client.Config{
		ServerURL: "https://mcp.example.com/mcp",
		Grant: client.WorkloadIdentity{
			Assertion: func(context.Context, client.AssertionRequest) (string, error) {
				token, err := os.ReadFile("/var/run/secrets/tokens/mcp")
				return strings.TrimSpace(string(token)), err
			},
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

// A client whose user has logged in at the enterprise's identity provider.
func ExampleEnterpriseManaged() {
	var idToken string // from the login
	_, err := client.New(client.Config{
		ServerURL: "https://mcp.example.com/mcp",
		Grant: client.EnterpriseManaged{
			IdentityProvider: client.Credentials{Issuer: "https://idp.example.com", ClientID: "notes"},
			Subject: func(context.Context) (client.SubjectToken, error) {
				return client.SubjectToken{Token: idToken}, nil
			},
		},
		Credentials: []client.Credentials{{Issuer: "https://auth.example.com", ClientID: "notes-at-mcp"}},
	})
	fmt.Println(err)
	// Output: <nil>
}

// A mistake shows when the client is created, not at the first login.
func ExampleNew_mistakes() {
	_, err := client.New(client.Config{
		ServerURL: "http://mcp.example.com/mcp",
		Grant:     client.AuthorizationCode{RedirectURI: "http://app.example.com/callback"},
	})
	fmt.Println(errors.Is(err, configerr.InvalidServerURL), errors.Is(err, configerr.InvalidRedirectURI))
	// Output: true true
}
