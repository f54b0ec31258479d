package pattern

import "testing"

// Covers RS12.
func TestIsNormal(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"note:a", "note:///a/b", "note://inbox", "note:///a/", "note:///", "https://example.com:8443/a?b=/c//d", "urn:isbn:1", "note:///a%20b", "note:///%C3%A9", "note:///...", "a+b-c.1:x", "http://[::1]:8080/",
		"http://127.0.0.1/", "http://example.com:8080/", "note://1/a", "note:///a..b", "note:///a%2Cb", "note:///100%25", "note:///%2525", "note:///%E2%80%A6", "note:///v1.2;x=3", "git:a/HEAD~..main",
	} {
		if !isNormal(uri) {
			t.Errorf("%s is in normal form", uri)
		}
	}
	for _, uri := range []string{
		"", "note", "note:", "note:?a", ":a", "note://", "Note:a", "1a:b", "a/b:c", "a_b:c", "note://INBOX/a", "note://u@h/a", "note://%68/a", "https://h:/a", "https://h:443/a", "http://h:80/a",
		"note:///a//b", "note:////a", "note:///a/./b", "note:///a/..", "note:.", "note:///a#b", "note:///a%2Fb", "note:///a%2fb", "note:///%61", "note:///%7E", "note:///a%", "note:///a%2", "note:///%zz",
		"note:///a%2E%2E", "note:///a\\b", "note:///a%5Cb", "note:///a b", "note:///é", "note:///%00", "note:///%7F", "note:///a|b", "note:///a//",
		"note://../a", "note://./a", "note:..", "note:a/..?b", "note:///a?/../b", "note:///a?b=../c", "note:///a?b=..", "note:///a;../b", "note:///a/..;/b", "note:///..%20/a", "urn:a:..:b",
		"note:///%252E%252E/a", "note:///a%252Fb", "note:///a%255Cb", "note:///a%2500b", "note:///%25252E", "note:///%C0%AF", "note:///%FF", "note:///%EF%BC%8F", "note:///%E2%80%A5/a", "note:///%EF%BC%8E%EF%BC%8E/a", "note:///%EF%BC%BC", "note:///%C2%85",
		"http:h/a", "http:/h/a", "http:///h/a", "http://127.1/", "http://0x7f.0.0.1/", "http://2130706433/", "http://0177.0.0.1/", "http://1/", "file://1/a", "http://[::0001]/", "http://[::ffff:1.2.3.4]/", "http://h:080/", "ws://h:80/", "wss://h:443/", "ftp://h:21/",
	} {
		if isNormal(uri) {
			t.Errorf("%q is not in normal form", uri)
		}
	}
}
