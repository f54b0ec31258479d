package fetch

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mcp-auth/go/network"
)

// redirects answers /to?URL with a redirect to URL and all else with the path.
func redirects(w http.ResponseWriter, r *http.Request) {
	if status := map[string]int{"/to": 302, "/301": 301, "/303": 303, "/307": 307, "/308": 308}[r.URL.Path]; status != 0 {
		w.Header().Set("Location", strings.ReplaceAll(r.URL.RawQuery, "%25", "%"))
		w.WriteHeader(status)
		return
	}
	if r.URL.Path == "/loop" {
		w.Header().Set("Location", "/loop")
		w.WriteHeader(http.StatusFound)
		return
	}
	io.WriteString(w, r.URL.Path)
}

// Covers RS21.
func TestRedirectsFollowed(t *testing.T) {
	t.Parallel()
	s, plain := newServer(t, true, redirects), newServer(t, false, redirects)
	known := names{"as.example.com": {"127.0.0.1"}, "b.example.com": {"127.0.0.1"}}
	c := newClient(t, Policy{Settings: network.Settings{RootCAs: s.roots(), AllowedNetworks: networks("127.0.0.1/32")}}, known)
	public, other := s.at("as.example.com", ""), s.at("b.example.com", "")
	for _, tt := range []struct {
		name, url, final string
	}{
		{"absolute", public + "/to?" + public + "/end", public + "/end"},
		{"path", public + "/to?/end", public + "/end"},
		{"relative", public + "/to?end", public + "/end"},
		{"without a scheme", public + "/to?" + strings.TrimPrefix(other, "https:") + "/end", other + "/end"},
		{"another host", public + "/to?" + other + "/end", other + "/end"},
		{"301", public + "/301?/end", public + "/end"},
		{"303", public + "/303?/end", public + "/end"},
		{"307", public + "/307?/end", public + "/end"},
		{"308", public + "/308?/end", public + "/end"},
		{"three in a row", public + "/to?/to?/to?/end", public + "/end"},
		{"fragment dropped", public + "/to?/end%23frag", public + "/end%23frag"},
		{"loopback to loopback", plain.URL + "/to?" + plain.at("localhost", "/end"), plain.at("localhost", "/end")},
		{"loopback to public", plain.URL + "/to?" + public + "/end", public + "/end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp, err := c.Do(t.Context(), Request{URL: tt.url, AllowLoopback: true})
			if err != nil {
				t.Fatal(err)
			}
			if resp.Status != http.StatusOK || resp.URL != tt.final {
				t.Errorf("got %d from %s, want 200 from %s", resp.Status, resp.URL, tt.final)
			}
		})
	}
}

func TestRedirectFragmentIsDropped(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Location", "/end#fragment")
			w.WriteHeader(http.StatusFound)
		}
	})
	resp, err := newClient(t, Policy{}, nil).Do(t.Context(), Request{URL: s.URL + "/", AllowLoopback: true})
	if err != nil || resp.URL != s.URL+"/end" {
		t.Errorf("%+v, %v", resp, err)
	}
}

// Covers RS21.
func TestRedirectsRefused(t *testing.T) {
	t.Parallel()
	s, plain := newServer(t, true, redirects), newServer(t, false, redirects)
	target := newServer(t, true, func(http.ResponseWriter, *http.Request) {})
	targetPlain := newServer(t, false, func(http.ResponseWriter, *http.Request) {})
	known := names{
		"as.example.com": {"127.0.0.1"}, "private.example.com": {"127.0.0.2"}, "ten.example.com": {"10.0.0.1"},
	}
	c := newClient(t, Policy{Settings: network.Settings{RootCAs: s.roots(), AllowedNetworks: networks("127.0.0.1/32")}}, known)
	public := s.at("as.example.com", "/to?")
	local := plain.URL + "/to?"
	for _, tt := range []struct {
		name, url string
		want      Kind
	}{
		{"to http", public + "http://as.example.com/" + secret, Redirect},
		{"from loopback to public http", local + "http://as.example.com/" + secret, Redirect},
		{"from public to plain loopback", public + targetPlain.URL + "/?" + secret, Redirect},
		{"to another scheme", public + "file:///etc/passwd?" + secret, Redirect},
		{"to javascript", public + "javascript:" + secret, Redirect},
		{"to userinfo", public + "https://user:" + secret + "@as.example.com/", Redirect},
		{"to loopback userinfo", local + "http://" + secret + "@localhost/", Redirect},
		{"to garbage", public + "https://as.example.com:" + secret + "/", Redirect},
		{"to a bad escape", public + "/%zz" + secret, Redirect},
		{"to nowhere", public + "https:///" + secret, Redirect},
		{"to what is too long", public + "/" + strings.Repeat("a", maxURL), InvalidURL},
		{"to a private literal", public + "https://10.0.0.1/?" + secret, BlockedAddress},
		{"to cloud metadata", public + "https://169.254.169.254/?" + secret, BlockedAddress},
		{"to a private name", public + "https://ten.example.com/?" + secret, BlockedAddress},
		{"to a name at loopback", public + target.at("private.example.com", "/?"+secret), BlockedAddress},
		{"to a loopback literal", public + target.at("127.0.0.3", "/?"+secret), BlockedAddress},
		{"from loopback to private", local + "https://10.0.0.1/?" + secret, BlockedAddress},
		{"from loopback by a public name to plain loopback", local + public + targetPlain.URL + "/?" + secret, Redirect},
		{"in a loop", s.at("as.example.com", "/loop?"+secret), Redirect},
		{"four in a row", public + "/to?/to?/to?/end", Redirect},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := c.Do(t.Context(), Request{URL: tt.url, AllowLoopback: true})
			wantKind(t, err, tt.want)
		})
	}
	t.Cleanup(func() {
		if n := len(target.seen()) + len(targetPlain.seen()); n != 0 {
			t.Errorf("%d requests reached a target", n)
		}
	})
}

func TestRedirectToWhatIsTooLong(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/"+strings.Repeat("a", maxURL))
		w.WriteHeader(http.StatusFound)
	})
	_, err := newClient(t, Policy{}, nil).Do(t.Context(), Request{URL: s.URL, AllowLoopback: true})
	wantKind(t, err, Redirect)
}

// An https loopback target needs the URL to begin at loopback. Covers RS21.
func TestPublicRedirectToLoopback(t *testing.T) {
	t.Parallel()
	s, target := newServer(t, true, redirects), newServer(t, true, redirects)
	// as.example.com stands for a public server: no loopback network is allowed.
	c := newClient(t, Policy{Settings: network.Settings{RootCAs: s.roots()}}, nil)
	c.public.DialTLSContext = c.tlsDialer(redirectedDial(c, s.Listener.Addr().String()))
	for _, to := range []string{target.URL, target.at("localhost", "/end")} {
		_, err := c.Do(t.Context(), Request{URL: "https://as.example.com/to?" + to, AllowLoopback: true})
		wantKind(t, err, BlockedAddress)
	}
	if len(s.seen()) != 2 || len(target.seen()) != 0 {
		t.Errorf("%d and %d requests, want 2 and 0", len(s.seen()), len(target.seen()))
	}
}

// Covers RS21.
func TestPostIsNeverRedirected(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, redirects)
	c := newClient(t, Policy{}, nil)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		for path, status := range map[string]int{"/to": 302, "/301": 301, "/303": 303, "/307": 307, "/308": 308} {
			resp, err := c.Do(t.Context(), Request{Method: method, URL: s.URL + path + "?/end", Body: []byte(secret), AllowLoopback: true})
			if err != nil || resp.Status != status {
				t.Errorf("%s %s: %+v, %v", method, path, resp, err)
			}
		}
	}
	for _, r := range s.seen() {
		if r.URL.Path == "/end" {
			t.Error("a redirect was followed")
		}
	}
}

func TestRedirectsSwitchedOff(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, redirects)
	_, err := newClient(t, Policy{MaxRedirects: -1}, nil).Do(t.Context(), Request{URL: s.URL + "/to?/end", AllowLoopback: true})
	wantKind(t, err, Redirect)
}

// Covers RS21.
func TestCredentialsStayWithTheirOrigin(t *testing.T) {
	t.Parallel()
	s, other := newServer(t, false, redirects), newServer(t, false, redirects)
	back := newServer(t, false, redirects)
	header := http.Header{
		"Accept": {"application/json"}, "Authorization": {secret}, "Cookie": {secret},
		"Dpop": {secret}, "Proxy-Authorization": {secret}, "X-Api-Key": {secret}, "authorization": {secret},
	}
	c := newClient(t, Policy{}, nil)
	get := func(url string) {
		t.Helper()
		if _, err := c.Do(t.Context(), Request{URL: url, Header: header, AllowLoopback: true}); err != nil {
			t.Fatal(err)
		}
	}
	get(s.URL + "/to?/end")
	if r := s.seen()[1]; r.Header.Get("Authorization") != secret {
		t.Error("the same origin did not get Authorization")
	}
	get(s.URL + "/to?" + other.URL + "/to?" + back.URL + "/end")
	// Another name for the same server is another origin.
	get(back.URL + "/to?" + back.at("localhost", "/end"))
	strangers := append(other.seen(), back.seen()[0], back.seen()[2])
	if len(strangers) != 3 {
		t.Fatalf("%d requests", len(strangers))
	}
	for _, r := range strangers {
		if r.Header.Get("Accept") != "application/json" {
			t.Errorf("Accept is %q", r.Header.Get("Accept"))
		}
		for name, values := range r.Header {
			if strings.Contains(strings.Join(values, ""), secret) {
				t.Errorf("%s went to another origin", name)
			}
		}
	}
}

// Once stripped, credentials do not come back with a redirect to where they
// came from.
func TestCredentialsDoNotComeBack(t *testing.T) {
	t.Parallel()
	s, other := newServer(t, false, redirects), newServer(t, false, redirects)
	_, err := newClient(t, Policy{}, nil).Do(t.Context(), Request{
		URL: s.URL + "/to?" + other.URL + "/to?" + s.URL + "/end", Header: http.Header{"Authorization": {secret}}, AllowLoopback: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := s.seen()[1]; r.URL.Path != "/end" || r.Header.Get("Authorization") != "" {
		t.Errorf("%s with Authorization %q", r.URL, r.Header.Get("Authorization"))
	}
}
