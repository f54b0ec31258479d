package mcpauthtest

import (
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/authserver/oauth"
	"github.com/mcp-auth/go/internal/authserver/tokenendpoint"
)

const (
	idpIssuer   = "https://idp.example"
	cloudIssuer = "spiffe://cloud.example"
	agent       = "spiffe://cloud.example/agent"
)

// trusting is a server that trusts an identity provider and a cloud.
type trusting struct {
	*Server
	clock      *clock
	idp, cloud *party
}

func startTrusting(t *testing.T) *trusting {
	t.Helper()
	c, idp, cloud := newClock(), newParty(t, idpIssuer), newParty(t, cloudIssuer)
	s := start(t, func(config *Config) {
		config.Now = c.now
		config.Resources = []string{testResource, otherTarget}
		config.DefaultScopes = []string{"read"}
		config.TrustedIssuers = []TrustedIssuer{
			{Issuer: idpIssuer, JWKS: idp.jwks, IdentityAssertions: true},
			{Issuer: cloudIssuer, JWKS: cloud.jwks, Workloads: []Workload{
				{Subject: agent, Scopes: []string{"read", "write"}, Resources: []string{otherTarget}},
				{Subject: "free", Scopes: []string{"read"}},
			}},
		}
	})
	return &trusting{s, c, idp, cloud}
}

func bearer(assertion string, more ...string) url.Values {
	form := url.Values{"grant_type": {oauth.GrantJWTBearer}, "assertion": {assertion}}
	change(form, more)
	return form
}

// idJAG is an assertion of the identity provider.
func (s *trusting) idJAG(t *testing.T, changes map[string]any) string {
	t.Helper()
	return s.idp.sign(t, s.clock.now(), map[string]any{
		"typ": oauth.TypeIDJAG, "sub": "U019488227", "aud": testIssuer, "client_id": "app",
		"resource": testResource, "scope": "read write",
	}, changes)
}

// Covers AS9, AS11.
func TestIdentityAssertion(t *testing.T) {
	t.Parallel()
	s := startTrusting(t)
	for name, test := range map[string]struct {
		claims map[string]any
		form   []string
		scope  string
		aud    string
	}{
		"as asserted":              {nil, nil, "read write", testResource},
		"same scope":               {nil, []string{"scope", "write read"}, "read write", testResource},
		"the intersection":         {nil, []string{"scope", "write admin"}, "write", testResource},
		"resource repeated":        {nil, []string{"resource", testResource}, "read write", testResource},
		"resource of the request":  {map[string]any{"resource": nil}, []string{"resource", otherTarget}, "read write", otherTarget},
		"resource of neither":      {map[string]any{"resource": nil}, nil, "read write", testResource},
		"one of two resources":     {map[string]any{"resource": []string{testResource, otherTarget}}, []string{"resource", otherTarget}, "read write", otherTarget},
		"no scope: none":           {map[string]any{"scope": nil}, nil, "", testResource},
		"identity scopes are left": {map[string]any{"scope": "openid read offline_access"}, nil, "read", testResource},
		"aud a list of one":        {map[string]any{"aud": []string{testIssuer}}, nil, "read write", testResource},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := redeem(t, s.Server, bearer(s.idJAG(t, test.claims), append(test.form, "client_id", "app")...))
			_, claims := verified(t, s.Server, answer.AccessToken)
			if claims["sub"] != "U019488227" || claims["client_id"] != "app" || text(claims["scope"]) != test.scope || claims["aud"] != test.aud {
				t.Errorf("claims %v", claims)
			}
			if answer.RefreshToken != "" || answer.IDToken != "" || answer.Scope != test.scope {
				t.Errorf("scope %q, or tokens too many", answer.Scope)
			}
		})
	}
}

// text returns a claim that is a string, or missing.
func text(claim any) string { s, _ := claim.(string); return s }

// Covers AS9, AS11.
func TestIdentityAssertionsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := startTrusting(t)
	now := s.clock.now()
	for name, test := range map[string]struct {
		claims map[string]any
		form   []string
		status int
		want   string
	}{
		"for another client":      {map[string]any{"client_id": "other"}, nil, 400, "invalid_grant"},
		"for no client":           {map[string]any{"client_id": nil}, nil, 400, "invalid_grant"},
		"sent by another":         {nil, []string{"client_id", "other"}, 400, "unauthorized_client"},
		"sent by nobody":          {nil, []string{"client_id", ""}, 401, "invalid_client"},
		"other aud":               {map[string]any{"aud": "https://other.example"}, nil, 400, "invalid_grant"},
		"aud token endpoint":      {map[string]any{"aud": testIssuer + "/token"}, nil, 400, "invalid_grant"},
		"two aud":                 {map[string]any{"aud": []string{testIssuer, "https://other.example"}}, nil, 400, "invalid_grant"},
		"unknown resource":        {map[string]any{"resource": "https://other.example/mcp"}, nil, 400, "invalid_grant"},
		"longer resource":         {map[string]any{"resource": testResource + "/"}, nil, 400, "invalid_grant"},
		"another resource asked":  {nil, []string{"resource", otherTarget}, 400, "invalid_target"},
		"unknown scope":           {map[string]any{"scope": "read everything"}, nil, 400, "invalid_grant"},
		"scope of none":           {map[string]any{"scope": nil}, []string{"scope", "read"}, 400, "invalid_scope"},
		"no scope in common":      {nil, []string{"scope", "admin"}, 400, "invalid_scope"},
		"unknown issuer":          {map[string]any{"iss": "https://evil.example"}, nil, 400, "invalid_grant"},
		"issuer of workloads":     {map[string]any{"iss": cloudIssuer}, nil, 400, "invalid_grant"},
		"expired":                 {map[string]any{"exp": now.Add(-assertionLeeway).Unix()}, nil, 400, "invalid_grant"},
		"no exp":                  {map[string]any{"exp": nil}, nil, 400, "invalid_grant"},
		"no iat":                  {map[string]any{"iat": nil}, nil, 400, "invalid_grant"},
		"no jti":                  {map[string]any{"jti": nil}, nil, 400, "invalid_grant"},
		"no sub":                  {map[string]any{"sub": nil}, nil, 400, "invalid_grant"},
		"not yet valid":           {map[string]any{"nbf": now.Add(time.Hour).Unix()}, nil, 400, "invalid_grant"},
		"typ JWT":                 {map[string]any{"typ": "JWT"}, nil, 400, "invalid_grant"},
		"an access token":         {map[string]any{"typ": "at+jwt"}, nil, 400, "invalid_grant"},
		"resource of wrong type":  {map[string]any{"resource": 1}, nil, 400, "invalid_grant"},
		"no assertion":            {nil, []string{"assertion", ""}, 400, "invalid_grant"},
		"garbage":                 {nil, []string{"assertion", "garbage"}, 400, "invalid_grant"},
		"more resources than one": {map[string]any{"resource": []string{testResource, otherTarget}}, nil, 400, "invalid_target"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := bearer(s.idJAG(t, test.claims), append([]string{"client_id", "app"}, test.form...)...)
			wantError(t, postForm(s.Server, tokenEndpoint(s.Server), form), test.status, test.want)
		})
	}
	stranger := newParty(t, idpIssuer)
	forged := stranger.sign(t, now, map[string]any{
		"typ": oauth.TypeIDJAG, "sub": "U", "aud": testIssuer, "client_id": "app", "resource": testResource,
	}, nil)
	wantError(t, postForm(s.Server, tokenEndpoint(s.Server), bearer(forged, "client_id", "app")), http.StatusBadRequest, "invalid_grant")
	once := bearer(s.idJAG(t, nil), "client_id", "app")
	redeem(t, s.Server, once)
	wantError(t, postForm(s.Server, tokenEndpoint(s.Server), once), http.StatusBadRequest, "invalid_grant")
}

// Covers AS9.
func TestWorkloads(t *testing.T) {
	t.Parallel()
	s := startTrusting(t)
	now := s.clock.now()
	for name, test := range map[string]struct {
		claims map[string]any
		form   []string
		scope  string // of a success
		aud    string
		want   string // of a refusal
	}{
		"all its scopes":      {nil, nil, "read write", otherTarget, ""},
		"fewer scopes":        {nil, []string{"scope", "write"}, "write", otherTarget, ""},
		"its resource":        {nil, []string{"resource", otherTarget}, "read write", otherTarget, ""},
		"aud the issuer":      {map[string]any{"aud": testIssuer}, nil, "read write", otherTarget, ""},
		"no typ":              {map[string]any{"typ": nil}, nil, "read write", otherTarget, ""},
		"any resource":        {map[string]any{"sub": "free"}, []string{"resource", testResource}, "read", testResource, ""},
		"more scope":          {nil, []string{"scope", "read admin"}, "", "", "invalid_scope"},
		"other resource":      {nil, []string{"resource", testResource}, "", "", "invalid_target"},
		"unknown resource":    {map[string]any{"sub": "free"}, []string{"resource", "https://x.example"}, "", "", "invalid_target"},
		"unknown workload":    {map[string]any{"sub": agent + "/other"}, nil, "", "", "invalid_grant"},
		"issuer of users":     {map[string]any{"iss": idpIssuer}, nil, "", "", "invalid_grant"},
		"for another server":  {map[string]any{"aud": "https://other.example/token"}, nil, "", "", "invalid_grant"},
		"for others too":      {map[string]any{"aud": []string{testIssuer, "https://other.example"}}, nil, "", "", "invalid_grant"},
		"expired":             {map[string]any{"exp": now.Add(-time.Hour).Unix()}, nil, "", "", "invalid_grant"},
		"no jti":              {map[string]any{"jti": nil}, nil, "", "", "invalid_grant"},
		"no iat":              {map[string]any{"iat": nil}, nil, "", "", "invalid_grant"},
		"an ID-JAG":           {map[string]any{"typ": oauth.TypeIDJAG}, nil, "", "", "invalid_grant"},
		"a DPoP proof":        {map[string]any{"typ": "dpop+jwt"}, nil, "", "", "invalid_grant"},
		"valid for days":      {map[string]any{"exp": now.Add(48 * time.Hour).Unix()}, nil, "", "", "invalid_grant"},
		"a name in two parts": {map[string]any{"sub": []string{agent}}, nil, "", "", "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims := map[string]any{"typ": "JWT", "sub": agent, "aud": testIssuer + "/token"}
			maps.Copy(claims, test.claims)
			form := bearer(s.cloud.sign(t, now, claims, nil), test.form...)
			if test.want != "" {
				wantError(t, postForm(s.Server, tokenEndpoint(s.Server), form), http.StatusBadRequest, test.want)
				return
			}
			answer := redeem(t, s.Server, form)
			_, got := verified(t, s.Server, answer.AccessToken)
			if got["sub"] != claims["sub"] || got["client_id"] != claims["sub"] || got["scope"] != test.scope || got["aud"] != test.aud {
				t.Errorf("claims %v", got)
			}
			wantError(t, postForm(s.Server, tokenEndpoint(s.Server), form), http.StatusBadRequest, "invalid_grant") // once
		})
	}
}

// Covers AS9.
func TestAssertionsGiveBoundTokens(t *testing.T) {
	t.Parallel()
	s, key := startTrusting(t), dpopKey(t)
	redeemBound(t, s.Server, key, s.clock, bearer(s.idJAG(t, nil), "client_id", "app"))
	workload := s.cloud.sign(t, s.clock.now(), map[string]any{"sub": agent, "aud": testIssuer}, nil)
	redeemBound(t, s.Server, key, s.clock, bearer(workload))
}

// Covers AS9, AS11.
func TestEnterpriseManagedAuthorization(t *testing.T) {
	t.Parallel()
	idp, err := NewServer(Config{
		AutoApprove: true,
		Users:       []User{{Username: "alice", Password: "p", Subject: "employee-7"}},
		Clients:     []Client{{ID: "agent-at-idp", Secret: "s", RedirectURIs: []string{testRedirect}}},
		AssertionAudiences: []AssertionAudience{{
			Issuer: loopbackIssuer, Resources: []string{testResource}, Scopes: []string{"read", "write"},
			ClientIDs: map[string]string{"agent-at-idp": "app"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(idp.Close)
	s := start(t, func(c *Config) {
		onLoopback(c)
		// Its keys are found through its metadata.
		c.TrustedIssuers = []TrustedIssuer{{Issuer: idp.Issuer(), IdentityAssertions: true}}
	})

	form := login(t, idp, "client_id", "agent-at-idp", "scope", "openid", "resource", "")
	form.Set("client_secret", "s")
	idToken := redeem(t, idp, form).IDToken
	exchange := url.Values{
		"grant_type": {oauth.GrantTokenExchange}, "client_id": {"agent-at-idp"}, "client_secret": {"s"},
		"requested_token_type": {oauth.TokenTypeIDJAG}, "audience": {loopbackIssuer}, "resource": {testResource},
		"scope": {"read"}, "subject_token": {idToken}, "subject_token_type": {oauth.TokenTypeIDToken},
	}
	var exchanged tokenendpoint.Response
	decode(t, postForm(idp, tokenEndpoint(idp), exchange), http.StatusOK, &exchanged)
	if exchanged.IssuedTokenType != oauth.TokenTypeIDJAG || exchanged.TokenType != "N_A" || exchanged.ExpiresIn != 300 || exchanged.Scope != "read" {
		t.Errorf("%+v", exchanged)
	}
	answer := redeem(t, s, bearer(exchanged.AccessToken, "client_id", "app"))
	_, claims := verified(t, s, answer.AccessToken)
	if claims["sub"] != "employee-7" || claims["scope"] != "read" || claims["aud"] != testResource || claims["client_id"] != "app" {
		t.Errorf("claims %v", claims)
	}
	if err := idp.RotateKeys(DropOldKeys()); err != nil {
		t.Fatal(err)
	}
	wantError(t, postForm(idp, tokenEndpoint(idp), exchange), http.StatusBadRequest, "invalid_request")
}
