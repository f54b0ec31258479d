package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

var errNoIssuer = errors.New("authorization_servers is missing (MCP authorization server location)")

// mayLoopback reports whether a URL on loopback may be fetched: only a server
// on loopback may name it, or somebody's web page could reach the services of
// this machine.
func (c *Client) mayLoopback(raw string) bool {
	return c.onLoopback && fetch.IsLoopbackURL(raw)
}

// resource finds the metadata of the protected resource: where the challenge
// says, else at the well-known places, the path's first (MCP discovery).
func (c *Client) resource(ctx context.Context, challenged string) (*metadata.ProtectedResource, error) {
	if challenged != "" {
		return c.resourceAt(ctx, challenged)
	}
	places, err := c.wellKnown()
	if err != nil {
		return nil, err
	}
	var missing *ResourceError
	for _, place := range places {
		document, err := c.resourceAt(ctx, place)
		var failure *ResourceError
		if err == nil || !errors.As(err, &failure) || !passedOver(failure) {
			return document, err
		}
		if missing == nil || failure.Kind == ResourceMalformed || absent(missing) && !absent(failure) {
			missing = failure
		}
	}
	return nil, missing
}

// passedOver reports whether a place has no document at all. A web page, which
// some servers answer every path with, is none either.
func passedOver(e *ResourceError) bool {
	var document *metadata.DocumentError
	return e.Kind == ResourceNotFound || e.Kind == ResourceMalformed && errors.As(e.Err, &document)
}

func (c *Client) wellKnown() ([]string, error) {
	path, err := metadata.ResourceMetadataURL(c.config.ServerURL)
	if err != nil {
		return nil, err
	}
	root, err := metadata.RootResourceMetadataURL(c.config.ServerURL)
	if err != nil || root == path {
		return []string{path}, err
	}
	return []string{path, root}, nil
}

func (c *Client) resourceAt(ctx context.Context, place string) (*metadata.ProtectedResource, error) {
	fail := func(kind ResourceKind, err error) (*metadata.ProtectedResource, error) {
		return nil, &ResourceError{URL: shownURL(place), Kind: kind, Err: err}
	}
	resp, err := c.fetch.Do(ctx, fetch.Request{
		URL: place, Header: http.Header{"Accept": {"application/json"}}, AllowLoopback: c.mayLoopback(place),
	})
	var refused *fetch.Error
	switch {
	case errors.As(err, &refused) && (refused.Kind == fetch.InvalidURL || refused.Kind == fetch.NotHTTPS || refused.Kind == fetch.BlockedAddress):
		return fail(ResourceMalformed, err)
	case err != nil:
		return fail(ResourceUnavailable, err)
	case resp.Status >= http.StatusInternalServerError || resp.Status == http.StatusTooManyRequests:
		return fail(ResourceUnavailable, resp.Unexpected())
	case resp.Status != http.StatusOK:
		return fail(ResourceNotFound, resp.Unexpected())
	}
	document, err := metadata.ParseProtectedResource(resp.Body)
	if err != nil {
		return fail(ResourceMalformed, err)
	}
	if err := c.matches(document.Resource, place); err != nil {
		return fail(ResourceMismatch, err)
	}
	if len(document.AuthorizationServers) == 0 {
		return fail(ResourceMalformed, errNoIssuer)
	}
	return document, nil
}

// matches holds a document to the server that was asked. RFC 9728 §3.3 wants
// the resource identical to the identifier that the document's place was made
// from, or to the URL that was requested if a challenge named the place. MCP
// adds the root of the server's origin as a place; a document there may be
// about the origin.
func (c *Client) matches(resource, place string) error {
	if sameIdentifier(resource, c.config.ServerURL) {
		return nil
	}
	root, err := metadata.RootResourceMetadataURL(c.config.ServerURL)
	if err == nil && place == root && sameIdentifier(resource, c.origin) {
		return nil
	}
	text := fmt.Sprintf("the document is about %.200q, not about %.200q", shown(resource, 200), c.config.ServerURL)
	if strings.TrimSuffix(resource, "/") == strings.TrimSuffix(c.config.ServerURL, "/") {
		text += "; they differ in the trailing slash"
	}
	return errors.New(text)
}

// sameIdentifier compares byte for byte, save the case of scheme and host and
// a path that is a lone slash, which have one meaning and one metadata URL.
func sameIdentifier(a, b string) bool { return canonical(a) == canonical(b) }

func canonical(raw string) string {
	origin, rest := splitOrigin(raw)
	if rest == "/" {
		rest = ""
	}
	return strings.ToLower(origin) + rest
}

// splitOrigin cuts a URL behind its authority, without changing a byte.
func splitOrigin(raw string) (origin, rest string) {
	start := strings.Index(raw, "://")
	if start < 0 {
		return raw, ""
	}
	start += len("://")
	end := strings.IndexAny(raw[start:], "/?#")
	if end < 0 {
		return raw, ""
	}
	return raw[:start+end], raw[start+end:]
}

// issuer chooses one of the authorization servers that the resource names: one
// the client is registered with beforehand, then the one used before, then the
// first.
func (c *Client) issuer(document *metadata.ProtectedResource, before string) (string, error) {
	named := document.AuthorizationServers
	chosen := named[0]
	if slices.Contains(named, before) {
		chosen = before
	}
	for _, credentials := range c.config.Credentials {
		if credentials.Issuer != "" && slices.Contains(named, credentials.Issuer) {
			chosen = credentials.Issuer
			break
		}
	}
	if err := c.checkIssuer(chosen); err != nil {
		return "", err
	}
	return chosen, nil
}

func (c *Client) checkIssuer(issuer string) error {
	if err := metadata.CheckIssuer(issuer); err != nil {
		return &UnsuitableError{Issuer: shown(issuer, maxErrorDescription), Reason: err.Error()}
	}
	if fetch.IsLoopbackURL(issuer) && !c.onLoopback {
		return &UnsuitableError{Issuer: issuer, Reason: "it is on loopback, and the MCP server that names it is not"}
	}
	return nil
}

// server finds the metadata of an authorization server.
func (c *Client) server(ctx context.Context, issuer string) (*metadata.AuthorizationServer, error) {
	if err := c.checkIssuer(issuer); err != nil {
		return nil, err
	}
	found, err := metadata.Fetch(ctx, c.fetch, metadata.Source{Issuer: issuer})
	if err != nil {
		return nil, err
	}
	as := found.Server
	if as.TokenEndpoint == "" {
		return nil, &UnsuitableError{Issuer: issuer, Reason: "its metadata has no token_endpoint"}
	}
	return as, nil
}

// checkCodeFlow refuses a server that the authorization code flow of MCP is not
// possible or not safe with.
func checkCodeFlow(as *metadata.AuthorizationServer) error {
	reason := ""
	switch {
	case as.AuthorizationEndpoint == "":
		reason = "its metadata has no authorization_endpoint"
	case len(as.CodeChallengeMethodsSupported) == 0:
		reason = "its metadata has no code_challenge_methods_supported, so it does not support PKCE"
	case !slices.Contains(as.CodeChallengeMethodsSupported, "S256"):
		reason = "code_challenge_methods_supported lacks S256"
	case as.RequirePushedAuthorizationRequests:
		reason = "it requires pushed authorization requests, which this client does not make"
	}
	if reason != "" {
		return &UnsuitableError{Issuer: as.Issuer, Reason: reason}
	}
	return nil
}

// originOfServer is scheme and authority as the caller wrote them.
func originOfServer(serverURL string) string {
	origin, _ := splitOrigin(serverURL)
	return origin
}

// sameEndpoint reports whether a request goes to the MCP server's URL, whatever
// its query: only there its token is sent.
func sameEndpoint(u, server *url.URL) bool {
	return u != nil && u.User == nil &&
		strings.EqualFold(u.Scheme, server.Scheme) && strings.EqualFold(hostPort(u), hostPort(server)) &&
		orSlash(u.EscapedPath()) == orSlash(server.EscapedPath())
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return u.Host + map[string]string{"https": ":443", "http": ":80"}[strings.ToLower(u.Scheme)]
}

func orSlash(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// shownURL is a URL of another side's as an error may show it.
func shownURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment = nil, "", false, ""
	return shown(u.String(), maxErrorDescription)
}
