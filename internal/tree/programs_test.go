package tree

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// overlay is a set of packages that exist for one run of the go command only, in
// the examples' module, which requires what programs in documents import.
type overlay struct {
	root, dir string
	Replace   map[string]string
}

func newOverlay(t *testing.T) *overlay {
	t.Helper()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	return &overlay{root, t.TempDir(), map[string]string{}}
}

func (o *overlay) add(t *testing.T, pkg, code string) {
	t.Helper()
	source := filepath.Join(o.dir, pkg+".go")
	if err := os.WriteFile(source, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Replace[filepath.Join(o.root, "examples", pkg, "main.go")] = source
}

// build runs go build with the packages in place.
func (o *overlay) build(t *testing.T, args ...string) {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(o.dir, "overlay.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", append([]string{"build", "-overlay", file}, args...)...)
	command.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK=")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// programs are the programs in the documents, without those that are there twice.
func programs(t *testing.T) (blocks []goBlock) {
	t.Helper()
	seen := map[string]bool{}
	for _, block := range goBlocks(t, documents(t)...) {
		if block.isProgram() && !seen[block.code] {
			seen[block.code] = true
			blocks = append(blocks, block)
		}
	}
	if len(blocks) == 0 {
		t.Fatal("the documents have no program")
	}
	return blocks
}

// TestProgramsInDocuments compiles every program in the documents.
func TestProgramsInDocuments(t *testing.T) {
	t.Parallel()
	o := newOverlay(t)
	var packages []string
	for i, block := range programs(t) {
		if !strings.Contains(block.code, "\nfunc main() {\n") {
			t.Errorf("%s: the program has no main", block)
		}
		pkg := fmt.Sprintf("document%d", i)
		// Not package main, which would be linked. The line directive has faults
		// reported where the reader finds them.
		_, body, _ := strings.Cut(block.code, "\n")
		o.add(t, pkg, fmt.Sprintf("package %s\n//line %s:%d\n%s", pkg, filepath.Join(o.root, block.file), block.line+1, body))
		packages = append(packages, "./examples/"+pkg)
	}
	o.build(t, packages...)
}

var ignoresCaller = regexp.MustCompile(`, _ :?= (mcpauth\.FromContext|gosdk\.AuthInfo|mcpauth\.RequireAuthInfo)\(`)

// TestSamplesLookWhoCalls holds that no sample ignores whether there is a caller:
// copied behind a policy with a public operation, it would dereference nil.
func TestSamplesLookWhoCalls(t *testing.T) {
	t.Parallel()
	for _, file := range append(documents(t), exampleFiles(t)...) {
		for i, line := range strings.Split(readFile(t, file), "\n") {
			if ignoresCaller.MatchString(line) {
				t.Errorf("%s:%d ignores whether there is a caller: %s", file, i+1, strings.TrimSpace(line))
			}
		}
	}
}

// TestProgramsBehindPublicPolicy runs every program in the documents with a policy
// that makes everything public, and calls all it serves without a token. A program
// that takes the caller for granted panics.
func TestProgramsBehindPublicPolicy(t *testing.T) {
	t.Parallel()
	o := newOverlay(t)
	o.add(t, "sample", readFile(t, "internal/tree/testdata/sample.go.txt"))
	var imports, calls strings.Builder
	for i, block := range programs(t) {
		pkg := fmt.Sprintf("document%d", i)
		o.add(t, pkg, asSample(pkg, block.code))
		fmt.Fprintf(&imports, "\t%q\n", "github.com/mcp-auth/go/examples/"+pkg)
		fmt.Fprintf(&calls, "\tsample.Run(%q, %s.Main)\n", block, pkg)
	}
	o.add(t, "samples", "package main\n\nimport (\n\t\"github.com/mcp-auth/go/examples/sample\"\n"+imports.String()+")\n\nfunc main() {\n"+calls.String()+"}\n")
	binary := filepath.Join(o.dir, "samples.exe")
	o.build(t, "-o", binary, "./examples/samples")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, binary)
	command.WaitDelay = time.Second
	// What the programs read from their environment.
	command.Env = append(os.Environ(), "DPOP_NONCE_KEY=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "INTROSPECTION_SECRET=secret", "GITHUB_CLIENT_SECRET=secret")
	out, err := command.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
	if !strings.Contains(string(out), "whoami 200") || !strings.Contains(string(out), "whoami 401") {
		t.Error("the tools of the programs on the two SDKs were not called")
	}
}

// asSample makes a program a package whose Main runs with package sample in place
// of New, ListenAndServe and log.
func asSample(pkg, code string) string {
	_, body, _ := strings.Cut(code, "\n")
	body = strings.Replace(body, "import (\n", "import (\n\t\"github.com/mcp-auth/go/examples/sample\"\n", 1)
	body = strings.Replace(body, "\nfunc main() {\n", "\nfunc Main() {\n", 1)
	body = strings.NewReplacer("mcpauth.New(", "sample.New(", "http.ListenAndServe(", "sample.Serve(", "mcpauth.Scopes(", "sample.Scopes(", "log.Fatal(", "sample.Fatal(").Replace(body)
	return "package " + pkg + "\n" + body + "\nvar _ = log.Fatal\n"
}
