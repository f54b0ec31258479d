package route

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTable(t *testing.T) {
	t.Parallel()
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	table := &Table{Loopback: true, Routes: map[string]Route{
		"/token": {Methods: []string{"POST"}, Handler: ok},
		"/page":  {Methods: []string{"GET", "POST"}, Page: true, Handler: ok},
	}}
	for _, test := range []struct {
		method, host, path string
		status             int
		anyOrigin          bool
	}{
		{"POST", "127.0.0.1:9000", "/token", 200, true},
		{"POST", "rebound.example", "/token", 200, true}, // depends on no cookie
		{"GET", "127.0.0.1:9000", "/token", 405, true},
		{"OPTIONS", "127.0.0.1:9000", "/token", 204, true},
		{"GET", "127.0.0.1:9000", "/page", 200, false},
		{"GET", "localhost", "/page", 200, false},
		{"GET", "rebound.example", "/page", 403, false},
		{"OPTIONS", "127.0.0.1:9000", "/page", 405, false},
		{"GET", "127.0.0.1:9000", "/page/", 404, true},
	} {
		r := httptest.NewRequest(test.method, "http://"+test.host+test.path, nil)
		recorder := httptest.NewRecorder()
		table.ServeHTTP(recorder, r)
		anyOrigin := recorder.Header().Get("Access-Control-Allow-Origin") == "*"
		if recorder.Code != test.status || anyOrigin != test.anyOrigin || recorder.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s at %s: status %d, any origin %v", test.method, test.path, test.host, recorder.Code, anyOrigin)
		}
		if test.status == http.StatusMethodNotAllowed && recorder.Header().Get("Allow") == "" {
			t.Error("no Allow")
		}
	}
}

func TestPeopleGetAPage(t *testing.T) {
	t.Parallel()
	shown := false
	table := &Table{
		Loopback: true, Routes: map[string]Route{"/token": {Methods: []string{"POST"}}},
		ShowProblem: func(http.ResponseWriter, *http.Request, int, string, string) { shown = true },
	}
	for _, test := range []struct {
		host, path, accept string
		want               bool
	}{
		{"127.0.0.1:9000", "/nothing", "text/html,application/xhtml+xml,*/*;q=0.8", true},
		{"127.0.0.1:9000", "/token", "text/html", true},
		{"127.0.0.1:9000", "/nothing", "application/json", false},
		{"127.0.0.1:9000", "/nothing", "", false},
		{"rebound.example", "/nothing", "text/html", false},
	} {
		shown = false
		r := httptest.NewRequest(http.MethodGet, "http://"+test.host+test.path, nil)
		r.Header.Set("Accept", test.accept)
		recorder := httptest.NewRecorder()
		table.ServeHTTP(recorder, r)
		if shown != test.want {
			t.Errorf("%s %s for %q: a page %v", test.host, test.path, test.accept, shown)
		}
		if !shown && recorder.Code != http.StatusNotFound {
			t.Errorf("%s %s for %q: status %d", test.host, test.path, test.accept, recorder.Code)
		}
	}
}
