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
		{"C1 \u0080\u009b, lines\u2028and\u2029more", "C1 ??, lines and more"},
		{"bidi \u200e\u200f\u202a\u2066\u061c", "bidi ?????"},
		{"invisible \u200b\u00ad\ufeff\u2060\u3164\u115f\u034f\ufe0f\u180b\u2800\U000e0041\U000e0100", "invisible ????????????"},
		{"private \ue000 and unassigned \u0378", "private ? and unassigned ?"},
		{"Füße, नमस्ते, 日本語", "Füße, नमस्ते, 日本語"},
		{strings.Repeat("é", max), strings.Repeat("é", (max-3)/2) + "..."},
	}
	for _, test := range tests {
		if got := r.Text(test.text, max); got != test.want {
			t.Errorf("Text(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

// TestTokenOfOddCharacters holds that all of a token is hidden that has characters
// which RFC 6749 §A.12 allows and RFC 6750 §2.1 does not.
func TestTokenOfOddCharacters(t *testing.T) {
	t.Parallel()
	const token = "user-0123456789:grant-42:s3cr3t, and \"more\""
	r := New(token)
	for _, text := range []string{
		token, "bad token: " + token, token + " " + token, "cut " + token[:len(token)-3], "altered " + token[:len(token)-1] + "X",
	} {
		if got := r.Text(text, 200); strings.Contains(got, "s3cr3t") || strings.Contains(got, "grant") {
			t.Errorf("Text(%q) = %q", text, got)
		}
	}
}

func TestShortTokenIsHidden(t *testing.T) {
	t.Parallel()
	const token = "s3cr3t:x"
	r := New(token)
	for _, text := range []string{token, "altered " + token[:len(token)-1] + "A", "cut " + token[:len(token)-1]} {
		if got := r.Text(text, 200); strings.Contains(got, "s3cr3t") {
			t.Errorf("Text(%q) = %q", text, got)
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
