package tree

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDependencies holds that a program which imports one package of the library
// is compiled from the modules that this package needs, and from no others.
func TestDependencies(t *testing.T) {
	t.Parallel()
	root := []string{"github.com/jub0bs/cors", "golang.org/x/net", "golang.org/x/text"}
	for pkg, want := range map[string][]string{
		"":            root,
		"mcpauthtest": {"github.com/go-jose/go-jose/v4"},
	} {
		t.Run(strings.Trim("mcpauth/"+pkg, "/"), func(t *testing.T) {
			t.Parallel()
			dir := programThatImports(t, strings.TrimSuffix(library+"/"+pkg, "/"))
			modules := list(t, dir, "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", ".")
			modules = slices.DeleteFunc(modules, func(module string) bool { return module == library })
			if !slices.Equal(modules, want) {
				t.Errorf("the program is compiled from\n%q, want\n%q", modules, want)
			}
		})
	}
}

// TestVersions holds which modules the library requires. Each of them may raise
// the version of that module in every program that imports the library, so
// neither an MCP SDK nor what only a nested module needs may be among them.
func TestVersions(t *testing.T) {
	t.Parallel()
	want := []string{
		"github.com/go-jose/go-jose/v4", // mcpauthtest
		"github.com/jub0bs/cors",        // the library's own package
		"go.yaml.in/yaml/v3",            // configuration files
		"golang.org/x/net",              // cors
		"golang.org/x/oauth2",           // client
		"golang.org/x/text",             // cors
	}
	out, err := exec.Command("go", "mod", "edit", "-json", "go.mod").Output()
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Require []struct{ Path string } }
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	var required []string
	for _, module := range file.Require {
		required = append(required, module.Path)
	}
	slices.Sort(required)
	if !slices.Equal(required, want) {
		t.Errorf("go.mod requires\n%q, want\n%q", required, want)
	}
}

// programThatImports returns the directory of a program in a module of its own
// that imports a package of the library.
func programThatImports(t *testing.T, pkg string) string {
	t.Helper()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.go": "package main\n\nimport _ \"" + pkg + "\"\n\nfunc main() {}\n",
		"go.mod":  "module example.com/program\n\ngo 1.26.0\n\nrequire " + library + " v0.0.0\n\nreplace " + library + " => " + root + "\n",
		"go.sum":  readFile(t, "go.sum"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// list runs go list outside of the workspace and without a network, and returns
// its lines, sorted, each once.
func list(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list", "-mod=mod"}, args...)...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off", "GOFLAGS=")
	out, err := command.Output()
	if err != nil {
		if fault, ok := err.(*exec.ExitError); ok {
			t.Fatalf("go list: %v\n%s", err, fault.Stderr)
		}
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	slices.Sort(lines)
	return slices.Compact(lines)
}
