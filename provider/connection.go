package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/claims"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/jsonx"
	"github.com/mcp-auth/go/internal/lookup"
	"github.com/mcp-auth/go/network"
)

const (
	defaultTimeout = 5 * time.Second
	maxTimeout     = 10 * time.Second
	maxCacheTTL    = time.Hour
	// maxToken bounds a token that is asked about, in bytes. The longest that is
	// documented is one of 12 KB, of Google.
	maxToken = 16 << 10
	// maxAnswer bounds an answer in bytes.
	maxAnswer = 64 << 10
	// maxAnswerDepth bounds how deep an answer nests.
	maxAnswerDepth = 16
)

// Connection says how a verifier asks its provider. The zero value asks the
// public service for each request.
//
// Without a CacheTTL, each request costs a round trip and counts against the
// provider's hourly limit. With one, the answer for a valid token is
// remembered. A refusal is always remembered for 5 seconds, for at most 1,000
// tokens. Requests with the same token share one question, at most 32 questions
// are asked at a time, and what cannot be a token of the provider is refused
// without asking. Invented tokens of the right form are asked about, each once:
// limit the requests that a stranger may send.
type Connection struct {
	// BaseURL is the URL of the API, without a slash at its end. Empty means
	// the public service. It is https, or http on loopback.
	BaseURL string
	// CacheTTL is how long the answer for a valid token is remembered, at most
	// one hour and never past its expiry. A token that is revoked, or whose user
	// loses a membership, is accepted that much longer. Zero asks for each
	// request. At most 10,000 answers are remembered.
	CacheTTL time.Duration
	// Timeout bounds one question to the provider. The question goes on if its
	// caller gives up, because others may wait for the answer. Zero means 5
	// seconds; 10 seconds is the most.
	Timeout time.Duration
	// Network says how the API is reached. Its Timeout bounds each request of a
	// question, which may need several; 10 seconds is the most.
	Network network.Settings
	// Now is the clock, for tests. Nil means [time.Now].
	Now func() time.Time
}

func (c Connection) check(f *faults) {
	if c.BaseURL != "" && (!isURL(c.BaseURL) || strings.HasSuffix(c.BaseURL, "/")) {
		f.add(InvalidURL, "BaseURL", c.BaseURL, "without a slash at its end")
	}
	if c.CacheTTL < 0 || c.CacheTTL > maxCacheTTL {
		f.add(InvalidLifetime, "CacheTTL", c.CacheTTL.String(), "")
	}
	if c.Timeout < 0 || c.Timeout > maxTimeout {
		f.add(InvalidTimeout, "Timeout", c.Timeout.String(), "")
	}
	if c.Network.Timeout < 0 || c.Network.Timeout > maxTimeout {
		f.add(InvalidTimeout, "Network.Timeout", c.Network.Timeout.String(), "")
	}
}

func isURL(raw string) bool { return fetch.CheckURL(raw, true) == nil && !strings.Contains(raw, "?") }

// asker asks one provider about tokens, for all callers of a verifier.
type asker struct {
	base          string
	allowLoopback bool
	fetch         *fetch.Client
	ttl           time.Duration
	now           func() time.Time
	tokens        *lookup.Client[answer]
}

// answer is what is known of a token: claims, or why it is not acceptable.
type answer struct {
	claims  *mcpauth.Claims
	refused error
}

// ask asks about one token. Its error wraps [mcpauth.ErrInvalidToken], or else
// nothing is known of the token.
type ask func(ctx context.Context, token string) (*mcpauth.Claims, error)

func newAsker(c Connection, public string) *asker {
	a := &asker{
		base:  c.BaseURL,
		fetch: fetch.New(fetch.Policy{Settings: c.Network.Clone(), MaxBody: maxAnswer}),
		ttl:   c.CacheTTL,
		now:   c.Now,
	}
	if a.base == "" {
		a.base = public
	}
	a.allowLoopback = fetch.IsLoopbackURL(a.base)
	if a.now == nil {
		a.now = time.Now
	}
	return a
}

// start makes the asker ready for [asker.verify].
func (a *asker) start(timeout time.Duration, ask ask) {
	if timeout == 0 {
		timeout = defaultTimeout
	}
	a.tokens = lookup.New(lookup.Config[answer]{
		Ask: func(ctx context.Context, token string) (answer, error) {
			claims, err := ask(ctx, token)
			if errors.Is(err, mcpauth.ErrInvalidToken) {
				return answer{refused: err}, nil
			}
			return answer{claims: claims}, err
		},
		MayPass: fetch.MayPass, Retain: a.retain, Timeout: timeout, Now: a.now,
	})
}

// retain says how long an answer is remembered. An inactive token is remembered
// even without CacheTTL: there is no revocation to notice, and whoever sends it
// again and again shall not use up what the provider grants.
func (a *asker) retain(said answer, asked time.Time) lookup.Retention {
	if said.refused != nil {
		return lookup.Retention{Until: asked.Add(lookup.MaxInactive), Inactive: true}
	}
	return lookup.Retention{Until: earlier(asked.Add(a.ttl), said.claims.ExpiresAt), Bytes: size(said.claims)}
}

// size is about what the claims take in memory. Scopes and audiences count one by
// one.
func size(c *mcpauth.Claims) int {
	known := claims.Claims{Raw: c.Raw, Subject: c.Subject, ClientID: c.ClientID, Scopes: c.Scopes, Audience: c.Audience}
	return known.Size()
}

// verify asks about a token, or remembers what was said about it.
func (a *asker) verify(ctx context.Context, token string) (*mcpauth.Claims, error) {
	said, err := a.tokens.Lookup(ctx, token, "")
	switch {
	case err != nil:
		return nil, err
	case said.refused != nil:
		return nil, said.refused
	}
	return clone(said.claims), nil
}

// clone keeps one caller from changing what another gets.
func clone(c *mcpauth.Claims) *mcpauth.Claims {
	copied := *c
	copied.Audience = slices.Clone(c.Audience)
	copied.Scopes = slices.Clone(c.Scopes)
	copied.Raw = slices.Clone(c.Raw)
	return &copied
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// do sends one request to a path below the base URL.
func (a *asker) do(ctx context.Context, method, path string, header http.Header, body []byte) (*fetch.Response, error) {
	if method == http.MethodPost {
		// The question changes nothing: net/http may send it again on a new
		// connection where the server has just closed an idle one. The header
		// itself is not sent.
		header["X-Idempotency-Key"] = nil
	}
	return a.fetch.Do(ctx, fetch.Request{
		Method: method, URL: a.base + path, Header: header, Body: body, AllowLoopback: a.allowLoopback,
	})
}

// members walks an object strictly.
func members(data []byte, visit func(name string, raw []byte) bool) error {
	err := jsonx.Object(data, maxAnswerDepth, func(name string, raw []byte) error {
		if !visit(name, raw) {
			return fmt.Errorf("member %.40q has the wrong type", name)
		}
		return nil
	})
	if fault, ok := err.(*jsonx.Error); ok && fault.Reason == jsonx.Syntax { // such as the error page of a proxy
		return &fetch.UnreadableError{Err: err}
	}
	return err
}

func (a *asker) close() {
	a.tokens.Close()
	a.fetch.Close()
}

// isToken reports text that can be somebody's bearer token.
func isToken(text string) bool { return len(text) <= maxToken && challenge.ValidToken68(text) }

// invalid is the error for a token that is not acceptable.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", mcpauth.ErrInvalidToken, fmt.Errorf(format, args...))
}
