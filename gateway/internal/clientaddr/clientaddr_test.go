package clientaddr_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/mcp-auth/go/gateway/internal/clientaddr"
)

// Covers GW4: nobody but a trusted proxy says where a request came from.
func TestOf(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, tc := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"no proxy":                    {"192.0.2.1:1234", nil, "192.0.2.1"},
		"a stranger claims":           {"192.0.2.1:1234", []string{"203.0.113.1"}, "192.0.2.1"},
		"through a proxy":             {"10.0.0.1:1234", []string{"203.0.113.1"}, "203.0.113.1"},
		"through two":                 {"10.0.0.1:1234", []string{"203.0.113.1, 10.0.0.2"}, "203.0.113.1"},
		"a client claims":             {"10.0.0.1:1234", []string{"198.51.100.1, 203.0.113.1, 10.0.0.2"}, "203.0.113.1"},
		"in two headers":              {"10.0.0.1:1234", []string{"198.51.100.1", "203.0.113.1"}, "203.0.113.1"},
		"IPv6":                        {"[fd00::1]:1234", []string{"2001:db8::1"}, "2001:db8::1"},
		"IPv6 with a port":            {"[fd00::1]:1234", []string{"[2001:db8::1]:99"}, "2001:db8::1"},
		"IPv4 in IPv6":                {"[::ffff:10.0.0.1]:1234", []string{"::ffff:203.0.113.1"}, "203.0.113.1"},
		"with a zone":                 {"[fe80::1%eth0]:1234", nil, "fe80::1"},
		"nothing that can be read":    {"10.0.0.1:1234", []string{"203.0.113.1, unknown"}, "10.0.0.1"},
		"only proxies":                {"10.0.0.1:1234", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"a connection without a name": {"@", []string{"203.0.113.1"}, "invalid IP"},
		"very many":                   {"10.0.0.1:1234", []string{"203.0.113.1" + strings.Repeat(", 10.0.0.9", 100)}, "10.0.0.9"},
	} {
		if got := clientaddr.Of(tc.remote, tc.forwarded, trusted).String(); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}
