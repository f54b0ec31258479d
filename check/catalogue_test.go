package check

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mcp-auth/go/metadata"
)

func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	seen := map[Code]bool{}
	for _, r := range catalogue() {
		if seen[r.code] {
			t.Errorf("%s has two rows", r.code)
		}
		seen[r.code] = true
		switch r.severity {
		case metadata.Success:
			if r.meaning != "" || r.fix != "" {
				t.Errorf("%s is a success and says what it means or how to fix it", r.code)
			}
		case metadata.Error, metadata.Warning:
			if r.meaning == "" || r.fix == "" {
				t.Errorf("%s does not say what it means or how to fix it", r.code)
			}
		case Info:
			if r.meaning == "" {
				t.Errorf("%s does not say what it means", r.code)
			}
		default:
			t.Errorf("%s has the severity %q", r.code, r.severity)
		}
	}
	for _, text := range []string{string(metadata.IssuerValid), string(metadata.EndpointInvalid)} {
		if !seen[Code(text)] {
			t.Errorf("%s has no row", text)
		}
	}
}

// TestEveryCodeIsUsed holds that each row's code stands in code that finds it,
// and that each code there has a row.
func TestEveryCodeIsUsed(t *testing.T) {
	t.Parallel()
	rows := map[Code]bool{}
	for _, r := range catalogue() {
		rows[r.code] = true
	}
	for _, f := range slices.Concat(validationRules(), resourceValidationRules()) { // found by package metadata
		delete(rows, f.code)
	}
	constants, used := map[string]Code{}, map[Code]bool{}
	files := goFiles(t)
	for _, file := range files {
		declaredCodes(file, constants)
	}
	for name, file := range files {
		if strings.HasSuffix(name, "_rules.go") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if code, ok := constants[n.Name]; ok {
					used[code] = true
				}
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && rows[Code(text)] {
					used[Code(text)] = true
				}
			}
			return true
		})
	}
	for code := range rows {
		if !used[code] {
			t.Errorf("nothing finds %s", code)
		}
	}
	for name, code := range constants {
		if !rows[code] {
			t.Errorf("%s has no row", name)
		}
	}
}

func goFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// declaredCodes adds the constants of type Code.
func declaredCodes(file *ast.File, constants map[string]Code) {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			value, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			if typ, ok := value.Type.(*ast.Ident); !ok || typ.Name != "Code" {
				continue
			}
			if literal, ok := value.Values[0].(*ast.BasicLit); ok {
				text, _ := strconv.Unquote(literal.Value)
				constants[value.Names[0].Name] = Code(text)
			}
		}
	}
}

const (
	document   = "../docs/check.md"
	tableBegin = "<!-- generated from the catalogue: go test ./check -run TestDocument -update -->\n"
	tableEnd   = "<!-- end of what is generated -->\n"
)

// TestDocumentListsFindings holds docs/check.md to the catalogue.
func TestDocumentListsFindings(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), tableBegin)
	_, after, closed := strings.Cut(rest, tableEnd)
	if !found || !closed {
		t.Fatal("docs/check.md has no place for the table")
	}
	want := before + tableBegin + findingsTable() + tableEnd + after
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Error("docs/check.md is not current: go test ./check -run TestDocument -update")
	}
}

func findingsTable() string {
	var b strings.Builder
	for _, g := range severities() {
		if g.Severity == metadata.Success {
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n| finding | demanded by | what it means | what to do |\n|---|---|---|---|\n", g.Title)
		for _, r := range catalogue() {
			if r.severity != g.Severity {
				continue
			}
			meaning := cell(r.meaning)
			if len(r.clients) > 0 {
				meaning += " Known to fail: " + cell(strings.Join(r.clients, ", ")) + "."
			}
			fmt.Fprintf(&b, "| <a id=\"%s\"></a>`%s` | %s | %s | %s |\n", r.code, r.code, cell(r.requirement), meaning, cell(r.fix))
		}
	}
	b.WriteString("\n### In order\n\nThese have no fix: ")
	separator := ""
	for _, r := range catalogue() {
		if r.severity == metadata.Success {
			fmt.Fprintf(&b, "%s`%s`", separator, r.code)
			separator = ", "
		}
	}
	b.WriteString(".\n\n")
	return b.String()
}

func cell(text string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text) }
