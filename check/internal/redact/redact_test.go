package redact

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	t.Parallel()
	const token, max = "opaque-and-secret", 200
	r := New("", token)
	tests := []struct{ text, want string }{
		{"plain", "plain"},
		{"two\r\n  lines\tand more", "two lines and more"},
		{"\x1b[31mred\x07\u202e\xff", "?[31mred???"},
		{"Bearer " + token + ", and " + token + "!", "Bearer [token], and [token]!"},
		{"cut: " + token[:identifyingPrefix] + "...", "cut: [token]"},
		{"altered: " + token[:len(token)-1] + "X; again", "altered: [token]; again"},
		{"seen eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl here", "seen [token] here"},
		{"seen eyJhbGciOiJFUzI1NiJ9.eyJzdWIi", "seen [token]"},
		{strings.Repeat("é", max), strings.Repeat("é", (max-3)/2) + "..."},
	}
	for _, test := range tests {
		if got := r.Text(test.text, max); got != test.want {
			t.Errorf("Text(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func TestURLHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://as.example/a/?code=secret":      "https://as.example/a/",
		"https://as.example#token=secret":        "https://as.example",
		"https://user:secret@as.example/a@b":     "https://as.example/a@b",
		"https://user:secret@as.example":         "https://as.example",
		"https://as.example/@x/?next=https://a@": "https://as.example/@x/",
	} {
		if got := URL(raw); got != want {
			t.Errorf("URL(%q) = %q, want %q", raw, got, want)
		}
	}
}
