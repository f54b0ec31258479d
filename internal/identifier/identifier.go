// Package identifier checks the URLs of a configuration: resource identifiers,
// issuers and links. What it returns are errors of package configerr without a
// field.
package identifier

import (
	"errors"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// Resource is what follows from a resource identifier.
type Resource struct {
	// Origin is scheme and authority.
	Origin string
	// MetadataURL is where the metadata is published.
	MetadataURL string
	OnLoopback  bool
	// Place is where a client asks for the metadata. Identifiers with the same
	// place, such as with and without the slash after the host, cannot both be
	// used.
	Place string
}

var errRewritten = errors.New("it has an empty query or an empty path segment")

// ParseResource reads a resource identifier (RFC 8707 §2). With an error comes a
// Resource of which only the Place counts.
func ParseResource(text string) (Resource, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return Resource{Place: text}, fault(configerr.InvalidIdentifier, text, nil)
	}
	var faults configerr.List
	insecure := isInsecure(text)
	if insecure {
		faults.Add(configerr.InsecureURL, "", text)
	}
	metadataURL, err := metadata.ResourceMetadataURL(text)
	switch {
	case strings.Contains(text, "#"):
		faults.Add(configerr.IdentifierFragment, "", text)
	case err != nil && !insecure:
		faults.AddErr(configerr.InvalidIdentifier, "", text, err)
	case u.ForceQuery || strings.Contains(u.EscapedPath(), "//"):
		// Routers and clients rewrite both, and then find no metadata.
		faults.AddErr(configerr.InvalidIdentifier, "", text, errRewritten)
	}
	return Resource{
		Origin: u.Scheme + "://" + u.Host, MetadataURL: metadataURL,
		OnLoopback: fetch.IsLoopbackHost(u.Hostname()), Place: place(text, metadataURL),
	}, faults.Err()
}

func place(text, metadataURL string) string {
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

var errMetadataAsIssuer = errors.New("it is the URL of a metadata document, whose member issuer is the issuer")

// CheckIssuer reports what is wrong with an issuer identifier.
func CheckIssuer(text string) error {
	switch {
	case metadata.CheckIssuer(text) != nil:
		return urlFault(configerr.InvalidIssuer, text)
	case strings.Contains(text, "/.well-known/"):
		return fault(configerr.InvalidIssuer, text, errMetadataAsIssuer)
	}
	return nil
}

// CheckURL reports what is wrong with an https URL. Plain http is accepted on
// loopback, if onLoopback is set.
func CheckURL(raw string, onLoopback bool) error {
	if fetch.CheckURL(raw, onLoopback) != nil {
		return urlFault(configerr.InvalidURL, raw)
	}
	return nil
}

// urlFault says that a URL is not valid, or only that it is plain http.
func urlFault(invalid configerr.Fault, raw string) error {
	if isInsecure(raw) {
		invalid = configerr.InsecureURL
	}
	return fault(invalid, raw, nil)
}

func fault(f configerr.Fault, value string, err error) error {
	var faults configerr.List
	faults.AddErr(f, "", value, err)
	return faults.Err()
}

// isInsecure reports whether a URL is plain http on a host that is not loopback.
func isInsecure(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "http" && u.Host != "" && !fetch.IsLoopbackHost(u.Hostname())
}
