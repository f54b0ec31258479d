package mcpauth_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/policy"
)

const diagnoseSecret = "hush-hush-hush"

func diagnosed(t *testing.T, as *mcpauthtest.Server) mcpauth.Config {
	t.Helper()
	return mcpauth.Config{Resources: []mcpauth.Resource{
		{
			Identifier:      "https://api.example.com/notes",
			ScopesSupported: []string{"read"},
			AuthorizationServers: []mcpauth.AuthorizationServer{{
				Issuer: as.Issuer(), TokenTypes: []string{"at+jwt"},
				Introspection: &mcpauth.Introspection{ClientID: "notes", ClientSecret: diagnoseSecret},
			}},
		},
		{
			Identifier:           "https://api.example.com/todos",
			ScopesSupported:      []string{"read"},
			AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: as.Issuer(), TokenTypes: []string{"at+jwt"}}},
		},
	}}
}

func diagnose(t *testing.T, config mcpauth.Config) *check.Report {
	t.Helper()
	auth := newAuth(t, config)
	report, err := auth.Diagnose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := report.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), diagnoseSecret) {
		t.Error("the report shows a secret")
	}
	return report
}

func codesOf(r *check.Report, severity metadata.Severity) (codes []check.Code) {
	for f := range r.All(severity) {
		codes = append(codes, f.Code)
	}
	return codes
}

func TestDiagnose(t *testing.T) {
	t.Parallel()
	as := newServer(t, mcpauthtest.Config{Scopes: []string{"read"}})

	report := diagnose(t, diagnosed(t, as))
	if report.Kind != check.KindConfiguration || report.Target != "https://api.example.com/notes, https://api.example.com/todos" {
		t.Errorf("the report is on %s %q", report.Kind, report.Target)
	}
	if !report.OK() || report.Count(metadata.Warning) > 0 {
		t.Errorf("errors %v, warnings %v, want none", codesOf(report, metadata.Error), codesOf(report, metadata.Warning))
	}
	if len(report.Parts) != 1 {
		t.Errorf("%d parts, want one: both resources trust one server", len(report.Parts))
	}

	config := diagnosed(t, as)
	server := &config.Resources[0].AuthorizationServers[0]
	server.Introspection.AuthMethod = "client_secret_post"
	server.Algorithms, server.Audiences = []string{"RS256"}, []string{"account"}
	config.Resources[0].DPoP = &mcpauth.DPoP{Required: true}
	config.Resources[0].Policy = &policy.Policy{Default: policy.Scopes("delete")}
	config.Leeway, config.DangerouslyShowErrorDetails = time.Minute, true
	report = diagnose(t, config)
	if want := []check.Code{check.ConfigAlgorithmsWithoutKey}; !slices.Equal(codesOf(report, metadata.Error), want) {
		t.Errorf("errors %v, want %v", codesOf(report, metadata.Error), want)
	}
	if want := []check.Code{check.ConfigDoubtful, check.ConfigLeewayWide, check.ConfigErrorDetails, check.ConfigAudienceShared}; !slices.Equal(codesOf(report, metadata.Warning), want) {
		t.Errorf("warnings %v, want %v", codesOf(report, metadata.Warning), want)
	}
}

// TestDiagnoseFetchesNothingGiven holds that what is configured by hand is not
// asked for, and that a verifier needs no keys.
func TestDiagnoseFetchesNothingGiven(t *testing.T) {
	t.Parallel()
	as := newServer(t, mcpauthtest.Config{Scopes: []string{"read"}})
	config := diagnosed(t, as)
	config.Resources = config.Resources[1:]
	config.Resources[0].AuthorizationServers[0].Metadata = as.Metadata()
	config.Resources[0].AuthorizationServers[0].Verifier = mcpauth.VerifierFunc(func(context.Context, string) (*mcpauth.Claims, error) {
		return nil, errors.New("nobody asked")
	})
	before := as.Requests()
	diagnose(t, config)
	if after := as.Requests(); after.Metadata != before.Metadata || after.JWKS != before.JWKS {
		t.Errorf("requests %+v, before %+v: metadata or keys were fetched", after, before)
	}
}

func TestDiagnoseEndsWithItsContext(t *testing.T) {
	t.Parallel()
	as := newServer(t, mcpauthtest.Config{})
	auth := newAuth(t, diagnosed(t, as))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if report, err := auth.Diagnose(ctx); !errors.Is(err, context.Canceled) || len(report.Exchanges) > 0 {
		t.Errorf("error %v, report %+v; want canceled and nothing asked", err, report)
	}
}
