package interop_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/parts"
	"github.com/mcp-auth/go/interop/internal/settings"
)

const login = "ada"

// Opaque tokens are verified by asking oidc-provider, with each way to
// authenticate there.
//
// Covers RS7, RS10, RS17.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	server := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known})
	clients := []string{parts.BasicIntrospector, parts.PostIntrospector, parts.KeyIntrospector, parts.SignedIntrospector}
	for _, client := range clients {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			resource := parts.NewResource(t)
			resourceServer := parts.StartResourceServer(t, settings.ResourceServer{
				Resource: resource, Issuer: server.Issuer, Scopes: required,
				Introspection: server.Introspection(t, client),
			})
			checkIntrospection(t, server, resourceServer, resource)
		})
	}
	t.Run("expiry", func(t *testing.T) {
		t.Parallel()
		checkIntrospectionExpiry(t, server, 0)
	})
	t.Run("expiry of what is remembered", func(t *testing.T) {
		t.Parallel()
		checkIntrospectionExpiry(t, server, time.Minute)
	})
	t.Run("all tokens", func(t *testing.T) {
		t.Parallel()
		checkIntrospectionOfAllTokens(t, server)
	})
}

func checkIntrospection(t *testing.T, server *parts.AuthorizationServer, resourceServer *parts.ResourceServer, resource string) {
	t.Helper()
	token := server.Token(t, parts.OpaqueClient, resource, required...)
	checkIdentity(t, resource, token, machineIdentity(server, resource, parts.OpaqueClient))
	user := signInForTokens(t, parts.OpaqueApp, resource)
	checkIdentity(t, resource, user.AccessToken, userIdentity(server, resource))
	// JWTs are verified with the keys, beside introspection.
	jwt := server.Token(t, parts.Machine, resource, required...)
	checkMachine(t, server, resource, jwt)

	revoked := server.Token(t, parts.OpaqueClient, resource, required...)
	checkIdentity(t, resource, revoked, machineIdentity(server, resource, parts.OpaqueClient))
	server.Revoke(t, parts.OpaqueClient, revoked)

	tests := []struct {
		name, token string
		status      int
		code        string
		reason      string
	}{
		{"revoked", revoked, http.StatusUnauthorized, "invalid_token", "inactive_token"},
		{"never issued", strings.Repeat("x", len(token)), http.StatusUnauthorized, "invalid_token", "inactive_token"},
		{"one character altered", flipLast(token), http.StatusUnauthorized, "invalid_token", "inactive_token"},
		{"for another resource", server.Token(t, parts.OpaqueClient, parts.NewResource(t), required...),
			http.StatusUnauthorized, "invalid_token", "wrong_audience"},
		{"for the resource with a trailing slash", server.Token(t, parts.OpaqueClient, resource+"/", required...),
			http.StatusUnauthorized, "invalid_token", "wrong_audience"},
		{"refresh token", user.RefreshToken, http.StatusUnauthorized, "invalid_token", "wrong_audience"},
		{"without scope", server.Token(t, parts.OpaqueClient, resource),
			http.StatusForbidden, "insufficient_scope", "insufficient_scope"},
		{"with one scope of two", server.Token(t, parts.OpaqueClient, resource, readScope),
			http.StatusForbidden, "insufficient_scope", "insufficient_scope"},
		{"JWT with an altered signature", flipLast(jwt), http.StatusUnauthorized, "invalid_token", "invalid_signature"},
	}
	var reasons []string
	for _, test := range tests {
		want := refusal{status: test.status, code: test.code, resource: resource, scopes: required}
		t.Run(test.name, func(t *testing.T) {
			for _, method := range methods {
				want.check(t, parts.Send(t, method, resource, test.token))
				reasons = append(reasons, test.reason)
			}
		})
	}
	if got := resourceServer.Reasons(t, len(reasons)); !slices.Equal(got, reasons) {
		t.Errorf("the server refuses because of\n%q\nwant\n%q", got, reasons)
	}
	checkNoSecrets(t, server, resourceServer, token, revoked, jwt, user.AccessToken, user.RefreshToken)
	// What was refused in between has not spoiled what is good.
	checkIdentity(t, resource, token, machineIdentity(server, resource, parts.OpaqueClient))
}

// checkIntrospectionExpiry checks that an opaque token is accepted until it
// expires, and refused from then on, also where the answer about it would be
// remembered for longer.
func checkIntrospectionExpiry(t *testing.T, server *parts.AuthorizationServer, cacheTTL time.Duration) {
	t.Helper()
	const (
		leeway   = 5 * time.Second  // the library's default
		slack    = 10 * time.Second // of a busy machine
		interval = 100 * time.Millisecond
	)
	resource := parts.NewResource(t)
	introspection := server.Introspection(t, parts.BasicIntrospector)
	introspection.CacheTTL = cacheTTL
	parts.StartResourceServer(t, settings.ResourceServer{
		Resource: resource, Issuer: server.Issuer, Scopes: required, Introspection: introspection,
	})
	// Metadata are fetched before the brief token is issued.
	lasting := server.Token(t, parts.OpaqueClient, resource, required...)
	checkIdentity(t, resource, lasting, machineIdentity(server, resource, parts.OpaqueClient))

	before := time.Now()
	token := server.Token(t, parts.BriefOpaque, resource, required...)
	after := time.Now()
	var got parts.Answer
	accepted := 0
	for poll := time.NewTicker(interval); ; <-poll.C {
		sent := time.Now()
		if got = parts.Send(t, http.MethodPost, resource, token); got.Status != http.StatusOK {
			poll.Stop()
			break
		}
		accepted++
		if sent.After(after.Add(parts.BriefTTL + leeway + slack)) {
			t.Fatalf("still accepted %v after it was issued for %v", sent.Sub(after), parts.BriefTTL)
		}
	}
	lived := time.Since(before)
	if lived < parts.BriefTTL-time.Second { // exp has whole seconds
		t.Errorf("refused after %v, issued for %v", lived, parts.BriefTTL)
	}
	if accepted == 0 {
		t.Errorf("never accepted, first refused after %v", lived)
	}
	want := refusal{status: http.StatusUnauthorized, code: "invalid_token", resource: resource, scopes: required}
	want.check(t, got)
	checkIdentity(t, resource, lasting, machineIdentity(server, resource, parts.OpaqueClient))
}

// checkIntrospectionOfAllTokens checks that JWTs are refused where all tokens
// are introspected: oidc-provider introspects none, and its keys are not used
// behind its back.
func checkIntrospectionOfAllTokens(t *testing.T, server *parts.AuthorizationServer) {
	t.Helper()
	resource := parts.NewResource(t)
	introspection := server.Introspection(t, parts.BasicIntrospector)
	introspection.Tokens = "all"
	resourceServer := parts.StartResourceServer(t, settings.ResourceServer{
		Resource: resource, Issuer: server.Issuer, Scopes: required, Introspection: introspection,
	})
	token := server.Token(t, parts.OpaqueClient, resource, required...)
	checkIdentity(t, resource, token, machineIdentity(server, resource, parts.OpaqueClient))

	want := refusal{status: http.StatusUnauthorized, code: "invalid_token", resource: resource, scopes: required}
	jwt := server.Token(t, parts.Machine, resource, required...)
	want.check(t, parts.Send(t, http.MethodPost, resource, jwt))
	if got := resourceServer.Reasons(t, 1); !slices.Equal(got, []string{"not_introspectable"}) {
		t.Errorf("the server refuses because of %q, want not_introspectable", got)
	}
}

// What the server cannot find out is never the client's fault: 503, not 401.
//
// Covers RS5, RS17.
func TestIntrospectionOutage(t *testing.T) {
	t.Parallel()
	server := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known})
	start := func(change func(*settings.Introspection)) (string, *parts.ResourceServer) {
		t.Helper()
		resource := parts.NewResource(t)
		introspection := server.Introspection(t, parts.BasicIntrospector)
		change(introspection)
		return resource, parts.StartResourceServer(t, settings.ResourceServer{
			Resource: resource, Issuer: server.Issuer, Scopes: required, Introspection: introspection,
		})
	}
	const wrongSecret = "a-secret-that-is-not-the-right-one"
	wrong := map[string]func(*settings.Introspection){
		"secret": func(i *settings.Introspection) { i.ClientSecret = wrongSecret },
		"client": func(i *settings.Introspection) { i.ClientID = "nobody" },
		"key": func(i *settings.Introspection) {
			*i = *server.Introspection(t, parts.KeyIntrospector)
			i.ClientID = parts.BasicIntrospector
		},
	}
	for name, change := range wrong {
		resource, resourceServer := start(change)
		token := server.Token(t, parts.OpaqueClient, resource, required...)
		t.Run("wrong "+name, func(t *testing.T) {
			for _, method := range methods {
				checkUnavailable(t, parts.Send(t, method, resource, token))
			}
			checkReason(t, resourceServer, len(methods), "authorization_server_unavailable")
			checkNoSecrets(t, server, resourceServer, token, wrongSecret)
			// Without a token there is nothing to ask about.
			noToken := refusal{status: http.StatusUnauthorized, resource: resource, scopes: required}
			noToken.check(t, parts.Send(t, http.MethodPost, resource, ""))
		})
	}

	resource, resourceServer := start(func(*settings.Introspection) {})
	remembering, _ := start(func(i *settings.Introspection) { i.CacheTTL = time.Minute })
	token := server.Token(t, parts.OpaqueClient, resource, required...)
	remembered := server.Token(t, parts.OpaqueClient, remembering, required...)
	other := server.Token(t, parts.OpaqueClient, remembering, required...)
	jwt := server.Token(t, parts.Machine, resource, required...)
	checkIdentity(t, resource, token, machineIdentity(server, resource, parts.OpaqueClient))
	checkIdentity(t, remembering, remembered, machineIdentity(server, remembering, parts.OpaqueClient))
	checkMachine(t, server, resource, jwt)

	server.Stop()
	checkUnavailable(t, parts.Send(t, http.MethodPost, resource, token))
	checkReason(t, resourceServer, 1, "authorization_server_unavailable")
	checkNoSecrets(t, server, resourceServer, token)
	checkMachine(t, server, resource, jwt) // with cached keys
	checkIdentity(t, remembering, remembered, machineIdentity(server, remembering, parts.OpaqueClient))
	wait := checkUnavailable(t, parts.Send(t, http.MethodPost, remembering, other))

	// oidc-provider keeps its opaque tokens in memory: those of before are gone.
	server.Start(t)
	fresh := server.Token(t, parts.OpaqueClient, resource, required...)
	checkRecovery(t, resource, fresh, wait)
	checkIdentity(t, resource, fresh, machineIdentity(server, resource, parts.OpaqueClient))
	gone := refusal{status: http.StatusUnauthorized, code: "invalid_token", resource: resource, scopes: required}
	gone.check(t, parts.Send(t, http.MethodPost, resource, token))
}

// tokens are what js/login.mjs prints.
type tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
}

// signInForTokens signs a user in at the authorization server of a resource.
func signInForTokens(t *testing.T, client, resource string) tokens {
	t.Helper()
	in, err := json.Marshal(map[string]string{
		"resource": resource, "clientId": client, "login": login,
		"scope": strings.Join(append([]string{"openid", "offline_access"}, required...), " "),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got tokens
	if err := json.Unmarshal(parts.Script(t, scriptTimeout, in, "login.mjs"), &got); err != nil {
		t.Fatal(err)
	}
	if got.AccessToken == "" || got.RefreshToken == "" {
		t.Fatal("the user's sign-in gives no access token or no refresh token")
	}
	return got
}

// machineIdentity is whose a client's own opaque token is: oidc-provider tells
// no subject of it.
func machineIdentity(server *parts.AuthorizationServer, resource, client string) parts.Identity {
	return parts.Identity{Issuer: server.Issuer, ClientID: client, Scopes: required, Audience: []string{resource}}
}

func userIdentity(server *parts.AuthorizationServer, resource string) parts.Identity {
	return parts.Identity{
		Issuer: server.Issuer, Subject: login, ClientID: parts.OpaqueApp, Scopes: required, Audience: []string{resource},
	}
}

func checkIdentity(t *testing.T, resource, token string, want parts.Identity) {
	t.Helper()
	if got := parts.CallWhoami(t, resource, token); !reflect.DeepEqual(got, want) {
		t.Fatalf("whoami answers %+v, want %+v", got, want)
	}
}

// checkReason checks that the server has refused n requests, all for one reason.
func checkReason(t *testing.T, server *parts.ResourceServer, n int, want string) {
	t.Helper()
	if got := server.Reasons(t, n); !slices.Equal(got, slices.Repeat([]string{want}, n)) {
		t.Errorf("the server refuses because of %q, want %d times %s", got, n, want)
	}
}

// checkNoSecrets checks that the log of a server, which tells of refusals, has
// neither the client secret nor any of the tokens.
func checkNoSecrets(t *testing.T, server *parts.AuthorizationServer, resourceServer *parts.ResourceServer, secrets ...string) {
	t.Helper()
	log := resourceServer.Log()
	if !strings.Contains(log, "request refused") {
		t.Errorf("the log tells of no refusal:\n%s", log)
	}
	for i, secret := range append([]string{server.Secret()}, secrets...) {
		if secret == "" || strings.Contains(log, secret) {
			t.Errorf("secret %d is empty or stands in the log", i)
		}
	}
}

// flipLast alters the last character that is significant in base64url.
func flipLast(token string) string {
	b := []byte(token)
	at := len(b) - 2
	if b[at] == 'A' {
		b[at] = 'B'
	} else {
		b[at] = 'A'
	}
	return string(b)
}
