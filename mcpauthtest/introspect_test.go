package mcpauthtest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/authserver/oauth"
)

func introspectEndpoint(s *Server) string { return base(s) + "/introspect" }

// asRobot is the form of an introspection request by the confidential client.
func asRobot(token string) url.Values {
	return url.Values{"token": {token}, "client_id": {"robot"}, "client_secret": {"robot secret: 100%"}}
}

func introspect(t *testing.T, s *Server, token string) map[string]any {
	t.Helper()
	r := postForm(s, introspectEndpoint(s), asRobot(token))
	var answer map[string]any
	decode(t, r, http.StatusOK, &answer)
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q, want no-store", got)
	}
	return answer
}

// Covers AS9.
func TestIntrospectionOfALogin(t *testing.T) {
	t.Parallel()
	for name, opaque := range map[string]bool{"JWT": false, "opaque": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			s := start(t, func(config *Config) { config.Now, config.OpaqueAccessTokens = c.now, opaque })
			token := redeem(t, s, login(t, s)).AccessToken
			if strings.Contains(token, ".") == opaque {
				t.Errorf("opaque %v, but the token has dots: %v", opaque, !opaque)
			}
			answer := introspect(t, s, token)
			now := float64(c.now().Unix())
			for member, want := range map[string]any{
				"active": true, "token_type": "Bearer", "iss": testIssuer, "sub": "sub-alice", "aud": testResource,
				"client_id": "app", "scope": "read write", "iat": now, "exp": now + 3600,
			} {
				if answer[member] != want {
					t.Errorf("%s is %v, want %v", member, answer[member], want)
				}
			}
			c.advance(time.Hour)
			if answer := introspect(t, s, token); len(answer) != 1 || answer["active"] != false {
				t.Errorf("expired: %v, want active false and nothing else", answer)
			}
		})
	}
}

// Covers AS4, AS9.
func TestIntrospectionTellsRevokedTokens(t *testing.T) {
	t.Parallel()
	s := start(t, func(config *Config) { config.OpaqueAccessTokens = true })
	form := login(t, s)
	token := redeem(t, s, form).AccessToken
	if answer := introspect(t, s, token); answer["active"] != true {
		t.Fatal(answer)
	}
	wantError(t, postForm(s, tokenEndpoint(s), form), http.StatusBadRequest, "invalid_grant")
	if answer := introspect(t, s, token); answer["active"] != false {
		t.Errorf("after the replay of its code: %v", answer)
	}
}

// Covers AS9.
func TestIntrospectionOfMintedTokens(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, test := range []struct {
		name    string
		claims  TokenClaims
		options []TokenOption
		active  bool
	}{
		{"good", TokenClaims{}, nil, true},
		{"expired", TokenClaims{}, []TokenOption{Expired()}, false},
		{"other issuer", TokenClaims{}, []TokenOption{WrongIssuer()}, false},
		{"forged", TokenClaims{}, []TokenOption{WrongKey()}, false},
		{"tampered", TokenClaims{}, []TokenOption{TamperedClaims()}, false},
		{"unsigned", TokenClaims{}, []TokenOption{Unsigned()}, false},
		{"ID token", TokenClaims{}, []TokenOption{IDToken()}, false},
		{"revoked", TokenClaims{}, []TokenOption{Revoked()}, false},
		{"without exp", TokenClaims{Extra: map[string]any{"exp": nil}}, nil, false},
	} {
		for _, opaque := range []bool{false, true} {
			test.claims.Audience = []string{testResource}
			options := test.options
			if opaque {
				options = append(options[:len(options):len(options)], Opaque())
			}
			token, err := s.Token(test.claims, options...)
			if err != nil {
				t.Fatal(err)
			}
			if answer := introspect(t, s, token); answer["active"] != test.active {
				t.Errorf("%s, opaque %v: %v", test.name, opaque, answer)
			}
			if s.TokenActive(t.Context(), token) != test.active {
				t.Errorf("%s, opaque %v: TokenActive differs", test.name, opaque)
			}
		}
	}
	if answer := introspect(t, s, "no-such-token"); len(answer) != 1 || answer["active"] != false {
		t.Errorf("unknown: %v", answer)
	}
	long, err := s.Token(TokenClaims{Audience: []string{testResource}, Extra: map[string]any{"long": strings.Repeat("x", 2*oauth.MaxValueBytes)}})
	if err != nil {
		t.Fatal(err)
	}
	if answer := introspect(t, s, long); answer["active"] != true {
		t.Error("a long token is not active")
	}
}

// Covers AS9.
func TestIntrospectionOfABoundToken(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	token, err := s.Token(TokenClaims{Audience: []string{testResource}, Extra: map[string]any{"cnf": map[string]any{"jkt": "abc"}}}, Opaque())
	if err != nil {
		t.Fatal(err)
	}
	answer := introspect(t, s, token)
	if cnf, _ := answer["cnf"].(map[string]any); cnf["jkt"] != "abc" || answer["token_type"] != "DPoP" {
		t.Errorf("%v, want cnf.jkt and token_type DPoP", answer)
	}
}

// Covers AS9.
func TestIntrospectionIsAuthenticated(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	token := redeem(t, s, login(t, s)).AccessToken
	basic := func(user, password string) []string {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(url.QueryEscape(user), url.QueryEscape(password))
		return []string{"Authorization", r.Header.Get("Authorization")}
	}
	for _, test := range []struct {
		name   string
		form   url.Values
		header []string
		status int
		code   string
	}{
		{"basic", url.Values{"token": {token}}, basic("robot", "robot secret: 100%"), 200, ""},
		{"nobody", url.Values{"token": {token}}, nil, 401, "invalid_client"},
		{"wrong secret", url.Values{"token": {token}}, basic("robot", "guess"), 401, "invalid_client"},
		{"unknown", url.Values{"token": {token}}, basic("nobody", "guess"), 401, "invalid_client"},
		{"public client", url.Values{"token": {token}, "client_id": {"app"}}, nil, 401, "invalid_client"},
		{"the token itself", url.Values{"token": {token}}, []string{"Authorization", "Bearer " + token}, 401, "invalid_client"},
		{"no token", url.Values{}, basic("robot", "robot secret: 100%"), 400, "invalid_request"},
		{"two tokens", url.Values{"token": {token, token}}, basic("robot", "robot secret: 100%"), 400, "invalid_request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := postForm(s, introspectEndpoint(s), test.form, test.header...)
			if test.code != "" {
				wantError(t, r, test.status, test.code)
				return
			}
			var answer map[string]any
			if decode(t, r, test.status, &answer); answer["active"] != true {
				t.Errorf("%v", answer)
			}
		})
	}
}

func TestIntrospectionFaultsAndCounts(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.SetFaults(Faults{Introspection: DocumentFault{Status: http.StatusBadGateway, Body: []byte("<html>")}})
	r := postForm(s, introspectEndpoint(s), asRobot("x"))
	if got := body(t, r); r.StatusCode != http.StatusBadGateway || got != "<html>" {
		t.Errorf("status %d, %q", r.StatusCode, got)
	}
	s.SetFaults(Faults{})
	introspect(t, s, "x")
	if got := s.Requests().Introspect; got != 2 {
		t.Errorf("%d requests counted, want 2", got)
	}
	if got := s.Metadata().IntrospectionEndpoint; got != introspectEndpoint(s) {
		t.Errorf("the metadata names %q", got)
	}
}

// Anyone can register a client, which must not read the tokens of others.
//
// Covers AS9.
func TestRegisteredClientsCannotIntrospect(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	token := redeem(t, s, login(t, s)).AccessToken
	answer := register(t, s, `{"redirect_uris":["http://127.0.0.1/callback"]}`)
	form := url.Values{"token": {token}, "client_id": {answer.ClientID}, "client_secret": {answer.ClientSecret}}
	wantError(t, postForm(s, introspectEndpoint(s), form), http.StatusBadRequest, "unauthorized_client")
}
