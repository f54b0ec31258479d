package configfile_test

import (
	"errors"
	"io/fs"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/configfile"
	"github.com/mcp-auth/go/internal/authtest"
	"github.com/mcp-auth/go/provider"
)

const complete = `resources:
  - identifier: https://api.example.com/notes
    scopes_supported: [read:notes, write:notes]
    policy: policy.yaml
    challenge_all_scopes: true
    dpop: required
    authorization_servers:
      - issuer: https://auth.example.com
        type: oauth
        metadata_url: https://auth.example.com/metadata
        audiences: [notes-api]
        allowed_clients: [app]
        algorithms: [ES256]
        token_types: [at+jwt]
        scope_claim: scp
        introspection:
          endpoint: https://auth.example.com/introspect
          client_id: notes
          client_secret_env: NOTES_SECRET
          auth_method: client_secret_basic
          tokens: opaque
          only_access_tokens: true
          allowed_clients: [app]
  - identifier: https://api.example.com/other
    dpop: optional
    authorization_servers: [{provider: auth0, parameters: {domain: example.us.auth0.com}}]
leeway: 7s
allowed_networks: [10.20.0.0/16]
dangerously_allow_http: [keycloak]
`

func TestLoad(t *testing.T) {
	t.Setenv("NOTES_SECRET", "hush")
	path := authtest.WriteFiles(t, "check.yaml", complete, "policy.yaml", "tools: {delete: write:notes}\nscopes_supported: [write:notes]\n")
	config, file, err := configfile.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if file.Name() != path || config.Leeway != 7*time.Second || !reflect.DeepEqual(config.Network.AllowedNetworks, []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}) ||
		!slices.Equal(config.Network.DangerouslyAllowHTTP, []string{"keycloak"}) {
		t.Errorf("got %+v of %s", config, file.Name())
	}
	notes := config.Resources[0]
	if notes.Policy == nil || len(notes.Policy.Tools) != 1 || !reflect.DeepEqual(notes.ScopesSupported, []string{"write:notes"}) || !notes.DPoP.Required || !notes.ChallengeAllScopes {
		t.Errorf("got %+v", notes)
	}
	want := mcpauth.AuthorizationServer{
		Issuer: "https://auth.example.com", Type: mcpauth.OAuth, MetadataURL: "https://auth.example.com/metadata",
		Audiences: []string{"notes-api"}, AllowedClients: []string{"app"}, Algorithms: []string{"ES256"}, TokenTypes: []string{"at+jwt"}, ScopeClaim: "scp",
		Introspection: &mcpauth.Introspection{
			Endpoint: "https://auth.example.com/introspect", ClientID: "notes", ClientSecret: "hush",
			AuthMethod: mcpauth.ClientSecretBasic, Tokens: mcpauth.OpaqueTokens, AllowedClients: []string{"app"}, OnlyAccessTokens: true,
		},
	}
	if got := notes.AuthorizationServers[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	other := config.Resources[1]
	if other.DPoP.Required || other.AuthorizationServers[0].Issuer != "https://example.us.auth0.com/" {
		t.Errorf("got %+v", other)
	}
}

// TestEveryFieldIsRead holds that the file above has every field that a file can have.
func TestEveryFieldIsRead(t *testing.T) {
	t.Parallel()
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct {
			return
		}
		for field := range of.Fields() {
			if name := field.Tag.Get("yaml"); !strings.Contains(complete, name+":") {
				t.Errorf("%s is not in the file", name)
			}
			walk(field.Type)
		}
	}
	walk(reflect.TypeFor[configfile.Document]())
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	const server = "resources:\n  - identifier: https://a.example/mcp\n    authorization_servers: "
	for name, tc := range map[string]struct {
		text  string
		fault configerr.Fault
		want  string // after the name of the file
	}{
		"empty":         {"", configerr.NoResources, ": resources: no protected resource is configured"},
		"unknown field": {"resources:\n  - foo: 1\n", configfile.Malformed, ":2: resources[0].foo: the field is not known; known are identifier, authorization_servers, scopes_supported, policy, challenge_all_scopes and dpop"},
		"syntax":        {"resources: [", configfile.Malformed, ":2: not YAML: did not find expected node content"},
		"DPoP":          {"resources:\n  - dpop: maybe\n", configfile.InvalidDPoP, `:2: resources[0].dpop "maybe": the value must be required or optional`},
		"network":       {"resources: [{}]\nallowed_networks:\n  - ten\n", configfile.InvalidNetwork, `:3: allowed_networks[0] "ten": the value must be a network such as 10.0.0.0/8`},
		"variable":      {server + "\n      - introspection: {client_secret_env: UNSET_VARIABLE}\n", configfile.UnsetVariable, `:4: resources[0].authorization_servers[0].introspection.client_secret_env "UNSET_VARIABLE": the environment variable is not set`},
		"parameters":    {server + "[{parameters: {a: b}}]", configfile.ParametersAlone, ":3: resources[0].authorization_servers[0].parameters: parameters are for a provider, and none is named"},
		"provider":      {server + "[{provider: auth00}]", configfile.UnknownProvider, `:3: resources[0].authorization_servers[0].provider "auth00": no profile has this name: did you mean "auth0"?`},
		"no provider":   {server + "[{provider: nothing-like-it}]", configfile.UnknownProvider, `:3: resources[0].authorization_servers[0].provider "nothing-like-it": no profile has this name: the command "mcpauth providers" lists them`},
		"both":          {server + "[{provider: auth0, issuer: https://b.example}]", configfile.SetByProfile, ":3: resources[0].authorization_servers[0]: " + string(configfile.SetByProfile)},
		"profile":       {server + "[{provider: auth0, parameters: {domain: a.us.auth0.com, odd: x}}]", provider.UnknownParameter, ":3: resources[0].authorization_servers[0].parameters.odd: the profile has no such parameter"},
		"policy":        {"resources:\n  - policy: bad.yaml\n", configfile.InvalidPolicy, ":2: resources[0].policy: the policy file is not valid: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := authtest.WriteFiles(t, "f.yaml", tc.text, "bad.yaml", "tool: {}\n")
			_, _, err := configfile.Load(path)
			if err == nil || !strings.HasPrefix(err.Error(), path+tc.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got\n%v\nwant\n%s%s", err, path, tc.want)
			}
			if !errors.Is(err, tc.fault) || len(configerr.All(err)) != 1 {
				t.Errorf("%v has not the fault %q", err, tc.fault)
			}
			if fault, ok := errors.AsType[*configfile.Error](err); !ok || fault.File != path {
				t.Errorf("got %#v", err)
			}
		})
	}
}

// All mistakes are reported, in the order of the file.
func TestSeveralMistakes(t *testing.T) {
	t.Parallel()
	path := authtest.WriteFiles(t, "f.yaml", "allowed_networks: [ten]\nresources:\n  - dpop: maybe\n    policy: none.yaml\n  - authorization_servers: [{provider: auth0}]\n")
	_, _, err := configfile.Load(path)
	var lines []int
	for _, one := range err.(interface{ Unwrap() []error }).Unwrap() {
		fault, _ := errors.AsType[*configfile.Error](one)
		lines = append(lines, fault.Line)
	}
	if !reflect.DeepEqual(lines, []int{1, 3, 4, 5}) {
		t.Errorf("lines %d of\n%v", lines, err)
	}
	if !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, provider.MissingParameter) {
		t.Errorf("the causes are not wrapped: %v", err)
	}
	if _, _, err := configfile.Load(path + ".none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that does not exist: %v", err)
	}
}

// A program adds settings of its own.
func TestRead(t *testing.T) {
	t.Parallel()
	var settings struct {
		configfile.Document
		Listen string `yaml:"listen"`
	}
	path := authtest.WriteFiles(t, "f.yaml", "listen: localhost:80\nresources:\n  - identifier: https://a.example/mcp\n    dpop: optional\n")
	file, err := configfile.Read(path, &settings)
	if err != nil {
		t.Fatal(err)
	}
	config, err := settings.Config(file)
	if err != nil || settings.Listen != "localhost:80" || config.Resources[0].Identifier != "https://a.example/mcp" {
		t.Errorf("got %+v, %+v, %v", settings, config, err)
	}
	if name, line := file.Place("Listen"); name != "listen" || line != 1 {
		t.Errorf("the place is %s in line %d", name, line)
	}
	_, err = configfile.Read(authtest.WriteFiles(t, "f.yaml", "listen: []\n"), &settings)
	if err == nil || !strings.HasSuffix(err.Error(), "f.yaml:1: listen: must be text, not a list") {
		t.Errorf("got %v", err)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	path := authtest.WriteFiles(t, "f.yaml", "leeway: 1s\nresources:\n  - identifier: https://a.example/mcp\n    policy: p.yaml\n", "p.yaml", "tools: {a: b}\n")
	_, file, err := configfile.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"Resources[0].Identifier is wrong":             "resources[0].identifier (line 3) is wrong",
		"Set TokenTypes to at+jwt":                     "Set token_types to at+jwt",
		`Resources[0].Policy.Tools["a"] and DPoP`:      `resources[0].policy (line 4): tools["a"] and DPoP`,
		"Resources[0].AuthorizationServers[1].Issuer.": "resources[0].authorization_servers[1].issuer.",
		"no field at all":                              "no field at all",
	} {
		if got := file.Translate(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	var mistakes configerr.List
	mistakes.Add(configerr.InvalidIdentifier, "Resources[0].Identifier", "x")
	mistakes.Add(configerr.InvalidLeeway, "Leeway", "")
	want := path + ":1: leeway: " + string(configerr.InvalidLeeway) + "\n" + path + `:3: resources[0].identifier "x": ` + string(configerr.InvalidIdentifier)
	if err := file.Locate(mistakes.Err()); err == nil || err.Error() != want || !errors.Is(err, configerr.InvalidLeeway) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if other := errors.New("other"); file.Locate(other) != other {
		t.Error("another error is changed")
	}
}
