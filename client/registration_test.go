package client

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/client/clienterr"
)

// MCP's order: registered beforehand, client ID metadata document, dynamic
// registration, and else an error that says what to do.
//
// Covers CL6.
func TestRegistrationOrder(t *testing.T) {
	t.Parallel()
	const document = "https://client.example.com/client.json"
	preregistered := func(w *world) { w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "known"}} }
	withDocument := func(w *world) { w.config.MetadataDocumentURL = document }
	takesDocuments := func(w *world) {
		w.as.metadata = func(d map[string]any) { d["client_id_metadata_document_supported"] = true }
	}
	noDynamic := func(w *world) {
		w.as.metadata = func(d map[string]any) { delete(d, "registration_endpoint") }
	}
	for name, test := range map[string]struct {
		setup    []func(*world)
		clientID string
		kind     clienterr.RegistrationKind
	}{
		"beforehand comes first":     {[]func(*world){preregistered, withDocument, takesDocuments}, "known", ""},
		"then the document":          {[]func(*world){withDocument, takesDocuments}, document, ""},
		"not where it is not taken":  {[]func(*world){withDocument}, "client-one-1", ""},
		"not where there is none":    {[]func(*world){takesDocuments}, "client-one-1", ""},
		"then dynamic":               {nil, "client-one-1", ""},
		"dynamic switched off":       {[]func(*world){func(w *world) { w.config.Registration.Disabled = true }}, "", clienterr.RegistrationNeeded},
		"else ask":                   {[]func(*world){noDynamic}, "", clienterr.RegistrationNeeded},
		"else ask, with a document":  {[]func(*world){noDynamic, withDocument}, "", clienterr.RegistrationNeeded},
		"beforehand without dynamic": {[]func(*world){noDynamic, preregistered}, "known", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, change := range test.setup {
				change(w)
			}
			_, err := request(t, w.client(t), "")
			if test.kind != "" {
				var failure *clienterr.RegistrationError
				if !errors.As(err, &failure) || failure.Kind != test.kind {
					t.Fatalf("error %v, want %s", err, test.kind)
				}
				if !strings.Contains(err.Error(), "redirect URI http://127.0.0.1/callback") {
					t.Errorf("%v does not say what to register", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "client_id", w.as.authorizations[0].Get("client_id"), test.clientID)
			equal(t, "client_id at the token endpoint", w.as.tokens[0].Get("client_id"), test.clientID)
			if dynamic := strings.HasPrefix(test.clientID, "client-"); dynamic != (len(w.as.registrations) == 1) {
				t.Errorf("%d registrations", len(w.as.registrations))
			}
		})
	}
}

// Covers CL6, CL9.
func TestDynamicRegistrationRequest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		redirectURI, applicationType string
	}{
		"loopback":  {"http://127.0.0.1/callback", "native"},
		"localhost": {"http://localhost:3000/callback", "native"},
		"web":       {"https://app.example.com/callback", "web"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.config.Grant = AuthorizationCode{Callback: visit, RedirectURI: test.redirectURI}
			w.config.Registration = Registration{ClientName: "A client", SoftwareID: "id", SoftwareVersion: "1"}
			mustRequest(t, w.client(t), "read")
			about := w.as.registrations[0]
			for member, want := range map[string]any{
				"client_name": "A client", "software_id": "id", "software_version": "1",
				"application_type": test.applicationType, "token_endpoint_auth_method": "none",
			} {
				if about[member] != want {
					t.Errorf("%s is %v, want %v", member, about[member], want)
				}
			}
			equal(t, "redirect URIs", list(about["redirect_uris"]), test.redirectURI)
			equal(t, "grant types", list(about["grant_types"]), "authorization_code refresh_token")
			equal(t, "response types", list(about["response_types"]), "code")
			if _, has := about["scope"]; has {
				t.Error("the registration has a scope, which some servers take for the most the client may ask for")
			}
		})
	}
}

func list(value any) string {
	var words []string
	items, _ := value.([]any)
	for _, item := range items {
		text, _ := item.(string)
		words = append(words, text)
	}
	return strings.Join(words, " ")
}

// Covers CL6.
func TestRegistrationAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		register func(map[string]any) int
		methods  []string
		ok       bool
	}{
		"refused": {func(d map[string]any) int {
			delete(d, "client_id")
			d["error"], d["error_description"] = "invalid_redirect_uri", "no loopback here"
			return 400
		}, nil, false},
		"without client_id":     {func(d map[string]any) int { delete(d, "client_id"); return 201 }, nil, false},
		"empty client_id":       {func(d map[string]any) int { d["client_id"] = ""; return 201 }, nil, false},
		"client_id of a number": {func(d map[string]any) int { d["client_id"] = 7; return 201 }, nil, false},
		"line in client_id":     {func(d map[string]any) int { d["client_id"] = "a\nb"; return 201 }, nil, false},
		"other redirect":        {func(d map[string]any) int { d["redirect_uris"] = []string{"https://evil.example.com"}; return 201 }, nil, false},
		"a key is wanted":       {func(d map[string]any) int { d["token_endpoint_auth_method"] = "private_key_jwt"; return 201 }, nil, false},
		"basic without secret":  {func(d map[string]any) int { d["token_endpoint_auth_method"] = "client_secret_basic"; return 201 }, nil, false},
		"status 200":            {func(map[string]any) int { return 200 }, nil, true},
		"null members":          {func(d map[string]any) int { d["client_secret"], d["redirect_uris"] = nil, nil; return 201 }, nil, true},
		"not asked":             {func(map[string]any) int { return 302 }, nil, false},
		"a secret": {func(d map[string]any) int {
			d["client_secret"], d["client_secret_expires_at"], d["token_endpoint_auth_method"] = "s3cret-s3cret", 0, "client_secret_post"
			return 201
		}, []string{"client_secret_post"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.as.register = test.register
			if test.methods != nil {
				w.as.metadata = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = test.methods }
			}
			_, err := request(t, w.client(t), "")
			if (err == nil) != test.ok {
				t.Fatalf("error %v", err)
			}
			var refused *clienterr.RegistrationError
			if name == "refused" && (!errors.As(err, &refused) || refused.Kind != clienterr.RegistrationRefused || !strings.Contains(err.Error(), "no loopback here")) {
				t.Errorf("error %v, want the server's refusal", err)
			}
			if err != nil && len(w.as.authorizations) > 0 {
				t.Error("the user was sent to log in")
			}
		})
	}
}

// How a client authenticates follows what the server made of its registration,
// or what it supports.
//
// Covers CL6, CL11.
func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	const secret = "s:cret/s%cret"
	for name, test := range map[string]struct {
		supported []string
		chosen    string
		want      string
	}{
		"basic":                  {[]string{"client_secret_basic"}, "", "basic"},
		"post":                   {[]string{"client_secret_post"}, "", "post"},
		"both":                   {[]string{"client_secret_post", "client_secret_basic"}, "", "basic"},
		"unknown":                {nil, "", "basic"},
		"none":                   {[]string{"none"}, "", "none"},
		"post by choice":         {[]string{"client_secret_basic"}, "client_secret_post", "post"},
		"basic though only keys": {[]string{"private_key_jwt"}, "", "basic"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.as.metadata = func(d map[string]any) {
				delete(d, "token_endpoint_auth_methods_supported")
				if test.supported != nil {
					d["token_endpoint_auth_methods_supported"] = test.supported
				}
			}
			w.config.Credentials = []Credentials{{Issuer: w.as.issuer, ClientID: "the client", ClientSecret: secret, AuthMethod: test.chosen}}
			mustRequest(t, w.client(t), "")
			form, header := w.as.tokens[0], w.as.headers[0]
			user, password, basic := (&http.Request{Header: header}).BasicAuth()
			got := "none"
			switch {
			case basic:
				got = "basic"
				equal(t, "user", user, "the+client")
				equal(t, "password", password, "s%3Acret%2Fs%25cret")
				equal(t, "client_id beside it", form.Get("client_id"), "")
			case form.Get("client_secret") != "":
				got = "post"
				equal(t, "client_secret", form.Get("client_secret"), secret)
			}
			equal(t, "method", got, test.want)
			if strings.Contains(w.log.String(), "cret") {
				t.Error("the log shows the secret")
			}
		})
	}
}

// Covers CL6, CL7.
func TestRegistrationIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := newClock()
	w.config.Now, w.config.Store = now.Now, NewMemoryStore()
	w.as.metadata = func(d map[string]any) { d["token_endpoint_auth_methods_supported"] = []string{"client_secret_basic"} }
	w.as.register = func(d map[string]any) int {
		d["client_secret"], d["client_secret_expires_at"] = "s3cret-s3cret", now.Now().Add(3*time.Hour).Unix()
		return http.StatusCreated
	}
	login := func() {
		t.Helper()
		if err := w.client(t).Login(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	login()
	login()
	equal(t, "registrations after two logins", len(w.as.registrations), 1)
	now.advance(4 * time.Hour)
	login()
	equal(t, "registrations after the secret expired", len(w.as.registrations), 2)
	w.config.Grant = AuthorizationCode{Callback: visit, RedirectURI: "http://127.0.0.1:9/other"}
	login()
	equal(t, "registrations after the redirect URI changed", len(w.as.registrations), 3)
}

// If the MCP server names another authorization server, nothing that the first
// one issued is sent to the second.
//
// Covers CL7.
func TestAuthorizationServerChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Store = NewMemoryStore()
	c := w.client(t)
	mustRequest(t, c, "read")
	second := newAuthServer(t, "two", "")
	w.rs.moveTo(second)
	mustRequest(t, c, "read")
	equal(t, "registrations at the second", len(second.registrations), 1)
	equal(t, "client_id", second.authorizations[0].Get("client_id"), "client-two-1")
	equal(t, "grant_type", second.tokens[0].Get("grant_type"), "authorization_code")
	for _, form := range second.tokens {
		for name := range form {
			if value := form.Get(name); strings.Contains(value, "one") && !strings.Contains(value, "127.0.0.1") {
				t.Errorf("%s %q is the first server's", name, value)
			}
		}
	}
	equal(t, "token requests at the first", len(w.as.tokens), 1)

	// Back again: the old registration serves, the scopes asked for there too.
	w.as.revokeAll()
	w.rs.moveTo(w.as)
	mustRequest(t, c, "write")
	equal(t, "registrations at the first", len(w.as.registrations), 1)
	equal(t, "scope", w.as.authorizations[1].Get("scope"), "read write")
}

// Credentials registered beforehand are for one server only: at another they
// are an error, not a reason to register.
//
// Covers CL7.
func TestCredentialsOfAnotherIssuer(t *testing.T) {
	t.Parallel()
	for name, bound := range map[string]bool{"named": true, "bound on first use": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.config.Store = NewMemoryStore()
			w.config.Credentials = []Credentials{{ClientID: "known", ClientSecret: "s3cret-s3cret"}}
			if bound {
				w.config.Credentials[0].Issuer = w.as.issuer
			}
			mustRequest(t, w.client(t), "")
			second := newAuthServer(t, "two", "")
			w.rs.moveTo(second)
			// Another process must not use them either.
			_, err := request(t, w.client(t), "")
			var failure *clienterr.RegistrationError
			if !errors.As(err, &failure) || failure.Kind != clienterr.OtherIssuer || failure.Issuer != second.issuer {
				t.Errorf("error %v, want credentials of another issuer", err)
			}
			if log := second.log(); len(log) > 0 {
				t.Errorf("the second server was asked: %q", log)
			}
		})
	}
}

// Two resources of one authorization server share a registration, and each has
// its own token.
//
// Covers CL7.
func TestTokensAreKeyedByResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.Store = NewMemoryStore()
	mustRequest(t, w.client(t), "")
	other := newResourceServer(t, "/mcp", w.as)
	w.config.ServerURL = other.url
	mustRequest(t, w.client(t), "")
	equal(t, "registrations", len(w.as.registrations), 1)
	_, sent := other.requests()
	if slices.Contains(sent, "Bearer access-one-1") {
		t.Error("the other resource's token was sent")
	}
	equal(t, "resource", w.as.tokens[1].Get("resource"), other.url)

	// Neither took the other's place.
	for _, server := range []string{w.rs.url, other.url} {
		w.config.ServerURL = server
		mustRequest(t, w.client(t), "")
	}
	equal(t, "logins", len(w.as.authorizations), 2)
}
