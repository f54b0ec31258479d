package provider_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/mcp-auth/go/provider"
)

var updateDocs = flag.Bool("update-docs", false, "write docs/providers anew from the profiles")

// TestDocs holds docs/providers to the profiles: a table, and a page for each.
func TestDocs(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "docs", "providers")
	want := map[string]string{}
	profiles := all(t)
	want["README.md"] = render(t, "readme.md.tmpl", profiles)
	for _, p := range profiles {
		want[p.Name+".md"] = render(t, "page.md.tmpl", p)
	}
	if *updateDocs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range want {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if string(got) != want[name] {
			t.Errorf("docs/providers/%s is not what the profiles say: go test ./provider -run TestDocs -update-docs", name)
		}
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		if _, known := want[file.Name()]; !known {
			t.Errorf("docs/providers/%s is of no profile", file.Name())
		}
	}
}

func render(t *testing.T, name string, data any) string {
	t.Helper()
	tmpl, err := template.New(name).Funcs(template.FuncMap{
		"audienceRule": audienceRule,
		"cell":         cell,
		"code":         func(text string) string { return "`" + text + "`" },
		"codes":        codes,
		"feature":      feature,
		"featureCell":  featureCell,
		"clients":      clients,
		"kind":         kind,
		"add":          func(a, b int) int { return a + b },
		"fact":         fact,
		"advice":       advice,
		"step":         step,
		"verifiedBy":   verifiedBy,
	}).ParseFiles(filepath.Join("testdata", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := tmpl.Execute(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// fact renders a statement with its sources, or as unverified.
func fact(f provider.Fact) string {
	if !f.Verified() {
		return f.Text + " (*unverified*)"
	}
	return advice(f)
}

// advice renders a statement with its sources, if it has any.
func advice(f provider.Fact) string {
	text := f.Text
	for _, n := range f.Sources {
		text += fmt.Sprintf(" [%d]", n)
	}
	return text
}

// step renders what is to be done. What is to be done in Go is our own to say.
func step(f provider.Fact) string {
	for _, own := range []string{"`Options.", "`provider.", "`mcpauth.", "`AuthorizationServers`"} {
		if strings.Contains(f.Text, own) {
			return advice(f)
		}
	}
	return fact(f)
}

// cell renders text for a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func codes(list []string) string {
	quoted := make([]string, 0, len(list))
	for _, text := range list {
		if text == "" {
			quoted = append(quoted, "none")
			continue
		}
		quoted = append(quoted, "`"+text+"`")
	}
	return strings.Join(quoted, ", ")
}

func feature(f provider.Feature) string {
	text := string(f.Value)
	if f.Text != "" {
		text += ": " + f.Text
	}
	if f.Value == provider.FeatureUnverified {
		return text
	}
	return fact(provider.Fact{Text: text, Sources: f.Sources})
}

func featureCell(f provider.Feature) string {
	if f.Value == provider.FeatureUnverified {
		return "?"
	}
	return string(f.Value)
}

func kind(k provider.TokenKind) string {
	return map[provider.TokenKind]string{
		provider.JWT: "JWT", provider.Opaque: "opaque", provider.Either: "JWT or opaque", provider.Introspected: "JWT, introspected",
	}[k]
}

func verifiedBy(k provider.TokenKind) string {
	return map[provider.TokenKind]string{
		provider.JWT: "the keys of the issuer", provider.Opaque: "a verifier of package provider",
		provider.Either: "the keys of the issuer, or introspection", provider.Introspected: "introspection",
	}[k]
}

func audienceRule(r provider.AudienceRule) string {
	return map[provider.AudienceRule]string{
		provider.ResourceAudience:   "Nothing needs to be named: the audience is the resource identifier.",
		provider.ConfiguredAudience: "Configure the resource identifier as the audience. If it must be another, name it in `Options.Audiences`.",
		provider.NamedAudience:      "The audience must be named in `Options.Audiences`.",
		provider.NoAudience:         "The clients must be listed in `Options.AllowedClients`, or the audience be named in `Options.Audiences` where the provider was made to write one.",
		provider.ClientAudience:     "The verifier proves the client, and states it as the audience.",
	}[r]
}

// clients says which MCP clients can connect without being registered by hand.
func clients(p *provider.Profile) string {
	offers := func(f provider.Feature) bool {
		return f.Value == provider.FeatureYes || f.Value == provider.FeatureLimited
	}
	dcr, cimd := offers(p.Support.DCR), offers(p.Support.CIMD)
	switch {
	case dcr && cimd:
		return "Clients that register themselves (DCR) and clients with a metadata document (CIMD) can connect, under the conditions above."
	case dcr:
		return "Clients that register themselves (DCR) can connect, under the conditions above. Others need a client ID that you give them."
	case cimd:
		return "Clients with a metadata document (CIMD) can connect, under the conditions above. Others need a client ID that you give them."
	}
	return "No client can connect without being registered by hand: register each, and enter its client ID in the MCP client."
}
