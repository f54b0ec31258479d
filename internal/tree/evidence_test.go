package tree

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	attacksFile     = "docs/attacks.md"
	threatModelFile = "docs/threat-model.md"
)

var (
	codeWord     = regexp.MustCompile("`([^`\n]+)`")
	testName     = regexp.MustCompile(`^(?:([a-z/]+)\.)?((?:Test|Fuzz|Example)\w+)$`)
	threatRow    = regexp.MustCompile(`(?m)^\| .+ \| ([^|\n]+) \|$`)
	attackItem   = regexp.MustCompile(`(?ms)^- \*\*(Demanded|mcpauth|Shown by)\b(.*?)(?:^- |^$|\z)`)
	sectionStart = regexp.MustCompile(`(?m)^## `)
)

// TestAttackDocsSections holds every attack to the form that the page promises:
// what is demanded, by an id that exists, what mcpauth does, and what shows it.
func TestAttackDocsSections(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, row := range requirementRow.FindAllStringSubmatch(readFile(t, "docs/requirements.md"), -1) {
		known[row[1]] = true
	}
	sections := sectionStart.Split(readFile(t, attacksFile), -1)[1:]
	if len(sections) < 10 {
		t.Fatalf("%d sections", len(sections))
	}
	for _, section := range sections {
		title, _, _ := strings.Cut(section, "\n")
		items := attackItems(section)
		if len(items) != 3 {
			t.Errorf("%s: the items are %d, want Demanded, mcpauth and Shown by", title, len(items))
		}
		ids := requirementID.FindAllString(items["Demanded"], -1)
		if len(ids) == 0 {
			t.Errorf("%s: no requirement is named", title)
		}
		for _, id := range ids {
			if !known[id] {
				t.Errorf("%s: %s stands not in docs/requirements.md", title, id)
			}
		}
		if !codeWord.MatchString(items["Shown by"]) {
			t.Errorf("%s: nothing shows it", title)
		}
	}
}

// attackItems are the items of a section by their names. The expression takes
// the beginning of the next item along, so it is applied again from there.
func attackItems(section string) map[string]string {
	items := map[string]string{}
	for {
		at := attackItem.FindStringSubmatchIndex(section)
		if at == nil {
			return items
		}
		items[section[at[2]:at[3]]] = section[at[4]:at[5]]
		section = section[at[5]:]
	}
}

// TestAttackDocsEvidence holds the attacks and the threat model to tests and
// verdict files that exist.
func TestAttackDocsEvidence(t *testing.T) {
	t.Parallel()
	evidence := map[string]string{}
	for _, section := range sectionStart.Split(readFile(t, attacksFile), -1)[1:] {
		evidence[attacksFile] += attackItems(section)["Shown by"]
	}
	for _, row := range threatRow.FindAllStringSubmatch(readFile(t, threatModelFile), -1) {
		evidence[threatModelFile] += row[1] + "\n"
	}
	tests := testNames(t)
	for file, text := range evidence {
		words := codeWord.FindAllStringSubmatch(text, -1)
		if len(words) < 50 {
			t.Errorf("%s: only %d tests and verdicts are named", file, len(words))
		}
		for _, word := range words {
			if !evident(t, tests, word[1]) {
				t.Errorf("%s: there is no test and no verdict file %q", file, word[1])
			}
		}
	}
}

// evident reports a test, of a package if the name says which, or a verdict
// file, by its path or a pattern.
func evident(t *testing.T, tests map[string][]string, word string) bool {
	t.Helper()
	if m := testName.FindStringSubmatch(word); m != nil {
		packages := tests[m[2]]
		return slices.Contains(packages, m[1]) || m[1] == "" && len(packages) > 0
	}
	found, err := filepath.Glob(filepath.Join("internal", "verdict", "testdata", "verdicts", filepath.FromSlash(word)+".txtar"))
	if err != nil {
		t.Error(err)
	}
	return strings.Contains(word, "/") && len(found) > 0
}

// testNames maps tests, fuzz tests and examples to the packages that have them.
func testNames(t *testing.T) map[string][]string {
	t.Helper()
	names := map[string][]string{}
	for _, file := range files(t) {
		if !isTest(file) {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		dir := strings.TrimPrefix(path.Dir(file), ".")
		for _, decl := range parsed.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
				names[fn.Name.Name] = append(names[fn.Name.Name], dir)
			}
		}
	}
	return names
}
