package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/mcp-auth/go/client/clienterr"
)

// Covers CL4, CL11.
func TestClientCredentialsGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Grant = ClientCredentials{}
	w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "machine", ClientSecret: "s3cret-s3cret"}}
	w.as.metadata = func(d map[string]any) {
		d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
		delete(d, "code_challenge_methods_supported") // PKCE is for users' logins
		d["scopes_supported"] = []string{"offline_access"}
	}
	mustRequest(t, w.client(t), "read")
	form := w.as.tokens[0]
	equal(t, "grant_type", form.Get("grant_type"), "client_credentials")
	equal(t, "resource", form.Get("resource"), w.rs.url)
	equal(t, "scope", form.Get("scope"), "read")
	equal(t, "client_secret", form.Get("client_secret"), "s3cret-s3cret")
	equal(t, "logins", len(w.as.authorizations), 0)
	equal(t, "registrations", len(w.as.registrations), 0)
}

// The secret goes only to its issuer, and the error of a refusal does not show it.
//
// Covers CL7, CL11.
func TestClientCredentialsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Grant = ClientCredentials{}
	w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "machine", ClientSecret: "s3cret-s3cret", AuthMethod: "client_secret_post"}}
	w.as.token = func(r *http.Request, d map[string]any) int {
		clear(d)
		d["error"], d["error_description"] = "invalid_client", "wrong secret "+r.PostForm.Get("client_secret")
		return http.StatusUnauthorized
	}
	_, err := request(t, w.client(t), "")
	var refused *clienterr.TokenError
	if !errors.As(err, &refused) || refused.Code != "invalid_client" || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
	equal(t, "token requests", len(w.as.tokens), 1)

	other := newAuthServer(t, "two", "")
	w.rs.moveTo(other)
	if _, err := request(t, w.client(t), ""); err == nil {
		t.Error("no error")
	}
	if log := other.log(); len(log) > 0 {
		t.Errorf("another server was asked: %q", log)
	}
}

// Covers CL11.
func TestPrivateKeyJWT(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := newKey(t)
	w.config.Grant = ClientCredentials{}
	w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "machine", PrivateKey: key, KeyID: "k1"}}
	w.as.metadata = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"} }
	w.as.token = func(_ *http.Request, d map[string]any) int { delete(d, "refresh_token"); return http.StatusOK }
	c := w.client(t)
	mustRequest(t, c, "")
	w.as.revokeAll()
	mustRequest(t, c, "")
	seen := map[any]bool{}
	for _, form := range w.as.tokens {
		equal(t, "client_assertion_type", form.Get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		equal(t, "client_id", form.Get("client_id"), "")
		verify(t, form.Get("client_assertion"), key)
		header, claims := claimsOf(t, form.Get("client_assertion"))
		if header["kid"] != "k1" || claims["iss"] != "machine" || claims["sub"] != "machine" || claims["aud"] != w.as.issuer {
			t.Errorf("header %v, claims %v", header, claims)
		}
		issued, _ := claims["iat"].(float64)
		expires, _ := claims["exp"].(float64)
		if expires-issued > 300 || expires <= issued {
			t.Errorf("valid for %v s", expires-issued)
		}
		if seen[claims["jti"]] {
			t.Error("a jti was used twice")
		}
		seen[claims["jti"]] = true
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func verify(t *testing.T, token string, key *ecdsa.PrivateKey) {
	t.Helper()
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signed.Verify(key.Public()); err != nil {
		t.Error(err)
	}
}

// Covers CL4, CL11.
func TestWorkloadIdentityGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked AssertionRequest
	assertion := jwtFor(w.as.issuer)
	w.config.Grant = WorkloadIdentity{Assertion: func(_ context.Context, r AssertionRequest) (string, error) {
		asked = r
		return assertion, nil
	}}
	mustRequest(t, w.client(t), "read")
	form := w.as.tokens[0]
	equal(t, "grant_type", form.Get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer")
	equal(t, "assertion", form.Get("assertion"), assertion)
	equal(t, "resource", form.Get("resource"), w.rs.url)
	equal(t, "client_id", form.Get("client_id"), "")
	equal(t, "issuer", asked.Issuer, w.as.issuer)
	equal(t, "endpoint", asked.TokenEndpoint, w.as.URL+"/token")
	equal(t, "resource asked for", asked.Resource, w.rs.url)
	equal(t, "registrations", len(w.as.registrations), 0)
}

// A refusal is reported: it is neither repeated nor followed by another grant.
//
// Covers CL11.
func TestWorkloadIdentityRefused(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"invalid_grant", "invalid_scope", "unauthorized_client"} {
		w := newWorld(t)
		w.config.Grant = WorkloadIdentity{Assertion: func(context.Context, AssertionRequest) (string, error) { return jwtFor(w.as.issuer), nil }}
		w.as.token = func(r *http.Request, d map[string]any) int {
			clear(d)
			d["error"], d["error_description"] = code, r.PostForm.Get("assertion")
			return http.StatusBadRequest
		}
		_, err := request(t, w.client(t), "")
		var refused *clienterr.TokenError
		if !errors.As(err, &refused) || refused.Code != code || strings.Contains(err.Error(), jwtFor(w.as.issuer)) {
			t.Errorf("error %v, want %s", err, code)
		}
		equal(t, "token requests", len(w.as.tokens), 1)
		equal(t, "logins", len(w.as.authorizations), 0)
	}
}

// jwtFor returns a JWT, not signed, for some audiences.
func jwtFor(audiences ...string) string {
	claims, _ := json.Marshal(map[string]any{"aud": audiences})
	return "e30." + base64.RawURLEncoding.EncodeToString(claims) + ".c2ln"
}

// An assertion that is meant for others, too, is not sent: an MCP server may name
// any authorization server.
//
// Covers CL7, CL11, CL16.
func TestAssertionForOthers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		assertion func(as *authServer) string
		issuer    func(as *authServer) string
		sent      bool
	}{
		"the issuer":         {func(as *authServer) string { return jwtFor(as.issuer) }, nil, true},
		"the token endpoint": {func(as *authServer) string { return jwtFor(as.URL + "/token") }, nil, true},
		"both":               {func(as *authServer) string { return jwtFor(as.URL+"/token", as.issuer) }, nil, true},
		"another":            {func(*authServer) string { return jwtFor("https://as.example.com") }, nil, false},
		"another, too":       {func(as *authServer) string { return jwtFor(as.issuer, "https://as.example.com") }, nil, false},
		"a slash more":       {func(as *authServer) string { return jwtFor(as.issuer + "/") }, nil, false},
		"nobody":             {func(*authServer) string { return jwtFor() }, nil, false},
		"not a JWT":          {func(as *authServer) string { return as.issuer }, nil, false},
		"not JSON":           {func(*authServer) string { return "e30.e30.e30.e30" }, nil, false},
		"the configured":     {func(as *authServer) string { return jwtFor(as.issuer) }, func(as *authServer) string { return as.issuer }, true},
		"not the configured": {func(as *authServer) string { return jwtFor(as.issuer) }, func(*authServer) string { return "https://as.example.com" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			grant := WorkloadIdentity{Assertion: func(context.Context, AssertionRequest) (string, error) { return test.assertion(w.as), nil }}
			if test.issuer != nil {
				grant.Issuer = test.issuer(w.as)
			}
			w.config.Grant = grant
			_, err := request(t, w.client(t), "")
			var refused *clienterr.AssertionError
			if test.sent != (err == nil) || !test.sent && !errors.As(err, &refused) {
				t.Errorf("error %v", err)
			}
			equal(t, "sent", len(w.as.tokens) > 0, test.sent)
		})
	}
}

// Of several authorization servers, the one that the assertion is for is chosen.
//
// Covers CL11.
func TestWorkloadIdentityChoosesIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := newAuthServer(t, "two", "")
	w.rs.moveTo(w.as, second)
	w.config.Grant = WorkloadIdentity{
		Issuer: second.issuer, Assertion: func(context.Context, AssertionRequest) (string, error) { return jwtFor(second.issuer), nil },
	}
	mustRequest(t, w.client(t), "")
	equal(t, "token requests at the first", len(w.as.tokens), 0)
}

// Covers CL11.
func TestAssertionSourceFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := errors.New("no such file")
	w.config.Grant = WorkloadIdentity{Assertion: func(context.Context, AssertionRequest) (string, error) { return "", broken }}
	if _, err := request(t, w.client(t), ""); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	equal(t, "token requests", len(w.as.tokens), 0)
}

// Covers CL4, CL11, CL16.
func TestEnterpriseManagedGrant(t *testing.T) {
	t.Parallel()
	w, idp := newEnterprise(t)
	mustRequest(t, w.client(t), "read")
	exchange := idp.tokens[0]
	for name, want := range map[string]string{
		"grant_type":           "urn:ietf:params:oauth:grant-type:token-exchange",
		"requested_token_type": "urn:ietf:params:oauth:token-type:id-jag",
		"audience":             w.as.issuer,
		"resource":             w.rs.url,
		"scope":                "read",
		"subject_token":        "the.id.token",
		"subject_token_type":   "urn:ietf:params:oauth:token-type:id_token",
		"client_id":            "at-the-idp",
	} {
		equal(t, name, exchange.Get(name), want)
	}
	form := w.as.tokens[0]
	equal(t, "grant_type", form.Get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer")
	equal(t, "assertion", form.Get("assertion"), jwtFor(w.as.issuer))
	equal(t, "resource", form.Get("resource"), w.rs.url)
	if strings.Contains(strings.Join(values(form), " "), "the.id.token") {
		t.Error("the subject token was sent to the MCP server's authorization server")
	}
	if user, _, ok := (&http.Request{Header: w.as.headers[0]}).BasicAuth(); !ok || user != "at-the-server" {
		t.Errorf("authenticated as %q", user)
	}
	if _, ok := idp.headers[0]["Authorization"]; ok {
		t.Error("a secret was sent to the identity provider")
	}
}

func values(form map[string][]string) (all []string) {
	for _, list := range form {
		all = append(all, list...)
	}
	return all
}

func newEnterprise(t *testing.T) (*world, *authServer) {
	t.Helper()
	w := newWorld(t)
	idp := newAuthServer(t, "idp", "")
	idp.token = func(_ *http.Request, d map[string]any) int {
		d["access_token"], d["issued_token_type"], d["token_type"] = jwtFor(w.as.issuer), "urn:ietf:params:oauth:token-type:id-jag", "N_A"
		return http.StatusOK
	}
	w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "at-the-server", ClientSecret: "s3cret-s3cret"}}
	w.as.metadata = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = []string{"client_secret_basic"} }
	w.config.Grant = EnterpriseManaged{
		IdentityProvider: Credentials{Issuer: idp.issuer, ClientID: "at-the-idp"},
		Subject:          func(context.Context) (SubjectToken, error) { return SubjectToken{Token: "the.id.token"}, nil },
	}
	return w, idp
}

// Covers CL11, CL16.
func TestEnterpriseManagedRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any) int{
		"by policy": func(d map[string]any) int {
			clear(d)
			d["error"], d["error_description"] = "invalid_grant", "the.id.token is not welcome"
			return 400
		},
		"an access token instead": func(d map[string]any) int {
			d["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token"
			return 200
		},
		"without a type":              func(d map[string]any) int { delete(d, "issued_token_type"); return 200 },
		"an assertion for another":    func(d map[string]any) int { d["access_token"] = jwtFor("https://other.example.com"); return 200 },
		"what cannot be an assertion": func(d map[string]any) int { d["access_token"] = "a b"; return 200 },
	} {
		w, idp := newEnterprise(t)
		idp.token = func(_ *http.Request, d map[string]any) int {
			d["access_token"], d["issued_token_type"], d["token_type"] = jwtFor(w.as.issuer), "urn:ietf:params:oauth:token-type:id-jag", "N_A"
			return change(d)
		}
		_, err := request(t, w.client(t), "")
		if err == nil || strings.Contains(err.Error(), "the.id.") {
			t.Errorf("%s: error %v", name, err)
		}
		equal(t, name+": token requests", len(w.as.tokens), 0)
	}
}

// A client says which extensions it uses, for the SDK to declare them.
//
// Covers CL15.
func TestExtensions(t *testing.T) {
	t.Parallel()
	enterprise, _ := newEnterprise(t)
	source := func(context.Context, AssertionRequest) (string, error) { return "", nil }
	for want, grant := range map[string]Grant{
		"io.modelcontextprotocol/oauth-client-credentials":         ClientCredentials{},
		"io.modelcontextprotocol/enterprise-managed-authorization": enterprise.config.Grant,
		"":         AuthorizationCode{Callback: visit},
		"workload": WorkloadIdentity{Assertion: source}, // has no identifier
	} {
		enterprise.config.Grant = grant
		found := enterprise.client(t).Extensions()
		if !strings.Contains(want, "/") {
			equal(t, "extensions", len(found), 0)
			continue
		}
		if settings, ok := found[want].(map[string]any); !ok || len(settings) != 0 || len(found) != 1 {
			t.Errorf("%T: %v, want %s", grant, found, want)
		}
	}
}
