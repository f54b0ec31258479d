package checkweb

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/internal/fetch"
)

const wellKnownResource = "/.well-known/oauth-protected-resource"

// target is what the form asks to check.
type target struct {
	URL string
	// Kind is empty where it is to be found out.
	Kind check.Kind
	// token is for MCP servers, and optional. It is kept for the check only.
	token string
}

// readTarget reads the form. problem says what is wrong with it.
func readTarget(form url.Values) (t target, problem string) {
	t = target{URL: strings.TrimSpace(form.Get("url")), Kind: check.Kind(form.Get("kind")), token: strings.TrimSpace(form.Get("token"))}
	switch t.Kind {
	case "", check.KindServer, check.KindAuthorizationServer:
	default:
		t.Kind = ""
		return t, "Choose what it is."
	}
	if t.URL == "" {
		return t, "Enter a URL."
	}
	// Plain http is no reason to refuse: the report says what is wrong with it.
	plain := strings.HasPrefix(t.URL, "http://")
	var fault *fetch.Error
	if err := fetch.CheckURL(t.URL, true); errors.As(err, &fault) && (!plain || fault.Kind != fetch.NotHTTPS) {
		return t, "This cannot be checked: " + fault.Err.Error() + ". Enter a whole URL, such as https://mcp.example.com/mcp."
	}
	if t.Kind != check.KindServer && strings.Contains(t.URL, wellKnownResource) {
		return t, "This is where the metadata of a protected resource stand. Enter the URL of the MCP server itself."
	}
	return t, ""
}

// check makes the check.
func (t target) check(ctx context.Context, opts check.Options) (*check.Report, error) {
	opts.Token = t.token // for an MCP server only
	switch t.Kind {
	case check.KindAuthorizationServer:
		return check.AuthorizationServer(ctx, t.URL, opts)
	case check.KindServer:
		return check.Server(ctx, t.URL, opts)
	}
	return check.URL(ctx, t.URL, opts)
}
