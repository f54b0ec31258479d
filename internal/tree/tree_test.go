package tree

import (
	"log"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
)

// library is the path of the library's module and package.
const library = "github.com/mcp-auth/go"

// TestMain runs the tests in the repository's top directory, which the paths in
// them start from.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		log.Fatal(err)
	}
	os.Exit(m.Run())
}

// trackedFiles returns the paths of the files that belong to the repository:
// those that git tracks, and new ones that it does not ignore.
var trackedFiles = sync.OnceValues(func() ([]string, error) {
	out, err := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return nil, err
	}
	files := strings.Split(strings.TrimSpace(string(out)), "\n")
	files = slices.Compact(files) // a file in conflict is listed for each side
	kept := files[:0]
	for _, file := range files {
		if _, err := os.Lstat(file); err == nil { // not just deleted
			kept = append(kept, file)
		}
	}
	return kept, nil
})

// files returns the repository's files. It skips the test outside of a clone.
func files(t *testing.T) []string {
	t.Helper()
	all, err := trackedFiles()
	if err != nil {
		t.Skipf("this is no clone: git ls-files: %v", err)
	}
	return all
}

// sources returns the Go files of the modules in go.work, tests aside.
func sources(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, file := range files(t) {
		apart := strings.HasPrefix(file, "bench/") || strings.HasPrefix(file, "interop/") || strings.HasPrefix(file, "deploy/")
		if path.Ext(file) == ".go" && !isTest(file) && !apart {
			found = append(found, file)
		}
	}
	return found
}

func isTest(file string) bool { return strings.HasSuffix(file, "_test.go") }

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
