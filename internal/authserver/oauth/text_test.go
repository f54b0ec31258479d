package oauth

import "testing"

func TestDisplayable(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Claude", "Näme “quoted” (beta)", "日本語", "العربية", "עברית", "❤️", "a b"} {
		if !Displayable(name) {
			t.Errorf("%q is refused", name)
		}
	}
	for _, r := range []rune{
		0, '\n', 0x7f, 0x85, 0x9b, // control
		0xad, 0x200b, 0x200d, 0x200e, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff, 0xe0041, // format, bidirectional
		0x2028, 0x2029, // separators
		0xe000, 0xf0000, // private use
		0x115f, 0x3164, 0xffa0, 0x034f, 0x2800, // invisible
		0xfffd,
	} {
		if Displayable("a" + string(r) + "b") {
			t.Errorf("%U passes", r)
		}
	}
	for name, want := range map[string]bool{"": false, " \u00a0\u3000": false, "\u0301": false, "\u3164": false, "a": true, "日": true, "❤": true} {
		if Visible(name) != want {
			t.Errorf("%q visible: %v", name, !want)
		}
	}
}
