package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestEndedCheckReports holds that who ends a check gets what was found, and is
// told that it is not all.
func TestEndedCheckReports(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests == 2 {
			cancel()
			<-r.Context().Done()
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	var stdout, stderr strings.Builder
	code := run(ctx, []string{"mcpauth", "check", "--quiet", "--server", server.URL}, streams{&stdout, &stderr})
	if code != exitFailure || !strings.Contains(stdout.String(), "challenge_missing") || !strings.Contains(stderr.String(), "not complete") {
		t.Errorf("exit code %d, report:\n%s\n%s", code, stdout.String(), stderr.String())
	}
	if strings.Contains(stdout.String(), "server_unreachable") {
		t.Errorf("the server is blamed:\n%s", stdout.String())
	}
}
