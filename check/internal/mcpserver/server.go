// Package mcpserver checks a running MCP server as its clients meet it.
package mcpserver

import (
	"context"
	"time"

	"github.com/mcp-auth/go/check/internal/authserver"
	"github.com/mcp-auth/go/check/internal/endpoint"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/metadata"
)

const (
	// maxTime bounds the check of a server and its authorization servers,
	// however slow each of them is.
	maxTime = 3 * time.Minute
	// maxIssuers is how many authorization servers are checked.
	maxIssuers = 5
)

// Check checks the server at url. It reports whether the server's protection
// was seen; if not, nothing is known about the clients that it works with.
func Check(ctx context.Context, p *probe.Probe, url string, tokens Tokens) (seen bool) {
	limited, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	seen = run(limited, endpoint.New(p, url), tokens)
	if limited.Err() != nil && ctx.Err() == nil {
		p.Add(finding.New("server_time_up", "", "The check was ended after %s. The rest of it is missing.", maxTime))
	}
	return seen
}

func run(ctx context.Context, e *endpoint.Endpoint, tokens Tokens) (seen bool) {
	if e.PlainHosts().Plain(e.URL) {
		e.Add(finding.New("plain_http_allowed", "", "The server has a plain http URL."))
	}
	if e.Loopback() {
		e.Add(finding.New("server_on_loopback", "", "The server is on this machine."))
	}
	a := admit(ctx, e)
	if a == nil {
		return false
	}
	if a.state == protected {
		e.Add(judgeChallenge(a.refusal, e.URL, e.Probe)...)
		otherMethods(ctx, e, a.refusal)
	}
	document := resourceMetadata(ctx, e, a)
	if document != nil {
		authorizationServers(ctx, e, document.AuthorizationServers)
	}
	if a.state != unknown {
		crossOrigin(ctx, e, a.state == protected)
	}
	if a.state == open {
		e.Open(a.refusal.Header.Get("Mcp-Session-Id"))
	}
	logIn(ctx, e, tokens.Valid, a.state == protected)
	requests(ctx, e, a)
	if a.state == protected {
		badTokens(ctx, e, a.refusal, forgeries(e, document, tokens))
	}
	e.EndSessions(ctx)
	e.AddLeaks()
	return a.state != unknown
}

// requests sends requests with one thing wrong in each. Their answers show
// something only if the server answers the same request without the fault.
func requests(ctx context.Context, e *endpoint.Endpoint, a *admission) {
	admitted := e.LoggedIn() || a.state == open
	valid := ping(a.refusal)
	if admitted {
		if valid = findValidRequest(ctx, e); valid == nil {
			return
		}
	}
	if e.LoggedIn() && a.state == protected {
		lowerCaseScheme(ctx, e, valid)
	}
	if a.state != unknown && e.Loopback() {
		foreignOrigin(ctx, e, valid)
		foreignHost(ctx, e, valid)
	}
	if admitted {
		messages(ctx, e, valid)
	}
}

// authorizationServers checks the authorization servers that the metadata names.
func authorizationServers(ctx context.Context, e *endpoint.Endpoint, issuers []string) {
	if len(issuers) > maxIssuers {
		e.Add(finding.New("authorization_servers_many", "", "The metadata names %d authorization servers. The first %d were checked.", len(issuers), maxIssuers))
		issuers = issuers[:maxIssuers]
	}
	asked, usable := map[string]bool{}, false
	for _, issuer := range issuers {
		if metadata.CheckIssuer(e.PlainHosts().Secured(issuer)) == nil && !asked[issuer] && ctx.Err() == nil {
			asked[issuer] = true
			result := authserver.CheckSource(ctx, e.Probe, &authserver.Source{
				Source:      metadata.Source{Issuer: issuer},
				OwnResource: sameOrigin(issuer, e.URL),
			})
			usable = usable || result.Document != nil
		}
	}
	if !usable && len(issuers) > 0 && ctx.Err() == nil {
		e.Add(finding.New("authorization_servers_unusable", "", "None of the authorization servers in the metadata has usable metadata of its own."))
	}
}
