package tokenendpoint

import (
	"context"
	"time"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/lookup"
)

// margin is how long before its expiry a token is not used any more.
const margin = 30 * time.Second

// entryBytes is about what a kept token costs besides its text.
const entryBytes = 256

// Tokens keeps tokens by what they were obtained for. Callers at the same time share
// one request. Make one with [NewTokens].
type Tokens struct {
	answers *lookup.Client[answer]
	keep    time.Duration
}

// TokensConfig configures [Tokens]. All fields are required.
type TokensConfig struct {
	// Ask asks for a token.
	Ask func(ctx context.Context, subject string) (client.Token, error)
	// IsRefusal reports whether an error is an answer, which is kept for a moment, too.
	IsRefusal func(error) bool
	// Keep is how long a token is kept at most. None is kept if it is negative.
	Keep    time.Duration
	Timeout time.Duration // of one request
	Now     func() time.Time
}

// answer is a token, or why there is none.
type answer struct {
	token   client.Token
	refused error
}

// NewTokens returns Tokens, which must be closed.
func NewTokens(config TokensConfig) *Tokens {
	t := &Tokens{keep: config.Keep}
	ask := func(ctx context.Context, subject string) (answer, error) {
		token, err := config.Ask(ctx, subject)
		if err != nil && config.IsRefusal(err) {
			return answer{refused: err}, nil
		}
		return answer{token: token}, err
	}
	t.answers = lookup.New(lookup.Config[answer]{
		Ask: ask, MayPass: fetch.MayPass, Retain: t.retain, Timeout: config.Timeout, Now: config.Now,
	})
	return t
}

// Close ends requests under way and waits for them.
func (t *Tokens) Close() { t.answers.Close() }

// Get returns the token for a subject, which is a secret of the caller or empty. The
// caller's name decides whom a request has to wait for.
func (t *Tokens) Get(ctx context.Context, subject, caller string) (client.Token, error) {
	a, err := t.answers.Lookup(ctx, subject, caller)
	if err == nil {
		err = a.refused
	}
	return a.token, err
}

// retain says how long an answer is kept. A token whose expiry is not known is kept,
// too.
func (t *Tokens) retain(a answer, asked time.Time) lookup.Retention {
	until := asked.Add(t.keep)
	if a.refused != nil {
		return lookup.Retention{Until: until, Inactive: true}
	}
	if expiry := a.token.ExpiresAt; !expiry.IsZero() && expiry.Add(-margin).Before(until) {
		until = expiry.Add(-margin)
	}
	return lookup.Retention{Until: until, Bytes: entryBytes + len(a.token.AccessToken)}
}
