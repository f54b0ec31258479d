package pattern

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkFindURI looks a usual URI up, and the longest that a caller may send, among
// many keys.
func BenchmarkFindURI(b *testing.B) {
	keys := []string{"file:///*", "note:///{id}"}
	for i := range 50 {
		keys = append(keys, fmt.Sprintf("file:///dir%d/{+path}", i), fmt.Sprintf("file:///{a}/x%d/{+b}?c={d}", i))
	}
	set, _ := New(keys, true)
	for name, uri := range map[string]string{
		"usual":   "note:///7",
		"long":    "file:///" + strings.Repeat("a/x1", 1020) + "?c=d",
		"encoded": "file:///" + strings.Repeat("%C3%A9%2541", 370),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				set.FindURI(uri)
			}
		})
	}
}
