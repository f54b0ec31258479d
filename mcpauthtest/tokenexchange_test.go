package mcpauthtest

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/tokenendpoint"
)

const elsewhere = "https://auth.chat.example/"

// Covers AS9.
func TestTokenExchange(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, func(config *Config) {
		config.Now = c.now
		config.Clients = append(config.Clients,
			Client{ID: "narrow", Secret: "s", GrantTypes: []string{"client_credentials"}},
			Client{ID: "open", RedirectURIs: config.Clients[0].RedirectURIs, GrantTypes: []string{oauth.GrantAuthorizationCode, oauth.GrantTokenExchange}})
		config.AssertionAudiences = []AssertionAudience{
			{Issuer: elsewhere, Resources: []string{testResource}, Scopes: []string{"chat.read", "chat.write"}},
			{Issuer: "https://two.example", Resources: []string{testResource, otherTarget}},
		}
	})
	form := login(t, s, "client_id", "robot", "scope", "openid read")
	form.Set("client_secret", "robot secret: 100%")
	answer := redeem(t, s, form)
	appsToken := redeem(t, s, login(t, s, "scope", "openid")).IDToken
	opensToken := redeem(t, s, login(t, s, "client_id", "open", "scope", "openid")).IDToken
	expired := mint(t, s, TokenClaims{ClientID: "robot"}, IDToken(), Expired())

	for name, test := range map[string]struct {
		changes  []string
		status   int
		want     string // of a refusal
		resource any
		scope    any
	}{
		"all said":              {nil, 200, "", testResource, "chat.read"},
		"the one resource":      {[]string{"resource", ""}, 200, "", testResource, "chat.read"},
		"one of two":            {[]string{"audience", "https://two.example", "resource", otherTarget}, 200, "", otherTarget, "chat.read"},
		"neither of two":        {[]string{"audience", "https://two.example", "resource", ""}, 200, "", nil, "chat.read"},
		"no scope":              {[]string{"scope", ""}, 200, "", testResource, nil},
		"unknown audience":      {[]string{"audience", "https://evil.example"}, 400, "invalid_target", nil, nil},
		"audience no slash":     {[]string{"audience", "https://auth.chat.example"}, 400, "invalid_target", nil, nil},
		"no audience":           {[]string{"audience", ""}, 400, "invalid_target", nil, nil},
		"another's resource":    {[]string{"resource", otherTarget}, 400, "invalid_target", nil, nil},
		"another's scope":       {[]string{"scope", "chat.read admin"}, 400, "invalid_scope", nil, nil},
		"public client":         {[]string{"client_id", "app", "client_secret", "", "subject_token", appsToken}, 400, "unauthorized_client", nil, nil},
		"public, though it may": {[]string{"client_id", "open", "client_secret", "", "subject_token", opensToken}, 400, "unauthorized_client", nil, nil},
		"not for this client":   {[]string{"client_id", "narrow", "client_secret", "s"}, 400, "unauthorized_client", nil, nil},
		"wrong secret":          {[]string{"client_secret", "x"}, 401, "invalid_client", nil, nil},
		"another's ID token":    {[]string{"subject_token", appsToken}, 400, "invalid_request", nil, nil},
		"an access token":       {[]string{"subject_token", answer.AccessToken}, 400, "invalid_request", nil, nil},
		"expired":               {[]string{"subject_token", expired}, 400, "invalid_request", nil, nil},
		"no subject token":      {[]string{"subject_token", ""}, 400, "invalid_request", nil, nil},
		"other subject type":    {[]string{"subject_token_type", "urn:ietf:params:oauth:token-type:access_token"}, 400, "invalid_request", nil, nil},
		"other wish":            {[]string{"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"}, 400, "invalid_request", nil, nil},
		"no wish":               {[]string{"requested_token_type", ""}, 400, "invalid_request", nil, nil},
		"an actor":              {[]string{"actor_token", "x"}, 400, "invalid_request", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exchange := url.Values{
				"grant_type": {oauth.GrantTokenExchange}, "client_id": {"robot"}, "client_secret": {"robot secret: 100%"},
				"requested_token_type": {oauth.TokenTypeIDJAG}, "audience": {elsewhere}, "resource": {testResource},
				"scope": {"chat.read"}, "subject_token": {answer.IDToken}, "subject_token_type": {oauth.TokenTypeIDToken},
			}
			change(exchange, test.changes)
			r := postForm(s, tokenEndpoint(s), exchange)
			if test.want != "" {
				wantError(t, r, test.status, test.want)
				return
			}
			var got tokenendpoint.Response
			decode(t, r, http.StatusOK, &got)
			header, claims := verified(t, s, got.AccessToken)
			now := float64(c.now().Unix())
			for member, want := range map[string]any{
				"iss": testIssuer, "sub": "sub-alice", "aud": exchange.Get("audience"), "client_id": "robot", "resource": test.resource,
				"scope": test.scope, "iat": now, "exp": now + 5*time.Minute.Seconds(), "email": nil,
			} {
				if claims[member] != want {
					t.Errorf("%s is %v, want %v", member, claims[member], want)
				}
			}
			if header["typ"] != "oauth-id-jag+jwt" || claims["jti"] == nil {
				t.Errorf("typ %v, jti %v", header["typ"], claims["jti"])
			}
			// It is no token for resources.
			if s.TokenActive(t.Context(), got.AccessToken) || got.RefreshToken != "" {
				t.Error("an assertion is an active token, or came with a refresh token")
			}
		})
	}
}

// Covers AS2, AS9, AS11.
func TestAssertionsAreAdvertisedWhereTheyAreTaken(t *testing.T) {
	t.Parallel()
	plain, trusting := start(t, nil).Metadata(), startTrusting(t).Metadata()
	idp := start(t, func(c *Config) { c.AssertionAudiences = []AssertionAudience{{Issuer: elsewhere}} }).Metadata()
	const profiles, types = "authorization_grant_profiles_supported", "identity_chaining_requested_token_types_supported"
	if got := string(trusting.Extra[profiles]); got != `["urn:ietf:params:oauth:grant-profile:id-jag"]` {
		t.Errorf("profiles %s", got)
	}
	if got := string(idp.Extra[types]); got != `["urn:ietf:params:oauth:token-type:id-jag"]` {
		t.Errorf("types %s", got)
	}
	if plain.Extra[profiles] != nil || plain.Extra[types] != nil || len(plain.GrantTypesSupported) != 3 {
		t.Errorf("a plain server advertises %v %v", plain.Extra, plain.GrantTypesSupported)
	}
	if len(trusting.GrantTypesSupported) != 4 || len(idp.GrantTypesSupported) != 4 {
		t.Errorf("grant types %v, %v", trusting.GrantTypesSupported, idp.GrantTypesSupported)
	}
}
