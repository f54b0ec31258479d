package interop_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/parts"
)

const (
	readScope    = "whoami:read"
	profileScope = "whoami:profile"
	otherScope   = "todo:write"
)

var (
	required = []string{readScope, profileScope}
	known    = []string{readScope, profileScope, otherScope}
)

// Covers RS3, RS4, RS5, RS7, RS8, RS9, RS12.
func TestRefusals(t *testing.T) {
	t.Parallel()
	trusted := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known})
	foreign := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known})
	twin := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known, KeysFile: trusted.KeysFile})
	resource := parts.NewResource(t)
	parts.StartWhoami(t, parts.Whoami{Resource: resource, Issuer: trusted.Issuer, Scopes: required})

	// The same request is let in with the right token: the refusals have no other cause.
	checkMachine(t, trusted, resource, trusted.Token(t, parts.Machine, resource, required...))

	origin := strings.TrimSuffix(resource, "/mcp")
	tests := []struct {
		name   string
		token  string
		status int
		code   string
	}{
		{"no token", "", http.StatusUnauthorized, ""},
		{"token for another resource", trusted.Token(t, parts.Machine, parts.NewResource(t), required...),
			http.StatusUnauthorized, "invalid_token"},
		{"token for the resource above", trusted.Token(t, parts.Machine, origin, required...),
			http.StatusUnauthorized, "invalid_token"},
		{"token for a resource below", trusted.Token(t, parts.Machine, resource+"/admin", required...),
			http.StatusUnauthorized, "invalid_token"},
		{"token for the resource with a trailing slash", trusted.Token(t, parts.Machine, resource+"/", required...),
			http.StatusUnauthorized, "invalid_token"},
		{"token of another issuer", foreign.Token(t, parts.Machine, resource, required...),
			http.StatusUnauthorized, "invalid_token"},
		{"token of another issuer that has the same keys", twin.Token(t, parts.Machine, resource, required...),
			http.StatusUnauthorized, "invalid_token"},
		{"opaque token", trusted.Token(t, parts.OpaqueClient, resource, required...),
			http.StatusUnauthorized, "invalid_token"},
		{"token without scope", trusted.Token(t, parts.Machine, resource),
			http.StatusForbidden, "insufficient_scope"},
		{"token with another scope", trusted.Token(t, parts.Machine, resource, otherScope),
			http.StatusForbidden, "insufficient_scope"},
		{"token with one scope of two", trusted.Token(t, parts.Machine, resource, readScope),
			http.StatusForbidden, "insufficient_scope"},
	}
	var challenges []string
	for _, test := range tests {
		want := refusal{status: test.status, code: test.code, resource: resource, scopes: required}
		for _, method := range methods {
			t.Run(test.name+" "+method, func(t *testing.T) {
				challenges = append(challenges, want.check(t, parts.Send(t, method, resource, test.token)))
			})
		}
	}
	checkParsers(t, challenges)
}

// Covers RS10.
func TestExpiry(t *testing.T) {
	t.Parallel()
	server := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known})
	resource := parts.NewResource(t)
	parts.StartWhoami(t, parts.Whoami{Resource: resource, Issuer: server.Issuer, Scopes: required, Leeway: leeway})
	// Metadata and keys are fetched before the brief token is issued.
	checkMachine(t, server, resource, server.Token(t, parts.Machine, resource, required...))
	checkExpiry(t, server, resource, refusal{
		status: http.StatusUnauthorized, code: "invalid_token", resource: resource, scopes: required,
	})
}

const leeway = time.Second // of the servers that tokens expire at

// checkExpiry checks that a brief token is let in until its expiry and the
// leeway are over, and then refused.
func checkExpiry(t *testing.T, server *parts.AuthorizationServer, resource string, want refusal) {
	t.Helper()
	const (
		slack    = 3 * time.Second // of a busy machine
		interval = 100 * time.Millisecond
	)
	token := server.Token(t, parts.BriefMachine, resource, required...)
	if got := parts.Send(t, http.MethodPost, resource, token); got.Status != http.StatusOK {
		t.Fatalf("status %d before the token expires, want 200; body %s", got.Status, got.Body)
	}
	end := expiry(t, token).Add(leeway)
	poll := time.NewTicker(interval)
	defer poll.Stop()
	for range poll.C {
		sent := time.Now()
		got := parts.Send(t, http.MethodPost, resource, token)
		if got.Status == http.StatusOK {
			if sent.After(end.Add(slack)) {
				t.Fatalf("still accepted %v after the token expired", sent.Sub(end.Add(-leeway)))
			}
			continue
		}
		if time.Now().Before(end) {
			t.Errorf("refused %v before expiry and leeway are over", time.Until(end))
		}
		break
	}
	var challenges []string
	for _, method := range methods {
		challenges = append(challenges, want.check(t, parts.Send(t, method, resource, token)))
	}
	checkParsers(t, challenges)
}

// checkMachine checks that whoami accepts a token of the client Machine with
// the required scopes and knows whose it is.
func checkMachine(t *testing.T, server *parts.AuthorizationServer, resource, token string) {
	t.Helper()
	got := parts.CallWhoami(t, resource, token)
	want := parts.Identity{
		Issuer:   server.Issuer,
		Subject:  parts.Machine,
		ClientID: parts.Machine,
		Scopes:   required,
		Audience: []string{resource},
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("whoami answers %+v, want %+v", got, want)
	}
}

// expiry reads the exp claim of a JWT.
func expiry(t *testing.T, token string) time.Time {
	t.Helper()
	segments := strings.Split(token, ".")
	if len(segments) != 3 {
		t.Fatalf("the token has %d segments, want 3", len(segments))
	}
	payload, err := base64.RawURLEncoding.DecodeString(segments[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Expiry int64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return time.Unix(claims.Expiry, 0)
}
