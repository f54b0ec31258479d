package headers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/gateway/internal/headers"
)

// Covers GW5, GW6: each spelling that net/http makes canonical, and those that it does
// not.
func TestStripRequest(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	for _, name := range strings.Fields("authorization COOKIE dpop proxy-authorization x-forwarded-for X-FORWARDED-USER remote-user x-auth-subject " +
		"X_Auth_Subject x_anything mcp-auth-assertion Mcp_Name ssl-client-cert sec-websocket-key x-original-url Connection") {
		h.Set(name, "x")
	}
	kept := strings.Fields("Accept Accept-Encoding Content-Type Last-Event-Id Mcp-Method Mcp-Name Mcp-Param-Region Mcp-Protocol-Version Mcp-Session-Id Traceparent User-Agent X-Tenant")
	for _, name := range kept {
		h.Set(name, "x")
	}
	headers.StripRequest(h)
	var left []string
	for name := range h {
		left = append(left, name)
	}
	if slices.Sort(left); !slices.Equal(left, kept) {
		t.Errorf("left are %q", left)
	}
}

// Covers GW1, GW7, GW9, GW10.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		values []string
		want   int
	}{
		{"Connection", []string{"keep-alive, Upgrade", "HTTP2-Settings,, TE"}, 0},
		{"Connection", []string{"keep-alive", "x"}, 400},
		{"Connection", []string{"keep-alive x"}, 400},
		{"Upgrade", []string{" h2C "}, 0},
		{"Upgrade", []string{"h2c/1"}, 400},
		{"Upgrade", []string{""}, 400},
		{"Mcp-Name", []string{"a"}, 0},
		{"Mcp-Name", []string{"a", "a"}, 400},
		{"Accept", []string{"a", "b"}, 0},
		{"Content-Encoding", []string{"br"}, 415},
	} {
		got := 0
		if fault := headers.Check(http.Header{tc.name: tc.values}); fault != nil {
			got = fault.Status
		}
		if got != tc.want {
			t.Errorf("%s %q: %d", tc.name, tc.values, got)
		}
	}
}
