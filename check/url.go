package check

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/authserver"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

const (
	wellKnown         = "/.well-known/"
	wellKnownResource = wellKnown + "oauth-protected-resource"

	// maxDetection bounds how long [URL] looks for what is at a URL.
	maxDetection = 15 * time.Second
)

// errResourceMetadata is the error for the URL of a server's metadata.
var errResourceMetadata = errors.New("check: this is the URL of the metadata of an MCP server; give the URL of the server itself")

// URL checks what is at a URL: it finds out whether that is an MCP server or an
// authorization server, and then does what [Server] or [AuthorizationServer]
// does. [Report.Kind] says which.
//
// It recognizes an MCP server by its protected resource metadata or by how it
// answers GET, and an authorization server by its metadata. A URL at which
// neither is found is taken for an MCP server if it has a path.
func URL(ctx context.Context, target string, opts Options) (*Report, error) {
	if strings.Contains(target, wellKnownResource) {
		return nil, errResourceMetadata
	}
	if detect(ctx, target, opts) == KindServer {
		return Server(ctx, target, opts)
	}
	return AuthorizationServer(ctx, target, opts)
}

// detect returns what is at a URL. It sends GET requests without a token.
func detect(ctx context.Context, target string, opts Options) Kind {
	u, err := url.Parse(target)
	if err != nil || strings.Contains(target, wellKnown) {
		return KindAuthorizationServer
	}
	if insecure, err := authserver.ValidateTarget(target); insecure || err != nil {
		return guess(u)
	}
	ctx, cancel := context.WithTimeout(ctx, maxDetection)
	defer cancel()
	client := fetch.New(fetch.Policy{Settings: opts.Network, UserAgent: "mcpauth-check"})
	defer client.Close()
	d := detector{client, target}
	switch named, err := d.namedByMetadata(ctx); {
	case named:
		return KindServer
	case err != nil: // nothing answers there
		return guess(u)
	case d.issues(ctx):
		return KindAuthorizationServer
	case d.speaksMCP(ctx):
		return KindServer
	}
	return guess(u)
}

// guess takes a URL for that of an MCP server if no issuer can have it, or if it
// has a path, as most of these servers do.
func guess(u *url.URL) Kind {
	if u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return KindServer
	}
	return KindAuthorizationServer
}

// detector looks for what is at a URL.
type detector struct {
	client *fetch.Client
	target string
}

func (d *detector) get(ctx context.Context, url, accept string) (*fetch.Response, error) {
	return d.client.Do(ctx, fetch.Request{
		URL:           url,
		Header:        http.Header{"Accept": {accept}},
		AllowLoopback: fetch.IsLoopbackURL(d.target) && fetch.IsLoopbackURL(url),
		EventWait:     time.Second,
	})
}

// namedByMetadata reports whether there is protected resource metadata for the
// URL. The error is that of a server that does not answer.
func (d *detector) namedByMetadata(ctx context.Context) (bool, error) {
	place, err := metadata.ResourceMetadataURL(d.target)
	if err != nil {
		return false, nil // no resource can have the URL
	}
	resp, err := d.get(ctx, place, "application/json")
	if err != nil {
		return false, err
	}
	document, err := metadata.ParseProtectedResource(resp.Body)
	named := err == nil && resp.Status == http.StatusOK &&
		strings.TrimSuffix(document.Resource, "/") == strings.TrimSuffix(d.target, "/")
	return named, nil
}

// issues reports whether there is authorization server metadata for the URL,
// even if it has another issuer: the check finds an extra slash.
func (d *detector) issues(ctx context.Context) bool {
	_, err := metadata.Fetch(ctx, d.client, metadata.Source{Issuer: d.target})
	var other *metadata.IssuerMismatchError
	return err == nil || errors.As(err, &other)
}

// speaksMCP reports whether GET is answered as MCP servers do: with a challenge,
// a stream, a JSON-RPC message, or the advice to use POST.
func (d *detector) speaksMCP(ctx context.Context) bool {
	resp, err := d.get(ctx, d.target, "text/event-stream")
	if err != nil {
		return false
	}
	a := answer.Read(resp)
	switch {
	case a.Status == http.StatusUnauthorized:
		return a.Bearer() != nil
	case a.Status == http.StatusMethodNotAllowed:
		return strings.Contains(a.Header.Get("Allow"), http.MethodPost)
	case a.MediaType() == "text/event-stream":
		return true
	}
	return a.MediaType() == "application/json" && a.IsMessage()
}
