package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/policy"
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
}

// checkConfiguration checks what a file configures.
func checkConfiguration(ctx context.Context, path string, opts check.Options) (*check.Report, error) {
	config, err := readCheckFile(path)
	if err != nil {
		return nil, &fileError{err}
	}
	config.AllowedNetworks = append(config.AllowedNetworks, opts.AllowedNetworks...)
	config.RootCAs = opts.RootCAs
	auth, err := mcpauth.New(config)
	if err != nil {
		return check.Configuration(ctx, check.Setup{Name: path, Faults: configProblems(err)}, opts)
	}
	defer auth.Close()
	report, err := auth.DiagnoseWith(ctx, opts)
	if report != nil {
		report.Target = path
	}
	return report, err
}

// fileError is a file that cannot be read as a configuration.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// configProblems lists the mistakes that mcpauth.New returned.
func configProblems(err error) []check.Problem {
	if fault, ok := err.(*mcpauth.ConfigError); ok {
		return []check.Problem{{Field: fault.Field, Value: fault.Value, Text: faultText(fault)}}
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []check.Problem{{Field: "Config", Text: err.Error()}}
	}
	var list []check.Problem
	for _, e := range joined.Unwrap() {
		list = append(list, configProblems(e)...)
	}
	return list
}

// faultText says what is wrong, and why.
func faultText(fault *mcpauth.ConfigError) string {
	text := fault.Fault.Error()
	for _, cause := range fault.Unwrap()[1:] {
		text += ": " + cause.Error()
	}
	return text
}

func readCheckFile(path string) (mcpauth.Config, error) {
	var read checkFile
	if _, err := readYAMLFile(path, &read); err != nil {
		return mcpauth.Config{}, err
	}
	if len(read.Resources) == 0 {
		return mcpauth.Config{}, fmt.Errorf("%s names no resources", path)
	}
	config, err := read.config(filepath.Dir(path))
	if err != nil {
		return mcpauth.Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return config, nil
}

func (f *checkFile) config(dir string) (mcpauth.Config, error) {
	config := mcpauth.Config{Leeway: f.Leeway}
	for _, text := range f.AllowedNetworks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return config, fmt.Errorf("allowed_networks: %q is no network such as 10.0.0.0/8", text)
		}
		config.AllowedNetworks = append(config.AllowedNetworks, network)
	}
	for i := range f.Resources {
		resource, err := f.Resources[i].resource(dir)
		if err != nil {
			return config, fmt.Errorf("resources[%d]: %w", i, err)
		}
		config.Resources = append(config.Resources, resource)
	}
	return config, nil
}

func (r *checkResource) resource(dir string) (mcpauth.Resource, error) {
	resource := mcpauth.Resource{Identifier: r.Identifier, ScopesSupported: r.ScopesSupported}
	switch r.DPoP {
	case "":
	case "required", "optional":
		resource.DPoP = &mcpauth.DPoP{Required: r.DPoP == "required"}
	default:
		return resource, fmt.Errorf("dpop must be required or optional, not %q", r.DPoP)
	}
	for _, s := range r.AuthorizationServers {
		server, err := s.server()
		if err != nil {
			return resource, err
		}
		resource.AuthorizationServers = append(resource.AuthorizationServers, server)
	}
	if r.Policy == "" {
		return resource, nil
	}
	path := r.Policy
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	rules, err := policy.Load(path, policy.DenyUnknownChecks())
	if err != nil {
		return resource, err
	}
	rules.Apply(&resource)
	return resource, nil
}

func (s *checkServer) server() (mcpauth.AuthorizationServer, error) {
	in, err := s.Introspection.introspection()
	if err != nil {
		return mcpauth.AuthorizationServer{}, err
	}
	if s.Provider != "" {
		return s.byProfile(in)
	}
	if len(s.Parameters) > 0 {
		return mcpauth.AuthorizationServer{}, errors.New("parameters are those of a provider, and none is named")
	}
	return mcpauth.AuthorizationServer{
		Issuer:         s.Issuer,
		Type:           metadata.ServerType(s.Type),
		MetadataURL:    s.MetadataURL,
		Audiences:      s.Audiences,
		AllowedClients: s.AllowedClients,
		Algorithms:     s.Algorithms,
		TokenTypes:     s.TokenTypes,
		ScopeClaim:     s.ScopeClaim,
		Introspection:  in,
	}, nil
}

func (s *checkServer) byProfile(in *mcpauth.Introspection) (mcpauth.AuthorizationServer, error) {
	if s.Issuer+s.Type+s.MetadataURL+s.ScopeClaim != "" || len(s.Algorithms)+len(s.TokenTypes) > 0 {
		return mcpauth.AuthorizationServer{}, errors.New(
			"issuer, type, metadata_url, algorithms, token_types and scope_claim are what a provider's profile says: give either")
	}
	profile, err := provider.Get(s.Provider)
	if err != nil {
		return mcpauth.AuthorizationServer{}, err
	}
	return profile.AuthorizationServer(s.Parameters, provider.Options{
		Audiences: s.Audiences, AllowedClients: s.AllowedClients, Introspection: in,
	})
}

// introspection is nil for nil.
func (c *checkIntrospection) introspection() (*mcpauth.Introspection, error) {
	if c == nil {
		return nil, nil
	}
	in := &mcpauth.Introspection{
		Endpoint:   c.Endpoint,
		ClientID:   c.ClientID,
		AuthMethod: mcpauth.ClientAuthMethod(c.AuthMethod),
		Tokens:     mcpauth.IntrospectedTokens(c.Tokens),
	}
	if c.ClientSecretEnv == "" {
		return in, nil
	}
	secret := os.Getenv(c.ClientSecretEnv)
	if secret == "" {
		return nil, fmt.Errorf("the environment variable %s, named by client_secret_env, is not set", c.ClientSecretEnv)
	}
	in.ClientSecret = mcpauth.Secret(secret)
	return in, nil
}
