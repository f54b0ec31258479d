package interop_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/parts"
)

// An outage of the authorization server is never the client's fault: tokens go
// on verifying with cached keys, and where nothing is cached the answer is 503.
//
// Covers RS5.
func TestOutage(t *testing.T) {
	t.Parallel()
	server := parts.StartAuthorizationServer(t, parts.Provider{Scopes: known})
	resource, freshResource := parts.NewResource(t), parts.NewResource(t)
	token := server.Token(t, parts.Machine, resource, required...)
	freshToken := server.Token(t, parts.Machine, freshResource, required...)
	parts.StartWhoami(t, parts.Whoami{Resource: resource, Issuer: server.Issuer, Scopes: required})
	checkMachine(t, server, resource, token)
	neverUsed := server.Token(t, parts.Machine, resource, required...)

	server.Stop()
	checkMachine(t, server, resource, token)
	checkMachine(t, server, resource, neverUsed)

	parts.StartWhoami(t, parts.Whoami{Resource: freshResource, Issuer: server.Issuer, Scopes: required})
	wait := checkUnavailable(t, parts.Send(t, http.MethodPost, freshResource, freshToken))
	noToken := refusal{status: http.StatusUnauthorized, resource: freshResource, scopes: required}
	noToken.check(t, parts.Send(t, http.MethodPost, freshResource, ""))

	server.Start(t)
	checkRecovery(t, freshResource, freshToken, wait)
	checkMachine(t, server, freshResource, freshToken)
	checkMachine(t, server, resource, server.Token(t, parts.Machine, resource, required...))
}

// checkUnavailable checks a 503 and returns its Retry-After.
func checkUnavailable(t *testing.T, got parts.Answer) time.Duration {
	t.Helper()
	if got.Status != http.StatusServiceUnavailable {
		t.Fatalf("status %d while the authorization server is down, want 503; body %s", got.Status, got.Body)
	}
	if values := got.Header.Values("WWW-Authenticate"); len(values) != 0 {
		t.Errorf("a 503 carries the challenge %q", values)
	}
	var body map[string]string
	if err := json.Unmarshal(got.Body, &body); err != nil || body["error"] == "" {
		t.Errorf("body %q (%v), want a JSON object with an error", got.Body, err)
	}
	seconds, err := strconv.Atoi(got.Header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		t.Fatalf("Retry-After %q, want a positive number of seconds", got.Header.Get("Retry-After"))
	}
	return time.Duration(seconds) * time.Second
}

// checkRecovery checks that the token is accepted once the server may be asked
// again, and that it is never answered with anything but 503 until then.
func checkRecovery(t *testing.T, resource, token string, retryAfter time.Duration) {
	t.Helper()
	const slack = 10 * time.Second
	end := time.Now().Add(retryAfter + slack)
	poll := time.NewTicker(250 * time.Millisecond)
	defer poll.Stop()
	for range poll.C {
		got := parts.Send(t, http.MethodPost, resource, token)
		if got.Status == http.StatusOK {
			return
		}
		checkUnavailable(t, got)
		if time.Now().After(end) {
			t.Fatalf("still 503 %v after the time to retry", slack)
		}
	}
}
