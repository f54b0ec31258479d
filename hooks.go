package mcpauth

import (
	"context"
	"log/slog"
	"time"

	"github.com/mcp-auth/go/internal/introspection"
	"github.com/mcp-auth/go/internal/jose"
	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/panics"
	"github.com/mcp-auth/go/internal/safelog"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

// Hooks observe an [Auth], for metrics, audit logs and traces. Each may be nil.
// Requests may be waiting for a hook: it must return soon, be safe for
// concurrent use, and not call [Auth.Close]. A panic in a hook is logged and goes
// no further. No hook sees a token.
type Hooks struct {
	// Fetched is called after each fetch of metadata or keys, in the goroutine of
	// the fetch.
	Fetched func(FetchEvent)
	// Introspected is called after each question to an introspection endpoint, in
	// the goroutine that asked. Remembered answers are not asked for again.
	Introspected func(IntrospectionEvent)
	// Decided is called after each decision on a request, allowed or not, and if
	// [Require] refuses one that was allowed. The context is the request's.
	Decided func(context.Context, DecisionEvent)
}

// DecisionEvent describes one decision, see [Hooks.Decided].
type DecisionEvent struct {
	// Resource is the resource identifier.
	Resource string
	// Method is the HTTP method.
	Method string
	// Operations are the MCP operations of the request, if the resource has a
	// policy and the caller was known. Arguments may hold secrets of the caller,
	// and are not to be kept.
	Operations []policy.Operation
	// Outcome says how the request was decided.
	Outcome Outcome
	// Status is the HTTP status of a refusal, 0 if there is none.
	Status int
	// Reason says why a request was refused. It is empty if it was allowed.
	Reason reason.Reason
	// Issuer, Subject and ClientID are the caller's, empty without a valid token.
	Issuer, Subject, ClientID string
	// Duration is how long the decision took, on the system's clock.
	Duration time.Duration
}

// Outcome is one of the three outcomes of a decision.
type Outcome string

// The outcomes.
const (
	Allowed     Outcome = "allowed"
	Denied      Outcome = "denied"      // status 4xx
	Unavailable Outcome = "unavailable" // cannot be decided now: status 5xx
)

// IntrospectionEvent describes one question to an introspection endpoint, see
// [Hooks.Introspected].
type IntrospectionEvent struct {
	// Issuer is the authorization server's issuer identifier.
	Issuer string
	// Duration is how long it took.
	Duration time.Duration
	// Active says that the server called the token active.
	Active bool
	// Err is why there is no answer, nil if there is one. Its text holds no
	// secret.
	Err error
}

// FetchEvent describes one finished fetch from an authorization server, see
// [Hooks.Fetched]. Resources that name a server alike share its fetches. [Hooks.Introspected]
// is about token introspection.
type FetchEvent struct {
	// Issuer is the authorization server's issuer identifier.
	Issuer string
	// Document says what was fetched.
	Document FetchedDocument
	// Duration is how long it took. Keys that need the metadata first wait for
	// them.
	Duration time.Duration
	// Err is why it failed, nil if it did not. Its text holds no secret. If the
	// metadata could not be fetched, errors.As finds a
	// [*metadata.DiscoveryError].
	Err error
	// FetchedAt is when the fetch of the document in use now began: this fetch,
	// or, if it failed, an older one. It is zero if nothing is in use; without
	// keys, requests with a token are answered with 503. The clock is
	// [Config.Now].
	FetchedAt time.Time
}

// FetchedDocument is one of the documents that are fetched from an
// authorization server.
type FetchedDocument string

// The documents.
const (
	// FetchedMetadata is the metadata (RFC 8414, OpenID Connect Discovery).
	FetchedMetadata FetchedDocument = FetchedDocument(keys.Metadata)
	// FetchedKeys is the JWK Set (RFC 7517).
	FetchedKeys FetchedDocument = FetchedDocument(keys.Keys)
)

// guarded returns the hook as a function whose panics are logged, nil if there is
// no hook: hooks run in goroutines of this package, whose panics would end the
// process.
func guarded[E any](name string, hook func(E), log *slog.Logger) func(E) {
	if hook == nil {
		return nil
	}
	return func(e E) {
		_, err := panics.Call("the hook "+name, func() (struct{}, error) {
			hook(e)
			return struct{}{}, nil
		})
		panicked, ok := err.(*panics.Error) // as Call returns it
		if !ok {
			return
		}
		attrs := append(safelog.Cause(err), slog.String("hook", name))
		if _, decision := any(e).(DecisionEvent); !decision { // whose operations may hold a caller's secrets
			attrs = append(attrs, slog.Any("panic", panicked.Value))
		}
		safelog.Write(context.Background(), log, slog.LevelError, "mcpauth: hook panicked", attrs...)
	}
}

// fetched returns what calls [Hooks.Fetched], nil if there is none.
func (h Hooks) fetched(log *slog.Logger) func(keys.Event) {
	hook := guarded("Fetched", h.Fetched, log)
	if hook == nil {
		return nil
	}
	return func(e keys.Event) {
		hook(FetchEvent{
			Issuer: e.Issuer, Document: FetchedDocument(e.Document), Duration: e.Duration, Err: e.Err, FetchedAt: e.FetchedAt,
		})
	}
}

// introspected returns what calls [Hooks.Introspected], nil if there is none.
func (h Hooks) introspected(log *slog.Logger) func(introspection.Event) {
	hook := guarded("Introspected", h.Introspected, log)
	if hook == nil {
		return nil
	}
	return func(e introspection.Event) { hook(IntrospectionEvent(e)) }
}

// decided returns what calls [Hooks.Decided], nil if there is none.
func (h Hooks) decided(log *slog.Logger) func(context.Context, DecisionEvent) {
	if h.Decided == nil {
		return nil
	}
	return func(ctx context.Context, e DecisionEvent) {
		guarded("Decided", func(e DecisionEvent) { h.Decided(ctx, e) }, log)(e)
	}
}

// reportSkippedKeys returns what reports keys that are of no use, so that a token
// that is refused for its key is no riddle. Keys for something else than tokens are
// usual.
func reportSkippedKeys(log *slog.Logger) func(issuer string, key jose.SkippedKey) {
	return func(issuer string, key jose.SkippedKey) {
		level := slog.LevelWarn
		if key.OtherPurpose {
			level = slog.LevelDebug
		}
		safelog.Write(context.Background(), log, level, "mcpauth: key ignored",
			slog.String("issuer", issuer), slog.String("key", key.String()))
	}
}
