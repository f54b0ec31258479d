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
	"network":                       {},                                                            // leaf: how other servers are reached
	"reason":                        {},                                                            // leaf: why requests are refused
	"configerr":                     {"internal/fetch"},                                            // leaf but for hiding passwords in URLs
	"internal/refusal":              {},                                                            // leaf: a refusal as data
	"internal/jsonx":                {},                                                            // leaf: strict JSON
	"internal/jose":                 {"internal/jsonx"},                                            // headers and keys are JSON
	"internal/dpop":                 {"internal/jose", "internal/jsonx"},                           // proofs are JWTs
	"internal/fetch":                {},                                                            // leaf: the one guarded fetcher
	"internal/mcpmsg":               {"internal/jsonx", "internal/mcpmethod"},                      // messages are JSON
	"internal/opaque":               {},                                                            // leaf: knows nothing of what is asked
	"internal/remote":               {},                                                            // leaf: knows nothing of what it caches
	"internal/challenge":            {},                                                            // leaf: both sides of the wire use it
	"internal/webpage":              {},                                                            // leaf: what all pages have in common
	"internal/webbrowser":           {"internal/fetch"},                                            // knows what URLs may be opened
	"internal/verdict":              {"", "metadata", "policy", "policy/policyfile"},               // test harness: no code but tests imports it
	"internal/mcptest":              {},                                                            // leaf, and test harness: no code but tests imports it
	"internal/origin":               {"internal/fetch"},                                            // browser origins
	"internal/session":              {},                                                            // owners of MCP sessions
	"internal/body":                 {},                                                            // a request's body, read once
	"internal/response":             {"internal/mcpmethod", "internal/mcpmsg", "internal/session"}, // filters what a handler writes
	"internal/wellknown":            {"internal/response"},                                         // public documents
	"internal/mcpmethod":            {},                                                            // leaf: the table of MCP methods
	"internal/scope":                {"internal/challenge"},                                        // what a scope may look like
	"metadata":                      {"internal/fetch", "internal/jsonx"},                          // documents and how they are found
	"":                              {"metadata", "internal/challenge", "internal/dpop", "internal/fetch", "internal/jose", "internal/jsonx", "internal/mcpmethod", "internal/mcpmsg", "internal/opaque", "internal/remote", "internal/scope", "policy", "internal/origin", "internal/session", "internal/body", "internal/response", "internal/wellknown"},
	"check":                         {"", "metadata", "check/internal/authserver", "check/internal/catalogue", "check/internal/configuration", "check/internal/finding", "check/internal/mcpserver", "check/internal/probe", "check/internal/redact", "internal/challenge", "internal/fetch"},                                                                                                                                                                          // stands above the root: asks it about configurations
	"check/internal/finding":        {"metadata"},                                                                                                                                                                                                                                                                                                                                                                                                                      // leaf: findings as data
	"check/internal/redact":         {},                                                                                                                                                                                                                                                                                                                                                                                                                                // leaf: the other side's words
	"check/internal/catalogue":      {"metadata", "check/internal/finding", "internal/jsonx"},                                                                                                                                                                                                                                                                                                                                                                          // what findings mean, as data
	"check/internal/transport":      {"check/internal/finding", "internal/fetch"},                                                                                                                                                                                                                                                                                                                                                                                      // judges any answer
	"check/internal/probe":          {"check/internal/finding", "check/internal/redact", "check/internal/transport", "internal/fetch"},                                                                                                                                                                                                                                                                                                                                 // the one that asks and records
	"check/internal/keyset":         {"check/internal/finding", "check/internal/redact", "internal/jose", "internal/jsonx"},                                                                                                                                                                                                                                                                                                                                            // judges keys, asks nothing
	"check/internal/capability":     {"metadata", "check/internal/finding", "check/internal/keyset", "check/internal/redact", "internal/fetch"},                                                                                                                                                                                                                                                                                                                        // judges metadata, asks nothing
	"check/internal/forgery":        {"internal/jose"},                                                                                                                                                                                                                                                                                                                                                                                                                 // leaf: tokens to be refused
	"check/internal/answer":         {"check/internal/transport", "internal/challenge", "internal/fetch"},                                                                                                                                                                                                                                                                                                                                                              // reads answers
	"check/internal/leak":           {"check/internal/answer", "check/internal/finding", "check/internal/redact", "check/internal/transport"},                                                                                                                                                                                                                                                                                                                          // judges answers
	"check/internal/endpoint":       {"check/internal/answer", "check/internal/finding", "check/internal/leak", "check/internal/probe", "check/internal/transport", "internal/fetch"},                                                                                                                                                                                                                                                                                  // talks to an MCP server
	"check/internal/authserver":     {"metadata", "check/internal/capability", "check/internal/finding", "check/internal/keyset", "check/internal/probe", "check/internal/redact", "check/internal/transport", "internal/fetch", "internal/jose"},                                                                                                                                                                                                                      // never the root
	"check/internal/mcpserver":      {"metadata", "check/internal/answer", "check/internal/authserver", "check/internal/endpoint", "check/internal/finding", "check/internal/forgery", "check/internal/probe", "check/internal/redact", "check/internal/transport", "internal/challenge", "internal/fetch"},                                                                                                                                                            // never the root
	"check/internal/configuration":  {"", "metadata", "check/internal/authserver", "check/internal/finding", "check/internal/keyset", "check/internal/probe", "internal/fetch", "internal/jose"},                                                                                                                                                                                                                                                                       // the only one that knows Config
	"policy":                        {"internal/jsonx", "internal/mcpmethod", "internal/scope", "internal/suggest", "policy/internal/pattern"},                                                                                                                                                                                                                                                                                                                         // knows neither HTTP nor tokens
	"policy/internal/pattern":       {},                                                                                                                                                                                                                                                                                                                                                                                                                                // leaf: which key fits a name
	"policy/policyfile":             {"", "internal/scope", "policy"},                                                                                                                                                                                                                                                                                                                                                                                                  // files that hold a Policy
	"gosdk":                         {"", "internal/mcpmethod", "internal/mcpmsg", "policy"},                                                                                                                                                                                                                                                                                                                                                                           // a door
	"mcpgo":                         {"", "internal/mcpmethod", "policy"},                                                                                                                                                                                                                                                                                                                                                                                              // a door
	"mcpauthtest":                   {"metadata", "internal/challenge", "internal/dpop", "internal/fetch", "internal/jose", "internal/jsonx", "internal/webpage"},                                                                                                                                                                                                                                                                                                      // the other side of the wire: never the root
	"mcpauthtest/sqlitestore":       {"mcpauthtest"},                                                                                                                                                                                                                                                                                                                                                                                                                   // apart, for the driver
	"examples/whoami":               {"", "gosdk"},                                                                                                                                                                                                                                                                                                                                                                                                                     // what a user would import
	"cmd/mcpauth":                   {"", "check", "client", "client/clienterr", "client/filestore", "gosdk", "metadata", "mcpauthtest", "mcpauthtest/sqlitestore", "policy", "policy/policyfile", "provider", "internal/mcpmethod", "internal/suggest", "internal/webbrowser", "internal/challenge", "internal/fetch", "internal/webpage", "cmd/mcpauth/internal/checkweb"},                                                                                           // the command may use all
	"cmd/mcpauth/internal/checkweb": {"check", "metadata", "internal/fetch", "internal/webpage"},                                                                                                                                                                                                                                                                                                                                                                       // the page of mcpauth check --web
	"internal/suggest":              {},                                                                                                                                                                                                                                                                                                                                                                                                                                // leaf: what was probably meant
	"provider":                      {"", "metadata", "internal/challenge", "internal/fetch", "internal/jsonx", "internal/opaque", "internal/suggest"},                                                                                                                                                                                                                                                                                                                 // profiles make a configuration, verifiers ask over the guarded fetcher
	"client":                        {"client/clienterr", "client/internal/authorizer", "client/internal/discovery", "client/internal/endpoint", "client/internal/grant", "client/internal/mutex", "client/internal/proof", "client/internal/record", "client/internal/registration", "client/internal/stepup", "client/internal/tokencache", "client/internal/transport", "metadata", "internal/challenge", "internal/fetch", "internal/jose", "internal/webbrowser"}, // the other side of the wire: never the root, never mcpauthtest
	"client/clienterr":              {},                                                                                                                                                                                                                                                                                                                                                                                                                                // leaf: errors as data
	"client/filestore":              {"client/clienterr", "client/internal/mutex"},                                                                                                                                                                                                                                                                                                                                                                                     // apart, for the keyring
	"client/internal/authcode":      {"client/clienterr", "client/internal/untrusted", "client/internal/urls", "metadata"},                                                                                                                                                                                                                                                                                                                                             // authorization requests and responses: fetches nothing
	"client/internal/authorizer":    {"client/clienterr", "client/internal/discovery", "client/internal/endpoint", "client/internal/grant", "client/internal/mutex", "client/internal/proof", "client/internal/record", "client/internal/registration", "client/internal/stepup", "client/internal/tokencache", "client/internal/urls", "metadata"},                                                                                                                    // puts the organs to work
	"client/internal/discovery":     {"client/clienterr", "client/internal/record", "client/internal/untrusted", "client/internal/urls", "internal/fetch", "metadata"},                                                                                                                                                                                                                                                                                                 // who issues tokens: obtains none
	"client/internal/endpoint":      {"client/clienterr", "client/internal/proof", "client/internal/untrusted", "client/internal/urls", "internal/challenge", "internal/fetch", "internal/jose", "internal/jsonx", "metadata"},                                                                                                                                                                                                                                         // requests to authorization servers: keeps nothing
	"client/internal/grant":         {"client/clienterr", "client/internal/authcode", "client/internal/endpoint", "client/internal/loopback", "client/internal/proof", "client/internal/record", "client/internal/registration", "client/internal/urls", "internal/fetch", "metadata"},                                                                                                                                                                                 // the ways to a token
	"client/internal/loopback":      {"client/internal/urls", "internal/fetch"},                                                                                                                                                                                                                                                                                                                                                                                        // knows nothing of what it receives
	"client/internal/mutex":         {},                                                                                                                                                                                                                                                                                                                                                                                                                                // leaf: locks whose waiting ends
	"client/internal/proof":         {"client/internal/urls"},                                                                                                                                                                                                                                                                                                                                                                                                          // proofs and nonces: knows no server
	"client/internal/record":        {"client/clienterr", "client/internal/proof"},                                                                                                                                                                                                                                                                                                                                                                                     // what is kept, keys included
	"client/internal/registration":  {"client/clienterr", "client/internal/endpoint", "client/internal/record", "client/internal/urls", "internal/fetch", "metadata"},                                                                                                                                                                                                                                                                                                  // which client to be
	"client/internal/stepup":        {"internal/challenge"},                                                                                                                                                                                                                                                                                                                                                                                                            // decides, and does nothing
	"client/internal/tokencache":    {"client/internal/record"},                                                                                                                                                                                                                                                                                                                                                                                                        // memory over records
	"client/internal/transport":     {"client/internal/proof", "client/internal/record", "client/internal/stepup", "client/internal/urls"},                                                                                                                                                                                                                                                                                                                             // knows tokens by an interface only
	"client/internal/untrusted":     {},                                                                                                                                                                                                                                                                                                                                                                                                                                // leaf: text of other sides
	"client/internal/urls":          {},                                                                                                                                                                                                                                                                                                                                                                                                                                // leaf: comparing and cutting URLs

	"examples/todo-manager":                   {"", "gosdk", "examples/todo-manager/internal/app", "examples/todo-manager/internal/todo"},
	"examples/todo-manager/mcpgo":             {"", "mcpgo", "examples/todo-manager/internal/app", "examples/todo-manager/internal/todo"},
	"examples/todo-manager/internal/todo":     {"", "policy"},                                                                               // knows no MCP SDK
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
