package clients_test

import (
	"fmt"
	"slices"

	"github.com/mcp-auth/go/interop/internal/proc"
)

// Clients without a model, which call tools from the command line.

type mcporter struct{ *session }

func newMcporter(s *session) user {
	s.writeJSON("config/mcporter.json", map[string]any{
		"mcpServers": map[string]any{"todos": map[string]string{"baseUrl": s.resource, "auth": "oauth"}},
		"imports":    []string{},
	})
	return mcporter{s}
}

const mcporterScript = "mcporter/dist/cli.js"

func (m mcporter) login() string { return m.node(mcporterScript, "auth", "todos") }

func (m mcporter) call(tool string, arguments map[string]string) string {
	return m.node(mcporterScript, append([]string{"call", "todos." + tool}, pairs(arguments)...)...)
}

func pairs(arguments map[string]string) (all []string) {
	for name, value := range arguments {
		all = append(all, name+"="+value)
	}
	return all
}

type inspector struct {
	*session
	callback string
}

func newInspector(s *session) user {
	s.setenv("MCP_AUTO_OPEN_ENABLED", "true")      // although there is no terminal
	s.setenv("MCP_INSPECTOR_SECRET_STORE", "file") // where there is no keyring, it would forget its tokens
	return inspector{s, fmt.Sprintf("http://127.0.0.1:%d/oauth/callback", proc.FreePort(s.t))}
}

// Any command logs in.
func (i inspector) login() string { return i.command("tools/list") }

func (i inspector) call(tool string, arguments map[string]string) string {
	args := []string{"--tool-name", tool}
	for _, pair := range pairs(arguments) {
		args = append(args, "--tool-arg", pair)
	}
	return i.command("tools/call", args...)
}

func (i inspector) command(method string, args ...string) string {
	return i.node("@modelcontextprotocol/inspector/clients/launcher/build/index.js", slices.Concat(
		[]string{"--cli", i.resource, "--callback-url", i.callback, "--method", method}, args)...)
}
