// Package app runs a todo manager: it reads the settings, puts a door of mcpauth
// before an MCP server, and serves it. What differs between MCP SDKs is passed
// in as a [Build].
package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/examples/todo-manager/internal/todo"
)

const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	closeGrace     = 5 * time.Second
	maxHeaderBytes = 64 << 10
)

// listening stands before the address, once requests are taken.
const listening = "listening on"

// Build makes the protected MCP server. The options go to its door.
type Build func(auth *mcpauth.Auth, todos *todo.Service, options ...mcpauth.Option) http.Handler

// Main runs a todo manager until it is interrupted, as the main function of a
// program with that package path.
func Main(program string, build Build) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := Run(ctx, program, os.Args[1:], os.Getenv, os.Stdout, build)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "todo-manager:", err)
	os.Exit(1)
}

// Run is Main in a test's terms.
func Run(ctx context.Context, program string, args []string, getenv func(string) string, out io.Writer, build Build) (err error) {
	s, err := readSettings(program, args, getenv, out)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return fmt.Errorf("%w: choose another address with --listen", err)
	}
	defer func() { _ = listener.Close() }() // closed already where it was served
	if s.dev {
		as, err := startDev(&s, listener.Addr())
		if err != nil {
			return err
		}
		defer as.Close()
		if err := announce(out, s, as); err != nil {
			return err
		}
	}
	store, err := openStore(ctx, s.file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	auth, err := newAuth(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close()) }()
	todos := todo.NewService(store, slog.Default())
	if _, err := fmt.Fprintln(out, listening, listener.Addr()); err != nil {
		return err
	}
	return serve(ctx, listener, newMux(s, auth, build(auth, todos, s.options()...)))
}

func openStore(ctx context.Context, file string) (todo.Store, error) {
	if file == "" {
		return todo.NewMemory(todo.DefaultLimits()), nil
	}
	return todo.OpenSQLite(ctx, file, todo.DefaultLimits())
}

// newAuth says who this server is, whom it trusts, and what its tools need.
func newAuth(s settings) (*mcpauth.Auth, error) {
	return mcpauth.New(mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier:           s.resource,
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: s.issuer}},
			ScopesSupported:      slices.Concat(s.scopes, todo.Scopes()),
			Policy:               todo.Policy(),
			Name:                 "Todo manager",
		}},
		Leeway: s.leeway,
		Logger: slog.Default(),
	})
}

// options are those of the door. Without ChallengeScopes, clients would ask for
// all that is supported at once, and none would have to step up.
func (s settings) options() []mcpauth.Option {
	first := slices.Concat(s.scopes, []string{todo.ScopeCreate, todo.ScopeRead})
	return []mcpauth.Option{mcpauth.Scopes(s.scopes...), mcpauth.ChallengeScopes(first...)}
}

func newMux(s settings, auth *mcpauth.Auth, protected http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", auth.MetadataHandler())
	mux.Handle(path(s.resource), protected)
	return mux
}

// path is where the resource stands on this server. newAuth has checked it.
func path(resource string) string {
	u, err := url.Parse(resource)
	if err != nil || u.Path == "" {
		return "/"
	}
	return u.Path
}

// serve runs until ctx ends, then lets requests under way finish.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}
