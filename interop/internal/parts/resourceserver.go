package parts

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/proc"
	"github.com/mcp-auth/go/interop/internal/settings"
)

// ResourceServer is cmd/resource-server, running.
type ResourceServer struct {
	process *proc.Process
}

// StartResourceServer starts cmd/resource-server and waits until it serves its
// metadata, for which it needs no authorization server.
func StartResourceServer(tb testing.TB, s settings.ResourceServer) *ResourceServer {
	tb.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		tb.Fatal(err)
	}
	p := proc.Start(tb, proc.Command{
		Name: "resource-server",
		Path: path(tb, "bin", "resource-server"),
		Env:  []string{settings.Variable + "=" + string(text)},
	})
	ctx, cancel := context.WithTimeout(tb.Context(), startTimeout)
	defer cancel()
	if err := waitOK(ctx, p, MetadataURL(s.Resource)); err != nil {
		tb.Fatal(err)
	}
	return &ResourceServer{process: p}
}

// Log returns what the server has logged, the latest part of it if it is long.
func (s *ResourceServer) Log() string { return s.process.Log() }

var reasonAttribute = regexp.MustCompile(`(?m)msg="mcpauth: request refused" .*?reason=(\w+)`)

// Reasons returns why requests were refused, in order, from the log. It waits
// until there are n, as what a process writes arrives a little later.
func (s *ResourceServer) Reasons(tb testing.TB, n int) []string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), requestTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		var reasons []string
		for _, match := range reasonAttribute.FindAllStringSubmatch(s.Log(), -1) {
			reasons = append(reasons, match[1])
		}
		if len(reasons) >= n {
			return reasons
		}
		select {
		case <-ctx.Done():
			tb.Fatalf("the log tells of %d refusals, want %d: %s", len(reasons), n, strings.Join(reasons, " "))
		case <-tick.C:
		}
	}
}
