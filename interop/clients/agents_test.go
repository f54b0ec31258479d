package clients_test

import (
	"fmt"
	"path/filepath"

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
