package clients_test

import (
	"fmt"

	"github.com/mcp-auth/go/interop/clients/internal/stubmodel"
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
