// Whoami is an MCP server with one tool, whoami, that returns who is calling. With
// the development server "mcpauth dev", run it so:
//
//	MCP_AUTH_ISSUER=http://127.0.0.1:9400 MCP_RESOURCE_IDENTIFIER=http://127.0.0.1:3001/mcp go run ./examples/whoami
//
// It is configured by the environment, which --help explains.
package main

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
	"strings"
	"syscall"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gosdk"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := readArguments(os.Args[1:], os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(ctx, os.Getenv)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "whoami:", err)
		os.Exit(1)
	}
}

const help = `An MCP server with one tool, whoami, that returns who is calling.

Run it with an authorization server for development:

  mcpauth dev

  MCP_AUTH_ISSUER=http://127.0.0.1:9400 \
  MCP_RESOURCE_IDENTIFIER=http://127.0.0.1:3001/mcp \
  go run ./examples/whoami

Then ask it:

  mcpauth call http://127.0.0.1:3001/mcp whoami

Environment:
  MCP_AUTH_ISSUER          issuer of the authorization server
  MCP_RESOURCE_IDENTIFIER  URL of this server, such as http://127.0.0.1:3001/mcp
  MCP_LISTEN               address to listen on; the identifier's host by default
  MCP_REQUIRED_SCOPES      scopes every request needs, separated by spaces
  MCP_LEEWAY               tolerated clock difference, such as 1s
`

// readArguments fails with flag.ErrHelp where help was asked for and given.
// There is nothing else to ask for.
func readArguments(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("whoami", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, help)
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

// settings are what the environment says.
type settings struct {
	issuer, resource, listen string
	scopes                   []string
	leeway                   time.Duration
}

func readSettings(getenv func(string) string) (s settings, err error) {
	s.issuer, s.resource, s.listen = getenv("MCP_AUTH_ISSUER"), getenv("MCP_RESOURCE_IDENTIFIER"), getenv("MCP_LISTEN")
	s.scopes = strings.Fields(getenv("MCP_REQUIRED_SCOPES"))
	if s.issuer == "" || s.resource == "" {
		return s, errors.New("set MCP_AUTH_ISSUER and MCP_RESOURCE_IDENTIFIER; --help says more")
	}
	if text := getenv("MCP_LEEWAY"); text != "" {
		if s.leeway, err = time.ParseDuration(text); err != nil {
			return s, fmt.Errorf("MCP_LEEWAY: %w", err)
		}
	}
	return s, nil
}

func run(ctx context.Context, getenv func(string) string) error {
	s, err := readSettings(getenv)
	if err != nil {
		return err
	}
	handler, err := newHandler(s)
	if err != nil {
		return err
	}
	listen := s.listen
	if listen == "" {
		u, err := url.Parse(s.resource)
		if err != nil {
			return err
		}
		listen = u.Host
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	return serve(ctx, listener, handler)
}

// newHandler is the whole of it: discover, protect, read the auth info in a tool.
func newHandler(s settings) (http.Handler, error) {
	auth, err := mcpauth.New(mcpauth.Config{
		Resources: []mcpauth.Resource{{
			Identifier:           s.resource,
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: s.issuer}},
			ScopesSupported:      s.scopes,
			Name:                 "whoami",
		}},
		Leeway: s.leeway,
		Logger: slog.Default(),
	})
	if err != nil {
		return nil, err
	}
	path, err := url.Parse(s.resource)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", auth.MetadataHandler())
	mux.Handle(servePath(path.Path), gosdk.Protect(auth, mcpHandler(), mcpauth.Scopes(s.scopes...)))
	return mux, nil
}

func servePath(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

func mcpHandler() http.Handler {
	server := mcp.NewServer(&mcp.Implementation{Name: "whoami", Version: "1.0.0"}, nil)
	server.AddReceivingMiddleware(gosdk.Middleware())
	mcp.AddTool(server, &mcp.Tool{Name: "whoami", Description: "Says who is calling."}, whoami)
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
}

type identity struct {
	Issuer    string    `json:"issuer"`
	Subject   string    `json:"subject"`
	ClientID  string    `json:"client_id"`
	Scopes    []string  `json:"scopes"`
	Audience  []string  `json:"audience"`
	ExpiresAt time.Time `json:"expires_at"`
}

func whoami(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, identity, error) {
	info, err := mcpauth.RequireAuthInfo(ctx)
	if err != nil {
		return nil, identity{}, err
	}
	return nil, identity{
		Issuer: info.Issuer, Subject: info.Subject, ClientID: info.ClientID,
		Scopes: info.Scopes, Audience: info.Audience, ExpiresAt: info.ExpiresAt,
	}, nil
}

// serve runs until ctx ends, then lets requests under way finish.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	slog.Info("listening", "address", listener.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}
