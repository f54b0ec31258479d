package tree

import (
	"fmt"
	"strings"
	"testing"
)

// maxSameLines is how many lines in a row may be the same in two places. Blank
// lines, indentation and imports do not count.
const maxSameLines = 11

// codeLine is a line of a file.
type codeLine struct {
	file string
	line int
	text string
}

func (l codeLine) String() string { return fmt.Sprintf("%s:%d", l.file, l.line) }

// TestNoDuplicates looks for runs of lines that are the same in two places.
func TestNoDuplicates(t *testing.T) {
	t.Parallel()
	seen := map[string]codeLine{} // where a run of lines first begins
	reported := map[string]bool{}
	for _, file := range sources(t) {
		if strings.HasPrefix(file, tutorialSteps) {
			continue // each step is the whole program
		}
		lines := codeLines(readFile(t, file), file)
		for at := range len(lines) - maxSameLines {
			run := joinLines(lines[at : at+maxSameLines+1])
			first, again := seen[run]
			if !again {
				seen[run] = lines[at]
				continue
			}
			pair := first.file + " " + file
			if !reported[pair] {
				t.Errorf("%v and %v begin more than %d equal lines", first, lines[at], maxSameLines)
			}
			reported[pair] = true
		}
	}
}

// codeLines returns the lines of a file without indentation, blank lines and imports.
func codeLines(text, file string) (lines []codeLine) {
	importing := false
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case importing:
			importing = line != ")"
		case line == "import (":
			importing = true
		case line != "":
			lines = append(lines, codeLine{file, number, line})
		}
	}
	return lines
}

func joinLines(lines []codeLine) string {
	var joined strings.Builder
	for _, line := range lines {
		joined.WriteString(line.text)
		joined.WriteByte('\n')
	}
	return joined.String()
}
