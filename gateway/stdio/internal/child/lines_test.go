package child

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// cut returns the lines that lines makes of parts, and the beginnings of those that are
// too long.
func cut(limit int, parts ...string) (lines_, long []string) {
	l := &lines{
		limit: limit,
		take:  func(line []byte) { lines_ = append(lines_, string(line)) },
		long:  func(line []byte) { long = append(long, string(line)) },
	}
	for _, part := range parts {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			panic("lines refuses")
		}
	}
	return lines_, long
}

// Covers GW28.
func TestLines(t *testing.T) {
	t.Parallel()
	got, long := cut(4, "a\nbc", "d\n\nabcd\nabcde", "f\nabcd", "e\nx\nrest")
	if want := []string{"a", "bcd", "", "abcd", "x"}; !slices.Equal(got, want) {
		t.Errorf("the lines are %q", got)
	}
	if want := []string{"abcd", "abcd"}; !slices.Equal(long, want) {
		t.Errorf("the long lines begin with %q", long)
	}
}

// FuzzLines holds that lines are the same however they arrive.
//
// Covers GW28.
func FuzzLines(f *testing.F) {
	f.Add("a\nbcdef\n\nabcd", uint8(3), uint8(4))
	f.Fuzz(func(t *testing.T, text string, size, limit uint8) {
		var parts []string
		for part := range slices.Chunk([]byte(text), int(size)+1) {
			parts = append(parts, string(part))
		}
		got, long := cut(int(limit), parts...)
		var want, wantLong []string
		all := strings.Split(text, "\n")
		for i, line := range all {
			switch {
			case len(line) > int(limit):
				wantLong = append(wantLong, line[:limit])
			case i < len(all)-1:
				want = append(want, line)
			}
		}
		if !slices.Equal(got, want) || !slices.Equal(long, wantLong) {
			t.Errorf("%q in parts of %d: %q and %q, want %q and %q", text, size, got, long, want, wantLong)
		}
	})
}

// A line belongs to who takes it.
func TestLinesAreKept(t *testing.T) {
	t.Parallel()
	var kept [][]byte
	l := &lines{limit: 10, take: func(line []byte) { kept = append(kept, line) }}
	buffer := []byte("aa\nbb\n")
	_, _ = l.Write(buffer)
	copy(buffer, "cc\ndd\n")
	_, _ = l.Write(buffer)
	if got := bytes.Join(kept, []byte(" ")); string(got) != "aa bb cc dd" {
		t.Errorf("the lines are %s", got)
	}
}
