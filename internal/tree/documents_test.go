package tree

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// goBlock is a ```go block of a document.
type goBlock struct {
	file string
	line int
	code string
}

func (b goBlock) String() string  { return fmt.Sprintf("%s:%d", b.file, b.line) }
func (b goBlock) isProgram() bool { return strings.HasPrefix(b.code, "package main\n") }

// documents are the Markdown files for readers of the project.
func documents(t *testing.T) (found []string) {
	t.Helper()
	for _, file := range files(t) {
		if file == "README.md" || file == "CONTRIBUTING.md" || strings.HasPrefix(file, "docs/") && strings.HasSuffix(file, ".md") {
			found = append(found, file)
		}
	}
	return found
}

var goFence = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

func goBlocks(t *testing.T, files ...string) (blocks []goBlock) {
	t.Helper()
	for _, file := range files {
		text := readFile(t, file)
		for _, at := range goFence.FindAllStringSubmatchIndex(text, -1) {
			blocks = append(blocks, goBlock{file, 1 + strings.Count(text[:at[2]], "\n"), text[at[2]:at[3]]})
		}
	}
	return blocks
}

// TestSnippetsInDocuments holds every other piece of Go in the documents to
// code that is compiled and tested: its lines stand in the examples in the same
// order, one after the other.
func TestSnippetsInDocuments(t *testing.T) {
	t.Parallel()
	var tested string
	for _, file := range exampleFiles(t) {
		tested += "\n" + squeeze(readFile(t, file)) + "\n"
	}
	for _, block := range goBlocks(t, documents(t)...) {
		if !block.isProgram() && !strings.Contains(tested, "\n"+squeeze(block.code)+"\n") {
			t.Errorf("%s: the snippet stands in no example", block)
		}
	}
}

// exampleFiles are the sources of the example programs and of the examples in
// the documentation of packages.
func exampleFiles(t *testing.T) (found []string) {
	t.Helper()
	for _, file := range files(t) {
		program := strings.HasPrefix(file, "examples/") && strings.HasSuffix(file, ".go") && !isTest(file)
		if program || path.Base(file) == "example_test.go" || file == "internal/crosscheck/client_test.go" || file == "interop/identity_test.go" {
			found = append(found, file)
		}
	}
	return found
}

// squeeze drops indentation and blank lines.
func squeeze(code string) string {
	var lines []string
	for line := range strings.Lines(code) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

var (
	anyFence     = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	inlineCode   = regexp.MustCompile("`[^`\n]*`")
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	notInAnchor  = regexp.MustCompile(`[^\p{L}\p{N}\-_ ]`)
)

// TestLinksInDocuments follows every relative link, to the file and to the
// heading in it.
func TestLinksInDocuments(t *testing.T) {
	t.Parallel()
	for _, file := range documents(t) {
		prose := inlineCode.ReplaceAllString(anyFence.ReplaceAllString(readFile(t, file), ""), "")
		for _, link := range markdownLink.FindAllStringSubmatch(prose, -1) {
			target, fragment, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, ":") { // a scheme
				continue
			}
			path := file
			if target != "" {
				path = filepath.Join(filepath.Dir(file), filepath.FromSlash(target))
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: the link %q leads nowhere", file, link[1])
				continue
			}
			if fragment != "" && !anchors(t, path)[fragment] {
				t.Errorf("%s: the link %q names a heading that does not exist", file, link[1])
			}
		}
	}
}

// anchors are the names that GitHub gives to the headings of a document.
func anchors(t *testing.T, file string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(anyFence.ReplaceAllString(readFile(t, file), ""), -1) {
		name := notInAnchor.ReplaceAllString(strings.ToLower(match[1]), "")
		found[strings.ReplaceAll(name, " ", "-")] = true
	}
	return found
}
