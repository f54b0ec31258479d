package tree

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	codeSpan   = regexp.MustCompile("`([^`]+)`")
	goName     = regexp.MustCompile(`(?:\b([a-z]\w*)\.)?\b([A-Z]\w*)`)
	stdPackage = []string{"context", "errors", "time"}
)

// TestNamesForOtherSDKs holds that every Go name in docs/from-js-and-python.md exists:
// those in the second column of its tables.
func TestNamesForOtherSDKs(t *testing.T) {
	t.Parallel()
	known := namesOf(t, ".", "configerr", "gosdk", "metadata", "network", "reason")
	found := 0
	for line := range strings.Lines(readFile(t, "docs/from-js-and-python.md")) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 2 {
			continue
		}
		for _, code := range codeSpan.FindAllStringSubmatch(cells[1], -1) {
			for _, name := range goName.FindAllStringSubmatch(code[1], -1) {
				if slices.Contains(stdPackage, name[1]) || name[2] == "MCPAuth" { // which is JavaScript's
					continue
				}
				if found++; !known[name[2]] {
					t.Errorf("%s is not a name of this module: %s", name[2], strings.TrimSpace(line))
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("%d names were found", found)
	}
}

// namesOf are the exported names of packages, with fields and methods.
func namesOf(t *testing.T, dirs ...string) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, file := range files(t) {
		if path.Ext(file) != ".go" || isTest(file) || !slices.Contains(dirs, path.Dir(file)) {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			var names []*ast.Ident
			switch n := n.(type) {
			case *ast.FuncDecl:
				names = []*ast.Ident{n.Name}
			case *ast.TypeSpec:
				names = []*ast.Ident{n.Name}
			case *ast.ValueSpec:
				names = n.Names
			case *ast.Field:
				names = n.Names
			case *ast.BlockStmt:
				return false
			}
			for _, name := range names {
				known[name.Name] = known[name.Name] || name.IsExported()
			}
			return true
		})
	}
	return known
}
