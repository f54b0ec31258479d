package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/checkweb"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/loopback"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
	"github.com/mcp-auth/go/internal/webbrowser"
	"github.com/urfave/cli/v3"
)

// pageFlags are those of the page.
func pageFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "web", Usage: "serve a page on this machine to check from, until Ctrl-C"},
		&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "with --web: loopback `ADDRESS` of the page; port 0 is a free one"},
		&cli.BoolFlag{Name: "open", Usage: "with --web: open the page in the browser"},
	}
}

// validatePage refuses what says nothing to the page. What is checked, and with
// which token, is entered there.
func validatePage(cmd *cli.Command) error {
	if !cmd.Bool("web") {
		for _, flag := range []string{"listen", "open"} {
			if cmd.IsSet(flag) {
				return command.Usage(cmd, fmt.Errorf("--%s goes with --web", flag))
			}
		}
		return nil
	}
	if cmd.Args().Len() > 0 {
		return command.Usage(cmd, errors.New("with --web, what to check is entered on the page"))
	}
	for _, flag := range []string{"server", "token-file", "other-token-file", "config", "format", "strict"} {
		if cmd.IsSet(flag) {
			return command.Usage(cmd, fmt.Errorf("--%s does not go with --web", flag))
		}
	}
	const why = "the page makes this machine send requests, which is for its user alone"
	if err := loopback.Check("--listen", cmd.String("listen"), why); err != nil {
		return command.Usage(cmd, err)
	}
	return nil
}

// runPage serves the page until ctx ends. Checks that are being made end
// then, too.
func runPage(ctx context.Context, cmd *cli.Command, s command.Streams) error {
	opts, err := options(cmd, s)
	if err != nil {
		return err
	}
	opts.OnExchange = nil // the page shows them
	listener, err := loopback.Listen(ctx, cmd.String("listen"))
	if err != nil {
		return fmt.Errorf("the page cannot be served: %w", err)
	}
	origin := loopback.Origin(cmd.String("listen"), listener)
	page, err := checkweb.New(checkweb.Config{Origin: origin, Options: opts})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := loopback.NewServer(page, terminal.NewLogger(s.Err))
	server.BaseContext = func(net.Listener) context.Context { return ctx }
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	err = announcePage(ctx, cmd, s, origin+"/")
	if err == nil {
		select {
		case err = <-served:
			return fmt.Errorf("the page is served no more: %w", err)
		case <-ctx.Done():
		}
	}
	err = errors.Join(err, loopback.Close(ctx, server))
	if stopped := <-served; !errors.Is(stopped, http.ErrServerClosed) {
		err = errors.Join(err, stopped)
	}
	return err
}

// announcePage says where the page is, and opens it if that is asked for. A
// browser that cannot be opened is no error: the user has the URL.
func announcePage(ctx context.Context, cmd *cli.Command, s command.Streams, url string) error {
	var err error
	if cmd.Bool("json") {
		err = command.PrintJSON(s.Out, struct {
			URL string `json:"url"`
		}{url})
	} else {
		_, err = fmt.Fprintf(s.Out, "Check from this page, and stop it with Ctrl-C:\n\n  %s\n\n", url)
	}
	if err != nil || !cmd.Bool("open") {
		return err
	}
	if err := webbrowser.Open(ctx, url); err != nil {
		fmt.Fprintln(s.Err, "No browser could be opened.")
	}
	return nil
}
