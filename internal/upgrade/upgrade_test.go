package upgrade_test

import (
	"net/http"
	"testing"

	"github.com/mcp-auth/go/internal/upgrade"
)

// Covers RS24: what leaves HTTP leaves the policy.
func TestIgnore(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		values []string
		want   bool // an upgrade is still asked for
	}{
		{nil, false},
		{[]string{"h2c"}, false},
		{[]string{" H2C "}, false},
		{[]string{"websocket"}, true},
		{[]string{"h2c, websocket"}, true},
		{[]string{"h2c", "websocket"}, true},
		{[]string{""}, true},
	} {
		r := &http.Request{Header: http.Header{"Connection": {"Upgrade, HTTP2-Settings"}, "Http2-Settings": {"AAMA"}}}
		if tc.values != nil {
			r.Header["Upgrade"] = tc.values
		}
		if got := upgrade.IsAsked(upgrade.Ignore(r).Header); got != tc.want {
			t.Errorf("%q: %t", tc.values, got)
		}
		if len(r.Header["Upgrade"]) != len(tc.values) {
			t.Errorf("%q: the request itself has changed", tc.values)
		}
		if upgrade.IsAsked(upgrade.Without(r).Header) {
			t.Errorf("%q: an upgrade is left", tc.values)
		}
	}
}
