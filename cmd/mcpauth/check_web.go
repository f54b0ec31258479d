package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/checkweb"
	"github.com/mcp-auth/go/internal/webbrowser"
	"github.com/urfave/cli/v3"
)

// webFlags are those of the page.
func webFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "web", Usage: "serve a page on this machine to check from, until Ctrl-C"},
		&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "with --web: loopback `ADDRESS` of the page; port 0 is a free one"},
		&cli.BoolFlag{Name: "open", Usage: "with --web: open the page in the browser"},
	}
}

// checkWebFlags refuses what says nothing to the page. What is checked, and with
// which token, is entered there.
func checkWebFlags(cmd *cli.Command) error {
	if !cmd.Bool("web") {
		for _, flag := range []string{"listen", "open"} {
			if cmd.IsSet(flag) {
				return newUsageError(cmd, fmt.Errorf("--%s goes with --web", flag))
			}
		}
		return nil
	}
	if cmd.Args().Len() > 0 {
		return newUsageError(cmd, errors.New("with --web, what to check is entered on the page"))
	}
	for _, flag := range []string{"server", "token-file", "other-token-file", "config", "format", "strict"} {
		if cmd.IsSet(flag) {
			return newUsageError(cmd, fmt.Errorf("--%s does not go with --web", flag))
		}
	}
	const why = "the page makes this machine send requests, which is for its user alone"
	if err := checkLoopback("--listen", cmd.String("listen"), why); err != nil {
		return newUsageError(cmd, err)
	}
	return nil
}

// runCheckWeb serves the page until ctx ends. Checks that are being made end
// then, too.
func runCheckWeb(ctx context.Context, cmd *cli.Command, s streams) error {
	opts, err := checkOptions(cmd, s)
	if err != nil {
		return err
	}
	opts.OnExchange = nil // the page shows them
	listener, err := listenLoopback(ctx, cmd.String("listen"))
	if err != nil {
		return fmt.Errorf("the page cannot be served: %w", err)
	}
	origin := listenerOrigin(cmd.String("listen"), listener)
	page, err := checkweb.New(checkweb.Config{Origin: origin, Options: opts})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := newHTTPServer(page, slog.New(slog.NewTextHandler(s.stderr, nil)))
	server.BaseContext = func(net.Listener) context.Context { return ctx }
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	err = announceWeb(ctx, cmd, s, origin+"/")
	if err == nil {
		select {
		case err = <-served:
			return fmt.Errorf("the page is served no more: %w", err)
		case <-ctx.Done():
		}
	}
	err = errors.Join(err, closeHTTPServer(ctx, server))
	if stopped := <-served; !errors.Is(stopped, http.ErrServerClosed) {
		err = errors.Join(err, stopped)
	}
	return err
}

// announceWeb says where the page is, and opens it if that is asked for. A
// browser that cannot be opened is no error: the user has the URL.
func announceWeb(ctx context.Context, cmd *cli.Command, s streams, url string) error {
	var err error
	if cmd.Bool("json") {
		err = printJSON(s.stdout, struct {
			URL string `json:"url"`
		}{url})
	} else {
		_, err = fmt.Fprintf(s.stdout, "Check from this page, and stop it with Ctrl-C:\n\n  %s\n\n", url)
	}
	if err != nil || !cmd.Bool("open") {
		return err
	}
	if err := webbrowser.Open(ctx, url); err != nil {
		fmt.Fprintln(s.stderr, "No browser could be opened.")
	}
	return nil
}
