package tokenexchange

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/internal/tokenendpoint"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/internal/lookup"
)

// entryBytes is about what a kept token costs besides its text.
const entryBytes = 256

// Exchanger gets tokens for one service. Calls for the same caller's token at the
// same time share one exchange. At most 10,000 tokens are kept. It is safe for
// concurrent use. Make one with [New].
type Exchanger struct {
	config   Config
	endpoint *tokenendpoint.Endpoint
	answers  *lookup.Client[answer]
}

// answer is what the authorization server said about one token: a token for the
// service, or that the caller's is no good.
type answer struct {
	token   client.Token
	refused error
}

// New returns an Exchanger, which must be closed. It makes no network call. The
// error joins a [*configerr.Error] for each mistake.
func New(config Config) (*Exchanger, error) {
	config = config.withDefaults()
	var faults configerr.List
	asked := config.parse(&faults)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	e := &Exchanger{config: config, endpoint: asked}
	e.answers = lookup.New(lookup.Config[answer]{
		Ask: e.ask, MayPass: fetch.MayPass, Retain: e.retain, Timeout: config.Timeout, Now: config.Now,
	})
	return e, nil
}

// Close ends exchanges under way and waits for them.
func (e *Exchanger) Close() error {
	e.answers.Close()
	return nil
}

// Format prints no secret, whatever the verb.
func (e *Exchanger) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "tokenexchange.Exchanger{"+e.config.Client.Issuer+"}")
}

// Token returns a token for the service in the name of the caller of the request
// that ctx belongs to. A caller without a token is asked for one: the error is then
// the one of [mcpauth.Require]. All other errors are an [*Error].
func (e *Exchanger) Token(ctx context.Context) (client.Token, error) {
	info, err := mcpauth.RequireAuthInfo(ctx)
	if err != nil {
		return client.Token{}, err
	}
	a, err := e.answers.Lookup(ctx, info.Token.Reveal(), info.UserID())
	switch {
	case err != nil:
		return client.Token{}, e.failure(ctx, err)
	case a.refused != nil:
		return client.Token{}, e.failure(ctx, a.refused)
	}
	return a.token, nil
}

// ask exchanges a token. That it is refused is an answer, unless nothing is said
// about the token.
func (e *Exchanger) ask(ctx context.Context, subject string) (answer, error) {
	got, err := e.exchange(ctx, subject)
	switch {
	case kindOf(err) == Refused:
		return answer{refused: err}, nil
	case err != nil:
		return answer{}, err
	}
	return answer{token: got}, nil
}

// retain says how long a token is kept. One whose expiry is not known is kept, too:
// CacheTTL bounds all.
func (e *Exchanger) retain(a answer, asked time.Time) lookup.Retention {
	until := asked.Add(e.config.CacheTTL)
	if a.refused != nil {
		return lookup.Retention{Until: until, Inactive: true}
	}
	return lookup.Retention{Until: tokenendpoint.KeepUntil(a.token, until), Bytes: entryBytes + len(a.token.AccessToken)}
}

// failure describes why there is no token, and logs it.
func (e *Exchanger) failure(ctx context.Context, cause error) error {
	failure := &Error{Kind: kindOf(cause), cause: cause}
	level := slog.LevelWarn
	switch failure.Kind {
	case Refused:
		failure.challenge = mcpauth.RefuseToken(ctx, cause)
	case Unavailable:
		failure.challenge = tokenendpoint.Outage()
	default:
		level = slog.LevelError
	}
	e.config.Logger.LogAttrs(ctx, level, "tokenexchange: no token",
		slog.String("kind", string(failure.Kind)), slog.String("issuer", e.config.Client.Issuer), slog.Any("error", cause))
	return failure
}
