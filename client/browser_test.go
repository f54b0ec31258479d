package client

import (
	"strings"
	"testing"
)

// Only the URL of a web page is shown to the user.
//
// Covers CL10.
func TestPrintURL(t *testing.T) {
	t.Parallel()
	const target = "https://as.example.com/?a=1&b=$(reboot);`x`"
	for _, bad := range []string{"file:///etc/passwd", "javascript:alert(1)", "-flag", "ftp://example.com/", "https://u@example.com/", "https://example.com/\x1b[2J"} {
		var out strings.Builder
		if err := PrintURL(&out)(t.Context(), bad); err == nil || out.Len() > 0 {
			t.Errorf("%q is shown to the user: %q", bad, out.String())
		}
	}
	var out strings.Builder
	if err := PrintURL(&out)(t.Context(), target); err != nil || !strings.Contains(out.String(), target) {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}
