package tree

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var updateConformance = flag.Bool("update-conformance", false, "write docs/conformance.md")

// requirement is a row of docs/requirements.md.
type requirement struct{ id, text string }

var (
	requirementRow = regexp.MustCompile(`(?m)^\| ((?:RS|CL|AS|GW)\d+) \| (.+) \|$`)
	coversLine     = regexp.MustCompile(`Covers ([^\n]*)`)
	requirementID  = regexp.MustCompile(`\b(RS|CL|AS|GW)(\d+)(?:[-–](?:RS|CL|AS|GW)?(\d+))?\b`)
)

// TestConformance holds docs/conformance.md to what tests and verdict files say
// they cover, and each requirement to a test or to a word on why there is none.
func TestConformance(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("docs/requirements.md")
	if err != nil {
		t.Fatal(err)
	}
	var requirements []requirement
	for _, row := range requirementRow.FindAllStringSubmatch(string(source), -1) {
		requirements = append(requirements, requirement{row[1], row[2]})
	}
	covered := coverage(t)
	for id := range covered {
		if !slices.ContainsFunc(requirements, func(r requirement) bool { return r.id == id }) {
			t.Errorf("%s is covered by %v and stands not in docs/requirements.md", id, slices.Sorted(maps.Keys(covered[id])))
		}
	}
	for _, r := range requirements {
		if covered[r.id] == nil && !strings.Contains(r.text, "*Not done") {
			t.Errorf("%s has no test, and docs/requirements.md does not say why", r.id)
		}
		if covered[r.id] != nil && strings.Contains(r.text, "*Not done:") {
			t.Errorf("%s has tests, and docs/requirements.md says that it is not done", r.id)
		}
	}
	want := conformance(requirements, covered)
	if *updateConformance {
		if err := os.WriteFile("docs/conformance.md", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/conformance.md is not current: go test ./internal/tree -run TestConformance -update-conformance")
	}
}

func conformance(requirements []requirement, covered map[string]map[string]int) []byte {
	var b bytes.Buffer
	b.WriteString("# Conformance\n\nWhich tests hold which requirement of [requirements.md](requirements.md). Generated from the tests and the\n" +
		"verdict files themselves; a test fails when it is not current, or when a row has neither a test nor a word on why it is not done.\n\n" +
		"| id | requirement | tests | verdict files |\n|---|---|---|---|\n")
	for _, r := range requirements {
		var tests []string
		files := 0
		for _, name := range slices.Sorted(maps.Keys(covered[r.id])) {
			if name == verdictFiles {
				files = covered[r.id][name]
				continue
			}
			tests = append(tests, "`"+name+"`")
		}
		missing := "none"
		if files > 0 {
			missing = "—"
		}
		cells := strings.Split(r.text, " | ")
		text := cells[0]
		if len(cells) == 3 { // level, requirement, source
			text = cells[0] + " " + cells[1]
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d |\n", r.id, text, cmp.Or(strings.Join(tests, ", "), missing), files)
	}
	return b.Bytes()
}

const verdictFiles = "\x00verdicts"

// coverage maps requirement ids to the tests that cover them, with a count.
func coverage(t *testing.T) map[string]map[string]int {
	t.Helper()
	covered := map[string]map[string]int{}
	for _, file := range files(t) {
		switch {
		case isTest(file):
			testCoverage(t, file, covered)
		case strings.HasPrefix(file, "internal/verdict/testdata/verdicts/") && path.Ext(file) == ".txtar":
			comment, _, _ := strings.Cut(readFile(t, file), "\n-- ")
			note(covered, comment, verdictFiles)
		}
	}
	return covered
}

func testCoverage(t *testing.T, file string, covered map[string]map[string]int) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	dir := path.Dir(file)
	for _, decl := range parsed.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Doc == nil || !strings.HasPrefix(fn.Name.Name, "Test") && !strings.HasPrefix(fn.Name.Name, "Fuzz") {
			continue
		}
		name := fn.Name.Name
		if dir != "." {
			name = dir + "." + name
		}
		note(covered, fn.Doc.Text(), name)
	}
}

// note records the ids after "Covers", ranges such as AS1-AS5 included.
func note(covered map[string]map[string]int, text, by string) {
	for _, line := range coversLine.FindAllStringSubmatch(text, -1) {
		for _, m := range requirementID.FindAllStringSubmatch(line[1], -1) {
			first, _ := strconv.Atoi(m[2])
			last, _ := strconv.Atoi(cmp.Or(m[3], m[2]))
			for n := first; n <= last; n++ {
				id := fmt.Sprintf("%s%d", m[1], n)
				if covered[id] == nil {
					covered[id] = map[string]int{}
				}
				covered[id][by]++
			}
		}
	}
}
