package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/policy"
	"go.yaml.in/yaml/v3"
)

// maxCheckFile bounds the file of --config, in bytes.
const maxCheckFile = 1 << 20

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

type checkServer struct {
	Issuer        string              `yaml:"issuer"`
	Type          string              `yaml:"type"`
	MetadataURL   string              `yaml:"metadata_url"`
	Audiences     []string            `yaml:"audiences"`
	Algorithms    []string            `yaml:"algorithms"`
	TokenTypes    []string            `yaml:"token_types"`
	ScopeClaim    string              `yaml:"scope_claim"`
	Introspection *checkIntrospection `yaml:"introspection"`
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
		text := fault.Fault.Error()
		for _, cause := range fault.Unwrap()[1:] {
			text += ": " + cause.Error()
		}
		return []check.Problem{{Field: fault.Field, Value: fault.Value, Text: text}}
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

func readCheckFile(path string) (mcpauth.Config, error) {
	file, err := os.Open(path)
	if err != nil {
		return mcpauth.Config{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxCheckFile+1))
	switch {
	case err != nil:
		return mcpauth.Config{}, err
	case len(data) > maxCheckFile:
		return mcpauth.Config{}, fmt.Errorf("%s is larger than 1 MiB", path)
	}
	var read checkFile
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&read); err != nil {
		return mcpauth.Config{}, fmt.Errorf("%s: %w", path, plainYAMLError(err))
	}
	if !errors.Is(decoder.Decode(new(any)), io.EOF) {
		return mcpauth.Config{}, fmt.Errorf("%s holds more than one document", path)
	}
	config, err := read.config(filepath.Dir(path))
	if err != nil {
		return mcpauth.Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return config, nil
}

// The YAML library's errors name our types, which tell a user nothing.
var (
	unknownField = regexp.MustCompile(` not found in type [\w.]+`)
	wrongType    = regexp.MustCompile(`cannot unmarshal !!(\w+) (.*) into (.*)`)
)

func plainYAMLError(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty")
	}
	var faults *yaml.TypeError
	if !errors.As(err, &faults) {
		return err
	}
	var list []error
	for _, text := range faults.Errors {
		text = unknownField.ReplaceAllString(text, " is not known")
		list = append(list, errors.New(wrongType.ReplaceAllString(text, "$2 is of another type than is needed here")))
	}
	return errors.Join(list...)
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
	server := mcpauth.AuthorizationServer{
		Issuer:      s.Issuer,
		Type:        metadata.ServerType(s.Type),
		MetadataURL: s.MetadataURL,
		Audiences:   s.Audiences,
		Algorithms:  s.Algorithms,
		TokenTypes:  s.TokenTypes,
		ScopeClaim:  s.ScopeClaim,
	}
	in := s.Introspection
	if in == nil {
		return server, nil
	}
	server.Introspection = &mcpauth.Introspection{
		Endpoint:   in.Endpoint,
		ClientID:   in.ClientID,
		AuthMethod: mcpauth.ClientAuthMethod(in.AuthMethod),
		Tokens:     mcpauth.IntrospectedTokens(in.Tokens),
	}
	if in.ClientSecretEnv == "" {
		return server, nil
	}
	secret := os.Getenv(in.ClientSecretEnv)
	if secret == "" {
		return server, fmt.Errorf("the environment variable %s, named by client_secret_env, is not set", in.ClientSecretEnv)
	}
	server.Introspection.ClientSecret = mcpauth.Secret(secret)
	return server, nil
}
