package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/mcpauthtest"
)

// checkFile runs the command with --check.
func checkFile(t *testing.T, text string) (code int, output string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	s := command.Streams{Out: &out, Err: &errs}
	code = command.Run(t.Context(), NewCommand(s), []string{"gateway", "--check", path}, s)
	return code, out.String() + errs.String()
}

// answers is a server that answers each method of MCP with a status, and methods that
// it does not know with 400. "mismatch" is a header that differs from the body.
func answers(t *testing.T, statuses map[string]int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message struct{ Method string }
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_ = json.Unmarshal(body, &message)
		if method := r.Header.Get("Mcp-Method"); method != "" && method != message.Method {
			message.Method = "mismatch"
		}
		status := statuses[message.Method]
		if status == 0 {
			status = http.StatusBadRequest
		}
		if status/100 == 3 {
			w.Header().Set("Location", "/mcp/")
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// Covers GW14: the probe names the URL that a redirect leads to.
func TestCheck(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	for name, tc := range map[string]struct {
		statuses map[string]int
		code     int
		want     string
	}{
		"redirect":            {map[string]int{"server/discover": 307}, 1, "gateway.yaml:8: resources[0].upstream.url \"$U\": the MCP server cannot be used: the upstream answered 307 to /mcp/, set url: $U/mcp/"},
		"wants a credential":  {map[string]int{"server/discover": 401}, 1, "it answered 401: it wants a credential of the gateway"},
		"nothing there":       {map[string]int{"server/discover": 404}, 1, "it answered 404: is the path right?"},
		"broken":              {map[string]int{"server/discover": 500}, 1, "it answered 500"},
		"no MCP server":       {nil, 1, "it answered 400 to initialize: is this the URL of an MCP server?"},
		"old":                 {map[string]int{"initialize": 200}, 0, "ok       notes: the MCP server answers initialize"},
		"modern":              {map[string]int{"server/discover": 200}, 0, "ok       notes: the MCP server answers server/discover\n"},
		"headers not checked": {map[string]int{"server/discover": 200, "mismatch": 200}, 0, "It answered 200 to a header Mcp-Method that differs from the body"},
	} {
		url := answers(t, tc.statuses)
		code, output := checkFile(t, config(as.Issuer(), url))
		if want := strings.ReplaceAll(tc.want, "$U", url); code != tc.code || !strings.Contains(output, want) || !strings.Contains(output, "the file can be used") {
			t.Errorf("%s: exit code %d, want %s\n%s", name, code, want, output)
		}
	}
}

func TestCheckSDKServers(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	old := newSDKServer(t, func(s *mcp.Server) http.Handler {
		return mcp.NewSSEHandler(func(*http.Request) *mcp.Server { return s }, nil)
	})
	for name, tc := range map[string]struct{ file, want string }{
		"SSE": {strings.Replace(config(as.Issuer(), old), "upstream: {", "upstream: {transport: sse, ", 1), "opens a stream of HTTP+SSE"},
		"session": {config(as.Issuer(), newSDKServer(t, func(s *mcp.Server) http.Handler {
			return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, nil)
		})), "the MCP server answers "},
	} {
		if code, output := checkFile(t, tc.file); code != 0 || !strings.Contains(output, tc.want) {
			t.Errorf("%s: exit code %d\n%s", name, code, output)
		}
	}
	if code, output := checkFile(t, strings.Replace(config(as.Issuer(), named(t, "x")), "upstream: {", "upstream: {transport: sse, ", 1)); code != 1 || !strings.Contains(output, "no event endpoint") {
		t.Errorf("exit code %d\n%s", code, output)
	}
	as.SetFaults(mcpauthtest.Faults{Metadata: mcpauthtest.DocumentFault{Status: 500}})
	if code, output := checkFile(t, config(as.Issuer(), answers(t, map[string]int{"initialize": 200}))); code != 1 || !strings.Contains(output, "error    ") || !strings.Contains(output, as.Issuer()) {
		t.Errorf("exit code %d\n%s", code, output)
	}
	for file, want := range map[string]string{
		"listen: nonsense\n": "gateway.yaml:1: listen",
		strings.Replace(config(as.Issuer(), "http://a/mcp"), "/mcp\n", "/mcp?a=b\n", 1): "gateway.yaml:6: resources[0].identifier \"http://localhost:4711/mcp?a=b\": the resource identifier has a query",
		config(as.Issuer(), "http://a/mcp", "keep_alive: 10ms"):                         "gateway.yaml:3: keep_alive \"10ms\": the time between comments",
	} {
		if code, output := checkFile(t, file); code != 2 || !strings.Contains(output, want) {
			t.Errorf("exit code %d, want %s\n%s", code, want, output)
		}
	}
}
