package app

import (
	"errors"
	"fmt"
	"io"
	"net"
	"text/template"

	"github.com/mcp-auth/go/examples/todo-manager/internal/todo"
	"github.com/mcp-auth/go/mcpauthtest"
)

// startDev starts an authorization server for development and has the settings
// trust it.
func startDev(s *settings, address net.Addr) (*mcpauthtest.Server, error) {
	if tcp, ok := address.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return nil, errors.New("--dev listens on loopback only: everybody knows its passwords")
	}
	s.resource = "http://" + address.String() + "/mcp"
	as, err := mcpauthtest.NewServer(mcpauthtest.Config{
		Listen:    s.authListen,
		Resources: []string{s.resource},
		Scopes:    append(todo.Scopes(), s.scopes...),
		ScopeDescriptions: map[string]string{
			todo.ScopeCreate: "Add todos",
			todo.ScopeRead:   "See everybody's todos",
			todo.ScopeDelete: "Delete everybody's todos",
		},
		Users: []mcpauthtest.User{
			{Username: "alice", Password: "alice"},
			{Username: "bob", Password: "bob"},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("the authorization server of --auth-listen cannot start: %w", err)
	}
	s.issuer = as.Issuer()
	return as, nil
}

const next = `A todo manager is running, with an authorization server for development. Stop it with Ctrl-C.

  MCP server            {{.Resource}}
  Authorization server  {{.Issuer}}
  Users                 alice, password alice; bob, password bob

With an MCP client: add {{.Resource}} as a streamable HTTP server and log in.

  npx @modelcontextprotocol/inspector
  claude mcp add --transport http todo-manager {{.Resource}}

With curl: here are tokens for an hour, and a function that calls a tool. Copy
them into another terminal.

  URL={{.Resource}}
  ALICE={{.Alice}}
  BOB={{.Bob}}
  BOB_STEPPED_UP={{.BobSteppedUp}}
  call() {
    curl -si "$URL" -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \
      -H 'Accept: application/json, text/event-stream' \
      -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"'"$2"'","arguments":'"$3"'}}'
    echo
  }

  call "$ALICE" create-todo '{"content":"water the plants"}'
  call "$BOB" get-todos '{}'                      # sees nothing: the todo is alice's
  call "$BOB" delete-todo '{"id":"THE-ID"}'       # 403: needs delete:todos
  call "$BOB_STEPPED_UP" delete-todo '{"id":"THE-ID"}'

`

// announce says what to do next. The tokens are for this purpose only.
func announce(out io.Writer, s settings, as *mcpauthtest.Server) error {
	facts := struct{ Resource, Issuer, Alice, Bob, BobSteppedUp string }{Resource: s.resource, Issuer: s.issuer}
	for _, token := range []struct {
		into    *string
		subject string
		scopes  []string
	}{
		{&facts.Alice, "alice", []string{todo.ScopeCreate}},
		{&facts.Bob, "bob", []string{todo.ScopeCreate}},
		{&facts.BobSteppedUp, "bob", []string{todo.ScopeCreate, todo.ScopeDelete}},
	} {
		var err error
		*token.into, err = as.Token(mcpauthtest.TokenClaims{Subject: token.subject, Scopes: append(token.scopes, s.scopes...)})
		if err != nil {
			return err
		}
	}
	t, err := template.New("next").Parse(next)
	if err != nil {
		return err
	}
	return t.Execute(out, facts)
}
