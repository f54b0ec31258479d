package command

import (
	"strings"
	"testing"
)

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	known := []string{"demo", "version", "call", "--json"}
	for word, want := range map[string]string{
		"dmo":                          "demo",
		"demos":                        "demo",
		"verison":                      "version",
		"--jsno":                       "--json",
		"nosuch":                       "",
		"d":                            "",
		"":                             "",
		strings.Repeat("version", 100): "",
	} {
		got := didYouMean(word, known)
		if want == "" && got != "" || want != "" && got != ", did you mean "+want+"?" {
			t.Errorf("didYouMean(%.20q) = %q, want %q", word, got, want)
		}
	}
}
