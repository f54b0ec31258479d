package tree

import (
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const importsFile = "internal/tree/testdata/imports.txt"

// plainData are packages of plain data, which every other package may import.
var plainData = []string{"network", "reason", "configerr", "internal/refusal"}

// TestImportsPointOneWay holds every package to the imports that the table allows it.
func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	allowed := readImports(t)
	for dir, imports := range importsOf(t) {
		at := slices.IndexFunc(allowed, func(r rule) bool { return matches(r.pattern, dir) })
		if at < 0 {
			t.Errorf("package %q is not in %s", dir, importsFile)
			continue
		}
		may := slices.Concat(allowed[at].imports, plainData)
		for _, imported := range imports {
			if !slices.ContainsFunc(may, func(pattern string) bool { return matches(pattern, imported) }) {
				t.Errorf("package %q must not import %q", dir, imported)
			}
		}
	}
}

// rule is which packages a package may import.
type rule struct {
	pattern string
	imports []string // patterns
}

// matches reports whether a directory is the one of a pattern or, if the
// pattern ends in "/...", one in it.
func matches(pattern, dir string) bool {
	top, isTree := strings.CutSuffix(pattern, "/...")
	return dir == top || isTree && strings.HasPrefix(dir, top+"/")
}

// readImports reads which packages each package may import.
func readImports(t *testing.T) (rules []rule) {
	t.Helper()
	for block := range strings.SplitSeq(readFile(t, importsFile), "\n\n") {
		lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(block), "\n"), func(line string) bool {
			return strings.HasPrefix(line, "#")
		})
		switch {
		case len(lines) == 0:
		case len(lines) == 1, strings.HasPrefix(lines[0], " "):
			t.Errorf("%s: %q needs a package and a reason", importsFile, block)
		default:
			rules = append(rules, rule{lines[0], strings.Fields(strings.Join(lines[2:], " "))})
		}
	}
	return rules
}

// importsOf returns which packages of this repository each package imports.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, file := range sources(t) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		dir := path.Dir(file)
		for _, spec := range parsed.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if own, ok := inRepository(imported); ok {
				found[dir] = append(found[dir], own)
			}
		}
	}
	return found
}

// inRepository returns the directory of a package of this repository.
func inRepository(importPath string) (dir string, ok bool) {
	rest, ok := strings.CutPrefix(importPath, library)
	if rest == "" {
		return ".", ok
	}
	return rest[1:], ok && rest[0] == '/'
}
