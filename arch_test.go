package mcpauth_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/mcp-auth/go"

// allowed lists, for each package of the module, which others of the module its
// code (tests aside) may import, with the reason.
var allowed = map[string][]string{
	"network":                       {},                                      // leaf: how other servers are reached
	"reason":                        {},                                      // leaf: why requests are refused
	"configerr":                     {"internal/fetch"},                      // leaf but for hiding passwords in URLs
	"internal/refusal":              {},                                      // leaf: a refusal as data
	"internal/jsonx":                {},                                      // leaf: strict JSON
	"internal/jose":                 {"internal/jsonx"},                      // headers and keys are JSON
	"internal/dpop":                 {"internal/jose", "internal/jsonx"},     // proofs are JWTs
	"internal/fetch":                {},                                      // leaf: the one guarded fetcher
	"internal/mcpmsg":               {"internal/jsonx"},                      // messages are JSON
	"internal/opaque":               {},                                      // leaf: knows nothing of what is asked
	"internal/remote":               {},                                      // leaf: knows nothing of what it caches
	"internal/challenge":            {},                                      // leaf: both sides of the wire use it
	"internal/webpage":              {},                                      // leaf: what all pages have in common
	"internal/webbrowser":           {"internal/fetch"},                      // knows what URLs may be opened
	"internal/verdict":              {"", "metadata", "policy"},              // test harness: no code but tests imports it
	"internal/mcptest":              {},                                      // leaf, and test harness: no code but tests imports it
	"internal/origin":               {"internal/fetch"},                      // browser origins
	"internal/session":              {},                                      // owners of MCP sessions
	"internal/body":                 {},                                      // a request's body, read once
	"internal/response":             {"internal/mcpmsg", "internal/session"}, // filters what a handler writes
	"internal/wellknown":            {"internal/response"},                   // public documents
	"metadata":                      {"internal/fetch", "internal/jsonx"},    // documents and how they are found
	"":                              {"check", "metadata", "internal/challenge", "internal/dpop", "internal/fetch", "internal/jose", "internal/jsonx", "internal/mcpmsg", "internal/opaque", "internal/remote", "internal/suggest", "internal/origin", "internal/session", "internal/body", "internal/response", "internal/wellknown"},
	"check":                         {"metadata", "internal/challenge", "internal/fetch", "internal/jose", "internal/jsonx"},                                                                                                                                                              // looks at both from outside: never the root
	"policy":                        {""},                                                                                                                                                                                                                                                 // files that hold a Policy
	"client":                        {"metadata", "internal/webbrowser", "internal/challenge", "internal/fetch", "internal/jose", "internal/jsonx"},                                                                                                                                       // the other side of the wire: never the root, never mcpauthtest
	"gosdk":                         {""},                                                                                                                                                                                                                                                 // a door
	"mcpgo":                         {""},                                                                                                                                                                                                                                                 // a door
	"mcpauthtest":                   {"metadata", "internal/challenge", "internal/dpop", "internal/fetch", "internal/jose", "internal/jsonx", "internal/webpage"},                                                                                                                         // the other side of the wire: never the root
	"mcpauthtest/sqlitestore":       {"mcpauthtest"},                                                                                                                                                                                                                                      // apart, for the driver
	"examples/whoami":               {"", "gosdk"},                                                                                                                                                                                                                                        // what a user would import
	"cmd/mcpauth":                   {"", "check", "client", "gosdk", "metadata", "mcpauthtest", "mcpauthtest/sqlitestore", "policy", "provider", "internal/suggest", "internal/webbrowser", "internal/challenge", "internal/fetch", "internal/webpage", "cmd/mcpauth/internal/checkweb"}, // the command may use all
	"cmd/mcpauth/internal/checkweb": {"check", "metadata", "internal/fetch", "internal/webpage"},                                                                                                                                                                                          // the page of mcpauth check --web
	"internal/suggest":              {},                                                                                                                                                                                                                                                   // leaf: what was probably meant
	"provider":                      {"", "metadata", "internal/challenge", "internal/fetch", "internal/jsonx", "internal/opaque", "internal/suggest"},                                                                                                                                    // profiles make a configuration, verifiers ask over the guarded fetcher

	"examples/todo-manager":                   {"", "gosdk", "examples/todo-manager/internal/app", "examples/todo-manager/internal/todo"},
	"examples/todo-manager/mcpgo":             {"", "mcpgo", "examples/todo-manager/internal/app", "examples/todo-manager/internal/todo"},
	"examples/todo-manager/internal/todo":     {""},                                                                                         // knows no MCP SDK
	"examples/todo-manager/internal/app":      {"", "mcpauthtest", "examples/todo-manager/internal/todo"},                                   // nor does this; mcpauthtest for --dev
	"examples/todo-manager/internal/todotest": {"mcpauthtest", "examples/todo-manager/internal/app", "examples/todo-manager/internal/todo"}, // test table of both servers
}

// leaves are packages of plain data that every other package may import.
var leaves = []string{"network", "reason", "configerr", "internal/refusal"}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for dir, imports := range importsOf(t) {
		rules, known := allowed[dir]
		if !known {
			t.Errorf("package %q has no rule in arch_test.go", dir)
			continue
		}
		for _, imported := range imports {
			if slices.Contains(leaves, imported) {
				continue
			}
			if !slices.Contains(rules, imported) {
				t.Errorf("package %q must not import %q", dir, imported)
			}
		}
	}
}

// importsOf returns the module's own imports of each package, tests aside.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipDir(path, d)
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if dir == "." {
			dir = ""
		}
		found[dir] = append(found[dir], ownImports(f.Imports...)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func ownImports(specs ...*ast.ImportSpec) (own []string) {
	for _, spec := range specs {
		path, _ := strconv.Unquote(spec.Path.Value)
		if rest, ok := strings.CutPrefix(path, module); ok && (rest == "" || rest[0] == '/') {
			own = append(own, strings.TrimPrefix(rest, "/"))
		}
	}
	return own
}

func skipDir(path string, d fs.DirEntry) error {
	switch {
	case path == ".":
		return nil
	case strings.HasPrefix(d.Name(), "."), d.Name() == "testdata", path == "interop", path == "bench", d.Name() == "node_modules":
		return filepath.SkipDir // nested modules and what is no package
	}
	return nil
}

// TestRootDependencies holds that whoever imports package mcpauth inherits the
// standard library, golang.org/x and jub0bs/cors, and nothing else.
func TestRootDependencies(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range strings.FieldsSeq(string(out)) {
		own := pkg == module || strings.HasPrefix(pkg, module+"/")
		if !own && !strings.HasPrefix(pkg, "golang.org/x/") && !strings.HasPrefix(pkg, "github.com/jub0bs/cors") {
			t.Errorf("package mcpauth pulls in %s", pkg)
		}
	}
}

// TestTestKitDependencies holds that whoever tests with package mcpauthtest
// inherits neither the SQLite driver nor a YAML reader.
func TestTestKitDependencies(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./mcpauthtest").Output()
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range strings.FieldsSeq(string(out)) {
		own := strings.HasPrefix(pkg, module+"/")
		if !own && !strings.HasPrefix(pkg, "golang.org/x/") && !strings.HasPrefix(pkg, "github.com/go-jose/go-jose/v4") {
			t.Errorf("package mcpauthtest pulls in %s", pkg)
		}
	}
}
