package parts

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/mcp-auth/go/interop/internal/proc"
)

// DevServer is a running mcpauth dev.
type DevServer struct {
	Issuer string `json:"issuer"`

	process *proc.Process
}

// StartDevServer starts the command mcpauth dev on a free port, with these
// arguments more, and waits until it says that it serves.
func StartDevServer(tb testing.TB, args ...string) *DevServer {
	tb.Helper()
	return startDevServer(tb, nil, args)
}

// StartDevServerTrusting is [StartDevServer] for one that also trusts the
// certificates in a PEM file.
func StartDevServerTrusting(tb testing.TB, certificates string, args ...string) *DevServer {
	tb.Helper()
	return startDevServer(tb, []string{"SSL_CERT_FILE=" + certificates}, args)
}

func startDevServer(tb testing.TB, env, args []string) *DevServer {
	tb.Helper()
	server := &DevServer{process: proc.Start(tb, proc.Command{
		Name: "mcpauth dev", Path: path(tb, "bin", "mcpauth"), Env: env,
		Args: append([]string{"dev", "--json", "--listen", "127.0.0.1:0"}, args...),
	})}
	ctx, cancel := proc.Context(tb)
	defer cancel()
	_, err := server.process.Line(ctx, func(line string) bool {
		return json.Unmarshal([]byte(line), server) == nil && server.Issuer != ""
	})
	if err != nil {
		tb.Fatal(err)
	}
	return server
}

// event is the message of a line that is neither a warning nor an error.
var event = regexp.MustCompile(`(?m)^([^,:\n]+)(?:,|$)`)

// Events returns what the log says happened, in order: clients registered,
// access granted, tokens issued.
func (s *DevServer) Events() []string {
	var events []string
	for _, match := range event.FindAllStringSubmatch(s.Log(), -1) {
		events = append(events, match[1])
	}
	return events
}

// Log returns what the server has logged, the latest part of it if it is long.
func (s *DevServer) Log() string { return s.process.Log() }
