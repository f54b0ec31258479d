package verdict_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/txtar"
)

// challengesOfVerdicts collects the different challenges in the verdict files.
func challengesOfVerdicts(t *testing.T) (found []string) {
	t.Helper()
	paths, err := filepath.Glob("testdata/verdicts/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.Files {
			for l := range strings.Lines(string(file.Data)) {
				if value, ok := strings.CutPrefix(strings.TrimSpace(l), "challenge: "); ok && !slices.Contains(found, value) {
					found = append(found, value)
				}
			}
		}
	}
	return found
}

// Covers RS3, RS12. Every challenge in the verdict files is read by strict
// RFC 9110 rules.
func TestChallengesParse(t *testing.T) {
	t.Parallel()
	headers := challengesOfVerdicts(t)
	if len(headers) < 10 {
		t.Fatalf("only %d different challenges", len(headers))
	}
	for _, header := range headers {
		own, err := challenge.Parse([]string{header})
		if err != nil || len(own) != 1 {
			t.Errorf("%s: %d challenges, %v", header, len(own), err)
			continue
		}
		if !strings.HasPrefix(own[0].Params["resource_metadata"], "https://") {
			t.Errorf("%s: no absolute resource_metadata", header)
		}
	}
}
