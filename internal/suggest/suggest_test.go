package suggest

import (
	"strings"
	"testing"
)

func TestClosest(t *testing.T) {
	t.Parallel()
	known := []string{"demo", "version", "call", "entra-v1", "entra-v2", "go"}
	tests := map[string]string{
		"verison": "version", "vers": "", "demo": "demo", "cal": "call", "entra-v3": "entra-v1", "entra-2": "entra-v2",
		"gi": "", "": "", "x": "", "DEMO": "", strings.Repeat("version", 1000): "",
	}
	for word, want := range tests {
		if got := Closest(word, known); got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
}
