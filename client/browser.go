package client

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/mcp-auth/go/internal/webbrowser"
)

// OpenBrowser returns a function for [AuthorizationCode.OpenURL] that writes the
// authorization URL to w and opens it in the user's browser: the one that the
// environment variable BROWSER names, else the system's. A browser that cannot be
// opened is not an error, because the user has the URL.
func OpenBrowser(w io.Writer) func(ctx context.Context, authorizationURL string) error {
	return func(ctx context.Context, authorizationURL string) error {
		if err := PrintURL(w)(ctx, authorizationURL); err != nil {
			return err
		}
		if err := webbrowser.Open(ctx, authorizationURL); err != nil {
			_, err = fmt.Fprintln(w, "No browser could be opened.")
			return err
		}
		return nil
	}
}

// PrintURL returns a function for [AuthorizationCode.OpenURL] that writes the
// authorization URL to w and leaves it to the user to open it.
func PrintURL(w io.Writer) func(ctx context.Context, authorizationURL string) error {
	return func(_ context.Context, authorizationURL string) error {
		if err := webbrowser.Check(authorizationURL); err != nil {
			return errors.New("the authorization URL must not be opened in a browser")
		}
		_, err := fmt.Fprintf(w, "To log in, open this page in a browser on this machine:\n\n  %s\n\n", authorizationURL)
		return err
	}
}
