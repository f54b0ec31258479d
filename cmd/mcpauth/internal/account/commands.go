package account

import (
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/urfave/cli/v3"
)

// NewCommands returns the commands.
func NewCommands(s command.Streams) []*cli.Command {
	return []*cli.Command{newLogin(s), newTools(s), newCall(s), newToken(s), newLogout(s)}
}
