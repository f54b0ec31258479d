package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/policy/policyfile"
	"github.com/mcp-auth/go/provider"
)

// checkFile is the file of --config, which docs/check.md describes.
type checkFile struct {
	Resources       []checkResource `yaml:"resources"`
	Leeway          time.Duration   `yaml:"leeway"`
	AllowedNetworks []string        `yaml:"allowed_networks"`
}

type checkResource struct {
	Identifier           string        `yaml:"identifier"`
	AuthorizationServers []checkServer `yaml:"authorization_servers"`
	ScopesSupported      []string      `yaml:"scopes_supported"`
	Policy               string        `yaml:"policy"`
	DPoP                 string        `yaml:"dpop"`
}

// checkServer is an authorization server by its issuer, or by a profile.
type checkServer struct {
	Provider       string              `yaml:"provider"`
	Parameters     map[string]string   `yaml:"parameters"`
	Issuer         string              `yaml:"issuer"`
	Type           string              `yaml:"type"`
	MetadataURL    string              `yaml:"metadata_url"`
	Audiences      []string            `yaml:"audiences"`
	AllowedClients []string            `yaml:"allowed_clients"`
	Algorithms     []string            `yaml:"algorithms"`
	TokenTypes     []string            `yaml:"token_types"`
	ScopeClaim     string              `yaml:"scope_claim"`
	Introspection  *checkIntrospection `yaml:"introspection"`
}

type checkIntrospection struct {
	Endpoint        string `yaml:"endpoint"`
	ClientID        string `yaml:"client_id"`
	ClientSecretEnv string `yaml:"client_secret_env"`
	AuthMethod      string `yaml:"auth_method"`
	Tokens          string `yaml:"tokens"`
	// AllowedClients are for introspection of all tokens.
	AllowedClients []string `yaml:"allowed_clients"`
	// OnlyAccessTokens is for servers that introspect no refresh tokens.
	OnlyAccessTokens bool `yaml:"only_access_tokens"`
}

// checkConfiguration checks what a file configures.
func checkConfiguration(ctx context.Context, path string, opts check.Options) (*check.Report, error) {
	config, source, err := readCheckFile(path)
	if err != nil {
		return nil, &fileError{err}
	}
	config.Network.AllowedNetworks = append(config.Network.AllowedNetworks, opts.Network.AllowedNetworks...)
	config.Network.RootCAs = opts.Network.RootCAs
	report, err := check.Configuration(ctx, config, opts)
	if report != nil {
		report.Target = path
		localize(report, source)
	}
	return report, err
}

// fileError is a file that cannot be read as a configuration.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// readCheckFile reads a configuration. All its mistakes are returned, each with
// its place.
func readCheckFile(path string) (mcpauth.Config, *yamlFile, error) {
	var read checkFile
	source, err := readYAMLFile(path, &read)
	if err != nil {
		return mcpauth.Config{}, nil, err
	}
	if len(read.Resources) == 0 {
		return mcpauth.Config{}, nil, fmt.Errorf("%s names no resources", path)
	}
	r := &checkReader{source: source}
	config := r.config(&read)
	return config, source, r.err()
}

// checkReader makes a configuration of a file, and notes what is wrong with it.
type checkReader struct {
	source *yamlFile
	faults []checkFault
}

type checkFault struct {
	line int
	error
}

func (r *checkReader) fault(path, format string, args ...any) {
	err := fmt.Errorf("%s%s: %w", r.source.place(path), path, fmt.Errorf(format, args...))
	r.faults = append(r.faults, checkFault{r.source.nearestLine(path), err})
}

// err joins the mistakes in the order of the file.
func (r *checkReader) err() error {
	slices.SortStableFunc(r.faults, func(a, b checkFault) int { return a.line - b.line })
	var list []error
	for _, fault := range r.faults {
		list = append(list, fault.error)
	}
	return errors.Join(list...)
}

func (r *checkReader) config(f *checkFile) mcpauth.Config {
	config := mcpauth.Config{Leeway: f.Leeway}
	for i, text := range f.AllowedNetworks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			r.fault(fmt.Sprintf("allowed_networks[%d]", i), "%q is no network such as 10.0.0.0/8", text)
		}
		config.Network.AllowedNetworks = append(config.Network.AllowedNetworks, network)
	}
	for i := range f.Resources {
		config.Resources = append(config.Resources, r.resource(&f.Resources[i], fmt.Sprintf("resources[%d]", i)))
	}
	return config
}

func (r *checkReader) resource(read *checkResource, path string) mcpauth.Resource {
	resource := mcpauth.Resource{Identifier: read.Identifier, ScopesSupported: read.ScopesSupported}
	switch read.DPoP {
	case "":
	case "required", "optional":
		resource.DPoP = &mcpauth.DPoP{Required: read.DPoP == "required"}
	default:
		r.fault(path+".dpop", "must be required or optional, not %q", read.DPoP)
	}
	for i := range read.AuthorizationServers {
		server := r.server(&read.AuthorizationServers[i], fmt.Sprintf("%s.authorization_servers[%d]", path, i))
		resource.AuthorizationServers = append(resource.AuthorizationServers, server)
	}
	if read.Policy != "" {
		r.policy(read.Policy, &resource, path+".policy")
	}
	return resource
}

// policy reads a file whose name is relative to the one that names it.
func (r *checkReader) policy(file string, resource *mcpauth.Resource, path string) {
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(r.source.name), file)
	}
	rules, err := policyfile.Load(file, policyfile.DenyUnknownChecks())
	for _, fault := range policyFaults(err) {
		r.fault(path, "%w", fault)
	}
	if err == nil {
		rules.Apply(resource)
	}
}

func (r *checkReader) server(read *checkServer, path string) mcpauth.AuthorizationServer {
	in := r.introspection(read.Introspection, path+".introspection")
	if read.Provider != "" {
		return r.byProfile(read, in, path)
	}
	if len(read.Parameters) > 0 {
		r.fault(path+".parameters", "these are for a provider, and none is named")
	}
	return mcpauth.AuthorizationServer{
		Issuer:         read.Issuer,
		Type:           metadata.ServerType(read.Type),
		MetadataURL:    read.MetadataURL,
		Audiences:      read.Audiences,
		AllowedClients: read.AllowedClients,
		Algorithms:     read.Algorithms,
		TokenTypes:     read.TokenTypes,
		ScopeClaim:     read.ScopeClaim,
		Introspection:  in,
	}
}

func (r *checkReader) byProfile(read *checkServer, in *mcpauth.Introspection, path string) (server mcpauth.AuthorizationServer) {
	if read.Issuer+read.Type+read.MetadataURL+read.ScopeClaim != "" || len(read.Algorithms)+len(read.TokenTypes) > 0 {
		r.fault(path, "issuer, type, metadata_url, algorithms, token_types and scope_claim are what a provider's profile says: give either")
		return server
	}
	profile, err := provider.Get(read.Provider)
	if err != nil {
		r.fault(path+".provider", "%w", &shortError{err, "provider: "})
		return server
	}
	server, err = profile.AuthorizationServer(read.Parameters, provider.Options{
		Audiences: read.Audiences, AllowedClients: read.AllowedClients, Introspection: in,
	})
	r.profileFaults(err, profile.Name, path)
	return server
}

// profileFaults notes what a profile finds wrong, with the names of the file.
func (r *checkReader) profileFaults(err error, profile, path string) {
	names := newYAMLNames[checkServer]()
	for _, fault := range configerr.All(err) {
		text := fault.Fault.Error()
		if fault.Value != "" {
			text = fmt.Sprintf("%.200q: %s", fault.Value, text)
		}
		if fault.Err != nil {
			text += " (" + names.text(fault.Err.Error()) + ")"
		}
		r.fault(path+"."+profilePath(fault.Field, names), "%s: %s", profile, text)
	}
}

// introspection is nil for nil.
func (r *checkReader) introspection(read *checkIntrospection, path string) *mcpauth.Introspection {
	if read == nil {
		return nil
	}
	in := &mcpauth.Introspection{
		Endpoint:       read.Endpoint,
		ClientID:       read.ClientID,
		AuthMethod:     mcpauth.ClientAuthMethod(read.AuthMethod),
		Tokens:         mcpauth.IntrospectedTokens(read.Tokens),
		AllowedClients: read.AllowedClients, OnlyAccessTokens: read.OnlyAccessTokens,
	}
	if read.ClientSecretEnv == "" {
		return in
	}
	secret := os.Getenv(read.ClientSecretEnv)
	if secret == "" {
		r.fault(path+".client_secret_env", "the environment variable %s is not set", read.ClientSecretEnv)
	}
	in.ClientSecret = mcpauth.Secret(secret)
	return in
}
