package clients_test

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/mcp-auth/go/interop/clients/internal/stubmodel"
	"github.com/mcp-auth/go/interop/internal/proc"
)

// Clients in which a model calls the tools.

const prompt = "Do what there is to do."

// ask lets a model make a call, of which ask runs the client, and returns what
// the client told the model.
func (s *session) ask(tool string, arguments map[string]string, ask func(*stubmodel.Model)) string {
	s.t.Helper()
	model := stubmodel.Start(s.t, stubmodel.Call{Tool: tool, Arguments: arguments})
	ask(model)
	said, ok := model.Result()
	if !ok {
		s.t.Logf("the client did not answer the call; it offers %q", model.Offered())
	}
	s.t.Logf("the client tells the model: %s", said)
	return said
}

type codex struct{ *session }

func newCodex(s *session) user {
	s.setenv("CODEX_HOME", s.home+"/.codex")
	c := codex{s}
	c.configure("http://127.0.0.1:9")
	return c
}

func (c codex) configure(model string) {
	c.t.Helper()
	c.write(".codex/config.toml", fmt.Sprintf(`model = "stub"
model_provider = "stub"

[model_providers.stub]
name = "stub"
base_url = "%s/v1"
wire_api = "responses"

[mcp_servers.todos]
url = "%s"
default_tools_approval_mode = "approve"
`, model, c.resource))
}

const codexScript = "@openai/codex/bin/codex.js"

func (c codex) login() string { return c.node(codexScript, "mcp", "login", "todos") }

func (c codex) call(tool string, arguments map[string]string) string {
	return c.ask(tool, arguments, func(model *stubmodel.Model) {
		c.configure(model.URL)
		c.node(codexScript, "exec", "--skip-git-repo-check", prompt)
	})
}

type opencode struct {
	*session
	callback string
}

func newOpencode(s *session) user {
	o := opencode{s, fmt.Sprintf("http://127.0.0.1:%d/mcp/oauth/callback", proc.FreePort(s.t))}
	o.configure("http://127.0.0.1:9")
	return o
}

func (o opencode) configure(model string) {
	o.t.Helper()
	o.writeJSON("opencode.json", map[string]any{
		"autoupdate": false,
		"share":      "disabled",
		"model":      "stub/stub",
		"provider": map[string]any{"stub": map[string]any{
			"npm":     "@ai-sdk/openai-compatible",
			"options": map[string]string{"baseURL": model + "/v1", "apiKey": "stub"},
			"models":  map[string]any{"stub": map[string]string{"name": "stub"}},
		}},
		"mcp": map[string]any{"todos": map[string]any{
			"type": "remote", "url": o.resource, "oauth": map[string]string{"redirectUri": o.callback},
		}},
	})
}

func (o opencode) login() string { return o.command("mcp", "auth", "todos") }

func (o opencode) call(tool string, arguments map[string]string) string {
	return o.ask(tool, arguments, func(model *stubmodel.Model) {
		o.configure(model.URL)
		o.command("run", prompt)
	})
}

// command runs the program for this platform, which the package would copy when
// it is installed, if it were let.
func (o opencode) command(args ...string) string {
	o.t.Helper()
	programs, err := filepath.Glob(filepath.Join(o.modules, "opencode-*", "bin", "opencode"))
	if err != nil || len(programs) == 0 {
		o.t.Fatalf("opencode has no program for this platform: %v", err)
	}
	return o.run(programs[0], args...)
}

type gemini struct{ *session }

func newGemini(s *session) user {
	s.writeJSON(".gemini/settings.json", map[string]any{
		"mcpServers": map[string]any{"todos": map[string]any{"httpUrl": s.resource, "trust": true}},
		"general":    map[string]bool{"enableAutoUpdate": false},
		"privacy":    map[string]bool{"usageStatisticsEnabled": false},
		"security": map[string]any{
			"auth":        map[string]string{"selectedType": "gemini-api-key"},
			"folderTrust": map[string]bool{"enabled": false},
		},
	})
	s.setenv("GEMINI_API_KEY", "stub")
	s.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")
	return gemini{s}
}

const geminiScript = "@google/gemini-cli/bundle/gemini.js"

// login types the command /mcp auth, for which there is no other way, and says
// yes to opening a browser. It presses each key when the screen asks for it: a
// command is taken for a prompt as long as the commands are not loaded.
func (g gemini) login() string {
	g.t.Helper()
	terminal := g.openTerminal(geminiScript)
	defer terminal.Stop()
	const enter = "\r"
	for _, step := range []struct{ screen, keys string }{
		{"Type your message", "/mcp auth"},
		{"Authenticate with an OAuth-enabled MCP server", " "},
		{"todos", enter}, // which is proposed now
		{"Do you want to continue?", enter},
		{"Successfully authenticated", ""},
	} {
		if !g.waitFor(func() bool { return strings.Contains(terminal.Log(), step.screen) }) {
			g.t.Logf("Gemini CLI does not show %q", step.screen)
			break
		}
		terminal.Press(g.t, step.keys)
	}
	return terminal.Log()
}

func (g gemini) call(tool string, arguments map[string]string) string {
	return g.ask(tool, arguments, func(model *stubmodel.Model) {
		g.setenv("GOOGLE_GEMINI_BASE_URL", model.URL)
		g.node(geminiScript, "--model", "gemini-2.5-flash", "--yolo", "--prompt", prompt)
	})
}

type claudeCode struct{ *session }

func newClaudeCode(s *session) user {
	s.setenv("CLAUDE_CONFIG_DIR", s.home+"/.claude")
	s.setenv("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
	s.setenv("DISABLE_AUTOUPDATER", "1")
	s.setenv("ENABLE_TOOL_SEARCH", "false") // the model would have to look for the tools first
	s.setenv("ANTHROPIC_API_KEY", "stub")
	s.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
	c := claudeCode{s}
	c.node(claudeScript, "mcp", "add", "--transport", "http", "todos", s.resource)
	return c
}

// The package's program would be copied when it is installed, if it were let.
const claudeScript = "@anthropic-ai/claude-code/cli-wrapper.cjs"

func (c claudeCode) login() string { return c.terminal(claudeScript, "mcp", "login", "todos") }

func (c claudeCode) call(tool string, arguments map[string]string) string {
	return c.ask(tool, arguments, func(model *stubmodel.Model) {
		c.setenv("ANTHROPIC_BASE_URL", model.URL)
		c.node(claudeScript, "--print", prompt, "--model", "stub", "--allowedTools", "mcp__todos__*")
	})
}
