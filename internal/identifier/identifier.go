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

// Rules are what holds for all URLs of one configuration. The zero value accepts
// plain http on loopback only.
type Rules struct {
	// Plain are the hosts that may be plain http.
	Plain fetch.PlainHosts
}

// Resource is what follows from a resource identifier.
type Resource struct {
	// Origin is scheme and authority.
	Origin string
	// MetadataURL is where the metadata is published.
	MetadataURL string
	// Path is the path of the identifier, percent-encoded.
	Path       string
	OnLoopback bool
	// Place is where a client asks for the metadata. Identifiers with the same
	// place, such as with and without the slash after the host, cannot both be
	// used.
	Place string
}

var errRewritten = errors.New("it has an empty query or an empty path segment")

// ParseResource reads a resource identifier (RFC 8707 §2). With an error comes a
// Resource of which only the Place counts.
func (r Rules) ParseResource(text string) (Resource, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return Resource{Place: text}, fault(configerr.InvalidIdentifier, text, hint(text))
	}
	var faults configerr.List
	insecure := r.isInsecure(text)
	if insecure {
		faults.AddErr(configerr.InsecureURL, "", text, errNameHost)
	}
	metadataURL, err := metadata.ResourceMetadataURL(r.Plain.Secured(text))
	switch {
	case strings.Contains(text, "#"):
		faults.Add(configerr.IdentifierFragment, "", text)
	case err != nil && !insecure:
		faults.AddErr(configerr.InvalidIdentifier, "", text, hint(text))
	case u.ForceQuery || strings.Contains(u.EscapedPath(), "//"):
		// Routers and clients rewrite both, and then find no metadata.
		faults.AddErr(configerr.InvalidIdentifier, "", text, errRewritten)
	}
	if metadataURL != "" {
		metadataURL = fetch.SchemeOf(text, metadataURL)
	}
	return Resource{
		Origin: u.Scheme + "://" + u.Host, MetadataURL: metadataURL, Path: u.EscapedPath(),
		OnLoopback: fetch.IsLoopbackHost(u.Hostname()), Place: place(text, metadataURL),
	}, faults.Err()
}

func place(text, metadataURL string) string {
	u, err := url.Parse(metadataURL)
	if err != nil || metadataURL == "" {
		return text
	}
	port := u.Port()
	if isDefaultPort(u.Scheme, port) {
		port = ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port + u.RequestURI()
}

func isDefaultPort(scheme, port string) bool {
	return scheme == "https" && port == "443" || scheme == "http" && port == "80"
}

var (
	errMetadataAsIssuer = errors.New("it is the URL of a metadata document, whose member issuer is the issuer")
	errNameHost         = errors.New("for development inside a network of your own, name the host in Network.DangerouslyAllowHTTP")
)

// CheckIssuer reports what is wrong with an issuer identifier.
func (r Rules) CheckIssuer(text string) error {
	switch {
	case metadata.CheckIssuer(r.Plain.Secured(text)) != nil:
		return r.serverFault(configerr.InvalidIssuer, text)
	case strings.Contains(text, "/.well-known/"):
		return fault(configerr.InvalidIssuer, text, errMetadataAsIssuer)
	}
	return nil
}

// CheckServerURL reports what is wrong with a URL of an authorization server. Plain
// http is accepted on loopback, if onLoopback is set, and on the hosts that may be
// plain http.
func (r Rules) CheckServerURL(raw string, onLoopback bool) error {
	if fetch.CheckURL(r.Plain.Secured(raw), onLoopback) != nil {
		return r.serverFault(configerr.InvalidURL, raw)
	}
	return nil
}

// Of returns the rules for URLs that an issuer names: only one that is itself plain
// http may name others that are.
func (r Rules) Of(issuer string) Rules { return Rules{r.Plain.For(issuer)} }

// serverFault says that a URL is not valid, or only that it is plain http.
func (r Rules) serverFault(invalid configerr.Fault, raw string) error {
	if r.isInsecure(raw) {
		return fault(configerr.InsecureURL, raw, errNameHost)
	}
	return fault(invalid, raw, hint(raw))
}

// CheckLink reports what is wrong with an https URL that is only published. Plain
// http is accepted on loopback.
func CheckLink(raw string) error {
	switch {
	case fetch.CheckURL(raw, true) == nil:
		return nil
	case Rules{}.isInsecure(raw):
		return fault(configerr.InsecureURL, raw, nil)
	}
	return fault(configerr.InvalidURL, raw, hint(raw))
}

func fault(f configerr.Fault, value string, err error) error {
	var faults configerr.List
	faults.AddErr(f, "", value, err)
	return faults.Err()
}

// isInsecure reports whether a URL is plain http on a host that must not be.
func (r Rules) isInsecure(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "http" && u.Host != "" && !fetch.IsLoopbackHost(u.Hostname()) && !r.Plain.Plain(raw)
}
