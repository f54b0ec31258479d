package tokenexchange

import (
	"log/slog"
	"time"

	"github.com/mcp-auth/go/client"
	"github.com/mcp-auth/go/client/internal/tokenendpoint"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/network"
)

const (
	defaultCacheTTL = 5 * time.Minute
	maxCacheTTL     = time.Hour
)

// Flow is the form of the exchange.
type Flow string

// The values of [Config.Flow].
const (
	// TokenExchange is the grant of RFC 8693.
	TokenExchange Flow = "token_exchange"
	// OnBehalfOf is the flow of Microsoft Entra ID: a JWT bearer grant (RFC 7523)
	// with requested_token_use=on_behalf_of. It names the service by the scopes,
	// such as "api://notes/.default".
	OnBehalfOf Flow = "on_behalf_of"
)

// Config configures an [Exchanger]. [New] copies it.
type Config struct {
	// Client is what this server authenticates with at the authorization server.
	// Issuer and ClientID are required.
	Client client.Credentials
	// TokenEndpoint is the URL of the token endpoint: https, or http on loopback.
	// Empty means that the metadata of the issuer has it.
	TokenEndpoint string
	// Flow is the form of the exchange. Empty means [TokenExchange].
	Flow Flow
	// Audience and Resource say which service tokens are for: by a name that the
	// authorization server knows, and by its URL (RFC 8693 §2.1). Authorization
	// servers differ in which they want. One at least is required, and none is
	// allowed for [OnBehalfOf].
	Audience, Resource string
	// Scopes are requested. They are required for [OnBehalfOf].
	Scopes []string
	// Parameters are sent in addition. Those that the exchange itself sets are
	// mistakes.
	Parameters map[string]string

	// CacheTTL is how long a token is kept at most for the same caller's token; it
	// is never kept until less than 30 seconds before it expires. Zero means five
	// minutes, one hour is the most, and a negative value keeps none.
	CacheTTL time.Duration
	// Timeout bounds one exchange as a whole. Zero means 5 seconds, 30 seconds are
	// the most.
	Timeout time.Duration
	// Network says how the authorization server is reached.
	Network network.Settings
	// Logger gets a record of each failure, without tokens. Nil means none.
	Logger *slog.Logger
	// Now is the clock, for tests. Nil means [time.Now].
	Now func() time.Time
}

// LogValue keeps secrets out of logs.
func (c Config) LogValue() slog.Value { return c.Client.LogValue() }

// withDefaults returns a copy with the defaults filled in.
func (c Config) withDefaults() Config {
	if c.Flow == "" {
		c.Flow = TokenExchange
	}
	if c.CacheTTL == 0 {
		c.CacheTTL = defaultCacheTTL
	}
	if c.Timeout == 0 {
		c.Timeout = tokenendpoint.DefaultTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// parse returns the endpoint to ask, and lists all mistakes.
func (c *Config) parse(faults *configerr.List) *tokenendpoint.Endpoint {
	asked := tokenendpoint.New(tokenendpoint.Config{
		Client: c.Client, TokenEndpoint: c.TokenEndpoint, Audience: c.Audience, Resource: c.Resource, Scopes: c.Scopes,
		Parameters: c.Parameters, Timeout: c.Timeout, Network: c.Network, Now: c.Now,
	}, faults)
	c.checkTarget(faults)
	if c.CacheTTL > maxCacheTTL {
		faults.Add(configerr.InvalidCacheTTL, "CacheTTL", c.CacheTTL.String())
	}
	return asked
}

// checkTarget checks what says which service tokens are for: without it, the
// authorization server would give a token for anything.
func (c *Config) checkTarget(faults *configerr.List) {
	named := c.Audience != "" || c.Resource != ""
	switch {
	case c.Flow == TokenExchange && !named:
		faults.Add(configerr.MissingValue, "Audience", "")
	case c.Flow == OnBehalfOf && named:
		faults.Add(configerr.ConflictingSources, "Audience or Resource and Flow", string(c.Flow))
	case c.Flow == OnBehalfOf && len(c.Scopes) == 0:
		faults.Add(configerr.MissingValue, "Scopes", "")
	case c.Flow != TokenExchange && c.Flow != OnBehalfOf:
		faults.Add(configerr.UnsupportedGrantType, "Flow", string(c.Flow))
	}
}
