package authserver_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors are the packages of the authorization server, the lowest first. A
// package imports only packages of lower floors.
var floors = [][]string{
	{"oauth", "limit", "expiring", "key", "route", "page"},
	{"store", "respond", "document"},
	{"secret", "grant", "keyset", "proof"},
	{"assertion", "client", "trustedissuer", "token"},
	{"registration", "clientauth", "authorize"},
	{"clientdoc", "consent", "tokenendpoint", "introspection", "revocation"},
	{"."},
}

func TestPackagesImportOnlyLowerFloors(t *testing.T) {
	t.Parallel()
	var below []string
	for _, floor := range floors {
		for _, dir := range floor {
			for _, imported := range ownImports(t, dir) {
				if !slices.Contains(below, imported) {
					t.Errorf("package %s imports %s, which is not on a lower floor", dir, imported)
				}
			}
		}
		below = append(below, floor...)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(below, e.Name()) {
			t.Errorf("package %s is on no floor", e.Name())
		}
	}
}

// ownImports returns the packages of the authorization server that a package
// imports, tests excepted.
func ownImports(t *testing.T, dir string) (own []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no package in %s: %v", dir, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if name, ok := strings.CutPrefix(path, "github.com/mcp-auth/go/internal/authserver/"); ok {
				own = append(own, name)
			}
		}
	}
	return own
}
