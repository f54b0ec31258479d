// Package providers is the command "mcpauth providers".
package providers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/provider"
	"github.com/urfave/cli/v3"
)

// NewCommand returns the command.
func NewCommand(s command.Streams) *cli.Command {
	return &cli.Command{
		Name:      "providers",
		Usage:     "list identity providers, and what to know of each",
		ArgsUsage: "[NAME]",
		Description: "Without a name it lists the profiles of package provider. With one it prints what is known:\n" +
			"issuer, audience, scopes, what to configure at the provider, warnings, the sources, and a Go\n" +
			"program for your server.\n\n" +
			"The columns of the list:\n" +
			"  TOKENS    form of the access tokens: jwt; opaque; either, by configuration; or introspected,\n" +
			"            a JWT about which the provider must be asked\n" +
			"  AUDIENCE  what their audience is: the resource the client asked for; what is configured there;\n" +
			"            named, what you have to name in your server; none, or the client\n" +
			"  DCR       whether MCP clients can register themselves (RFC 7591)\n" +
			"  CIMD      whether they can use client ID metadata documents\n" +
			"  RESOURCE  whether the resource parameter of MCP clients counts (RFC 8707)\n\n" +
			"Examples:\n" +
			"  mcpauth providers\n" +
			"  mcpauth providers keycloak\n" +
			"  mcpauth providers keycloak --json",
		Flags:        []cli.Flag{command.JSONFlag("print one line of JSON")},
		ArgValidator: command.AtMost(1),
		Action: func(_ context.Context, cmd *cli.Command) error {
			if name := cmd.Args().First(); name != "" {
				return show(cmd, s.Out, name)
			}
			return list(cmd, s.Out)
		},
	}
}

func list(cmd *cli.Command, w io.Writer) error {
	profiles, err := provider.All()
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		return command.PrintJSON(w, profiles)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tPROVIDER\tTOKENS\tAUDIENCE\tDCR\tCIMD\tRESOURCE")
	for _, p := range profiles {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.Name, p.Title, p.Token.Kind, p.Audience.Rule,
			p.Support.DCR.Value, p.Support.CIMD.Value, p.Support.Resource.Value)
	}
	return t.Flush()
}

func show(cmd *cli.Command, w io.Writer, name string) error {
	p, err := provider.Get(name)
	if err != nil {
		if unknown, ok := errors.AsType[*provider.UnknownError](err); ok && unknown.Suggestion == "" {
			err = fmt.Errorf("no provider has the name %q. To see the names, run: mcpauth providers", name)
		}
		return command.Usage(cmd, err)
	}
	if cmd.Bool("json") {
		return command.PrintJSON(w, facts{p, page(p), p.Program()})
	}
	_, err = io.WriteString(w, describe(p))
	return err
}

// facts is what "providers NAME --json" prints.
type facts struct {
	*provider.Profile
	Page    string `json:"page"`
	Program string `json:"program"`
}

// page is the address of the page on a provider.
func page(p *provider.Profile) string {
	return "https://github.com/mcp-auth/go/blob/HEAD/docs/providers/" + p.Name + ".md"
}

// describe is a profile for the terminal. Numbers in brackets are those
// of the sources.
func describe(p *provider.Profile) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", p.Title)
	rows := [][2]string{
		{"issuer", p.Issuer},
		{"token", cite(p.Token.Says)},
		{"audience", cite(p.Audience.Says)},
		{"scopes", cite(p.Token.Scopes)},
		{"client", cite(p.Token.Client)},
		{"DCR", support(p.Support.DCR)},
		{"CIMD", support(p.Support.CIMD)},
		{"resource", support(p.Support.Resource)},
	}
	for _, parameter := range p.Parameters {
		rows = append(rows, [2]string{"{" + parameter.Name + "}", parameter.Says + ", such as " + parameter.Example})
	}
	for _, row := range rows {
		fmt.Fprintf(&b, "%-11s %s\n", row[0], row[1])
	}
	for _, section := range []struct {
		title string
		facts []provider.Fact
	}{{"Configure there", p.Steps}, {"Warnings", p.Warnings}, {"Quirks", p.Quirks}} {
		if len(section.facts) > 0 {
			fmt.Fprintf(&b, "\n%s:\n", section.title)
		}
		for _, fact := range section.facts {
			fmt.Fprintf(&b, "- %s\n", cite(fact))
		}
	}
	b.WriteString("\nSources:\n")
	for i, source := range p.Sources {
		fmt.Fprintf(&b, "[%d] %s (%s) %s\n", i+1, source.URL, source.Date, source.Says)
	}
	fmt.Fprintf(&b, "\nIn your server:\n\n%s\nMore: docs/providers/%s.md, %s\n", p.Program(), p.Name, page(p))
	return b.String()
}

func support(f provider.Feature) string {
	if f.Text == "" {
		return string(f.Value)
	}
	return string(f.Value) + ": " + cite(f.Fact)
}

// cite is a statement with the numbers of its sources. Its code marks go.
func cite(f provider.Fact) string {
	text := strings.ReplaceAll(f.Text, "`", "")
	for _, n := range f.Sources {
		text += fmt.Sprintf(" [%d]", n)
	}
	return text
}
