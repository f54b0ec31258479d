package fetch

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Covers RS21.
func TestCheckURL(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", maxURL)
	tests := []struct {
		url           string
		allowLoopback bool
		want          Kind // empty: accepted
	}{
		{"https://as.example.com", false, ""},
		{"https://as.example.com/", false, ""},
		{"https://as.example.com:8443/a/b?x=y", false, ""},
		{"HTTPS://AS.Example.com/", false, ""},
		{"https://as.example.com./", false, ""},
		{"https://my_host.internal/", false, ""},
		{"https://xn--bcher-kva.example/", false, ""},
		{"https://93.184.216.34/", false, ""},
		{"https://[2606:4700::1111]/", false, ""},
		{"https://[2606:4700::1111]:8443/", false, ""},
		{"https://10.0.0.1/", false, ""}, // decided when connecting
		{"https://localhost/", false, ""},
		{"https://as.example.com/a%20b", false, ""},

		{"http://localhost:8080/", true, ""},
		{"http://LocalHost/", true, ""},
		{"http://app.localhost:8080/", true, ""},
		{"http://127.0.0.1:8080/", true, ""},
		{"http://127.255.1.2/", true, ""},
		{"http://[::1]:8080/", true, ""},
		{"https://localhost/", true, ""},

		{"http://as.example.com/", false, NotHTTPS},
		{"http://as.example.com/", true, NotHTTPS},
		{"http://localhost:8080/", false, NotHTTPS},
		{"http://127.0.0.1/", false, NotHTTPS},
		{"http://[::1]/", false, NotHTTPS},
		{"http://localhost.example.com/", true, NotHTTPS},
		{"http://notlocalhost/", true, NotHTTPS},
		{"http://localhost./", true, NotHTTPS},
		{"http://127.1/", true, NotHTTPS},
		{"http://2130706433/", true, NotHTTPS},
		{"http://0x7f000001/", true, NotHTTPS},
		{"http://0177.0.0.1/", true, NotHTTPS},
		{"http://127.0.0.1.example.com/", true, NotHTTPS},
		{"http://0.0.0.0/", true, NotHTTPS},
		{"http://[::]/", true, NotHTTPS},
		{"http://[::ffff:127.0.0.1]/", true, NotHTTPS},
		{"http://[::1%25lo]/", true, NotHTTPS},
		{"http://10.0.0.1/", true, NotHTTPS},
		{"ftp://as.example.com/", true, NotHTTPS},
		{"file://localhost/etc/passwd", true, NotHTTPS},
		{"gopher://127.0.0.1/", true, NotHTTPS},
		{"ws://localhost/", true, NotHTTPS},
		{"//as.example.com/", false, NotHTTPS},

		{"", false, InvalidURL},
		{"as.example.com", false, InvalidURL},
		{"/path", false, InvalidURL},
		{"https://", false, InvalidURL},
		{"https:///path", false, InvalidURL},
		{"https:as.example.com", false, InvalidURL},
		{"https://:443/", false, InvalidURL},
		{"https://as.example.com:/", false, InvalidURL},
		{"https://as.example.com:0/", false, InvalidURL},
		{"https://as.example.com:65536/", false, InvalidURL},
		{"https://as.example.com:99999999999999999999/", false, InvalidURL},
		{"https://as.example.com:443x/", false, InvalidURL},
		{"https://as.example.com#", false, InvalidURL},
		{"https://as.example.com/#frag", false, InvalidURL},
		{"https://.example.com/", false, InvalidURL},
		{"https://as..example.com/", false, InvalidURL},
		{"https://as.example.com../", false, InvalidURL},
		{"https://./", false, InvalidURL},
		{"https://" + strings.Repeat("a", 64) + ".example.com/", false, InvalidURL},
		{"https://" + strings.Repeat("a.", 127) + "example/", false, InvalidURL},
		{"https://as.example.com/ ", false, InvalidURL},
		{" https://as.example.com/", false, InvalidURL},
		{"https://as.example.com/\r\nX: y", false, InvalidURL},
		{"https://as.example.com/\x00", false, InvalidURL},
		{"https://as.example.com/\x7f", false, InvalidURL},
		{"https://as.example.com/ü", false, InvalidURL},
		{"https://bücher.example/", false, InvalidURL},
		{"https://ｌｏｃａｌｈｏｓｔ/", true, InvalidURL}, // full width, mapped to localhost by IDNA
		{"https://as.example.com\\@evil.example/", false, InvalidURL},
		{"https://a,b/", false, InvalidURL},
		{"https://a*b/", false, InvalidURL},
		{"https://%6cocalhost/", true, InvalidURL},
		{"https://[::1/", false, InvalidURL},
		{"https://[as.example.com]/", false, InvalidURL},
		{"https://[127.0.0.1]/", false, InvalidURL},
		{"https://::1/", false, InvalidURL},
		{"https://as.example.com/" + long, false, InvalidURL},

		{"https://user@as.example.com/", false, InvalidURL},
		{"https://@as.example.com/", false, InvalidURL},
		{"http://user:" + secret + "@localhost/", true, InvalidURL},
		{"https://user:" + secret + "@as.example.com/?q=" + secret, false, InvalidURL},
		{"https://" + secret + "@as.example.com/#x", false, InvalidURL},
		{"https://" + secret + ":x@as.example.com:bad/", false, InvalidURL},
		{"http://as.example.com/?code=" + secret, false, NotHTTPS},
		{secret + ":x@as.example.com/", false, InvalidURL},
		{"https:" + secret + "@as.example.com/", false, InvalidURL},
		{secret + "://as.example.com/", false, NotHTTPS},
	}
	for _, tt := range tests {
		t.Run(tt.url[:min(len(tt.url), 60)], func(t *testing.T) {
			t.Parallel()
			err := CheckURL(tt.url, tt.allowLoopback)
			if tt.want != "" {
				wantKind(t, err, tt.want)
			} else if err != nil {
				t.Errorf("%v, want it accepted", err)
			}
		})
	}
}

// Covers RS21.
func TestIsLoopbackHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "a.localhost": true, "a.b.localhost": true,
		"127.0.0.1": true, "127.0.0.2": true, "127.255.255.255": true, "::1": true, "0:0:0:0:0:0:0:1": true,
		"": false, ".localhost": false, "a..localhost": false, "localhost.": false, "localhost.localdomain": false,
		"localhost.example.com": false, "alocalhost": false, "127.1": false, "127.0.0.1.": false, "::": false,
		"[::1]": false, "::1%lo": false, "::ffff:127.0.0.1": false, "0.0.0.0": false, "128.0.0.1": false, "ip6-localhost": false,
		"evil.com/.localhost": false, "evil.com:80.localhost": false,
	} {
		if got := IsLoopbackHost(host); got != want {
			t.Errorf("IsLoopbackHost(%q) = %t, want %t", host, got, want)
		}
	}
}

// Covers RS21.
func TestIsLoopbackURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		"http://localhost:9000/x": true, "https://127.0.0.1": true, "http://[::1]": true,
		"https://as.example.com": false, "http://as.example.com": false, "localhost": false,
		"ftp://localhost/": false, "http://user@localhost/": false, "": false,
	} {
		if got := IsLoopbackURL(raw); got != want {
			t.Errorf("IsLoopbackURL(%q) = %t, want %t", raw, got, want)
		}
	}
}

// Covers RS21.
func TestIsLoopbackAuthority(t *testing.T) {
	t.Parallel()
	for authority, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "a.localhost:1": true, "127.0.0.1:80": true, "[::1]": true, "[::1]:443": true,
		"": false, "::1": false, "as.example.com": false, "as.example.com:80": false, "localhost.example.com": false, "localhost:": false,
		"localhost/x": false, "localhost?x": false, "user@localhost": false, "localhost@as.example.com": false, "localhost:80@as.example.com": false,
	} {
		if got := IsLoopbackAuthority(authority); got != want {
			t.Errorf("IsLoopbackAuthority(%q) = %t, want %t", authority, got, want)
		}
	}
}

// Covers RS21.
func TestHideUserinfo(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://user:" + secret + "@as.example.com/a?b": "https://@as.example.com/a?b",
		"https://" + secret + "@as.example.com":          "https://@as.example.com",
		"http://a:" + secret + "@" + secret + "@h":       "http://@h",
		"https://a:" + secret + "%zz@h":                  "https://@h",
		"https://as.example.com/a":                       "https://as.example.com/a",
		"someone@example.com":                            "someone@example.com",
		"a@b://c":                                        "a@b://c",
		"user:" + secret + "@as.example.com":             "@as.example.com",
		"//user:" + secret + "@as.example.com":           "@as.example.com",
		"https:/" + secret + "@as.example.com":           "@as.example.com",
		"https//" + secret + "@as.example.com":           "@as.example.com",
		"u:" + secret + "@https://as.example.com":        "@https://as.example.com",
		"u:" + secret + "@a://b@as.example.com":          "@as.example.com",
		"https://as.example.com:8443/a":                  "https://as.example.com:8443/a",
		"":                                               "",
	} {
		if got := HideUserinfo(raw); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause\nwith \x1b[31mcolour and " + strings.Repeat("length ", 500))
	err := &Error{URL: "https://as.example.com/jwks", Kind: Network, Err: cause}
	text := err.Error()
	if !strings.HasPrefix(text, "https://as.example.com/jwks: cause?with ?[31mcolour") {
		t.Errorf("text is %q", text[:80])
	}
	if len(text) > maxErrorText+3 {
		t.Errorf("text has %d bytes", len(text))
	}
	if !errors.Is(err, cause) {
		t.Error("the cause cannot be found")
	}
	if got, want := (&Error{Kind: Timeout}).Error(), "timeout"; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
}

// What is accepted can be sent, to the host that was looked at.
// Covers RS21.
func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{
		"https://as.example.com/a?b=c", "http://localhost:80", "https://u:p@h/", "https://[::1]:1/", "https:o@p", "https://h:1/#f",
		"https://a\\b/", "https://%41/", "//h", "https://h?@x/", "https://1.2.3.4:5@h/",
	} {
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, raw string, allowLoopback bool) {
		err := CheckURL(raw, allowLoopback)
		var e *Error
		if errors.As(err, &e) {
			if shown, err := url.Parse(e.URL); err == nil && shown.User != nil {
				t.Errorf("%q: error URL %q has userinfo", raw, e.URL)
			}
			if strings.ContainsAny(e.URL, "?#") {
				t.Errorf("%q: error URL %q has a query or a fragment", raw, e.URL)
			}
			return
		}
		if err != nil {
			t.Fatalf("%q: error is %T", raw, err)
		}
		req, err := http.NewRequest(http.MethodGet, raw, nil)
		if err != nil {
			t.Fatalf("%q: accepted, yet %v", raw, err)
		}
		host := req.URL.Hostname()
		plain := req.URL.Scheme == "http" && allowLoopback && IsLoopbackHost(host)
		if req.URL.User != nil || host == "" || req.URL.Scheme != "https" && !plain {
			t.Errorf("%q: accepted", raw)
		}
	})
}
