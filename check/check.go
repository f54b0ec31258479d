package check

import (
	"context"
	"errors"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check/internal/authserver"
	"github.com/mcp-auth/go/check/internal/catalogue"
	"github.com/mcp-auth/go/check/internal/configuration"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/mcpserver"
	"github.com/mcp-auth/go/check/internal/redact"
	"github.com/mcp-auth/go/internal/fetch"
)

// AuthorizationServer checks an authorization server, given as its issuer or as
// the URL of its metadata, which contains "/.well-known/". It looks in each
// place where clients look, checks the keys, and asks endpoints for their CORS
// rules. It sends only GET and OPTIONS requests.
//
// The error is a [*metadata.URLError] if target is neither, or the error of
// ctx. In the latter case the report has what was found until then.
func AuthorizationServer(ctx context.Context, target string, opts Options) (*Report, error) {
	insecure, err := authserver.ValidateTarget(opts.plain().Secured(target))
	if err != nil {
		return nil, err
	}
	rules, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	shown := redact.URL(target) // a metadata URL may have a secret in its query
	p := opts.probe(KindAuthorizationServer, shown, target)
	defer p.Close()
	if insecure {
		p.Add(finding.New("insecure_target", shown, "The authorization server has a plain http URL."))
	} else {
		authserver.CheckTarget(ctx, p, target)
	}
	return explain(p.Record(), rules), ctx.Err()
}

// errMalformedToken does not repeat the token.
var errMalformedToken = errors.New("check: a token has a character that access tokens cannot have (RFC 6749 §A.12), or a space at its beginning or end")

// validToken reports whether a header can carry a token unchanged. Tokens of
// some servers have more characters than the b64token of RFC 6750 §2.1, and it is
// for the checked server to accept or refuse them.
func validToken(token string) bool {
	return token == strings.TrimSpace(token) && !strings.ContainsFunc(token, func(r rune) bool { return r < ' ' || r > '~' })
}

// Server checks a running MCP server, in whatever language it is written, as
// MCP clients meet it: how it answers without a token, where its metadata is
// (RFC 9728), each authorization server it names, how it answers tokens that it
// must refuse, and how it answers web pages. With [Options.Token] it also
// checks what only a logged-in client sees.
//
// It sends about thirty requests at most, one after the other, and none that
// changes anything: no tool is called, and a session that initialize has opened
// is ended.
//
// Server returns an error only if url cannot be requested, if Options has a
// malformed token, or if ctx ends. In the last case the report has what was
// found until then.
func Server(ctx context.Context, url string, opts Options) (*Report, error) {
	for _, token := range []string{opts.Token, opts.WrongAudienceToken} {
		if !validToken(token) {
			return nil, errMalformedToken
		}
	}
	err := fetch.CheckURL(opts.plain().Secured(url), true)
	var fault *fetch.Error
	insecure := errors.As(err, &fault) && fault.Kind == fetch.NotHTTPS && strings.HasPrefix(url, "http://")
	if err != nil && !insecure {
		return nil, err
	}
	rules, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	p := opts.probe(KindServer, redact.URL(url), url) // the query may hold a client's key
	defer p.Close()
	seen := false
	if insecure {
		p.Add(finding.New("insecure_target", "", "The server has a plain http URL."))
	} else {
		seen = mcpserver.Check(ctx, p, url, mcpserver.Tokens{Valid: opts.Token, WrongAudience: opts.WrongAudienceToken})
	}
	report := explain(p.Record(), rules)
	report.Clients = verdicts(report, rules, seen)
	return report, ctx.Err()
}

// Configuration checks a configuration, alone and against what its
// authorization servers say; each of these is a part of the report. Call it at
// start or for an operator, not for each request: nothing is cached.
//
// Mistakes for which [mcpauth.New] refuses the configuration are findings, as
// are its warnings. Documents that the configuration contains are not fetched.
// The report holds no secrets. The networks, hosts, certificates and clock are those
// of config; opts gives the time limit.
//
// The error is the error of ctx. The report then has what was found until then.
func Configuration(ctx context.Context, config mcpauth.Config, opts Options) (*Report, error) {
	rules, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	opts.Network.AllowedNetworks, opts.Network.RootCAs = config.Network.AllowedNetworks, config.Network.RootCAs
	opts.Network.DangerouslyAllowHTTP = config.Network.DangerouslyAllowHTTP
	if config.Now != nil {
		opts.Now = config.Now
	}
	var names []string
	for i := range config.Resources {
		names = append(names, fetch.HideUserinfo(config.Resources[i].Identifier))
	}
	p := opts.probe(KindConfiguration, strings.Join(names, ", "), "")
	defer p.Close()
	configuration.Check(ctx, p, &config)
	return explain(p.Record(), rules), ctx.Err()
}
