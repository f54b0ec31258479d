package mcpauth

import (
	"context"
	"log/slog"
	"time"

	"github.com/mcp-auth/go/internal/keys"
	"github.com/mcp-auth/go/internal/panics"
)

// FetchEvent describes one finished fetch from an authorization server, see
// [Config.OnFetch]. Resources that name a server alike share its fetches. Token
// introspection is not among them.
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

// reportFetches returns what calls the hook, nil if there is none. A panic of the
// hook, which runs in a goroutine of this package, does not end the process.
func reportFetches(hook func(FetchEvent), log *slog.Logger) func(keys.Event) {
	if hook == nil {
		return nil
	}
	return func(e keys.Event) {
		_, err := panics.Call("OnFetch", func() (struct{}, error) {
			hook(FetchEvent{
				Issuer: e.Issuer, Document: FetchedDocument(e.Document), Duration: e.Duration, Err: e.Err, FetchedAt: e.FetchedAt,
			})
			return struct{}{}, nil
		})
		if panicked, ok := err.(*panics.Error); ok { // as Call returns it; the hook knows no secret
			attrs := []slog.Attr{slog.String("issuer", e.Issuer), slog.Any("panic", panicked.Value)}
			report(context.Background(), log, slog.LevelError, "mcpauth: OnFetch panicked", append(attrs, causeOf(err)...)...)
		}
	}
}
