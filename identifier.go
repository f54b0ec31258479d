package mcpauth

import (
	"errors"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// identifier is what follows from a resource identifier.
type identifier struct {
	origin      string // scheme and authority
	metadataURL string
	onLoopback  bool
	// place is where a client asks for the metadata: identifiers with the same
	// place, such as with and without the slash after the host, cannot both be
	// used.
	place string
}

var errRewritten = errors.New("it has an empty query or an empty path segment")

func parseIdentifier(faults *configerr.List, field, text string) identifier {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		faults.Add(configerr.InvalidIdentifier, field, text)
		return identifier{place: text}
	}
	insecure := isInsecure(text)
	if insecure {
		faults.Add(configerr.InsecureURL, field, text)
	}
	metadataURL, err := metadata.ResourceMetadataURL(text)
	switch {
	case strings.Contains(text, "#"):
		faults.Add(configerr.IdentifierFragment, field, text)
	case err != nil && !insecure:
		faults.AddErr(configerr.InvalidIdentifier, field, text, err)
	case u.ForceQuery || strings.Contains(u.EscapedPath(), "//"):
		// Routers and clients rewrite both, and then find no metadata.
		faults.AddErr(configerr.InvalidIdentifier, field, text, errRewritten)
	}
	return identifier{
		origin: u.Scheme + "://" + u.Host, metadataURL: metadataURL,
		onLoopback: fetch.IsLoopbackHost(u.Hostname()), place: metadataPlace(text, metadataURL),
	}
}

func metadataPlace(text, metadataURL string) string {
	u, err := url.Parse(metadataURL)
	if err != nil || metadataURL == "" {
		return text
	}
	port := u.Port()
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port + u.RequestURI()
}

// addURL adds that a URL is not valid, or only that it is plain http.
func addURL(faults *configerr.List, invalid configerr.Fault, field, raw string) {
	if isInsecure(raw) {
		invalid = configerr.InsecureURL
	}
	faults.Add(invalid, field, raw)
}

func checkURL(faults *configerr.List, field, raw string) {
	if fetch.CheckURL(raw, true) != nil {
		addURL(faults, configerr.InvalidURL, field, raw)
	}
}

// isInsecure reports whether a URL is plain http on a host that is not loopback.
func isInsecure(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "http" && u.Host != "" && !fetch.IsLoopbackHost(u.Hostname())
}
