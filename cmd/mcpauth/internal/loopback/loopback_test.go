package loopback

import (
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:0":         true,
		"127.8.8.8:3001":      true,
		"[::1]:3001":          true,
		"localhost:3001":      true,
		":3001":               false,
		"0.0.0.0:3001":        false,
		"[::]:3001":           false,
		"192.168.1.1:3001":    false,
		"127.0.0.1.evil.io:1": false,
		"localhost":           false,
		"":                    false,
	} {
		if got := Check("--listen", address, "others could use it") == nil; got != want {
			t.Errorf("Check(%q) accepts: %t, want %t", address, got, want)
		}
	}
}
