package mcpauthtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/mcp-auth/go/mcpauthtest"
)

// Starting the authorization server and reading its metadata, as a resource
// server or a client does.
func ExampleNewServer() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{
		Path:   "/tenant1",
		Scopes: []string{"read:notes", "write:notes"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	response, err := http.Get(as.Issuer() + "/.well-known/openid-configuration")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	var metadata struct {
		Issuer string   `json:"issuer"`
		Scopes []string `json:"scopes_supported"`
	}
	if err := json.NewDecoder(response.Body).Decode(&metadata); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("issuer as configured:", metadata.Issuer == as.Issuer())
	fmt.Println("scopes:", metadata.Scopes)
	fmt.Println("metadata requests:", as.Requests().Metadata)
	// Output:
	// issuer as configured: true
	// scopes: [read:notes write:notes openid profile email offline_access]
	// metadata requests: 1
}

// Testing a resource server of one's own: tokens that it must admit, and tokens
// that it must refuse.
func ExampleServer_Token() {
	const resource = "https://notes.example.com/mcp"
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{Resources: []string{resource}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	// Put your server here, configured to trust as.Issuer(). In its place stands
	// a handler that asks the authorization server itself.
	var resourceServer http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !as.TokenActive(r.Context(), r.Header.Get("Authorization")[len("Bearer "):]) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})

	read := mcpauthtest.TokenClaims{Scopes: []string{"read:notes"}}
	for _, test := range []struct {
		name   string
		defect []mcpauthtest.TokenOption
	}{
		{"good", nil},
		{"expired", []mcpauthtest.TokenOption{mcpauthtest.Expired()}},
		{"signed with another key", []mcpauthtest.TokenOption{mcpauthtest.WrongKey()}},
		{"ID token", []mcpauthtest.TokenOption{mcpauthtest.IDToken()}},
	} {
		token, err := as.Token(read, test.defect...)
		if err != nil {
			fmt.Println(err)
			return
		}
		request := httptest.NewRequest("POST", resource, nil)
		request.Header.Set("Authorization", "Bearer "+token)
		recorder := httptest.NewRecorder()
		resourceServer.ServeHTTP(recorder, request)
		fmt.Println(test.name, recorder.Code)
	}
	// Output:
	// good 200
	// expired 401
	// signed with another key 401
	// ID token 401
}

// Logging in as a user without a browser, to test a client.
func ExampleUserAgent_Login() {
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{Clients: []mcpauthtest.Client{{
		ID: "my-client", RedirectURIs: []string{"http://127.0.0.1/callback"},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer as.Close()

	query := url.Values{
		"response_type":         {"code"},
		"client_id":             {"my-client"},
		"redirect_uri":          {"http://127.0.0.1:49152/callback"}, // any port on loopback
		"code_challenge":        {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
		"code_challenge_method": {"S256"},
		"resource":              {"https://notes.example.com/mcp"},
		"state":                 {"af0ifjsldkj"},
	}
	callback, err := as.UserAgent().Login(context.Background(), as.Issuer()+"/authorize?"+query.Encode())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("back at:", callback.Host+callback.Path)
	fmt.Println("a code:", callback.Query().Get("code") != "")
	fmt.Println("iss is right:", callback.Query().Get("iss") == as.Issuer())
	fmt.Println("state:", callback.Query().Get("state"))
	// Output:
	// back at: 127.0.0.1:49152/callback
	// a code: true
	// iss is right: true
	// state: af0ifjsldkj
}
