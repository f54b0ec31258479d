package gateway

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
)

// The faults of configurations, in addition to those in package configerr.
const (
	// NoUpstream is the fault of a resource without an upstream.
	NoUpstream configerr.Fault = "the resource has no upstream"
	// IdentifierQuery is the fault of a resource identifier with a query.
	IdentifierQuery configerr.Fault = "the resource identifier has a query: the gateway tells resources apart by host and path"
	// ReservedPath is the fault of a resource in the place of the metadata.
	ReservedPath configerr.Fault = "the path of the resource identifier begins with /.well-known/, where the metadata is"
	// MisplacedResources is the fault of resources outside of Config.Resources.
	MisplacedResources configerr.Fault = "resources belong in Config.Resources, and the Auth to inherit from is that of Config.Inherit"
	// InvalidKeepAlive is the fault of a time between comments that is too short.
	InvalidKeepAlive configerr.Fault = "the time between comments must be one second or more"
	// InvalidUpstreamURL is the fault of the URL of an upstream.
	InvalidUpstreamURL configerr.Fault = "the value is not an absolute http or https URL such as http://notes:3000/mcp, without userinfo and fragment"
	// InvalidTransport is the fault of an unknown transport.
	InvalidTransport configerr.Fault = "the transport is not streamable_http, sse or empty"
)

// KeySetPath is where [Config.KeySet] is served.
const KeySetPath = "/.well-known/mcp-auth/jwks.json"

// Config configures a [Gateway]. [New] copies it.
type Config struct {
	// Auth configures authorization. Its Resources and Inherit are empty: they are set
	// from the fields below. Its hook Decided finds with [ClientAddress] and
	// [RequestID] more about a request.
	Auth mcpauth.Config
	// Resources are the MCP servers, at least one.
	Resources []Resource
	// TrustedProxies are the networks of proxies whose X-Forwarded-For is believed,
	// for [ClientAddress] and the header that upstreams get. They decide nothing.
	TrustedProxies []netip.Prefix
	// KeepAlive is after how much silence an event stream gets a comment, so that
	// proxies further out do not take it for dead; one is also sent at its beginning.
	// Zero means none.
	KeepAlive time.Duration
	// KeySet, if set, serves [KeySetPath] at the host of each resource: the public keys
	// of the assertions of package identity.
	KeySet http.Handler
	// LegacyMetadata serves the metadata of the authorization server at
	// /.well-known/oauth-authorization-server of each host that has one resource only,
	// for clients of the specification of 2025-03-26; see
	// [mcpauth.Auth.LegacyMetadataHandler].
	LegacyMetadata bool
	// Limiter bounds how many requests callers make, see package gateway/ratelimit. Nil
	// means no bound.
	Limiter Limiter
	// Hooks observe the gateway.
	Hooks Hooks
	// Inherit, if set, is the Gateway that the new one replaces when a program reads
	// its configuration again; see [mcpauth.Config.Inherit]. Requests and streams of
	// the old one go on.
	Inherit *Gateway
}

// Resource is an MCP server behind the gateway.
type Resource struct {
	// Resource says what clients see and what callers need. Its identifier is what
	// clients use: host and path of their requests must be equal to it, and it has no
	// query. Without a Policy any caller with a valid token may do everything; messages
	// are read strictly all the same.
	mcpauth.Resource
	// Upstream serves the requests that were let in: an [Upstream], or any handler. It
	// belongs to the caller, and may serve several gateways one after the other.
	//
	// Its requests have a context in which [mcpauth.FromContext] finds the caller, the
	// body that the decision was made on, and no header that is not for it. Their URL is
	// the path of the identifier.
	Upstream http.Handler
	// Credential, if set, adds the credential of the upstream to each request.
	Credential Credential
}

// Credential adds to a request what an upstream wants to see, once the request was
// let in: a key, a token of the caller for the upstream, an assertion of who is
// calling.
type Credential interface {
	// Apply sets headers of the request to the upstream. Without a token of the caller,
	// info is nil. The request is not sent if there is an error; a [*CredentialError]
	// says how it is answered then, and all others are answered with 502. Apply must
	// honour ctx and be safe for concurrent use.
	Apply(ctx context.Context, info *mcpauth.AuthInfo, header http.Header) error
}

// CredentialError says how a request is answered whose credential for the upstream
// cannot be had.
type CredentialError struct {
	// Status is 401 if a new token of the caller would help, 503 if waiting would, and
	// 502 otherwise.
	Status int
	// RetryAfter is how long to wait after a 503.
	RetryAfter time.Duration
	// Err is the cause, for the log. Its text holds no secret.
	Err error
}

// Error says what happened.
func (e *CredentialError) Error() string { return "credential for the upstream: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *CredentialError) Unwrap() error { return e.Err }

// Hooks observe a [Gateway]. They must return soon and be safe for concurrent use. A
// panic in one is logged and goes no further.
type Hooks struct {
	// Limited is called when [Config.Limiter] has refused a request, or could not tell.
	// The context is the request's.
	Limited func(context.Context, LimitEvent)
	// Streaming is called when the response to a request that was let in begins and is an
	// event stream; Upstream is called when it has ended. Status, Duration and Err are
	// not known yet.
	Streaming func(context.Context, UpstreamEvent)
	// Upstream is called when a request that was let in has ended. The context is the
	// request's.
	Upstream func(context.Context, UpstreamEvent)
}

// UpstreamEvent describes a request that was let in, see [Hooks.Upstream].
type UpstreamEvent struct {
	// Resource is the resource identifier.
	Resource string
	// Method is the HTTP method.
	Method string
	// Status is the status that the client got, 0 if it got none.
	Status int
	// Stream says that the response is an event stream.
	Stream bool
	// Duration is how long it took from the decision to the end of the response.
	Duration time.Duration
	// Err is what went wrong with the upstream, nil if nothing did. It is
	// [context.Canceled] if the client went away. Its text holds no secret.
	Err error
}
