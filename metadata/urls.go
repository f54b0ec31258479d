package metadata

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/mcp-auth/go/internal/fetch"
)

// ServerType says by which rules an authorization server publishes its metadata.
type ServerType string

// The types of authorization server.
const (
	// OIDC is OpenID Connect Discovery: the well-known path follows the issuer.
	OIDC ServerType = "oidc"
	// OAuth is RFC 8414: the well-known path stands before the issuer's path.
	OAuth ServerType = "oauth"
	// AnyType tries the places in the order of the MCP specification.
	AnyType ServerType = ""
)

const (
	oauthWellKnown    = "/.well-known/oauth-authorization-server"
	oidcWellKnown     = "/.well-known/openid-configuration"
	resourceWellKnown = "/.well-known/oauth-protected-resource"
)

// Errors of [CheckIssuer], [CandidateURLs] and [ResourceMetadataURL].
var (
	ErrInvalidIssuer   = errors.New("metadata: the issuer is not an https URL without query and fragment")
	ErrInvalidResource = errors.New("metadata: the resource identifier is not an absolute http or https URL without fragment")
	ErrInvalidType     = errors.New("metadata: the type is not oidc, oauth or empty")
)

// CheckIssuer reports whether the text can be an issuer identifier: an https
// URL, or http on loopback, without query, fragment and userinfo (RFC 8414 §2).
// The error is [ErrInvalidIssuer].
func CheckIssuer(issuer string) error {
	if strings.ContainsAny(issuer, "?#") || fetch.CheckURL(issuer, true) != nil {
		return fmt.Errorf("%w: %q", ErrInvalidIssuer, issuer)
	}
	return nil
}

// split cuts a URL behind its authority, byte for byte: nothing is decoded,
// cleaned or lowered, because identifiers are compared as they are.
func split(raw string) (origin, rest string) {
	_, after, ok := strings.Cut(raw, "://")
	if !ok {
		return raw, ""
	}
	if i := strings.IndexAny(after, "/?"); i >= 0 {
		cut := len(raw) - len(after) + i
		return raw[:cut], raw[cut:]
	}
	return raw, ""
}

// CandidateURLs lists where the metadata of an issuer may stand, in the order
// in which they are to be tried (MCP authorization, RFC 8414 §3.1, OpenID
// Connect Discovery §4.1). Errors are [ErrInvalidIssuer] and [ErrInvalidType].
func CandidateURLs(issuer string, t ServerType) ([]string, error) {
	if err := CheckIssuer(issuer); err != nil {
		return nil, err
	}
	origin, path := split(issuer)
	path = strings.TrimSuffix(path, "/")
	appended := origin + path + oidcWellKnown
	switch {
	case t == OAuth:
		return []string{origin + oauthWellKnown + path}, nil
	case t == OIDC && path == "":
		return []string{appended}, nil
	case t == OIDC:
		return []string{appended, origin + oidcWellKnown + path}, nil
	case t != AnyType:
		return nil, fmt.Errorf("%w: %q", ErrInvalidType, t)
	case path == "":
		return []string{origin + oauthWellKnown, appended}, nil
	}
	return []string{origin + oauthWellKnown + path, origin + oidcWellKnown + path, appended}, nil
}

// ResourceMetadataURL is where the metadata of a protected resource stand: the
// well-known path stands between host and path, the query stays (RFC 9728 §3.1).
// The error is [ErrInvalidResource].
func ResourceMetadataURL(resource string) (string, error) {
	u, err := url.Parse(resource)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Contains(resource, "#") ||
		u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("%w: %q", ErrInvalidResource, resource)
	}
	origin, rest := split(resource)
	// "Any terminating slash following the host component" goes (§3.1); one
	// that ends a longer path is part of the identifier.
	if rest == "/" || strings.HasPrefix(rest, "/?") {
		rest = rest[1:]
	}
	return origin + resourceWellKnown + rest, nil
}

// RootResourceMetadataURL is the well-known URL of the resource's host, which
// clients try where the one of [ResourceMetadataURL] is not found. The error is
// [ErrInvalidResource].
func RootResourceMetadataURL(resource string) (string, error) {
	if _, err := ResourceMetadataURL(resource); err != nil {
		return "", err
	}
	origin, _ := split(resource)
	return origin + resourceWellKnown, nil
}
