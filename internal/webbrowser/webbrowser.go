// Package webbrowser opens pages in the user's browser.
package webbrowser

import (
	"context"
	"net/url"
	"os/exec"
	"runtime"

	"github.com/mcp-auth/go/internal/fetch"
)

// Check returns a [*fetch.Error] unless target is the URL of a web page: a URL of
// another kind could start a program. Which hosts may be plain http is up to the
// caller, who has found the URL.
func Check(target string) error {
	var plain fetch.PlainHosts
	if u, err := url.Parse(target); err == nil {
		plain = fetch.PlainHosts{u.Hostname()}
	}
	return fetch.CheckURL(plain.Secured(target), true)
}

// Open opens a web page, and waits for nothing. ctx does not end the browser. The
// error is that of [Check], or says that no browser could be started.
func Open(ctx context.Context, target string) error {
	if err := Check(target); err != nil {
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
