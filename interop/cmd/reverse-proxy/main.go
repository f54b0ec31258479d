// Reverse-proxy puts the net/http door in front of an MCP server that knows
// nothing of authorization, to show that the door changes nothing else.
//
// It reads [settings.ReverseProxy] as JSON from the environment variable
// INTEROP_REVERSE_PROXY, and logs to standard error.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/policy"

	"github.com/mcp-auth/go/interop/internal/serve"
	"github.com/mcp-auth/go/interop/internal/settings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if err := run(ctx, logger, os.Getenv(settings.ReverseProxyVariable)); err != nil {
		fmt.Fprintln(os.Stderr, "reverse-proxy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, logger *slog.Logger, text string) error {
	var s settings.ReverseProxy
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return fmt.Errorf("%s: %w", settings.ReverseProxyVariable, err)
	}
	resource, err := url.Parse(s.Resource)
	if err != nil {
		return err
	}
	upstream, err := url.Parse(s.Upstream)
	if err != nil {
		return err
	}
	auth, err := mcpauth.New(mcpauth.Config{Logger: logger, Resources: []mcpauth.Resource{{
		Identifier:           s.Resource,
		AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: s.Issuer}},
		Policy:               rulesFor(s.Token == ""),
	}}})
	if err != nil {
		return err
	}
	defer auth.Close()
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", auth.MetadataHandler())
	mux.Handle(resource.Path, withToken(s.Token, auth.Protect(forwardTo(upstream))))
	return serve.Until(ctx, resource.Host, mux)
}

// rulesFor lets every caller do everything, or every caller with a token.
func rulesFor(public bool) *policy.Policy {
	needed := policy.Authenticated()
	if public {
		needed = policy.Public()
	}
	return &policy.Policy{Default: needed, Methods: map[string]policy.Requirement{"*": needed}}
}

// withToken stands in for a client that has a token, where the real one cannot
// be given any.
func withToken(token string, next http.Handler) http.Handler {
	if token == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		next.ServeHTTP(w, r)
	})
}

// forwardTo passes requests on with the Host that the client sent: the server
// behind checks it against DNS rebinding.
func forwardTo(upstream *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		FlushInterval: -1, // events go out as they come
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.Out.URL.Path = upstream.Path
			r.Out.Host = r.In.Host
		},
	}
}
