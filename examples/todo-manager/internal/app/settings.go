package app

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

const (
	devListen = "127.0.0.1:3001"
	// Fixed, as the issuer is part of who owns a todo in a file.
	devAuthListen = "127.0.0.1:3002"
)

// settings are what the environment and the flags say.
type settings struct {
	program          string
	issuer, resource string
	listen           string
	scopes           []string
	leeway           time.Duration
	file             string
	dev              bool
	authListen       string
}

const help = `A todo manager: an MCP server with the tools create-todo, get-todos and delete-todo.

Try it, with an authorization server for development inside:

  go run %[1]s --dev

Run it with an authorization server of yours:

  MCP_AUTH_ISSUER=https://auth.example.com \
  MCP_RESOURCE_IDENTIFIER=http://127.0.0.1:3001/mcp \
  go run %[1]s --file todos.db

Environment:
  MCP_AUTH_ISSUER          issuer of the authorization server
  MCP_RESOURCE_IDENTIFIER  URL of this server, such as http://127.0.0.1:3001/mcp
  MCP_LISTEN               address to listen on; the identifier's host by default
  MCP_REQUIRED_SCOPES      scopes every request needs, separated by spaces
  MCP_LEEWAY               tolerated clock difference, such as 1s
  MCP_TODO_FILE            SQLite file to keep the todos in; in memory by default

Flags:
`

// readSettings fails with flag.ErrHelp where help was asked for and given.
func readSettings(program string, args []string, getenv func(string) string, out io.Writer) (settings, error) {
	s := settings{
		program: program, issuer: getenv("MCP_AUTH_ISSUER"), resource: getenv("MCP_RESOURCE_IDENTIFIER"),
		scopes: strings.Fields(getenv("MCP_REQUIRED_SCOPES")),
	}
	if err := s.parse(args, getenv, out); err != nil {
		return s, err
	}
	if text := getenv("MCP_LEEWAY"); text != "" {
		var err error
		if s.leeway, err = time.ParseDuration(text); err != nil {
			return s, fmt.Errorf("MCP_LEEWAY: %w", err)
		}
	}
	return s, s.complete()
}

func (s *settings) parse(args []string, getenv func(string) string, out io.Writer) error {
	flags := flag.NewFlagSet("todo-manager", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&s.dev, "dev", false, "run an authorization server for development inside, with the users alice and bob")
	flags.StringVar(&s.file, "file", getenv("MCP_TODO_FILE"), "keep the todos in this SQLite `FILE`")
	flags.StringVar(&s.listen, "listen", getenv("MCP_LISTEN"), "`ADDRESS` to listen on; with --dev "+devListen+" by default")
	flags.StringVar(&s.authListen, "auth-listen", devAuthListen, "`ADDRESS` of the authorization server of --dev")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(out, help, s.program)
		flags.SetOutput(out)
		flags.PrintDefaults()
		return err
	}
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		return fmt.Errorf("%w; --help says more", err)
	}
	return nil
}

// complete fills in what follows from the rest.
func (s *settings) complete() error {
	if s.dev {
		s.listen = cmp.Or(s.listen, devListen)
		return nil
	}
	if s.issuer == "" || s.resource == "" {
		return errors.New("set MCP_AUTH_ISSUER and MCP_RESOURCE_IDENTIFIER, or try it with --dev; --help says more")
	}
	u, err := url.Parse(s.resource)
	if err != nil {
		return fmt.Errorf("MCP_RESOURCE_IDENTIFIER: %w", err)
	}
	s.listen = cmp.Or(s.listen, u.Host)
	return nil
}
