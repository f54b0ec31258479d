package clienterr

import "fmt"

// ResourceKind is a stable code for why the metadata of an MCP server cannot be
// used.
type ResourceKind string

// The kinds of [ResourceError].
const (
	// ResourceNotFound means that the server has no metadata document (RFC
	// 9728), so it does not say where to get tokens, or says it only in a way
	// that client.Config.LegacyDiscovery does not allow.
	ResourceNotFound ResourceKind = "not found"
	// ResourceMismatch means that the document is about another resource than
	// the server (RFC 9728 §3.3). No client was registered and no token
	// requested.
	ResourceMismatch ResourceKind = "resource mismatch"
	// ResourceMalformed means that the answer is not a metadata document, names
	// no authorization server, or is at a URL that must not be fetched.
	ResourceMalformed ResourceKind = "malformed"
	// ResourceUnavailable means that the server could not be reached or cannot
	// answer now.
	ResourceUnavailable ResourceKind = "unavailable"
)

// ResourceError reports that the metadata of the protected resource cannot be
// used.
type ResourceError struct {
	// URL is the address of the document, without its query.
	URL  string
	Kind ResourceKind
	// Err is the cause.
	Err error
}

// Error names the document and the cause.
func (e *ResourceError) Error() string {
	return fmt.Sprintf("resource metadata %s: %s: %v", e.URL, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *ResourceError) Unwrap() error { return e.Err }
