package page

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func newTestPages(t *testing.T, issuer string) *Pages {
	t.Helper()
	p, err := New(Config{
		Issuer: issuer, FormKey: []byte("key"), Cookie: "form", Log: slog.New(slog.DiscardHandler),
		Templates: fstest.MapFS{
			"own.html":  {Data: []byte(`{{define "error note"}}<p>a note</p>{{end}}`)},
			"style.css": {Data: []byte("p{color:red}")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTemplatesOfTheProgram(t *testing.T) {
	t.Parallel()
	recorder := httptest.NewRecorder()
	p := newTestPages(t, "https://as.example")
	p.ShowError(recorder, httptest.NewRequest(http.MethodGet, "/authorize", nil), http.StatusBadRequest, "<script>")
	shown := recorder.Body.String()
	for _, want := range []string{"<p>a note</p>", "p{color:red}", "&lt;script&gt;", "https://as.example"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page lacks %q: %s", want, shown)
		}
	}
}

func TestFormTokens(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ issuer, cookie string }{
		{"https://as.example", "__Host-form"}, {"http://127.0.0.1:9000", "form"},
	} {
		p := newTestPages(t, test.issuer)
		recorder := httptest.NewRecorder()
		token := p.FormToken(recorder, httptest.NewRequest(http.MethodGet, "/authorize?a=1", nil))
		cookie := recorder.Result().Cookies()[0]
		if cookie.Name != test.cookie || !cookie.HttpOnly || cookie.Secure != strings.HasPrefix(test.issuer, "https") {
			t.Errorf("cookie %v", cookie)
		}
		form := func(target string, cookies ...*http.Cookie) *http.Request {
			r := httptest.NewRequest(http.MethodPost, target, nil)
			for _, c := range cookies {
				r.AddCookie(c)
			}
			return r
		}
		crossSite := form("/authorize?a=1", cookie)
		crossSite.Header.Set("Sec-Fetch-Site", "cross-site")
		for _, c := range []struct {
			name    string
			request *http.Request
			token   string
			want    bool
		}{
			{"own", form("/authorize?a=1", cookie), token, true},
			{"escaped differently", form("/authorize?%61=1", cookie), token, true},
			{"other query", form("/authorize?a=2", cookie), token, false},
			{"other token", form("/authorize?a=1", cookie), "x", false},
			{"no cookie", form("/authorize?a=1"), token, false},
			{"two cookies", form("/authorize?a=1", cookie, cookie), token, false},
			{"short cookie", form("/authorize?a=1", &http.Cookie{Name: cookie.Name, Value: "x"}), token, false},
			{"other site", crossSite, token, false},
		} {
			if got := p.FromOwnPage(c.request, c.token); got != c.want {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
}
