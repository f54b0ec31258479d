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
		"gi": "", "": "", "x": "", "DEMO": "", "dmeo": "demo", strings.Repeat("version", 1000): "",
	}
	for word, want := range tests {
		if got := Closest(word, known); got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
}

func TestSlip(t *testing.T) {
	t.Parallel()
	known := []string{"deny", "public", "authenticated"}
	tests := map[string]string{
		"deny": "deny", "dney": "deny", "dent": "deny", "den": "deny", "denny": "deny",
		"publik": "public", "pulbic": "public", "ublic": "public", "autentikated": "authenticated",
		// Words for scopes that Closest takes for slips.
		"dev": "", "send": "", "demo": "", "publish": "", "pub": "",
		"denied": "", "read": "", "": "", strings.Repeat("deny", 1000): "",
	}
	for word, want := range tests {
		if got := Slip(word, known); got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
}
