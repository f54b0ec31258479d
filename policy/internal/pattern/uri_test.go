package pattern

import "testing"

// Covers RS12.
func TestIsNormal(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"note:a", "note:///a/b", "note://inbox", "note:///a/", "note:///", "https://example.com:8443/a?b=/../c", "urn:isbn:1", "note:///a%20b", "note:///%C3%A9", "note:///...", "a+b-c.1:x", "http://[::1]:8080/",
	} {
		if !isNormal(uri) {
			t.Errorf("%s is in normal form", uri)
		}
	}
	for _, uri := range []string{
		"", "note", ":a", "note://", "Note:a", "1a:b", "a/b:c", "a_b:c", "note://INBOX/a", "note://u@h/a", "note://%68/a", "https://h:/a", "https://h:443/a", "http://h:80/a",
		"note:///a//b", "note:////a", "note:///a/./b", "note:///a/..", "note:.", "note:///a#b", "note:///a%2Fb", "note:///a%2fb", "note:///%61", "note:///%7E", "note:///a%", "note:///a%2", "note:///%zz",
		"note:///a%2E%2E", "note:///a\\b", "note:///a%5Cb", "note:///a b", "note:///é", "note:///%00", "note:///%7F", "note:///a|b", "note:///a//",
	} {
		if isNormal(uri) {
			t.Errorf("%q is not in normal form", uri)
		}
	}
}
