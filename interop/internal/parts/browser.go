package parts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Browser returns the environment of a program that opens the user's browser.
// What it then starts is js/opener.mjs, which fills in these fields of the pages
// and goes back to the program.
func Browser(tb testing.TB, fields map[string]string) []string {
	tb.Helper()
	opener, dir := path(tb, "js", "opener.mjs"), tb.TempDir()
	for _, name := range []string{"xdg-open", "open"} {
		if err := os.Symlink(opener, filepath.Join(dir, name)); err != nil {
			tb.Fatal(err)
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		tb.Fatal(err)
	}
	return []string{
		"PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH"),
		"INTEROP_BROWSER=" + string(text),
		// Some bring a xdg-open of their own. It asks these, and no desktop.
		"BROWSER=" + opener, "XDG_CURRENT_DESKTOP=X-Generic", "DISPLAY=", "WAYLAND_DISPLAY=",
	}
}
