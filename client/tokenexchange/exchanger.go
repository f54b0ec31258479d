package tokenexchange

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/internal/tokenendpoint"
	"github.com/mcp-auth/go/configerr"
)

// Exchanger gets tokens for one service. Calls for the same caller's token at the
// same time share one exchange. At most 10,000 tokens are kept. It is safe for
// concurrent use. Make one with [New].
type Exchanger struct {
	config   Config
	endpoint *tokenendpoint.Endpoint
	tokens   *tokenendpoint.Tokens
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
	e.tokens = tokenendpoint.NewTokens(tokenendpoint.TokensConfig{
		Ask: e.exchange, IsRefusal: isRefusal, Keep: config.CacheTTL, Timeout: config.Timeout, Now: config.Now,
	})
	return e, nil
}

// Close ends exchanges under way and waits for them.
func (e *Exchanger) Close() error {
	e.tokens.Close()
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
	token, err := e.tokens.Get(ctx, info.Token.Reveal(), info.UserID())
	if err != nil {
		return client.Token{}, e.failure(ctx, err)
	}
	return token, nil
}

// isRefusal reports whether an error says something about the caller's token.
func isRefusal(err error) bool { return kindOf(err) == Refused }

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
