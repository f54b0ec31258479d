package parts

import (
	"bufio"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/interop/internal/proc"
)

const commandTimeout = 120 * time.Second

// Mcpauth is the command mcpauth as a user has it, with a browser and a token
// store of their own.
type Mcpauth struct {
	path string
	env  []string
}

// NewMcpauth returns the command of a user who fills in these fields of the
// pages of authorization servers.
func NewMcpauth(tb testing.TB, fields map[string]string) Mcpauth {
	tb.Helper()
	return Mcpauth{path(tb, "bin", "mcpauth"), append(Browser(tb, fields),
		"HOME="+tb.TempDir(), "XDG_CONFIG_HOME="+tb.TempDir(), "MCPAUTH_PASSPHRASE=correct-horse")}
}

// Run runs the command to its end.
func (m Mcpauth) Run(tb testing.TB, args ...string) proc.Result {
	tb.Helper()
	return proc.Try(tb, commandTimeout, m.command(args))
}

func (m Mcpauth) command(args []string) proc.Command {
	// Where there is a keyring, it is not to be asked.
	if args[0] == "login" {
		args = append(args, "--store-key", "passphrase")
	}
	return proc.Command{Name: "mcpauth " + args[0], Path: m.path, Args: args, Env: m.env}
}

// LoginHeadless logs in with a browser elsewhere, which is given the URL of the
// login page and gives that of the page it is sent back to. It returns what the
// command prints.
func (m Mcpauth) LoginHeadless(tb testing.TB, server string, browser func(authorizationURL string) string) string {
	tb.Helper()
	p := proc.Start(tb, m.command([]string{"login", server, "--headless"}))
	ctx, cancel := proc.Context(tb)
	defer cancel()
	var authorizationURL string
	err := waitFor(ctx, p, func() error {
		authorizationURL = urlIn(p.Log())
		if authorizationURL == "" {
			return errors.New("no URL to open is printed")
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	p.Type(tb, browser(authorizationURL))
	line, err := p.Line(ctx, func(string) bool { return true })
	if err != nil {
		tb.Fatal(err)
	}
	return line
}

// urlIn finds the URL that stands on a line of its own, if the whole text that
// asks to open it is there.
func urlIn(text string) (found string) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "  http") {
			found = strings.TrimSpace(line)
		}
		if strings.HasPrefix(line, "Copy that address") {
			return found
		}
	}
	return ""
}
