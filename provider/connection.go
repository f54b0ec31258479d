package provider

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/fetch"
)

const (
	defaultTimeout = 5 * time.Second
	maxTimeout     = 10 * time.Second
	maxCacheTTL    = time.Hour
	// maxQuestions are asked at a time by one verifier.
	maxQuestions = 32
	// maxAnswer bounds an answer in bytes.
	maxAnswer = 64 << 10
	// maxAnswerDepth bounds how deep an answer nests.
	maxAnswerDepth = 16
)

var errBusy = errors.New("too many questions are under way")

// Connection is how a verifier asks its provider. The zero value asks the public
// service for each request.
//
// What is asked for each request costs each request a round trip, and counts
// against what the provider grants per hour. CacheTTL bounds that for tokens
// that are valid; tokens that are not are asked about each time.
type Connection struct {
	// BaseURL is where the API stands, without a slash at its end. Empty means
	// the public service. It is https, or http on loopback.
	BaseURL string
	// CacheTTL is how long the answer for a valid token is remembered, at most
	// one hour and never past its expiry. A token that is revoked, or whose user
	// loses a membership, is accepted that much longer. Zero asks for each
	// request. At most 20,000 answers are remembered.
	CacheTTL time.Duration
	// Timeout bounds one verification. Zero means 5 seconds; 10 seconds is the
	// most.
	Timeout time.Duration
	// AllowedNetworks are the private networks in which the API may stand.
	AllowedNetworks []netip.Prefix
	// RootCAs verifies the API's certificate. Nil means the system's.
	RootCAs *x509.CertPool
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
}

func isURL(raw string) bool { return fetch.CheckURL(raw, true) == nil && !strings.Contains(raw, "?") }

// asker asks one provider about tokens, for all callers of a verifier.
type asker struct {
	base          string
	allowLoopback bool
	fetch         *fetch.Client
	timeout       time.Duration
	ttl           time.Duration
	now           func() time.Time
	slots         chan struct{}
	cache         *answers
}

func newAsker(c Connection, public string) *asker {
	a := &asker{
		base:    c.BaseURL,
		fetch:   fetch.New(fetch.Policy{AllowedNetworks: slices.Clone(c.AllowedNetworks), RootCAs: c.RootCAs, MaxBody: maxAnswer, Timeout: maxTimeout}),
		timeout: c.Timeout,
		ttl:     c.CacheTTL,
		now:     c.Now,
		slots:   make(chan struct{}, maxQuestions),
		cache:   newAnswers(),
	}
	if a.base == "" {
		a.base = public
	}
	a.allowLoopback = fetch.IsLoopbackURL(a.base)
	if a.timeout == 0 {
		a.timeout = defaultTimeout
	}
	if a.now == nil {
		a.now = time.Now
	}
	return a
}

// verify asks about a token, or remembers what was said about it. The error of
// ask decides whether the token is invalid or nothing is known of it.
func (a *asker) verify(ctx context.Context, token string, ask func(context.Context, string) (*mcpauth.Claims, error)) (*mcpauth.Claims, error) {
	key := sha256.Sum256([]byte(token))
	if claims := a.cache.get(key, a.now()); claims != nil {
		return claims, nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-ctx.Done():
		return nil, errBusy
	}
	asked := a.now()
	claims, err := ask(ctx, token)
	if err != nil {
		return nil, err
	}
	if a.ttl > 0 {
		a.cache.add(key, claims, earlier(asked.Add(a.ttl), claims.ExpiresAt))
	}
	return claims, nil
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

func (a *asker) close() { a.fetch.Close() }

// invalid is the error for a token that is not acceptable.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", mcpauth.ErrInvalidToken, fmt.Errorf(format, args...))
}
