package provider

import (
	"fmt"
	"strings"
)

// Program returns a Go program that protects an MCP server with tokens of the
// provider, the one on the page of the profile in docs/providers. What differs
// from tenant to tenant has the values of examples.
func (p *Profile) Program() string {
	imports, code := p.serverCode()
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n\t\"log\"\n\t\"net/http\"\n")
	for _, name := range imports {
		fmt.Fprintf(&b, "\t%q\n", name)
	}
	b.WriteString("\n\tmcpauth \"github.com/mcp-auth/go\"\n\t\"github.com/mcp-auth/go/provider\"\n)\n\nfunc main() {\n")
	b.WriteString(code)
	b.WriteString(programEnd)
	return b.String()
}

const programEnd = `	auth, err := mcpauth.New(mcpauth.Config{Resources: []mcpauth.Resource{{
		Identifier:           "https://mcp.example.com/mcp",
		AuthorizationServers: []mcpauth.AuthorizationServer{server},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	// Put your MCP server here. On an MCP SDK, gosdk.Protect or mcpgo.Protect goes around it.
	handler := http.NotFoundHandler()
	mux := http.NewServeMux()
	mux.Handle("/.well-known/", auth.MetadataHandler())
	mux.Handle("/mcp", auth.Protect(handler))
	log.Fatal(http.ListenAndServe("127.0.0.1:3001", mux))
}
`

// serverCode is the code that makes the variable server, and the imports that
// it needs beside those of every program.
func (p *Profile) serverCode() (imports []string, code string) {
	switch p.Name {
	case "google":
		return []string{"time"}, googleCode
	case "github":
		return []string{"os", "time"}, gitHubCode
	}
	if p.Token.Kind == Introspected {
		imports = []string{"os"}
	}
	return imports, fmt.Sprintf(profileCode, p.Name, p.paramsCode(), p.optionsCode())
}

const profileCode = `	profile, err := provider.Get(%q)
	if err != nil {
		log.Fatal(err)
	}
	server, err := profile.AuthorizationServer(
		%s,
		%s,
	)
	if err != nil {
		log.Fatal(err)
	}
`

const googleCode = `	google, err := provider.NewGoogle(provider.GoogleConfig{
		ClientIDs:       []string{"1234-abcd.apps.googleusercontent.com"},
		AllowedSubjects: []string{"110169484474386276334"},
		Connection:      provider.Connection{CacheTTL: time.Minute},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := google.AuthorizationServer()
`

const gitHubCode = `	gitHub, err := provider.NewGitHub(provider.GitHubConfig{
		ClientID:             "Iv1.8a61f9b3a7aba766",
		ClientSecret:         mcpauth.Secret(os.Getenv("GITHUB_CLIENT_SECRET")),
		AllowedIDs:           []int64{583231},
		AllowedOrganizations: []string{"example"},
		Connection:           provider.Connection{CacheTTL: time.Minute},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := gitHub.AuthorizationServer()
`

// paramsCode has the examples of the parameters.
func (p *Profile) paramsCode() string {
	params := make([]string, 0, len(p.Parameters))
	for _, parameter := range p.Parameters {
		params = append(params, fmt.Sprintf("%q: %q", parameter.Name, parameter.Example))
	}
	return "provider.Params{" + strings.Join(params, ", ") + "}"
}

// optionsCode has what the profile demands, and nothing else.
func (p *Profile) optionsCode() string {
	var fields []string
	switch p.Audience.Rule {
	case NamedAudience:
		fields = append(fields, fmt.Sprintf("Audiences: []string{%q}", p.Audience.Example))
	case NoAudience:
		fields = append(fields, `AllowedClients: []string{"client-1"}`)
	}
	if p.Token.Kind == Introspected {
		fields = append(fields, introspectionCode)
	}
	return "provider.Options{" + strings.Join(fields, ", ") + "}"
}

const introspectionCode = `Introspection: &mcpauth.Introspection{
			ClientID: "mcp-server", ClientSecret: mcpauth.Secret(os.Getenv("INTROSPECTION_SECRET")), Tokens: mcpauth.AllTokens,
		}`
