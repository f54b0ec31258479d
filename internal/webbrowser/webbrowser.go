// Package webbrowser opens pages in the user's browser.
package webbrowser

import (
	"context"
	"os/exec"
	"runtime"

	"github.com/mcp-auth/go/internal/fetch"
)

// Open opens an https URL, or a loopback one, and waits for nothing. ctx does
// not end the browser. The error is a [*fetch.Error] where target is no such
// URL, or says that no browser could be started.
func Open(ctx context.Context, target string) error {
	if err := fetch.CheckURL(target, true); err != nil {
		return err
	}
	name, args := command(runtime.GOOS, target)
	c := exec.CommandContext(context.WithoutCancel(ctx), name, args...)
	if err := c.Start(); err != nil {
		return err
	}
	return c.Process.Release() // it hands the URL on, and nobody waits for it
}

// command opens a URL, which stays one argument: no shell reads it.
func command(system, target string) (name string, args []string) {
	switch system {
	case "darwin":
		return "open", []string{target}
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", target}
	}
	return "xdg-open", []string{target}
}
