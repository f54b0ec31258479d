package parts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/proc"
)

const pollInterval = 50 * time.Millisecond

// NewResource returns the resource identifier of an MCP server on a free port.
func NewResource(tb testing.TB) string {
	tb.Helper()
	return "http://" + NewAddress(tb) + "/mcp"
}

// NewAddress returns an address on loopback that nothing listens on.
func NewAddress(tb testing.TB) string {
	tb.Helper()
	return fmt.Sprintf("127.0.0.1:%d", proc.FreePort(tb))
}

// Whoami configures the example server whoami.
type Whoami struct {
	Resource string // see [NewResource]
	Issuer   string
	Scopes   []string      // required
	Leeway   time.Duration // zero is the library's default
}

// StartWhoami starts the example server whoami and waits until it serves its
// metadata, for which it needs no authorization server.
func StartWhoami(tb testing.TB, w Whoami) {
	tb.Helper()
	startExample(tb, "whoami", w)
}

// StartTodoManager starts the example server todo-manager likewise.
func StartTodoManager(tb testing.TB, resource, issuer string) {
	tb.Helper()
	startExample(tb, "todo-manager", Whoami{Resource: resource, Issuer: issuer})
}

// startExample starts an example server, all of which read the same settings.
func startExample(tb testing.TB, name string, w Whoami) {
	tb.Helper()
	env := []string{
		"MCP_AUTH_ISSUER=" + w.Issuer,
		"MCP_RESOURCE_IDENTIFIER=" + w.Resource,
		"MCP_REQUIRED_SCOPES=" + strings.Join(w.Scopes, " "),
	}
	if w.Leeway > 0 {
		env = append(env, "MCP_LEEWAY="+w.Leeway.String())
	}
	p := proc.Start(tb, proc.Command{Name: name, Path: path(tb, "bin", name), Env: env})
	ctx, cancel := context.WithTimeout(tb.Context(), startTimeout)
	defer cancel()
	if err := waitOK(ctx, p, MetadataURL(w.Resource)); err != nil {
		tb.Fatal(err)
	}
}

// MetadataURL is where the metadata of a resource with the path /mcp stand
// (RFC 9728 §3.1).
func MetadataURL(resource string) string {
	return strings.TrimSuffix(resource, "/mcp") + "/.well-known/oauth-protected-resource/mcp"
}

// waitOK waits until url answers 200, as long as p runs.
func waitOK(ctx context.Context, p *proc.Process, url string) error {
	return waitFor(ctx, p, func() error { return getOK(ctx, url) })
}

// waitFor tries until try succeeds, as long as p runs.
func waitFor(ctx context.Context, p *proc.Process, try func() error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return errors.New("the server ended before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w", err)
		case <-tick.C:
		}
	}
}

func getOK(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d", url, resp.StatusCode)
	}
	return nil
}
