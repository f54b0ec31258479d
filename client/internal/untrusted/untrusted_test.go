package untrusted

import (
	"strings"
	"testing"
)

// Text of another side neither steers a terminal nor fills a log nor repeats a
// secret.
//
// Covers CL9.
func TestText(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"plain":                   {"no such client", "no such client"},
		"control characters":      {"a\x1b[31m\r\nb", "a?[31m??b"},
		"beyond ASCII":            {"ä", "?"},
		"too long":                {strings.Repeat("a", 21), strings.Repeat("a", 20) + "..."},
		"a secret":                {"wrong: s3cret-s3cret", ""},
		"a secret that is common": {"wrong", "wrong"},
	} {
		if got := Text(test.text, 20, "s3cret-s3cret", "wrong"); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// Covers CL9.
func TestURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://user:secret@example.com/a?token=secret#secret": "https://example.com/a",
		"https://example.com/a?":                                "https://example.com/a",
		"://":                                                   "",
	} {
		if got := URL(raw); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}
