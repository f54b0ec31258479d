package registration

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/authserver/client"
	"github.com/mcp-auth/go/internal/authserver/oauth"
)

// Covers AS7.
func TestSettle(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, metadata, code string
	}{
		{"default", `{"redirect_uris":["https://x.example/cb"]}`, ""},
		{"null is missing", `{"redirect_uris":["https://x.example/cb"],"client_name":null}`, ""},
		{"no redirect URI", `{}`, "invalid_redirect_uri"},
		{"private-use scheme alone", `{"redirect_uris":["app:/cb"]}`, "invalid_redirect_uri"},
		{"one of several", `{"redirect_uris":["app:/cb","https://x.example/cb","javascript:alert(1)"]}`, ""},
		{"none of several", `{"redirect_uris":["app:/cb","javascript:alert(1)"]}`, "invalid_redirect_uri"},
		{"unknown method", `{"redirect_uris":["https://x.example/cb"],"token_endpoint_auth_method":"tls_client_auth"}`, "invalid_client_metadata"},
		{"no keys", `{"redirect_uris":["https://x.example/cb"],"token_endpoint_auth_method":"private_key_jwt"}`, "invalid_client_metadata"},
		{"keys over http", `{"redirect_uris":["https://x.example/cb"],"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"http://x.example/"}`, "invalid_client_metadata"},
		{"no code", `{"redirect_uris":["https://x.example/cb"],"grant_types":["client_credentials"]}`, "invalid_client_metadata"},
		{"implicit", `{"redirect_uris":["https://x.example/cb"],"response_types":["token"]}`, "invalid_client_metadata"},
		{"text that runs backwards", `{"redirect_uris":["https://x.example/cb"],"client_name":"a\u202eb"}`, "invalid_client_metadata"},
		{"invisible character", `{"redirect_uris":["https://x.example/cb"],"client_name":"a\u200bb"}`, "invalid_client_metadata"},
		{"line separator", `{"redirect_uris":["https://x.example/cb"],"client_name":"a\u2028b"}`, "invalid_client_metadata"},
		{"control character", `{"redirect_uris":["https://x.example/cb"],"client_name":"a\u0000b"}`, "invalid_client_metadata"},
	} {
		m, err := Parse([]byte(test.metadata))
		if err != nil {
			t.Fatal(err)
		}
		err = m.Settle(Terms{Methods: oauth.AuthMethods(), DefaultMethod: oauth.AuthBasic})
		var refused *oauth.Error
		if errors.As(err, &refused) != (test.code != "") || test.code != "" && refused.Code != test.code {
			t.Errorf("%s: %v, want %q", test.name, err, test.code)
		}
		if test.code == "" && m.TokenEndpointAuthMethod != oauth.AuthBasic {
			t.Errorf("%s: method %q", test.name, m.TokenEndpointAuthMethod)
		}
		if test.code == "" && !slices.Equal(m.RedirectURIs, []string{"https://x.example/cb"}) {
			t.Errorf("%s: redirect URIs %q", test.name, m.RedirectURIs)
		}
	}
}

func TestParseReadsStrictly(t *testing.T) {
	t.Parallel()
	for _, metadata := range []string{
		"", "[]", `{"a":1,"a":2}`, `{"token_endpoint_auth_method":1}`, `{"redirect_uris":"x"}`,
		`{"dpop_bound_access_tokens":"true"}`, `{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
	} {
		if _, err := Parse([]byte(metadata)); err == nil {
			t.Errorf("%s is accepted", metadata)
		}
	}
}

// Covers AS6, AS7.
func TestSettleMethod(t *testing.T) {
	t.Parallel()
	const keys = `,"jwks_uri":"https://x.example/keys"`
	for _, test := range []struct {
		members        string
		registered     string // method of a client that registers itself, empty: refused
		described      string // of a client with a document
		withoutItsKeys bool   // a client with a document may do without
	}{
		{``, "client_secret_basic", "none", false},
		{keys, "client_secret_basic", "none", false},
		{`,"token_endpoint_auth_method":"private_key_jwt"` + keys, "private_key_jwt", "private_key_jwt", false},
		{`,"token_endpoint_auth_methods_supported":["private_key_jwt"]` + keys, "private_key_jwt", "private_key_jwt", false},
		{`,"token_endpoint_auth_methods_supported":["private_key_jwt"]`, "", "", false},
		{`,"token_endpoint_auth_methods_supported":[]`, "client_secret_basic", "none", false},
		{`,"token_endpoint_auth_methods_supported":["none"]` + keys, "none", "none", false},
		{`,"token_endpoint_auth_methods_supported":["none","private_key_jwt"]` + keys, "private_key_jwt", "private_key_jwt", true},
		{`,"token_endpoint_auth_methods_supported":["private_key_jwt","none"]`, "none", "none", false},
		{`,"token_endpoint_auth_methods_supported":["client_secret_post","none"]`, "client_secret_post", "none", false},
		{`,"token_endpoint_auth_methods_supported":["client_secret_post"]`, "client_secret_post", "", false},
		{`,"token_endpoint_auth_methods_supported":["tls_client_auth"]`, "", "", false},
		{`,"token_endpoint_auth_methods_supported":["tls_client_auth","private_key_jwt"]` + keys, "private_key_jwt", "private_key_jwt", false},
		// The document of ChatGPT chooses a method and offers both.
		{`,"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_methods_supported":["none","private_key_jwt"]` + keys, "private_key_jwt", "private_key_jwt", false},
		{`,"token_endpoint_auth_method":"none","token_endpoint_auth_methods_supported":["none","private_key_jwt"]` + keys, "none", "none", true},
		{`,"token_endpoint_auth_method":"none","token_endpoint_auth_methods_supported":["private_key_jwt"]` + keys, "", "", false},
		{`,"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_methods_supported":["none"]` + keys, "", "", false},
		{`,"token_endpoint_auth_method":"tls_client_auth","token_endpoint_auth_methods_supported":["tls_client_auth","private_key_jwt"]` + keys, "private_key_jwt", "private_key_jwt", false},
		{`,"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_methods_supported":["none","private_key_jwt"]`, "", "", false},
	} {
		for _, terms := range []Terms{
			{Methods: oauth.AuthMethods(), DefaultMethod: oauth.AuthBasic},
			{Methods: []string{oauth.AuthNone, oauth.AuthPrivateKey}, DefaultMethod: oauth.AuthNone, Described: true},
		} {
			want, optional := test.registered, false
			if terms.Described {
				want, optional = test.described, test.withoutItsKeys
			}
			m, err := Parse([]byte(`{"redirect_uris":["https://x.example/cb"]` + test.members + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Settle(terms); (err == nil) != (want != "") {
				t.Errorf("%s, described %v: %v, want method %q", test.members, terms.Described, err, want)
				continue
			}
			if want == "" {
				continue
			}
			c, err := m.Client("id", client.SelfDescribed)
			if err != nil || m.TokenEndpointAuthMethod != want || c.KeyOptional != optional {
				t.Errorf("%s, described %v: method %q, optional %v, %v, want %q, %v",
					test.members, terms.Described, m.TokenEndpointAuthMethod, c.KeyOptional, err, want, optional)
			}
			if usesKeys := want == oauth.AuthPrivateKey || optional; (c.Keys != nil) != usesKeys || c.Confidential() != (usesKeys && !optional) {
				t.Errorf("%s, described %v: keys %v, confidential %v", test.members, terms.Described, c.Keys != nil, c.Confidential())
			}
		}
	}
}
