package fetch

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mcp-auth/go/network"
)

// mapped is the URL of a test server on an address that is not loopback by its
// spelling: no rule for loopback lets it through.
func mapped(server *httptest.Server) string {
	return strings.Replace(server.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)
}

const mappedHost = "::ffff:127.0.0.1"

// Only named hosts are reached over http, and redirects lead to them only from
// each other.
func TestPlainHosts(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if target := r.URL.Query().Get("to"); target != "" {
			http.Redirect(w, r, target, http.StatusFound)
		}
	}))
	t.Cleanup(server.Close)
	named := mapped(server)
	for name, test := range map[string]struct {
		hosts   []string
		request Request
		want    Kind // empty: an answer
	}{
		"named":                     {[]string{"other", mappedHost}, Request{URL: named}, ""},
		"not named":                 {nil, Request{URL: named}, NotHTTPS},
		"another is named":          {[]string{"other"}, Request{URL: named}, NotHTTPS},
		"https is not meant":        {[]string{mappedHost}, Request{URL: "https" + named[len("http"):]}, BlockedAddress},
		"to the same":               {[]string{mappedHost}, Request{URL: named + "/?to=/"}, ""},
		"to one that is not named":  {[]string{mappedHost}, Request{URL: named + "/?to=http://other/"}, NotHTTPS},
		"to loopback":               {[]string{mappedHost}, Request{URL: named + "/?to=" + server.URL, AllowLoopback: true}, NotHTTPS},
		"from another host":         {[]string{mappedHost}, Request{URL: server.URL + "/?to=" + named, AllowLoopback: true}, NotHTTPS},
		"userinfo":                  {[]string{mappedHost}, Request{URL: strings.Replace(named, "http://", "http://u@", 1)}, InvalidURL},
		"link-local":                {[]string{"169.254.169.254"}, Request{URL: "http://169.254.169.254/"}, BlockedAddress},
		"unspecified":               {[]string{"0.0.0.0"}, Request{URL: "http://0.0.0.0/"}, BlockedAddress},
		"another scheme":            {[]string{"other"}, Request{URL: "ftp://other/"}, NotHTTPS},
		"name of a host in another": {[]string{"other"}, Request{URL: "http://other.example/"}, NotHTTPS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := New(Policy{Settings: network.Settings{DangerouslyAllowHTTP: test.hosts}})
			t.Cleanup(c.Close)
			resp, err := c.Do(t.Context(), test.request)
			var failure *Error
			switch {
			case test.want == "" && (err != nil || resp.Status != http.StatusOK):
				t.Error(err)
			case test.want != "" && (!errors.As(err, &failure) || failure.Kind != test.want && failure.Kind != Redirect):
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestValidPlainHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"mcpauth": true, "my_service": true, "auth.default.svc.cluster.local": true, "10.0.0.1": true, "fd00::1": true,
		"": false, "http://mcpauth": false, "mcpauth:9473": false, "mcpauth/": false, "*.local": false, "a b": false, "fe80::1%eth0": false, "u@h": false,
	} {
		if got := ValidPlainHost(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}
