package client

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/mcp-auth/go/client/clienterr"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/metadata"
)

// An authorization server that does not conform is used as its settings say, and
// refused without them.
//
// Covers CL2, CL3, CL4, CL5.
func TestAuthorizationServerSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		breaks   func(w *world)
		settings func(w *world) AuthorizationServer
		check    func(t *testing.T, w *world)
	}{
		"another issuer": {
			breaks: func(w *world) {
				w.as.metadata = func(d map[string]any) { d["issuer"] = "https://own.example.com" }
				w.as.callback = func(q url.Values) { q.Set("iss", "https://own.example.com") }
			},
			settings: func(*world) AuthorizationServer { return AuthorizationServer{OwnIssuer: "https://own.example.com"} },
		},
		"a slash more": {
			breaks: func(w *world) {
				w.as.metadata = func(d map[string]any) { d["issuer"] = w.as.issuer + "/" }
				w.as.callback = func(q url.Values) { q.Set("iss", w.as.issuer+"/") }
			},
			settings: func(w *world) AuthorizationServer { return AuthorizationServer{OwnIssuer: w.as.issuer + "/"} },
		},
		"PKCE not advertised": {
			breaks: func(w *world) {
				w.as.metadata = func(d map[string]any) { delete(d, "code_challenge_methods_supported") }
			},
			settings: func(*world) AuthorizationServer { return AuthorizationServer{DangerouslyAssumePKCE: true} },
			check: func(t *testing.T, w *world) {
				equal(t, "code_challenge_method", w.as.authorizations[0].Get("code_challenge_method"), "S256")
				if w.as.tokens[0].Get("code_verifier") == "" {
					t.Error("no code verifier was sent")
				}
			},
		},
		"resource refused": {
			breaks: func(w *world) {
				w.as.callback = func(q url.Values) {
					if w.as.authorizations[len(w.as.authorizations)-1].Has("resource") {
						q.Del("code")
						q.Set("error", "invalid_target")
					}
				}
				w.as.token = func(r *http.Request, d map[string]any) int {
					if r.PostForm.Has("resource") {
						clear(d)
						d["error"] = "invalid_target"
						return http.StatusBadRequest
					}
					return http.StatusOK
				}
			},
			settings: func(*world) AuthorizationServer { return AuthorizationServer{OmitResource: true} },
		},
		"more parameters": {
			breaks: func(w *world) {
				w.as.callback = func(q url.Values) {
					if w.as.authorizations[0].Get("access_type") != "offline" {
						q.Del("code")
						q.Set("error", "invalid_request")
					}
				}
				w.as.token = func(r *http.Request, d map[string]any) int {
					if r.PostForm.Get("audience") != "api" {
						clear(d)
						d["error"] = "invalid_request"
						return http.StatusBadRequest
					}
					return http.StatusOK
				}
			},
			settings: func(*world) AuthorizationServer {
				return AuthorizationServer{
					AuthorizationParameters: map[string]string{"access_type": "offline", "prompt": "login"},
					TokenParameters:         map[string]string{"audience": "api"},
				}
			},
			check: func(t *testing.T, w *world) { equal(t, "prompt", w.as.authorizations[0].Get("prompt"), "login") },
		},
		"more scopes": {
			breaks: func(w *world) {
				w.as.callback = func(q url.Values) {
					if w.as.authorizations[0].Get("scope") != "read offline_access" {
						q.Del("code")
						q.Set("error", "invalid_request")
					}
				}
			},
			settings: func(*world) AuthorizationServer { return AuthorizationServer{Scopes: []string{"offline_access"}} },
		},
		"metadata elsewhere": {
			breaks:   func(w *world) { w.as.places = []string{"/elsewhere"} },
			settings: func(w *world) AuthorizationServer { return AuthorizationServer{MetadataURL: w.as.URL + "/elsewhere"} },
		},
		"metadata by hand": {
			breaks: func(w *world) { w.as.places = nil },
			settings: func(w *world) AuthorizationServer {
				return AuthorizationServer{Metadata: &metadata.AuthorizationServer{
					Issuer: w.as.issuer, AuthorizationEndpoint: w.as.URL + "/authorize", TokenEndpoint: w.as.URL + "/token",
					RegistrationEndpoint: w.as.URL + "/register", CodeChallengeMethodsSupported: []string{"S256"},
				}}
			},
		},
		"metadata repaired": {
			breaks: func(w *world) { w.as.metadata = func(d map[string]any) { d["issuer"] = 7 } },
			settings: func(w *world) AuthorizationServer {
				return AuthorizationServer{RepairMetadata: func(document []byte) ([]byte, error) {
					var members map[string]any
					if err := json.Unmarshal(document, &members); err != nil {
						return nil, err
					}
					members["issuer"] = w.as.issuer
					return json.Marshal(members)
				}}
			},
		},
	} {
		for _, configured := range []string{"", "listed", "looked up"} {
			t.Run(name+" "+configured, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				test.breaks(w)
				settings := test.settings(w)
				settings.Issuer = w.as.issuer
				switch configured {
				case "listed":
					w.config.AuthorizationServers = []AuthorizationServer{settings}
				case "looked up":
					w.config.LookupAuthorizationServer = func(issuer string) *AuthorizationServer {
						equal(t, "issuer", issuer, w.as.issuer)
						return &settings
					}
				}
				status, err := request(t, w.client(t), "read")
				if loggedIn := err == nil && status == http.StatusOK; loggedIn != (configured != "") {
					t.Fatalf("status %d, error %v", status, err)
				}
				if test.check != nil && configured != "" {
					test.check(t, w)
				}
			})
		}
	}
}

// The settings do not reach beyond what they are about: a third issuer is refused,
// as is a list of PKCE methods without S256.
//
// Covers CL2, CL3, CL5.
func TestSettingsGiveUpNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.config.AuthorizationServers = []AuthorizationServer{{
		Issuer: w.as.issuer, OwnIssuer: "https://own.example.com", DangerouslyAssumePKCE: true,
	}}
	for name, change := range map[string]func(d map[string]any){
		"a third issuer": func(d map[string]any) { d["issuer"] = "https://third.example.com" },
		"plain PKCE":     func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"plain"} },
	} {
		w.as.metadata = change
		if _, err := request(t, w.client(t), ""); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	w.as.metadata = func(d map[string]any) { d["issuer"] = "https://own.example.com" }
	w.as.callback = func(q url.Values) { q.Set("iss", w.as.issuer) } // the name, not its own
	var discarded *clienterr.CallbackError
	if _, err := request(t, w.client(t), ""); !errors.As(err, &discarded) || discarded.Fault != clienterr.IssuerMismatch {
		t.Errorf("error %v, want an issuer mismatch", err)
	}
	equal(t, "token requests", len(w.as.tokens), 0)
}

// An endpoint that the client never uses does not spoil the document, be it http
// or on loopback.
//
// Covers CL2.
func TestIrrelevantEndpoints(t *testing.T) {
	t.Parallel()
	for member, spoils := range map[string]bool{
		"userinfo_endpoint": false, "end_session_endpoint": false, "jwks_uri": false, "introspection_endpoint": false,
		"device_authorization_endpoint": false, "revocation_endpoint": false,
		"authorization_endpoint": true, "token_endpoint": true, "registration_endpoint": true,
	} {
		w := newWorld(t)
		w.as.metadata = func(d map[string]any) { d[member] = "http://plain.example.com/x" }
		if _, err := request(t, w.client(t), ""); (err != nil) != spoils {
			t.Errorf("%s: error %v", member, err)
		}
	}
}

func TestAuthorizationServerFaults(t *testing.T) {
	t.Parallel()
	const issuer = "https://as.example.com"
	for name, test := range map[string]struct {
		settings AuthorizationServer
		fault    configerr.Fault
	}{
		"no issuer":       {AuthorizationServer{}, configerr.InvalidIssuer},
		"own issuer":      {AuthorizationServer{Issuer: issuer, OwnIssuer: "http://as.example.com"}, configerr.InvalidIssuer},
		"metadata URL":    {AuthorizationServer{Issuer: issuer, MetadataURL: "http://as.example.com"}, configerr.InvalidEndpoint},
		"two sources":     {AuthorizationServer{Issuer: issuer, MetadataURL: issuer + "/m", Metadata: &metadata.AuthorizationServer{Issuer: issuer}}, configerr.ConflictingSources},
		"other metadata":  {AuthorizationServer{Issuer: issuer, Metadata: &metadata.AuthorizationServer{Issuer: issuer + "/"}}, configerr.IssuerMismatch},
		"http endpoint":   {AuthorizationServer{Issuer: issuer, Metadata: &metadata.AuthorizationServer{Issuer: issuer, TokenEndpoint: "http://as.example.com"}}, configerr.InvalidEndpoint},
		"reserved":        {AuthorizationServer{Issuer: issuer, AuthorizationParameters: map[string]string{"redirect_uri": "x"}}, configerr.ReservedParameter},
		"reserved, token": {AuthorizationServer{Issuer: issuer, TokenParameters: map[string]string{"code_verifier": "x"}}, configerr.ReservedParameter},
		"unnamed":         {AuthorizationServer{Issuer: issuer, TokenParameters: map[string]string{"": "x"}}, configerr.ReservedParameter},
		"scope":           {AuthorizationServer{Issuer: issuer, Scopes: []string{"a b"}}, configerr.InvalidScope},
	} {
		_, err := New(Config{ServerURL: "https://mcp.example.com/mcp", AuthorizationServers: []AuthorizationServer{test.settings}})
		if !hasFault(err, test.fault) {
			t.Errorf("%s: error %v, want %s", name, err, test.fault)
		}
	}
	w := newWorld(t)
	w.config.LookupAuthorizationServer = func(string) *AuthorizationServer {
		return &AuthorizationServer{TokenParameters: map[string]string{"code": "x"}}
	}
	if _, err := request(t, w.client(t), ""); !hasFault(err, configerr.ReservedParameter) {
		t.Errorf("looked up: error %v", err)
	}
}

func hasFault(err error, fault configerr.Fault) bool {
	for _, one := range configerr.All(err) {
		if one.Fault == fault {
			return true
		}
	}
	return false
}
