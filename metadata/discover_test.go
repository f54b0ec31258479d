package metadata_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
	"github.com/mcp-auth/go/metadata"
)

// host is an authorization server's host: documents by path, and the paths
// that were asked for. In answers, ORIGIN stands for its own.
type host struct {
	*httptest.Server
	answers map[string]answer

	mu    sync.Mutex
	asked []string
}

type answer struct {
	status int
	body   string
	header http.Header
}

func newHost(t *testing.T, answers map[string]answer) *host {
	t.Helper()
	h := &host{answers: answers}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked = append(h.asked, r.URL.RequestURI())
	h.mu.Unlock()
	if r.Method != http.MethodGet || r.Header.Get("Accept") != "application/json" {
		w.WriteHeader(http.StatusNotAcceptable)
		return
	}
	a, found := h.answers[r.URL.RequestURI()]
	if !found {
		a = answer{status: http.StatusNotFound, body: "no such page"}
	}
	for name, values := range a.header {
		w.Header()[name] = []string{strings.ReplaceAll(values[0], "ORIGIN", h.URL)}
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, strings.ReplaceAll(a.body, "ORIGIN", h.URL))
}

func (h *host) paths() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.asked)
}

func ok(body string) answer { return answer{status: http.StatusOK, body: body} }

func document(path string) answer {
	return ok(`{"issuer":"ORIGIN` + path + `","jwks_uri":"ORIGIN/jwks","x":1}`)
}

// kindOf returns the kind of a discovery error, empty for none.
func kindOf(t *testing.T, err error) metadata.DiscoveryKind {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *metadata.DiscoveryError
	if !errors.As(err, &e) {
		t.Fatalf("got %T: %v", err, err)
	}
	return e.Kind
}

const html = `<!doctype html><title>Sign in</title>`

// Covers RS8, CL2.
func TestDiscover(t *testing.T) {
	t.Parallel()
	const (
		oauthT    = oauthPath + "/t"
		insertedT = oidcPath + "/t"
		appendedT = "/t" + oidcPath
	)
	outage := answer{status: http.StatusServiceUnavailable, body: "{}"}
	for _, tc := range []struct {
		name    string
		path    string // of the issuer
		kind    metadata.ServerType
		answers map[string]answer
		want    metadata.DiscoveryKind // empty: found
		asked   []string               // three times over, if that may help
	}{
		{"first place", "/t", "", map[string]answer{oauthT: document("/t"), insertedT: document("/t"), appendedT: document("/t")}, "", []string{oauthT}},
		{"second place", "/t", "", map[string]answer{insertedT: document("/t"), appendedT: document("/t")}, "", []string{oauthT, insertedT}},
		{"third place", "/t", "", map[string]answer{appendedT: document("/t")}, "", []string{oauthT, insertedT, appendedT}},
		{"OAuth only", "/t", metadata.OAuth, map[string]answer{appendedT: document("/t")}, metadata.NotFound, []string{oauthT}},
		{"OAuth", "/t", metadata.OAuth, map[string]answer{oauthT: document("/t")}, "", []string{oauthT}},
		{"OIDC", "/t", metadata.OIDC, map[string]answer{oauthT: document("/t"), appendedT: document("/t")}, "", []string{appendedT}},
		{"OIDC inserted", "/t", metadata.OIDC, map[string]answer{oauthT: document("/t"), insertedT: document("/t")}, "", []string{appendedT, insertedT}},
		{"no path", "", "", map[string]answer{oidcPath: document("")}, "", []string{oauthPath, oidcPath}},
		{"no path, OIDC", "", metadata.OIDC, map[string]answer{oidcPath: document("")}, "", []string{oidcPath}},
		{"slash alone", "/", "", map[string]answer{oidcPath: document("/")}, "", []string{oauthPath, oidcPath}},
		{"slash at the end", "/t/", "", map[string]answer{appendedT: document("/t/")}, "", []string{oauthT, insertedT, appendedT}},
		{"percent-encoding", "/a%2Fb", metadata.OAuth, map[string]answer{oauthPath + "/a%2Fb": document("/a%2Fb")}, "", []string{oauthPath + "/a%2Fb"}},
		{"nothing", "/t", "", nil, metadata.NotFound, []string{oauthT, insertedT, appendedT}},
		{"401 is a no", "/t", "", map[string]answer{oauthT: {status: 401}, insertedT: document("/t")}, "", []string{oauthT, insertedT}},
		{"204 is a no", "/t", "", map[string]answer{oauthT: {status: 204}, insertedT: document("/t")}, "", []string{oauthT, insertedT}},

		{"other issuer", "/t", "", map[string]answer{oauthT: document("/other"), insertedT: document("/t")}, metadata.IssuerMismatch, []string{oauthT}},
		{"slash too many", "", "", map[string]answer{oauthPath: document("/")}, metadata.IssuerMismatch, []string{oauthPath}},
		{"slash too few", "/t/", "", map[string]answer{oauthT: document("/t")}, metadata.IssuerMismatch, []string{oauthT}},
		{"capitals", "/t", "", map[string]answer{oauthT: document("/T")}, metadata.IssuerMismatch, []string{oauthT}},
		{"encoded otherwise", "/t", "", map[string]answer{oauthT: document("/%74")}, metadata.IssuerMismatch, []string{oauthT}},
		{"prefix", "/t", "", map[string]answer{oauthT: document("/t/admin")}, metadata.IssuerMismatch, []string{oauthT}},
		{"mismatch behind an outage", "/t", "", map[string]answer{oauthT: outage, insertedT: document("/other")}, metadata.IssuerMismatch, []string{oauthT, insertedT}},

		{"page first", "/t", "", map[string]answer{oauthT: ok(html), appendedT: document("/t")}, "", []string{oauthT, insertedT, appendedT}},
		{"pages only", "/t", "", map[string]answer{oauthT: ok(html), insertedT: ok(html), appendedT: ok(html)}, metadata.Malformed, slices.Repeat([]string{oauthT, insertedT, appendedT}, 3)},
		{"empty body first", "", "", map[string]answer{oauthPath: ok(""), oidcPath: document("")}, "", []string{oauthPath, oidcPath}},
		{"list", "", metadata.OAuth, map[string]answer{oauthPath: ok("[]")}, metadata.Malformed, slices.Repeat([]string{oauthPath}, 3)},
		{"object of another kind first", "", "", map[string]answer{oauthPath: ok(`{"error":"not_found"}`), oidcPath: document("")}, "", []string{oauthPath, oidcPath}},
		{"issuer twice", "", metadata.OAuth, map[string]answer{oauthPath: ok(`{"issuer":"ORIGIN","issuer":"ORIGIN"}`)}, metadata.Malformed, slices.Repeat([]string{oauthPath}, 3)},
		{"issuer a number", "", metadata.OAuth, map[string]answer{oauthPath: ok(`{"issuer":1}`)}, metadata.Malformed, slices.Repeat([]string{oauthPath}, 3)},
		{"wrong type elsewhere", "", metadata.OAuth, map[string]answer{oauthPath: ok(`{"issuer":"ORIGIN","claims_supported":"sub"}`)}, "", []string{oauthPath}},
		{"huge", "", "", map[string]answer{oauthPath: ok(`{"issuer":"ORIGIN","x":"` + strings.Repeat("x", 2<<20) + `"}`)}, metadata.Malformed, []string{oauthPath, oidcPath}},
		{"huge first", "", "", map[string]answer{oauthPath: ok(strings.Repeat(" ", 2<<20)), oidcPath: document("")}, "", []string{oauthPath, oidcPath}},

		{"outage first", "/t", "", map[string]answer{oauthT: outage, appendedT: document("/t")}, "", []string{oauthT, insertedT, appendedT}},
		{"outage, else nothing", "/t", "", map[string]answer{insertedT: outage}, metadata.Unavailable, slices.Repeat([]string{oauthT, insertedT, appendedT}, 3)},
		{"outage, else pages", "/t", "", map[string]answer{oauthT: ok(html), insertedT: ok(html), appendedT: {status: 500}}, metadata.Unavailable, slices.Repeat([]string{oauthT, insertedT, appendedT}, 3)},
		{"too many requests", "", metadata.OAuth, map[string]answer{oauthPath: {status: 429}}, metadata.Unavailable, []string{oauthPath}},
		{"request timeout", "", metadata.OAuth, map[string]answer{oauthPath: {status: 408}}, metadata.Unavailable, []string{oauthPath}},

		{"redirect on the host", "", metadata.OAuth, map[string]answer{
			oauthPath: {status: 302, header: http.Header{"Location": {"/doc"}}}, "/doc": document(""),
		}, "", []string{oauthPath, "/doc"}},
		{"redirect to an insecure page", "", "", map[string]answer{
			oauthPath: {status: 302, header: http.Header{"Location": {"http://login.example.com/"}}}, oidcPath: document(""),
		}, "", []string{oauthPath, oidcPath}},
		{"redirects only", "", "", map[string]answer{
			oauthPath: {status: 302, header: http.Header{"Location": {"http://login.example.com/"}}},
			oidcPath:  {status: 302, header: http.Header{"Location": {oidcPath}}},
		}, metadata.NotFound, []string{oauthPath, oidcPath, oidcPath, oidcPath, oidcPath}},

		{"endpoint over http", "", "", map[string]answer{
			oauthPath: ok(`{"issuer":"ORIGIN","token_endpoint":"http://auth.example.com/token"}`), oidcPath: document(""),
		}, metadata.Malformed, []string{oauthPath}},
		{"endpoint is a script", "", metadata.OAuth, map[string]answer{
			oauthPath: ok(`{"issuer":"ORIGIN","authorization_endpoint":"javascript:alert(1)//"}`),
		}, metadata.Malformed, []string{oauthPath}},
		{"endpoint is relative", "", metadata.OAuth, map[string]answer{oauthPath: ok(`{"issuer":"ORIGIN","jwks_uri":"/jwks"}`)}, metadata.Malformed, []string{oauthPath}},
		{"endpoint is a file behind an outage", "", "", map[string]answer{
			oauthPath: outage, oidcPath: ok(`{"issuer":"ORIGIN","jwks_uri":"file:///etc/passwd"}`),
		}, metadata.Malformed, []string{oauthPath, oidcPath}},
		{"endpoint elsewhere", "", metadata.OAuth, map[string]answer{oauthPath: ok(`{"issuer":"ORIGIN","jwks_uri":"https://keys.example.com/jwks"}`)}, "", []string{oauthPath}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, tc.answers)
			src := metadata.Source{Issuer: h.URL + tc.path, Type: tc.kind}
			as, err := metadata.Discover(t.Context(), src)
			if kind := kindOf(t, err); kind != tc.want {
				t.Fatalf("got %v (%q), want %q", err, kind, tc.want)
			}
			if got := h.paths(); !slices.Equal(got, tc.asked) {
				t.Errorf("asked for %q\nwant      %q", got, tc.asked)
			}
			if (as != nil) != (err == nil) || as != nil && as.Issuer != src.Issuer {
				t.Errorf("got %+v beside %v", as, err)
			}
		})
	}
}

// Covers RS8.
func TestDiscoverFromURL(t *testing.T) {
	t.Parallel()
	h := newHost(t, map[string]answer{
		"/custom?tenant=secret": document("/t"),
		"/other?tenant=secret":  document("/other"),
		oauthPath + "/t":        document("/t"),
	})
	src := metadata.Source{Issuer: h.URL + "/t", Type: metadata.OAuth, URL: h.URL + "/custom?tenant=secret"}
	if _, err := metadata.Discover(t.Context(), src); err != nil {
		t.Error(err)
	}
	src.URL = h.URL + "/other?tenant=secret"
	_, err := metadata.Discover(t.Context(), src)
	if kindOf(t, err) != metadata.IssuerMismatch {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error shows the query: %v", err)
	}
	src.URL = h.URL + "/none"
	if _, err := metadata.Discover(t.Context(), src); kindOf(t, err) != metadata.NotFound {
		t.Errorf("got %v", err)
	}
	want := []string{"/custom?tenant=secret", "/other?tenant=secret", "/none"}
	if got := h.paths(); !slices.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
}

// Covers RS8.
func TestIssuerMismatchError(t *testing.T) {
	t.Parallel()
	h := newHost(t, map[string]answer{
		oauthPath:        document("/"),
		oauthPath + "/t": ok(`{"issuer":"https://evil.example/` + strings.Repeat("x", 5000) + `\n"}`),
	})
	_, err := metadata.Discover(t.Context(), metadata.Source{Issuer: h.URL})
	var mismatch *metadata.IssuerMismatchError
	if !errors.As(err, &mismatch) || mismatch.Want != h.URL || mismatch.Got != h.URL+"/" {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(err.Error(), "trailing slash") {
		t.Errorf("the error does not help: %v", err)
	}
	_, err = metadata.Discover(t.Context(), metadata.Source{Issuer: h.URL + "/t"})
	if !errors.As(err, &mismatch) || len(err.Error()) > 600 || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "trailing") {
		t.Errorf("got %d bytes: %.300s", len(err.Error()), err)
	}
}

// TestDiscoveryErrorTellsAll names each place that was tried.
func TestDiscoveryErrorTellsAll(t *testing.T) {
	t.Parallel()
	h := newHost(t, map[string]answer{oauthPath + "/t": ok(html), oidcPath + "/t": {status: 502}})
	_, err := metadata.Discover(t.Context(), metadata.Source{Issuer: h.URL + "/t"})
	var e *metadata.DiscoveryError
	if !errors.As(err, &e) || e.Kind != metadata.Unavailable || e.URL != h.URL+oidcPath+"/t" || len(e.Others) != 2 {
		t.Fatalf("got %#v", err)
	}
	for _, text := range []string{oauthPath + "/t: malformed", oidcPath + "/t: unavailable: status 502", "/t" + oidcPath + ": not found: status 404"} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is missing: %v", text, err)
		}
	}
	if strings.Contains(err.Error(), "doctype") {
		t.Errorf("the error repeats an answer: %v", err)
	}
}

func TestDiscoverRepairs(t *testing.T) {
	t.Parallel()
	h := newHost(t, map[string]answer{
		oauthPath: ok(html),
		oidcPath:  ok(`{"issuer":"ORIGIN/","issuer":"ORIGIN/","jwks_uri":"ORIGIN/jwks"}`),
	})
	src := metadata.Source{Issuer: h.URL, Repair: func(document []byte) ([]byte, error) {
		if !bytes.HasPrefix(document, []byte("{")) {
			return nil, errNotJSON
		}
		twice := []byte(`"issuer":"` + h.URL + `/",`)
		document = bytes.Replace(document, twice, nil, 1)
		return bytes.Replace(document, twice, []byte(`"issuer":"`+h.URL+`",`), 1), nil
	}}
	as, err := metadata.Discover(t.Context(), src)
	if err != nil || as.JWKSURI != h.URL+"/jwks" {
		t.Errorf("got %+v, %v", as, err)
	}
	src.Type = metadata.OAuth
	if _, err = metadata.Discover(t.Context(), src); kindOf(t, err) != metadata.Malformed || !errors.Is(err, errNotJSON) {
		t.Errorf("got %v", err)
	}
	src.Repair = func([]byte) ([]byte, error) { return nil, nil }
	if _, err = metadata.Discover(t.Context(), src); kindOf(t, err) != metadata.Malformed {
		t.Errorf("got %v", err)
	}
	src.Repair = func([]byte) ([]byte, error) { return []byte(`{"issuer":"https://other.example"}`), nil }
	if _, err = metadata.Discover(t.Context(), src); kindOf(t, err) != metadata.IssuerMismatch {
		t.Errorf("got %v", err)
	}
}

var errNotJSON = errors.New("not JSON")

// TestFetched has what a cache needs.
func TestFetched(t *testing.T) {
	t.Parallel()
	fresh := document("")
	fresh.header = http.Header{"Cache-Control": {"public, max-age=600"}, "Content-Type": {"text/html"}}
	h := newHost(t, map[string]answer{oidcPath: fresh, oauthPath + "/t": document("/t")})
	client := fetch.New(fetch.Policy{})
	defer client.Close()
	got, err := metadata.Fetch(t.Context(), client, metadata.Source{Issuer: h.URL})
	if err != nil || got.URL != h.URL+oidcPath {
		t.Fatalf("got %+v, %v", got, err)
	}
	if d, ok := got.FreshFor(time.Now()); d != 10*time.Minute || !ok {
		t.Errorf("fresh for %s, %t", d, ok)
	}
	// Nil is a client of its own, which those outside the module have.
	got, err = metadata.Fetch(t.Context(), nil, metadata.Source{Issuer: h.URL + "/t"})
	if err != nil {
		t.Fatal(err)
	}
	if d, ok := got.FreshFor(time.Now()); ok {
		t.Errorf("fresh for %s, and nobody says so", d)
	}
}

// TestInvalidSource fetches nothing.
func TestInvalidSource(t *testing.T) {
	t.Parallel()
	h := newHost(t, nil)
	for name, tc := range map[string]struct {
		src  metadata.Source
		what string
	}{
		"no issuer":             {metadata.Source{}, "issuer"},
		"no issuer but a URL":   {metadata.Source{URL: h.URL}, "issuer"},
		"issuer over http":      {metadata.Source{Issuer: "http://auth.example.com"}, "issuer"},
		"issuer with a query":   {metadata.Source{Issuer: h.URL + "?a"}, "issuer"},
		"issuer with secrets":   {metadata.Source{Issuer: "https://u:secret@auth.example.com"}, "issuer"},
		"type":                  {metadata.Source{Issuer: h.URL, Type: "OIDC"}, "issuer"},
		"type beside a URL":     {metadata.Source{Issuer: h.URL, URL: h.URL, Type: "x"}, "issuer"},
		"URL over http":         {metadata.Source{Issuer: h.URL, URL: "http://auth.example.com/"}, "metadata URL"},
		"URL with secrets":      {metadata.Source{Issuer: h.URL, URL: "https://u:secret@auth.example.com/"}, "metadata URL"},
		"URL of another scheme": {metadata.Source{Issuer: h.URL, URL: "file:///etc/passwd"}, "metadata URL"},
		"URL with a fragment":   {metadata.Source{Issuer: h.URL, URL: h.URL + "#a"}, "metadata URL"},
	} {
		_, err := metadata.Discover(t.Context(), tc.src)
		var cause *metadata.URLError
		if kindOf(t, err) != metadata.InvalidSource || !errors.As(err, &cause) || cause.What != tc.what {
			t.Errorf("%s: got %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows a password: %v", name, err)
		}
	}
	if asked := h.paths(); len(asked) != 0 {
		t.Errorf("asked for %q", asked)
	}
}

// Covers RS21.
func TestDiscoverKeepsToPublicAddresses(t *testing.T) {
	t.Parallel()
	for _, src := range []metadata.Source{
		{Issuer: "https://10.0.0.1/t"},
		{Issuer: "https://169.254.169.254", Type: metadata.OIDC},
		{Issuer: "https://[fd00::1]:8443"},
		{Issuer: "https://auth.example.com", URL: "https://192.168.1.1/metadata"},
	} {
		_, err := metadata.Discover(t.Context(), src)
		var cause *fetch.Error
		if kindOf(t, err) != metadata.Unavailable || !errors.As(err, &cause) || cause.Kind != fetch.BlockedAddress {
			t.Errorf("%s: got %v", src.Issuer, err)
		}
	}
}

// TestDiscoverWithNetworkSettings holds that a server is reached as the settings
// say.
// Covers RS21.
func TestDiscoverWithNetworkSettings(t *testing.T) {
	t.Parallel()
	var issuer string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q}`, issuer)
	}))
	t.Cleanup(server.Close)
	issuer = server.URL
	src := metadata.Source{Issuer: issuer}
	if _, err := metadata.Discover(t.Context(), src); kindOf(t, err) != metadata.Unavailable {
		t.Errorf("a certificate of an unknown authority: got %v", err)
	}
	src.Network.RootCAs = x509.NewCertPool()
	src.Network.RootCAs.AddCert(server.Certificate())
	if _, err := metadata.Discover(t.Context(), src); err != nil {
		t.Error(err)
	}
	src.Network.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	src.Network.Timeout = time.Nanosecond
	src.Issuer = "https://10.0.0.1"
	var blocked *fetch.Error
	if _, err := metadata.Discover(t.Context(), src); !errors.As(err, &blocked) || blocked.Kind == fetch.BlockedAddress {
		t.Errorf("an allowed network: got %v", err)
	}
}

// TestDocumentMustNotLeadToLoopback is of an issuer that is elsewhere, with its
// document on loopback by the operator's word.
// Covers RS21.
func TestDocumentMustNotLeadToLoopback(t *testing.T) {
	t.Parallel()
	h := newHost(t, map[string]answer{
		"/bad":  ok(`{"issuer":"https://auth.example.com","jwks_uri":"ORIGIN/jwks"}`),
		"/good": ok(`{"issuer":"https://auth.example.com","jwks_uri":"https://auth.example.com/jwks"}`),
	})
	src := metadata.Source{Issuer: "https://auth.example.com", URL: h.URL + "/bad"}
	_, err := metadata.Discover(t.Context(), src)
	var cause *metadata.DocumentError
	if kindOf(t, err) != metadata.Malformed || !errors.As(err, &cause) || cause.Member != "jwks_uri" {
		t.Errorf("got %v", err)
	}
	src.URL = h.URL + "/good"
	if _, err := metadata.Discover(t.Context(), src); err != nil {
		t.Error(err)
	}
}

func TestDiscoverUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer := fmt.Sprintf("http://%s/t", l.Addr())
	l.Close()
	_, err = metadata.Discover(t.Context(), metadata.Source{Issuer: issuer})
	var e *metadata.DiscoveryError
	if !errors.As(err, &e) || e.Kind != metadata.Unavailable || len(e.Others) != 2 {
		t.Errorf("got %v", err)
	}
}
