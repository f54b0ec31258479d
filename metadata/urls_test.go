package metadata_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/metadata"
)

const (
	oauthPath    = "/.well-known/oauth-authorization-server"
	oidcPath     = "/.well-known/openid-configuration"
	resourcePath = "/.well-known/oauth-protected-resource"
)

// Covers CL2.
func TestCandidateURLs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, issuer, origin, path string
	}{
		{"RFC 8414 §3.1, no path", "https://example.com", "https://example.com", ""},
		{"RFC 8414 §3.1, path", "https://example.com/issuer1", "https://example.com", "/issuer1"},
		{"MCP", "https://auth.example.com/tenant1", "https://auth.example.com", "/tenant1"},
		{"slash alone", "https://example.com/", "https://example.com", ""},
		{"slash at the end", "https://example.com/issuer1/", "https://example.com", "/issuer1"},
		{"two slashes at the end", "https://example.com/issuer1//", "https://example.com", "/issuer1/"},
		{"slashes inside", "https://example.com//a//b", "https://example.com", "//a//b"},
		{"long path", "https://login.example.com/0f3a-11/v2.0", "https://login.example.com", "/0f3a-11/v2.0"},
		{"port", "https://example.com:8443/a", "https://example.com:8443", "/a"},
		{"default port", "https://example.com:443", "https://example.com:443", ""},
		{"IPv6", "https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443", "/a"},
		{"percent-encoding", "https://example.com/a%2Fb%20c%c3%a9/", "https://example.com", "/a%2Fb%20c%c3%a9"},
		{"host in capitals", "https://Auth.Example.COM/A", "https://Auth.Example.COM", "/A"},
		{"dots in segments", "https://example.com/a..b/...", "https://example.com", "/a..b/..."},
		{"sub-delims", "https://example.com/a;b=c,d/~e@f:g", "https://example.com", "/a;b=c,d/~e@f:g"},
		{"a well-known word in the path", "https://example.com/.well-known/x", "https://example.com", "/.well-known/x"},
		{"loopback", "http://localhost:3000/oidc", "http://localhost:3000", "/oidc"},
		{"loopback IPv4", "http://127.0.0.1:3000", "http://127.0.0.1:3000", ""},
		{"loopback IPv6", "http://[::1]:3000/", "http://[::1]:3000", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			inserted, appended := tc.origin+oidcPath+tc.path, tc.origin+tc.path+oidcPath
			want := map[metadata.ServerType][]string{
				metadata.OAuth:   {tc.origin + oauthPath + tc.path},
				metadata.OIDC:    {appended, inserted},
				metadata.AnyType: {tc.origin + oauthPath + tc.path, inserted, appended},
			}
			for kind, urls := range want {
				if tc.path == "" {
					urls = slices.Compact(urls)
				}
				got, err := metadata.CandidateURLs(tc.issuer, kind)
				if err != nil || !slices.Equal(got, urls) {
					t.Errorf("type %q\ngot  %q, %v\nwant %q", kind, got, err, urls)
				}
			}
			if err := metadata.CheckIssuer(tc.issuer); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCandidateURLsLiterally spells the specifications' examples out.
// Covers CL2.
func TestCandidateURLsLiterally(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		issuer string
		kind   metadata.ServerType
		want   []string
	}{
		{"https://auth.example.com/tenant1", metadata.AnyType, []string{
			"https://auth.example.com/.well-known/oauth-authorization-server/tenant1",
			"https://auth.example.com/.well-known/openid-configuration/tenant1",
			"https://auth.example.com/tenant1/.well-known/openid-configuration",
		}},
		{"https://auth.example.com", metadata.AnyType, []string{
			"https://auth.example.com/.well-known/oauth-authorization-server",
			"https://auth.example.com/.well-known/openid-configuration",
		}},
		{"https://example.com/issuer1", metadata.OAuth, []string{"https://example.com/.well-known/oauth-authorization-server/issuer1"}},
		{"https://example.com/issuer1", metadata.OIDC, []string{
			"https://example.com/issuer1/.well-known/openid-configuration",
			"https://example.com/.well-known/openid-configuration/issuer1",
		}},
	} {
		got, err := metadata.CandidateURLs(tc.issuer, tc.kind)
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%s %q\ngot  %q, %v\nwant %q", tc.issuer, tc.kind, got, err, tc.want)
		}
	}
}

// faulty are identifiers no document may be of.
func faulty() map[string]metadata.URLFault {
	return map[string]metadata.URLFault{
		"":                                  metadata.InvalidURL,
		"example.com":                       metadata.InvalidURL,
		"/path":                             metadata.InvalidURL,
		"//example.com/a":                   metadata.InvalidURL,
		"https:":                            metadata.InvalidURL,
		"https://":                          metadata.InvalidURL,
		"https:///a":                        metadata.InvalidURL,
		"https://:8443":                     metadata.InvalidURL,
		"https:example.com":                 metadata.InvalidURL,
		"ftp://example.com":                 metadata.InvalidURL,
		"javascript://example.com/%0aalert": metadata.InvalidURL,
		"file:///etc/passwd":                metadata.InvalidURL,
		" https://example.com":              metadata.InvalidURL,
		"https://example.com ":              metadata.InvalidURL,
		"https://example.com/a b":           metadata.InvalidURL,
		"https://example.com/\n":            metadata.InvalidURL,
		"https://example.com/é":             metadata.InvalidURL,
		"https://exämple.com":               metadata.InvalidURL,
		"https://example.com/%zz":           metadata.InvalidURL,
		"https://example.com/{tenantid}":    metadata.InvalidURL,
		`https://example.com\@evil.example`: metadata.InvalidURL,
		"https://example.com:port":          metadata.InvalidURL,
		"https://example.com/a/../b":        metadata.InvalidURL,
		"https://example.com/..":            metadata.InvalidURL,
		"https://example.com/./a":           metadata.InvalidURL,
		"https://example.com/%2E%2e/b":      metadata.InvalidURL,
		"https://example.com/.%2e/b":        metadata.InvalidURL,
		"http://example.com":                metadata.InsecureURL,
		"http://localhost.example.com":      metadata.InsecureURL,
		"http://10.0.0.1/a":                 metadata.InsecureURL,
		"https://user@example.com":          metadata.HasUserinfo,
		"https://user:secret@example.com":   metadata.HasUserinfo,
		"https://example.com#":              metadata.HasFragment,
		"https://example.com/a#b":           metadata.HasFragment,
	}
}

// Covers RS8.
func TestFaultyIssuers(t *testing.T) {
	t.Parallel()
	cases := faulty()
	cases["https://example.com?"] = metadata.HasQuery
	cases["https://example.com/a?b=c"] = metadata.HasQuery
	cases["https://example.com/?#"] = metadata.HasQuery
	for issuer, fault := range cases {
		err := metadata.CheckIssuer(issuer)
		wantFault(t, issuer, err, "issuer", fault)
		_, err = metadata.CandidateURLs(issuer, metadata.AnyType)
		wantFault(t, issuer, err, "issuer", fault)
	}
	_, err := metadata.CandidateURLs("https://example.com", "saml")
	wantFault(t, "type", err, "issuer", metadata.UnknownType)
}

func wantFault(t *testing.T, input string, err error, what string, fault metadata.URLFault) {
	t.Helper()
	var e *metadata.URLError
	if !errors.As(err, &e) || e.What != what || e.Fault != fault {
		t.Errorf("%q gives %v, want %s", input, err, fault)
		return
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error shows a password: %v", err)
	}
}

// Covers RS2, CL1.
func TestResourceMetadataURL(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, resource, origin, rest string
	}{
		{"RFC 9728 §3.1, no path", "https://resource.example.com", "https://resource.example.com", ""},
		{"RFC 9728 §3.1, path", "https://resource.example.com/resource1", "https://resource.example.com", "/resource1"},
		{"RFC 9728 §3.1, query", "https://resource.example.com/resource1?x=y", "https://resource.example.com", "/resource1?x=y"},
		{"slash alone", "https://api.example.com/", "https://api.example.com", ""},
		{"slash at the end of a path", "https://api.example.com/mcp/", "https://api.example.com", "/mcp/"},
		{"query without a path", "https://api.example.com?x=y", "https://api.example.com", "?x=y"},
		{"query behind a slash", "https://api.example.com/?x=y", "https://api.example.com", "?x=y"},
		{"empty query", "https://api.example.com/mcp?", "https://api.example.com", "/mcp?"},
		{"path in a query", "https://api.example.com?a=/b/?c/", "https://api.example.com", "?a=/b/?c/"},
		{"dots in a query", "https://api.example.com/a?b=/../c", "https://api.example.com", "/a?b=/../c"},
		{"port", "https://api.example.com:8443/mcp", "https://api.example.com:8443", "/mcp"},
		{"IPv6", "https://[2001:db8::1]/mcp", "https://[2001:db8::1]", "/mcp"},
		{"percent-encoding", "https://api.example.com/a%2fb?c=%20d%2F", "https://api.example.com", "/a%2fb?c=%20d%2F"},
		{"capitals", "https://API.example.com/MCP", "https://API.example.com", "/MCP"},
		{"loopback", "http://localhost:8080/mcp", "http://localhost:8080", "/mcp"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := metadata.ResourceMetadataURL(tc.resource)
			if want := tc.origin + resourcePath + tc.rest; err != nil || got != want {
				t.Errorf("got  %s, %v\nwant %s", got, err, want)
			}
			got, err = metadata.RootResourceMetadataURL(tc.resource)
			if want := tc.origin + resourcePath; err != nil || got != want {
				t.Errorf("root: got %s, %v, want %s", got, err, want)
			}
		})
	}
}

// Covers RS1.
func TestFaultyResources(t *testing.T) {
	t.Parallel()
	for resource, fault := range faulty() {
		_, err := metadata.ResourceMetadataURL(resource)
		wantFault(t, resource, err, "resource", fault)
		_, err = metadata.RootResourceMetadataURL(resource)
		wantFault(t, resource, err, "resource", fault)
	}
}
