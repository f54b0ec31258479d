package clients_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/mcp-auth/go/interop/internal/parts"
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

const inspectorScript = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"

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
	return i.node(inspectorScript, slices.Concat(
		[]string{"--cli", i.resource, "--callback-url", i.callback, "--method", method}, args)...)
}

// inspectorPage is the Inspector as a page in Chromium.
type inspectorPage struct {
	*session
	url string
}

var inspectorURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+/?\?MCP_INSPECTOR_API_TOKEN=\w+`)

func newInspectorPage(s *session) user {
	s.t.Helper()
	s.setenv("MCP_AUTO_OPEN_ENABLED", "false")
	s.setenv("MCP_INSPECTOR_SECRET_STORE", "file")
	s.setenv("CLIENT_PORT", fmt.Sprint(proc.FreePort(s.t)))
	s.setenv("SERVER_PORT", fmt.Sprint(proc.FreePort(s.t)))
	process := proc.Start(s.t, proc.Command{
		Name: "MCP Inspector", Path: "node", Env: s.env, Dir: s.home,
		Args: []string{filepath.Join(s.modules, inspectorScript), "--web", "--transport", "http", "--server-url", s.resource},
	})
	ctx, cancel := proc.Context(s.t)
	defer cancel()
	line, err := process.Line(ctx, inspectorURL.MatchString)
	if err != nil {
		s.t.Fatal(err)
	}
	return inspectorPage{s, inspectorURL.FindString(line)}
}

func (i inspectorPage) login() string { return i.visit("", nil) }

func (i inspectorPage) call(tool string, arguments map[string]string) string {
	return i.visit(tool, arguments)
}

func (i inspectorPage) visit(tool string, arguments map[string]string) string {
	i.t.Helper()
	settings, err := json.Marshal(map[string]any{
		"chromium": parts.Chromium(i.t), "page": i.url, "fields": fieldsOf("alice"),
		"tool": tool, "arguments": arguments,
	})
	if err != nil {
		i.t.Fatal(err)
	}
	script, err := filepath.Abs("../js/inspector-web.mjs")
	if err != nil {
		i.t.Fatal(err)
	}
	return i.run("node", script, string(settings))
}
