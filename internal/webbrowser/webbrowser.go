// Package webbrowser opens pages in the user's browser.
package webbrowser

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"

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

// Open opens a web page, and waits for nothing. It uses the browser that the variable
// BROWSER names, else the system's. ctx does not end the browser. The error is that
// of [Check], or says that no browser could be started.
func Open(ctx context.Context, target string) error {
	if err := Check(target); err != nil {
		return err
	}
	for _, chosen := range strings.Split(os.Getenv("BROWSER"), string(os.PathListSeparator)) {
		if name, args := configured(chosen, target); name != "" && start(ctx, name, args) == nil {
			return nil
		}
	}
	name, args := command(runtime.GOOS, target)
	return start(ctx, name, args)
}

func start(ctx context.Context, name string, args []string) error {
	c := exec.CommandContext(context.WithoutCancel(ctx), name, args...)
	if err := c.Start(); err != nil {
		return err
	}
	return c.Process.Release() // it hands the URL on, and nobody waits for it
}

// configured opens a URL with one of the commands of the variable BROWSER. The URL
// takes the place of %s, or comes last. It returns an empty name if there is no
// command.
func configured(command, target string) (name string, args []string) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return "", nil
	}
	if !strings.Contains(command, "%s") {
		words = append(words, "%s")
	}
	for i, word := range words {
		words[i] = strings.ReplaceAll(word, "%s", target)
	}
	return words[0], words[1:]
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
