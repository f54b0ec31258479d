package parts

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/proc"
	"github.com/mcp-auth/go/interop/internal/settings"
)

const conformanceTimeout = 3 * time.Minute

// StartEverything starts go-sdk's server for the MCP conformance suite, which
// knows nothing of authorization, and returns its URL.
func StartEverything(tb testing.TB, stateless bool) string {
	tb.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", proc.FreePort(tb))
	p := proc.Start(tb, proc.Command{
		Name: "everything-server",
		Path: path(tb, "bin", "everything-server"),
		Args: []string{"-http", address, fmt.Sprintf("-stateless=%t", stateless)},
	})
	ctx, cancel := context.WithTimeout(tb.Context(), startTimeout)
	defer cancel()
	if err := waitFor(ctx, p, func() error { return dial(ctx, address) }); err != nil {
		tb.Fatal(err)
	}
	return "http://" + address + "/mcp"
}

func dial(ctx context.Context, address string) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return c.Close()
}

// StartReverseProxy starts cmd/reverse-proxy and waits until it is ready.
func StartReverseProxy(tb testing.TB, s settings.ReverseProxy) {
	tb.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		tb.Fatal(err)
	}
	p := proc.Start(tb, proc.Command{
		Name: "reverse-proxy",
		Path: path(tb, "bin", "reverse-proxy"),
		Env:  []string{settings.ReverseProxyVariable + "=" + string(text)},
	})
	ctx, cancel := context.WithTimeout(tb.Context(), startTimeout)
	defer cancel()
	if err := waitOK(ctx, p, MetadataURL(s.Resource)); err != nil {
		tb.Fatal(err)
	}
}

// Conformance runs the MCP conformance suite for servers against a URL, with
// the requirements of one revision, and returns what it found: a line for each
// check, by scenario. It fails the test unless all that is required holds.
func Conformance(tb testing.TB, revision, server string) map[string][]string {
	tb.Helper()
	dir := tb.TempDir()
	proc.Run(tb, conformanceTimeout, proc.Command{
		Name: "conformance",
		Path: node22(tb),
		Args: []string{suite(tb), "server", "--url", server, "--requirements", revision, "--output-dir", dir},
	})
	files, err := filepath.Glob(filepath.Join(dir, "*", "checks.json"))
	if err != nil {
		tb.Fatal(err)
	}
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatal(err)
	}
	found := map[string][]string{}
	for _, file := range files {
		scenario := resultTime.ReplaceAllString(filepath.Base(filepath.Dir(file)), "")
		lines, err := readChecks(file, u.Host)
		if err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		found[scenario] = append(found[scenario], lines...)
	}
	return found
}

// resultTime ends the names of the directories that the suite writes to.
var resultTime = regexp.MustCompile(`-\d{4}-\d\d-\d\dT[\d-]+Z$`)

// readChecks reads the checks of a scenario. The host is the only thing in them
// that differs between servers which are the same.
func readChecks(file, host string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var checks []struct {
		ID, Name, Status, ErrorMessage string
		Details                        any
	}
	if err := json.Unmarshal(text, &checks); err != nil {
		return nil, err
	}
	lines := make([]string, len(checks))
	for i, c := range checks {
		line := fmt.Sprintf("%s %s (%s) %v %s", c.Status, c.ID, c.Name, codes(c.Details), c.ErrorMessage)
		lines[i] = strings.TrimSpace(strings.ReplaceAll(line, host, "HOST"))
	}
	slices.Sort(lines)
	return lines, nil
}

// codes finds the HTTP statuses and JSON-RPC error codes that a check tells of.
func codes(details any) (found []any) {
	switch d := details.(type) {
	case []any:
		for _, each := range d {
			found = append(found, codes(each)...)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(d)) {
			switch name {
			case "code", "status", "statusCode", "responseStatus", "httpStatus":
				found = append(found, d[name])
			default:
				found = append(found, codes(d[name])...)
			}
		}
	}
	return found
}
