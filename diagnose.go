package mcpauth

import (
	"context"
	"strings"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/metadata"
)

// Diagnose looks for mistakes in the configuration, and asks each authorization
// server what clients and this server need of it: metadata, keys, what it says
// it can do. What is configured by hand is not fetched. Call it at start or for
// an operator, not for each request: it remembers nothing. None of its requests
// changes anything.
//
// It returns an error only if ctx ends. Mistakes, and servers that are out of
// reach, are findings of the report, which holds no secrets; see package check
// and docs/check.md.
func (a *Auth) Diagnose(ctx context.Context) (*check.Report, error) {
	return a.DiagnoseWith(ctx, check.Options{})
}

// DiagnoseWith is [Auth.Diagnose] with a time limit for each request, or a
// function that is told of each. Networks, certificates and clock are those of
// the configuration.
func (a *Auth) DiagnoseWith(ctx context.Context, opts check.Options) (*check.Report, error) {
	opts.AllowedNetworks, opts.RootCAs, opts.Now = a.config.Network.AllowedNetworks, a.config.Network.RootCAs, a.now
	setup := check.Setup{
		Leeway:            a.leeway,
		ShowsErrorDetails: a.showDetails,
		Warnings:          problems(a.warnings),
	}
	var names []string
	for i := range a.config.Resources {
		r := &a.config.Resources[i]
		names = append(names, r.Identifier)
		setup.Resources = append(setup.Resources, r.setup())
	}
	setup.Name = strings.Join(names, ", ")
	return check.Configuration(ctx, setup, opts)
}

// problems are mistakes as package check has them.
func problems(list []*configerr.Error) []check.Problem {
	var found []check.Problem
	for _, e := range list {
		found = append(found, check.Problem{Field: e.Field, Value: e.Value, Text: e.Text()})
	}
	return found
}

func (r *Resource) setup() check.ResourceSetup {
	setup := check.ResourceSetup{Identifier: r.Identifier, ScopesSupported: r.ScopesSupported}
	if r.DPoP != nil {
		setup.DPoPRequired, setup.DPoPAlgorithms = r.DPoP.Required, r.DPoP.Algorithms
	}
	for i := range r.AuthorizationServers {
		setup.Servers = append(setup.Servers, r.AuthorizationServers[i].setup())
	}
	return setup
}

func (s *AuthorizationServer) setup() check.ServerSetup {
	setup := check.ServerSetup{
		ServerSource: check.ServerSource{
			Source:   metadata.Source{Issuer: s.Issuer, Type: s.Type, URL: s.MetadataURL, Repair: s.RepairMetadata},
			Metadata: s.Metadata,
			JWKS:     s.JWKS,
			Keyless:  s.keyless(),
		},
		Audiences:      s.Audiences,
		Algorithms:     s.Algorithms,
		TokenTypes:     s.TokenTypes,
		CustomVerifier: s.Verifier != nil,
	}
	if s.Introspection != nil {
		setup.Introspection = &check.IntrospectionSetup{Endpoint: s.Introspection.Endpoint, AuthMethod: string(s.Introspection.authMethod())}
	}
	return setup
}
