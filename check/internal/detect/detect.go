// Package detect finds out whether there is an MCP server or an authorization
// server at a URL.
package detect

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
)

// maxTime bounds how long to look.
const maxTime = 15 * time.Second

// IsMCPServer reports whether there is an MCP server at a URL, rather than an
// authorization server. It sends GET requests without a token.
func IsMCPServer(ctx context.Context, target string, settings network.Settings) bool {
	u, err := url.Parse(target)
	if err != nil || strings.Contains(target, "/.well-known/") {
		return false
	}
	plain := fetch.PlainHosts(settings.DangerouslyAllowHTTP)
	if metadata.CheckIssuer(plain.Secured(target)) != nil {
		return guess(u)
	}
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	client := fetch.New(fetch.Policy{Settings: settings, UserAgent: "mcpauth-check"})
	defer client.Close()
	d := detector{client, target}
	switch named, err := d.namedByMetadata(ctx); {
	case named:
		return true
	case err != nil: // nothing answers there
		return guess(u)
	case d.issues(ctx):
		return false
	case d.speaksMCP(ctx):
		return true
	}
	return guess(u)
}

// guess takes a URL for that of an MCP server if no issuer can have it, or if it
// has a path, as most of these servers do.
func guess(u *url.URL) bool { return u.RawQuery != "" || strings.Trim(u.Path, "/") != "" }

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
	place, err := metadata.ResourceMetadataURL(d.client.PlainHosts().Secured(d.target))
	if err != nil {
		return false, nil // no resource can have the URL
	}
	resp, err := d.get(ctx, fetch.SchemeOf(d.target, place), "application/json")
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
