// Package configuration checks a mcpauth.Config, alone and against what its
// authorization servers say.
package configuration

import (
	"context"
	"fmt"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check/internal/authserver"
	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// wideLeeway is more than the clocks of synchronized machines differ.
const wideLeeway = 30 * time.Second

// Check checks a configuration. If [mcpauth.New] refuses it, nothing but the
// mistakes is found.
func Check(ctx context.Context, p *probe.Probe, config *mcpauth.Config) {
	quiet := *config
	quiet.Logger = nil // the warnings become findings
	auth, err := mcpauth.New(quiet)
	if err != nil {
		p.Add(refused(err)...)
		return
	}
	defer auth.Close()
	p.Add(doubtful(auth.Warnings())...)
	p.Add(finding.New("config_accepted", "", "The configuration is accepted."))
	p.Add(judgeSettings(config)...)
	servers := &servers{probe: p, checked: map[serverKey]authserver.Result{}}
	for i := range config.Resources {
		checkResource(ctx, servers, &config.Resources[i], fmt.Sprintf("Resources[%d]", i))
	}
	p.Add(judgeSharedAudiences(config.Resources)...)
}

func judgeSettings(config *mcpauth.Config) (found finding.List) {
	if config.Leeway > wideLeeway {
		found.Add("config_leeway_wide", config.Leeway.String(), "Leeway is more than %s.", wideLeeway)
	}
	if !config.DangerouslyShowErrorDetails {
		return found
	}
	severity := finding.Info
	for i := range config.Resources {
		if !fetch.IsLoopbackURL(config.Resources[i].Identifier) {
			severity = metadata.Warning
		}
	}
	found.AddAs(severity, "config_error_details", "", "DangerouslyShowErrorDetails is on.")
	return found
}

func checkResource(ctx context.Context, all *servers, r *mcpauth.Resource, field string) {
	all.probe.Add(judgeIdentifier(r, field+".Identifier")...)
	if len(r.ScopesSupported) == 0 {
		all.probe.Add(finding.New("config_scopes_missing", "", "%s advertises no scopes.", field))
	}
	for i := range r.AuthorizationServers {
		if ctx.Err() != nil {
			return
		}
		checkServer(ctx, all, r, &r.AuthorizationServers[i], fmt.Sprintf("%s.AuthorizationServers[%d]", field, i))
	}
}

func checkServer(ctx context.Context, all *servers, r *mcpauth.Resource, s *mcpauth.AuthorizationServer, field string) {
	p := all.probe
	p.Add(judgeAudiences(s, field+".Audiences")...)
	if s.Verifier == nil && s.Introspection == nil && len(s.TokenTypes) == 0 {
		p.Add(finding.New("config_token_types_open", "", "%s.TokenTypes is not set.", field))
	}
	server := all.check(ctx, s, field)
	p.Add(judgeKeys(s, server, field)...)
	if server.Document == nil {
		return
	}
	p.Add(judgeIntrospection(s.Introspection, server.Document, field+".Introspection")...)
	p.Add(judgeScopes(r.ScopesSupported, server.Document, field)...)
	p.Add(judgeDPoP(r.DPoP, server.Document, field)...)
}
