package txtar_test

import (
	"reflect"
	"testing"

	"github.com/mcp-auth/go/internal/txtar"
)

func TestParse(t *testing.T) {
	t.Parallel()
	type files = []txtar.File
	for name, tc := range map[string]struct {
		text string
		want txtar.Archive
	}{
		"empty":             {"", txtar.Archive{}},
		"comment only":      {"a\nb", txtar.Archive{Comment: []byte("a\nb\n")}},
		"files":             {"c\n-- a --\n1\n2\n-- b/c --\n3\n", txtar.Archive{Comment: []byte("c\n"), Files: files{{"a", []byte("1\n2\n")}, {"b/c", []byte("3\n")}}}},
		"no line break":     {"-- a --\n1", txtar.Archive{Files: files{{"a", []byte("1\n")}}}},
		"marker at the end": {"-- a --", txtar.Archive{Files: files{{Name: "a"}}}},
		"spaces in a name":  {"--  a b  --\n", txtar.Archive{Files: files{{Name: "a b"}}}},
		"line breaks CRLF":  {"-- a --\r\n1\r\n", txtar.Archive{Files: files{{"a", []byte("1\r\n")}}}},
		"no markers":        {"--a--\n -- a --\n-- a\n--  --\n-- --\n", txtar.Archive{Comment: []byte("--a--\n -- a --\n-- a\n--  --\n-- --\n")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := txtar.Parse([]byte(tc.text))
			if !reflect.DeepEqual(*got, tc.want) {
				t.Errorf("got %q, want %q", *got, tc.want)
			}
			if again := txtar.Parse(txtar.Format(got)); !reflect.DeepEqual(again, got) {
				t.Errorf("written and read again: %q", *again)
			}
		})
	}
}
