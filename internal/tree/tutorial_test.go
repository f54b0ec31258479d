package tree

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	tutorial      = "docs/tutorials/todo-manager.md"
	tutorialSteps = "examples/tutorial/step"
)

// TestTutorialCanBeTyped holds that a reader of the tutorial gets from each step to
// the next with what is on the page: the first step is there as a whole, and every
// line that a step adds to its program is in a piece of Go in the section of the step.
// The test of snippets holds the pieces to the programs, and the tests of the steps
// run them.
func TestTutorialCanBeTyped(t *testing.T) {
	t.Parallel()
	var previous []string
	sections := strings.Split(readFile(t, tutorial), "\n## Step ")[1:]
	if len(sections) < 5 {
		t.Fatalf("%d steps", len(sections))
	}
	for i, section := range sections {
		section, _, _ = strings.Cut(section, "\n## ")
		file := fmt.Sprintf("%s%d/main.go", tutorialSteps, i+1)
		program := readFile(t, file)
		var shown string
		for _, code := range goFence.FindAllStringSubmatch(section, -1) {
			if !strings.Contains("\n"+squeeze(program)+"\n", "\n"+squeeze(code[1])+"\n") {
				t.Errorf("step %d shows what is not in %s:\n%s", i+1, file, code[1])
			}
			shown += "\n" + squeeze(code[1])
		}
		lines := strings.Split(squeeze(program), "\n")
		for _, line := range added(previous, lines) {
			if !strings.Contains(shown+"\n", "\n"+line+"\n") {
				t.Errorf("step %d needs the line %q, which its section does not show", i+1, line)
			}
		}
		previous = lines
	}
}

// added are the lines of a program that an earlier one does not have.
func added(earlier, lines []string) (found []string) {
	rest := slices.Clone(earlier)
	for _, line := range lines {
		if at := slices.Index(rest, line); at >= 0 {
			rest = slices.Delete(rest, at, at+1)
			continue
		}
		found = append(found, line)
	}
	return found
}
