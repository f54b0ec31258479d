package check

import (
	"flag"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/check/internal/catalogue"
	"github.com/mcp-auth/go/metadata"
)

// TestEveryCodeIsInTheCatalogue holds that the code of the checks and of package
// metadata finds exactly the codes that the catalogue explains.
func TestEveryCodeIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	found := foundCodes(t)
	if len(found) == 0 {
		t.Fatal("no code was found")
	}
	rules, err := Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	var explained []string
	for _, r := range rules {
		explained = append(explained, string(r.Code))
		if !slices.Contains(found, string(r.Code)) {
			t.Errorf("nothing finds %s", r.Code)
		}
	}
	for _, code := range found {
		if !slices.Contains(explained, code) {
			t.Errorf("the catalogue does not explain %s", code)
		}
	}
}

// foundCodes returns every constant of type Code in the packages below internal
// and in package metadata.
func foundCodes(t *testing.T) (codes []string) {
	t.Helper()
	imports := exportData(t)
	for _, dir := range []string{"internal/*", "../metadata"} {
		dirs, err := filepath.Glob(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range dirs {
			codes = append(codes, codesIn(t, dir, imports)...)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// exportData returns an importer of what the packages import.
func exportData(t *testing.T) types.Importer {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-export", "-f", "{{.ImportPath}}={{.Export}}", "./...", "../metadata").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for line := range strings.FieldsSeq(string(out)) {
		path, file, _ := strings.Cut(line, "=")
		files[path] = file
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
}

// codesIn returns the constants of type Code in a package's code.
func codesIn(t *testing.T, dir string, imports types.Importer) (codes []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	if _, err := (&types.Config{Importer: imports}).Check(dir, fset, files, info); err != nil {
		t.Fatal(err)
	}
	for _, v := range info.Types {
		if named, ok := v.Type.(*types.Named); ok && named.Obj().Name() == "Code" && v.Value != nil && constant.StringVal(v.Value) != "" {
			codes = append(codes, constant.StringVal(v.Value))
		}
	}
	return codes
}

const (
	findingsDocument = "../docs/check.md"
	findingsBegin    = "<!-- generated from the catalogue: go test ./check -run TestDocument -update -->\n"
	clientsDocument  = "../docs/clients.md"
	clientsBegin     = "<!-- generated from the rules: go test ./check -run TestDocument -update -->\n"
	generatedEnd     = "<!-- end of what is generated -->\n"
)

// TestDocumentedFindings holds docs/check.md to the catalogue.
func TestDocumentedFindings(t *testing.T) {
	t.Parallel()
	wantGenerated(t, findingsDocument, findingsBegin, findingsTable(loadCatalogue(t)))
}

// TestDocumentedClients holds docs/clients.md to the catalogue.
func TestDocumentedClients(t *testing.T) {
	t.Parallel()
	wantGenerated(t, clientsDocument, clientsBegin, clientsTable(loadCatalogue(t)))
}

// wantGenerated compares the generated part of a document, or writes it.
func wantGenerated(t *testing.T, file, begin, generated string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), begin)
	_, after, closed := strings.Cut(rest, generatedEnd)
	if !found || !closed {
		t.Fatalf("%s has no place for the table", file)
	}
	want := before + begin + generated + generatedEnd + after
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Errorf("%s is not current: go test ./check -run TestDocument -update", file)
	}
}

func loadCatalogue(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func findingsTable(c *catalogue.Catalogue) string {
	var b strings.Builder
	for _, g := range kindsOfGroups() {
		if g.Severity == metadata.Success {
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n| finding | required by | what it means | what to do |\n|---|---|---|---|\n", g.Title)
		for _, r := range c.Rules {
			if r.Severity != g.Severity {
				continue
			}
			fmt.Fprintf(&b, "| <a id=\"%s\"></a>`%s`<br>%s | %s | %s%s | %s |\n",
				r.Code, r.Code, cell(r.Title), cell(r.Requirement), cell(r.Meaning), failing(r, len(c.Clients)), cell(r.Fix))
		}
	}
	fmt.Fprintf(&b, "\n### In order\n\nThese need no fix: %s.\n", successes(c, false))
	fmt.Fprintf(&b, "\nThese are only advertised, and not tried: %s.\n\n", successes(c, true))
	return b.String()
}

func successes(c *catalogue.Catalogue, advertised bool) string {
	var codes []string
	for _, r := range c.Rules {
		if r.Severity == metadata.Success && r.Advertised == advertised {
			codes = append(codes, "`"+string(r.Code)+"`")
		}
	}
	return strings.Join(codes, ", ")
}

// failing names the clients that are known to fail, or to be limited. all is how
// many are known.
func failing(r catalogue.Rule, all int) string {
	text := ""
	switch len(r.Clients) {
	case 0:
	case all:
		text = " Known to fail: all known clients."
	default:
		text = " Known to fail: " + cell(strings.Join(r.Clients, ", ")) + "."
	}
	if len(r.LimitedClients) > 0 {
		text += " Known to be limited: " + cell(strings.Join(r.LimitedClients, ", ")) + "."
	}
	return text
}

func clientsTable(c *catalogue.Catalogue) string {
	var b strings.Builder
	b.WriteString("\n## Step-up\n\n| client | when a tool requires more scopes than the token has | source |\n|---|---|---|\n")
	for _, kind := range []struct {
		behavior catalogue.Behavior
		title    string
	}{
		{catalogue.StepsUp, "steps up"},
		{catalogue.AllScopes, "asks for all scopes at login"},
		{catalogue.Stuck, "is stuck"},
	} {
		for _, client := range c.Clients {
			if s := client.StepUp; s != nil && s.Behavior == kind.behavior {
				fmt.Fprintf(&b, "| %s | **%s.** %s | [%s](%s) |\n", cell(client.Name), kind.title, cell(s.What), s.Date, s.Source)
			}
		}
	}
	section := func(title string, rules []catalogue.ClientRule) {
		if len(rules) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n## %s\n\n| finding | what happens | source |\n|---|---|---|\n", title)
		for _, r := range rules {
			var codes []string
			for _, code := range r.Codes {
				codes = append(codes, "`"+string(code)+"`")
			}
			outcome := "fails"
			if r.Limited {
				outcome = "is limited"
			}
			fmt.Fprintf(&b, "| %s | **%s.** %s | [%s](%s) |\n", strings.Join(codes, ", "), outcome, cell(r.Why), r.Date, r.Source)
		}
	}
	section("All clients", c.AllClients)
	for _, client := range c.Clients {
		section(client.Name, client.Rules)
	}
	b.WriteByte('\n')
	return b.String()
}

func cell(text string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text) }
