package interop_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/mcpauthtest"
)

// clientReport is what js/sdk-v1-client.mjs prints.
type clientReport struct {
	HTTP          []step `json:"http"`
	Registration  registration
	Authorization struct {
		Request map[string]string
		Issuer  string
	}
	Tool struct {
		IsError bool
		Content []struct{ Type, Text string }
	}
}

type registration struct {
	ClientID string `json:"client_id"`
	Issuer   string
	Scope    string
}

// step is one HTTP request of the client.
type step struct {
	Method string
	URL    string
	Status int
	Form   map[string]string
	PKCE   bool
}

// Covers RS1, RS2, RS3, RS4, RS7.
func TestTypeScriptSDKv1(t *testing.T) {
	t.Parallel()
	server := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known})
	resource := parts.NewResource(t)
	parts.StartWhoami(t, parts.Whoami{Resource: resource, Issuer: server.Issuer, Scopes: required})

	report := signIn(t, server.Issuer, resource, login, "any password", login)
	checkSteps(t, report.HTTP, server.Issuer, resource, "/reg")
}

// The same client at the authorization server for development.
//
// Covers RS1, RS2, RS3, RS4, RS7, AS1, AS2, AS3, AS7, AS8.
func TestTypeScriptSDKv1DevelopmentServer(t *testing.T) {
	t.Parallel()
	user := mcpauthtest.User{Username: login, Password: `p&ss"w+rd`, Subject: "subject-of-ada"}
	server, err := mcpauthtest.NewServer(mcpauthtest.Config{Users: []mcpauthtest.User{user}, Scopes: known})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	resource := parts.NewResource(t)
	parts.StartWhoami(t, parts.Whoami{Resource: resource, Issuer: server.Issuer(), Scopes: required})

	report := signIn(t, server.Issuer(), resource, user.Username, user.Password, user.Subject)
	checkSteps(t, report.HTTP, server.Issuer(), resource, "/register")
}

// signIn has the client sign a user in and call whoami, and checks what it
// reports and what whoami answers.
func signIn(t *testing.T, issuer, resource, login, password, subject string) clientReport {
	t.Helper()
	var report clientReport
	out := parts.Script(t, scriptTimeout, nil, "sdk-v1-client.mjs", resource, login, password, "whoami")
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if report.Tool.IsError || len(report.Tool.Content) != 1 {
		t.Fatalf("whoami answers %+v, want one text", report.Tool)
	}
	got, err := parts.ParseIdentity(report.Tool.Content[0].Text)
	if err != nil {
		t.Fatal(err)
	}
	want := parts.Identity{
		Issuer:   issuer,
		Subject:  subject,
		ClientID: report.Registration.ClientID,
		Scopes:   required,
		Audience: []string{resource},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("whoami answers %+v, want %+v", got, want)
	}
	checkAuthorization(t, report, issuer, resource)
	return report
}

func checkAuthorization(t *testing.T, report clientReport, issuer, resource string) {
	t.Helper()
	if report.Registration.ClientID == "" || report.Registration.Issuer != issuer {
		t.Errorf("registration %+v, want a client of %s", report.Registration, issuer)
	}
	request := report.Authorization.Request
	for name, want := range map[string]string{
		"client_id":             report.Registration.ClientID,
		"response_type":         "code",
		"code_challenge_method": "S256",
		"resource":              resource,
		"scope":                 strings.Join(required, " "),
	} {
		if request[name] != want {
			t.Errorf("%s %q in the authorization request, want %q", name, request[name], want)
		}
	}
	if report.Authorization.Issuer != issuer {
		t.Errorf("iss %q in the authorization response, want %q", report.Authorization.Issuer, issuer)
	}
}

// checkSteps checks the way the client took: refused, it found its way from the
// challenge alone, and was let in at once with its token.
func checkSteps(t *testing.T, got []step, issuer, resource, registration string) {
	t.Helper()
	token := map[string]string{"grant_type": "authorization_code", "resource": resource}
	want := []step{
		{Method: http.MethodPost, URL: resource, Status: http.StatusUnauthorized},
		{Method: http.MethodGet, URL: parts.MetadataURL(resource), Status: http.StatusOK},
		{Method: http.MethodGet, URL: issuer + "/.well-known/oauth-authorization-server", Status: http.StatusOK},
		{Method: http.MethodPost, URL: issuer + registration, Status: http.StatusCreated},
		{Method: http.MethodPost, URL: issuer + "/token", Status: http.StatusOK, Form: token, PKCE: true},
		{Method: http.MethodPost, URL: resource, Status: http.StatusOK},
	}
	if len(got) < len(want) || !reflect.DeepEqual(got[:len(want)], want) {
		t.Errorf("the client's requests are\n%+v\nwant these first\n%+v", got, want)
	}
	for _, s := range got[min(len(want), len(got)):] {
		if !strings.HasPrefix(s.URL, resource) {
			t.Errorf("unexpected request %+v after the client is let in", s)
		}
		if s.Status == http.StatusUnauthorized || s.Status == http.StatusForbidden {
			t.Errorf("request %+v refused in spite of the token", s)
		}
	}
}
