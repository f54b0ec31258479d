package check

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
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
	code := runCommand(ctx, &stdout, &stderr, "--quiet", "--server", server.URL)
	if code != 130 || !strings.Contains(stdout.String(), "challenge_missing") || !strings.Contains(stderr.String(), "not complete") {
		t.Errorf("exit code %d, report:\n%s\n%s", code, stdout.String(), stderr.String())
	}
	if strings.Contains(stdout.String(), "server_unreachable") {
		t.Errorf("the server is blamed:\n%s", stdout.String())
	}
}

// runCommand runs the command and returns its exit code.
func runCommand(ctx context.Context, stdout, stderr io.Writer, args ...string) int {
	s := command.Streams{In: strings.NewReader(""), Out: stdout, Err: stderr}
	return command.Run(ctx, NewCommand(s), append([]string{"check"}, args...), s)
}
