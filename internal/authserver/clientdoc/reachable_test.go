package clientdoc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestCheckReachable(t *testing.T) {
	t.Parallel()
	direct := func(*http.Request) (*url.URL, error) { return nil, nil }
	none := func(context.Context, string) error { return errors.New("network is unreachable") }
	for _, test := range []struct {
		name  string
		proxy func(*http.Request) (*url.URL, error)
		route func(context.Context, string) error
		want  string
	}{
		{"direct", direct, func(context.Context, string) error { return nil }, ""},
		{"IPv6 only", direct, func(_ context.Context, address string) error {
			if strings.HasPrefix(address, "[") {
				return nil
			}
			return errors.New("network is unreachable")
		}, ""},
		{"offline", direct, none, "no route"},
		{"behind a proxy", http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example:3128"}), none, "proxy"},
		{"behind a malformed proxy", func(*http.Request) (*url.URL, error) { return nil, errors.New("malformed") }, none, "proxy"},
	} {
		err := checkReachable(t.Context(), test.proxy, test.route)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}
