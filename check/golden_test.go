package check_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/check"
	"github.com/mcp-auth/go/metadata"
)

var update = flag.Bool("update", false, "write the golden reports and docs/check.md")

// troubles lists the codes of errors and warnings, sorted, parts included.
func troubles(r *check.Report) []string {
	codes := []string{}
	for _, severity := range []metadata.Severity{metadata.Error, metadata.Warning} {
		for f := range r.All(severity) {
			codes = append(codes, string(f.Code))
		}
	}
	slices.Sort(codes)
	return codes
}

// wantTroubles fails unless the errors and warnings are these: every planted
// fault, and no other.
func wantTroubles(t *testing.T, r *check.Report, want ...check.Code) {
	t.Helper()
	codes := []string{}
	for _, code := range want {
		codes = append(codes, string(code))
	}
	slices.Sort(codes)
	if got := troubles(r); !slices.Equal(got, codes) {
		t.Errorf("errors and warnings are %v, want %v", got, codes)
	}
	wantComplete(t, r)
}

// wantComplete fails if a finding lacks what its reader needs.
func wantComplete(t *testing.T, r *check.Report) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Message == "" || f.Requirement == "" {
			t.Errorf("%s has no message or no requirement", f.Code)
		}
		if good := f.Severity == metadata.Success; good != (f.Meaning == "") || good != (f.Fix == "") {
			t.Errorf("%s %s: meaning %q, fix %q", f.Severity, f.Code, f.Meaning, f.Fix)
		}
	}
	for _, part := range r.Parts {
		wantComplete(t, part)
	}
}

// volatile is what differs from run to run.
var (
	volatileDate  = regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w+ \d{4} \d\d:\d\d:\d\d GMT`)
	volatileClock = regexp.MustCompile(`clock is \S+ `)
	volatilePort  = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

// text renders a report in which names, pairs of what to replace and by what,
// and all that is volatile are replaced first, so that lines break alike.
func text(t *testing.T, r *check.Report, names ...string) string {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	stable := strings.NewReplacer(names...).Replace(string(data))
	stable = volatileDate.ReplaceAllString(stable, "DATE")
	stable = volatileClock.ReplaceAllString(stable, "clock is SOME TIME ")
	stable = volatilePort.ReplaceAllString(stable, "127.0.0.1:PORT")
	var again check.Report
	if err := json.Unmarshal([]byte(stable), &again); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := again.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden compares a report's text with testdata/NAME.txt. names are pairs of
// what to replace and by what.
func golden(t *testing.T, r *check.Report, name string, names ...string) {
	t.Helper()
	got := text(t, r, names...)
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is reported now (see -update):\n%s", file, got)
	}
}
