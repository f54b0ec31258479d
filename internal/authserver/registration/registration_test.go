package registration

import (
	"errors"
	"slices"
	"strings"
	"testing"

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
		{"control character", `{"redirect_uris":["https://x.example/cb"],"client_name":"a\u0000b"}`, "invalid_client_metadata"},
	} {
		m, err := Parse([]byte(test.metadata))
		if err != nil {
			t.Fatal(err)
		}
		err = m.Settle(Terms{DefaultMethod: oauth.AuthBasic})
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
