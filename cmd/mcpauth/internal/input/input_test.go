package input

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for content, want := range map[string]string{"secret\n": "secret", "secret\r\n": "secret", " a b ": " a b ", "": "", "\n": "", strings.Repeat("x", maxSecretFile+1): ""} {
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := SecretFile(path)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%.20q: %q, %v", content, got, err)
		}
	}
	if _, err := SecretFile(filepath.Join(dir, "nosuch")); err == nil {
		t.Error("no error for a missing file")
	}
}
