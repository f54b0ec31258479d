package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"

	"github.com/mcp-auth/go/internal/fetch"
)

// OpenBrowser returns a function for [AuthorizationCode.OpenURL] that writes
// the authorization URL to w and opens it in the user's browser. A browser that
// cannot be opened is no error: the user has the URL.
func OpenBrowser(w io.Writer) func(ctx context.Context, authorizationURL string) error {
	return func(ctx context.Context, authorizationURL string) error {
		if err := PrintURL(w)(ctx, authorizationURL); err != nil {
			return err
		}
		name, args := browserCommand(runtime.GOOS, authorizationURL)
		command := exec.CommandContext(context.WithoutCancel(ctx), name, args...)
		if err := command.Start(); err != nil {
			_, err = fmt.Fprintln(w, "No browser could be opened.")
			return err
		}
		return command.Process.Release() // it hands the URL on, and nobody waits for it
	}
}

// PrintURL returns a function for [AuthorizationCode.OpenURL] that writes the
// authorization URL to w and leaves it to the user to open it.
func PrintURL(w io.Writer) func(ctx context.Context, authorizationURL string) error {
	return func(_ context.Context, authorizationURL string) error {
		if err := fetch.CheckURL(authorizationURL, true); err != nil {
			return errors.New("client: the authorization URL is not one to open in a browser")
		}
		_, err := fmt.Fprintf(w, "To log in, open this page in a browser on this machine:\n\n  %s\n\n", authorizationURL)
		return err
	}
}

// browserCommand opens a URL, which stays one argument: no shell reads it.
func browserCommand(system, target string) (name string, args []string) {
	switch system {
	case "darwin":
		return "open", []string{target}
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", target}
	}
	return "xdg-open", []string{target}
}
