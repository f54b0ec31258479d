package webbrowser

import (
	"errors"
	"slices"
	"testing"

	"github.com/mcp-auth/go/internal/fetch"
)

// The URL stays one argument.
//
// Covers CL10.
func TestCommand(t *testing.T) {
	t.Parallel()
	const target = "https://as.example.com/?a=1&b=$(reboot);`x`"
	for system, want := range map[string][]string{
		"linux": {"xdg-open", target}, "freebsd": {"xdg-open", target}, "darwin": {"open", target},
		"windows": {"rundll32", "url.dll,FileProtocolHandler", target},
	} {
		name, args := command(system, target)
		if got := append([]string{name}, args...); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", system, got, want)
		}
	}
}

// Only what is a web page is opened.
//
// Covers CL10, CL12.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "file:///etc/passwd", "javascript:alert(1)", "-flag", "http:///", "//example.com/", "http://u@example.com/", "https://u@example.com/"} {
		var refused *fetch.Error
		if err := Open(t.Context(), bad); !errors.As(err, &refused) {
			t.Errorf("%q: %v, want it refused", bad, err)
		}
	}
}

// The user's own browser gets the URL as one argument, too.
func TestConfigured(t *testing.T) {
	t.Parallel()
	const target = "https://as.example.com/?a=1&b=$(reboot)"
	for setting, want := range map[string][]string{
		"":                       {""},
		"w3m":                    {"w3m", target},
		"firefox --new-tab":      {"firefox", "--new-tab", target},
		"open-it --url=%s --now": {"open-it", "--url=" + target, "--now"},
	} {
		name, args := configured(setting, target)
		if got := append([]string{name}, args...); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", setting, got, want)
		}
	}
}
