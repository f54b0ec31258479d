package tree

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	// quickstartProgram is the program with which every introduction begins.
	quickstartProgram = "examples/quickstart/main.go"
	// maxQuickstart is how many lines mcpauth may add to the server in that program.
	maxQuickstart = 15
	// quickstartSentence says in every introduction what the program does to protect a server.
	quickstartSentence = "Three calls protect a server on the official Go SDK: MetadataHandler says where to get tokens, " +
		"gosdk.Protect lets only authorized requests through, and gosdk.Middleware shows each tool its caller."
)

// TestOneQuickstart holds all introductions to one program and one sentence.
func TestOneQuickstart(t *testing.T) {
	t.Parallel()
	program := readFile(t, quickstartProgram)
	for _, file := range []string{"README.md", "docs/quickstart.md"} {
		if blocks := goBlocks(t, file); len(blocks) == 0 || blocks[0].code != program {
			t.Errorf("the first program of %s is not %s", file, quickstartProgram)
		}
	}
	// These show parts of it.
	for _, file := range []string{"docs/design.md", "mcpauth.go", "gosdk/gosdk.go"} {
		checkExcerpt(t, file, indentedCode(readFile(t, file)), program)
	}
	for _, file := range []string{"README.md", "docs/quickstart.md", "docs/design.md", "docs/auth-info.md", "mcpauth.go", "gosdk/gosdk.go"} {
		if !strings.Contains(plainText(readFile(t, file)), quickstartSentence) {
			t.Errorf("%s does not say: %s", file, quickstartSentence)
		}
	}
}

// checkExcerpt looks for lines of code in the program, in the same order.
func checkExcerpt(t *testing.T, file string, code []string, program string) {
	t.Helper()
	if len(code) == 0 {
		t.Errorf("%s shows nothing of the program", file)
	}
	rest := "\n" + squeeze(program) + "\n"
	for _, line := range code {
		_, after, found := strings.Cut(rest, "\n"+line+"\n")
		if !found {
			t.Errorf("%s: the line %q is not in %s, or not in that place", file, line, quickstartProgram)
			continue
		}
		rest = "\n" + after
	}
}

// indentedCode returns the lines of the first block of indented code in a package
// comment or a Markdown document that calls gosdk.Protect.
func indentedCode(text string) []string {
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll("\n"+text, "\n//", "\n")) {
		code := strings.TrimSpace(line)
		switch {
		case code == "":
		case strings.HasPrefix(line, "\t"), strings.HasPrefix(line, "    "):
			lines = append(lines, code)
		case strings.Contains(strings.Join(lines, "\n"), "gosdk.Protect(auth"):
			return lines
		default:
			lines = nil
		}
	}
	return nil
}

var markup = regexp.MustCompile("(?m)^//|[`\\[\\]]")

// plainText returns a text without markup and line breaks.
func plainText(text string) string {
	return strings.Join(strings.Fields(markup.ReplaceAllString(text, "")), " ")
}

// TestQuickstartIsShort counts what the program has beyond the same server without
// protection: lines other than imports, blank lines, comments and lone brackets.
func TestQuickstartIsShort(t *testing.T) {
	t.Parallel()
	added := ownLines(readFile(t, quickstartProgram))
	for _, line := range ownLines(readFile(t, "internal/tree/testdata/unprotected.go.txt")) {
		if at := slices.Index(added, line); at >= 0 {
			added = slices.Delete(added, at, at+1)
		}
	}
	if len(added) > maxQuickstart {
		t.Errorf("mcpauth adds %d lines, at most %d:\n%s", len(added), maxQuickstart, strings.Join(added, "\n"))
	}
	if len(added) < 5 {
		t.Errorf("%d lines can hardly protect a server", len(added))
	}
}

func ownLines(code string) (own []string) {
	importing := false
	for line := range strings.Lines(code) {
		line = strings.TrimSpace(line)
		switch {
		case importing:
			importing = line != ")"
		case line == "import (":
			importing = true
		case strings.HasPrefix(line, "package "), strings.HasPrefix(line, "import "), strings.HasPrefix(line, "//"):
		case strings.Trim(line, "{}()[],") == "":
		default:
			own = append(own, line)
		}
	}
	return own
}

// TestQuickstartOfClone follows the quickstart with a clone, as is necessary until
// the first release: the commands that the page gives make a module that builds.
func TestQuickstartOfClone(t *testing.T) {
	t.Parallel()
	clone, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	edit := regexp.MustCompile("(?m)^go mod edit -replace .*$").FindString(readFile(t, "docs/quickstart.md"))
	if edit == "" {
		t.Fatal("the quickstart does not say how to use a clone")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(readFile(t, quickstartProgram)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"go mod init example.com/notes",
		strings.ReplaceAll(edit, "$HOME/mcpauth", clone),
		"go mod edit" + requirements(t),
		"go vet .",
	} {
		words := strings.Fields(line)
		command := exec.CommandContext(t.Context(), words[0], words[1:]...)
		command.Dir = dir
		command.Env = append(os.Environ(), "GOPROXY=off", "GOSUMDB=off", "GOFLAGS=-mod=mod", "GOWORK=off")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
}

// requirements are arguments of go mod edit for the versions that the clone uses.
// These are there without a network, of which go mod tidy would need one: it looks
// at the tests of other modules, too.
func requirements(t *testing.T) (args string) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps",
		"-f", "{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}}{{end}}{{end}}", "./"+path.Dir(quickstartProgram)).Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	for _, module := range slices.Compact(modules) {
		args += " -require=" + module
	}
	return args
}
