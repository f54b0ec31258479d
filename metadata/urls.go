package metadata

import (
	"net/url"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
)

// ServerType says where an authorization server publishes its metadata.
type ServerType string

const (
	// OIDC is an OpenID provider: OpenID Connect Discovery §4 appends the
	// well-known path to the issuer.
	OIDC ServerType = "oidc"
	// OAuth is an OAuth 2.0 authorization server: RFC 8414 §3 inserts the
	// well-known path between the issuer's host and path.
	OAuth ServerType = "oauth"
	// AnyType tries each place, in the order in which MCP clients do.
	AnyType ServerType = ""
)

const (
	oauthWellKnown    = "/.well-known/oauth-authorization-server"
	oidcWellKnown     = "/.well-known/openid-configuration"
	resourceWellKnown = "/.well-known/oauth-protected-resource"
)

// URLFault is a stable code for what is wrong with an identifier.
type URLFault string

// The faults of an identifier.
const (
	// InvalidURL is not an absolute http or https URL in the characters of
	// RFC 3986, or has a path with dot segments.
	InvalidURL URLFault = "invalid_url"
	// InsecureURL is http on a host that is not loopback.
	InsecureURL URLFault = "insecure_url"
	// HasUserinfo holds a user name or password.
	HasUserinfo URLFault = "has_userinfo"
	// HasQuery has a query where none is allowed, even an empty one.
	HasQuery URLFault = "has_query"
	// HasFragment has a fragment, even an empty one.
	HasFragment URLFault = "has_fragment"
	// UnknownType is a [ServerType] other than those of this package.
	UnknownType URLFault = "unknown_server_type"
)

// URLError says why an identifier cannot be used. It does not repeat the
// identifier, which may contain a secret by mistake.
type URLError struct {
	// What names the identifier at fault: "issuer", "resource" or "metadata
	// URL".
	What  string
	Fault URLFault
}

// Error names the fault.
func (e *URLError) Error() string {
	return "metadata: " + e.What + ": " + e.Fault.text()
}

func (f URLFault) text() string {
	switch f {
	case InsecureURL:
		return "must be https; http is for loopback hosts only"
	case HasUserinfo:
		return "must not hold a user name or password"
	case HasQuery:
		return "must not have a query"
	case HasFragment:
		return "must not have a fragment"
	case UnknownType:
		return `the server type must be "oidc", "oauth" or empty`
	default:
		return "must be an absolute https URL without dot segments, in ASCII"
	}
}

// CheckIssuer reports whether issuer can be an issuer identifier (RFC 8414 §2):
// an https URL, or an http one on a loopback host, without query and fragment.
// Nothing is normalized: identifiers are compared byte for byte. The error is a
// [*URLError].
func CheckIssuer(issuer string) error {
	_, err := splitIssuer(issuer)
	return err
}

func splitIssuer(issuer string) (urlParts, error) {
	if strings.Contains(issuer, "?") {
		return urlParts{}, &URLError{What: "issuer", Fault: HasQuery}
	}
	return splitURL("issuer", issuer)
}

// CandidateURLs returns where the metadata of an issuer may be, in the order to
// try. The issuer is used as written, including percent-encoding and port; only
// a slash at the end of its path is dropped, as both rules demand (RFC 8414
// §3.1, OpenID Connect Discovery §4.1).
//
//   - [OAuth]: inserted before the path.
//   - [OIDC]: appended to the path; then, if there is one, inserted before it
//     (RFC 8414 §5).
//   - [AnyType]: as MCP authorization says: OAuth inserted, OIDC inserted, OIDC
//     appended; the last two are one where the issuer has no path.
//
// The error is a [*URLError].
func CandidateURLs(issuer string, t ServerType) ([]string, error) {
	parts, err := splitIssuer(issuer)
	if err != nil {
		return nil, err
	}
	path := strings.TrimSuffix(parts.path, "/")
	oauth := parts.origin + oauthWellKnown + path
	inserted := parts.origin + oidcWellKnown + path
	appended := parts.origin + path + oidcWellKnown
	switch {
	case t == OAuth:
		return []string{oauth}, nil
	case t != OIDC && t != AnyType:
		return nil, &URLError{What: "issuer", Fault: UnknownType}
	case t == OIDC && path == "":
		return []string{appended}, nil
	case t == OIDC:
		return []string{appended, inserted}, nil
	case path == "":
		return []string{oauth, appended}, nil
	}
	return []string{oauth, inserted, appended}, nil
}

// ResourceMetadataURL returns where the metadata of a protected resource is
// (RFC 9728 §3.1): the well-known path is inserted between host and path, and
// path and query stay as they are. Only a path that is a lone slash is dropped,
// so that the metadata of https://example.com and https://example.com/ is at
// the same place.
//
// The error is a [*URLError].
func ResourceMetadataURL(resource string) (string, error) {
	parts, err := splitURL("resource", resource)
	if err != nil {
		return "", err
	}
	if parts.path == "/" {
		parts.path = ""
	}
	return parts.origin + resourceWellKnown + parts.path + parts.query, nil
}

// RootResourceMetadataURL returns the well-known URL of the resource's host
// alone, which MCP clients try if there is nothing at [ResourceMetadataURL].
// For a resource without path and query the two are the same. The error is a
// [*URLError].
func RootResourceMetadataURL(resource string) (string, error) {
	parts, err := splitURL("resource", resource)
	if err != nil {
		return "", err
	}
	return parts.origin + resourceWellKnown, nil
}

// urlParts are parts of a URL as it is written. Joined they are the URL.
type urlParts struct {
	origin string // scheme and authority
	path   string
	query  string // with its question mark
}

// splitURL checks an identifier and takes it apart without changing a byte,
// which going through [url.URL] would not guarantee.
func splitURL(what, raw string) (urlParts, error) {
	if fault := checkURL(raw); fault != "" {
		return urlParts{}, &URLError{What: what, Fault: fault}
	}
	var parts urlParts
	authority := strings.Index(raw, "://") + len("://")
	end := len(raw)
	if i := strings.IndexAny(raw[authority:], "/?"); i >= 0 {
		end = authority + i
	}
	parts.origin, parts.path = raw[:end], raw[end:]
	if i := strings.IndexByte(parts.path, '?'); i >= 0 {
		parts.path, parts.query = parts.path[:i], parts.path[i:]
	}
	if hasDotSegment(parts.path) {
		return urlParts{}, &URLError{What: what, Fault: InvalidURL}
	}
	return parts, nil
}

// checkURL returns what is wrong with an identifier, or nothing.
func checkURL(raw string) URLFault {
	if strings.Contains(raw, "#") {
		return HasFragment
	}
	if !isURIText(raw) {
		return InvalidURL
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != "http"):
		return InvalidURL
	case u.User != nil:
		return HasUserinfo
	case u.Scheme == "http" && !fetch.IsLoopbackHost(u.Hostname()):
		return InsecureURL
	case fetch.CheckURL(raw, true) != nil:
		return InvalidURL
	}
	return ""
}

// isURIText reports whether s is made of the characters of RFC 3986 §2 alone.
func isURIText(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return false
		}
	}
	return true
}

// hasDotSegment reports whether the path has a segment that servers and proxies
// may resolve: what is inserted before it would then not be where it seems.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".", "..":
			return true
		}
	}
	return false
}
