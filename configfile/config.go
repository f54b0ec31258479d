package configfile

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/internal/yamlfile"
	"github.com/mcp-auth/go/metadata"
	"github.com/mcp-auth/go/network"
	"github.com/mcp-auth/go/policy/policyfile"
	"github.com/mcp-auth/go/provider"
)

// Config returns what the document, which was read from the file, configures. It
// reads policy files and environment variables. Every mistake is reported, each
// as an [*Error], joined. What [mcpauth.New] finds wrong is not among them.
func (d *Document) Config(f *File) (mcpauth.Config, error) {
	r := &reader{file: f}
	config := mcpauth.Config{Leeway: d.Leeway, Network: network.Settings{
		AllowedNetworks: r.networks(d.AllowedNetworks), DangerouslyAllowHTTP: d.DangerouslyAllowHTTP,
	}}
	if len(d.Resources) == 0 {
		r.add("resources", "", configerr.NoResources, nil)
	}
	for i := range d.Resources {
		config.Resources = append(config.Resources, r.resource(&d.Resources[i], fmt.Sprintf("resources[%d]", i)))
	}
	return config, located(f.source, r.mistakes)
}

// reader makes a configuration of a document, and notes what is wrong with it.
type reader struct {
	file     *File
	mistakes []*configerr.Error
}

func (r *reader) add(field, value string, fault configerr.Fault, err error) {
	r.mistakes = append(r.mistakes, &configerr.Error{Field: field, Value: value, Fault: fault, Err: err})
}

func (r *reader) networks(texts []string) (networks []netip.Prefix) {
	for i, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			r.add(fmt.Sprintf("allowed_networks[%d]", i), text, InvalidNetwork, nil)
		}
		networks = append(networks, network)
	}
	return networks
}

func (r *reader) resource(read *Resource, path string) mcpauth.Resource {
	resource := mcpauth.Resource{Identifier: read.Identifier, ScopesSupported: read.ScopesSupported, ChallengeAllScopes: read.ChallengeAllScopes}
	switch read.DPoP {
	case "":
	case "required", "optional":
		resource.DPoP = &mcpauth.DPoP{Required: read.DPoP == "required"}
	default:
		r.add(path+".dpop", read.DPoP, InvalidDPoP, nil)
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

// policy reads a policy file. A check that it names denies: only the program
// that the policy belongs to has the functions.
func (r *reader) policy(name string, resource *mcpauth.Resource, path string) {
	rules, err := policyfile.Load(r.file.relative(name), policyfile.DenyUnknownChecks())
	for _, mistake := range unjoin(err) {
		r.add(path, "", InvalidPolicy, &detail{strings.TrimPrefix(mistake.Error(), "policy: "), mistake})
	}
	if err == nil {
		rules.Apply(resource)
	}
}

func (r *reader) server(read *AuthorizationServer, path string) mcpauth.AuthorizationServer {
	introspection := r.introspection(read.Introspection, path+".introspection")
	if read.Provider != "" {
		return r.byProfile(read, introspection, path)
	}
	if len(read.Parameters) > 0 {
		r.add(path+".parameters", "", ParametersAlone, nil)
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
		Introspection:  introspection,
	}
}

// introspection returns nil for nil.
func (r *reader) introspection(read *Introspection, path string) *mcpauth.Introspection {
	if read == nil {
		return nil
	}
	introspection := &mcpauth.Introspection{
		Endpoint:       read.Endpoint,
		ClientID:       read.ClientID,
		AuthMethod:     mcpauth.ClientAuthMethod(read.AuthMethod),
		Tokens:         mcpauth.IntrospectedTokens(read.Tokens),
		AllowedClients: read.AllowedClients, OnlyAccessTokens: read.OnlyAccessTokens,
	}
	if read.ClientSecretEnv == "" {
		return introspection
	}
	secret := os.Getenv(read.ClientSecretEnv)
	if secret == "" {
		r.add(path+".client_secret_env", read.ClientSecretEnv, UnsetVariable, nil)
	}
	introspection.ClientSecret = mcpauth.Secret(secret)
	return introspection
}

func (r *reader) byProfile(read *AuthorizationServer, introspection *mcpauth.Introspection, path string) (server mcpauth.AuthorizationServer) {
	if read.Issuer+read.Type+read.MetadataURL+read.ScopeClaim != "" || len(read.Algorithms)+len(read.TokenTypes) > 0 {
		r.add(path, "", SetByProfile, nil)
		return server
	}
	profile, err := provider.Get(read.Provider)
	if err != nil {
		r.unknown(read.Provider, err, path+".provider")
		return server
	}
	server, err = profile.AuthorizationServer(read.Parameters, provider.Options{
		Audiences: read.Audiences, AllowedClients: read.AllowedClients, Introspection: introspection,
	})
	for _, mistake := range configerr.All(err) {
		r.refusal(mistake, path)
	}
	return server
}

// unknown notes that no profile has a name, and which name is similar.
func (r *reader) unknown(name string, err error, path string) {
	text := `the command "mcpauth providers" lists them`
	if unknown, ok := errors.AsType[*provider.UnknownError](err); ok && unknown.Suggestion != "" {
		text = fmt.Sprintf("did you mean %q?", unknown.Suggestion)
	}
	r.add(path, name, UnknownProvider, &detail{text, err})
}

// refusal notes why a profile refuses an authorization server, with the names
// that the file has for what it mentions.
func (r *reader) refusal(mistake *configerr.Error, path string) {
	names := yamlfile.NamesOf(&AuthorizationServer{})
	var hint error
	if mistake.Err != nil {
		hint = &detail{names.Text(mistake.Err.Error()), mistake.Err}
	}
	r.add(path+"."+profileField(mistake.Field, names), mistake.Value, mistake.Fault, hint)
}

// profileField returns the file's name for a field that package provider names.
func profileField(field string, names *yamlfile.Names) string {
	if option, ok := strings.CutPrefix(field, "Options."); ok {
		return names.Path(option)
	}
	key, ok := strings.CutPrefix(field, "Params[")
	if name, err := strconv.Unquote(strings.TrimSuffix(key, "]")); ok && err == nil {
		return "parameters." + name
	}
	if field == "Params" {
		return "parameters"
	}
	return "provider"
}

// detail is an error in the words of the file.
type detail struct {
	text string
	err  error
}

func (d *detail) Error() string { return d.text }
func (d *detail) Unwrap() error { return d.err }

// unjoin lists joined errors.
func unjoin(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
