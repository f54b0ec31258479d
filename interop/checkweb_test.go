package interop_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/mcp-auth/go/interop/internal/parts"
)

// checkWebAttacks is what js/check-web.mjs prints of somebody else's page.
type checkWebAttacks struct {
	Rebound, Form, Frame int
	Fetch                bool
}

// checkWebReport is what it prints for one check.
type checkWebReport struct {
	Name                      string
	Scripts, Reloaded         bool
	First, Lines              []string
	Markdown, Copied, JSON    string
	Wide                      []int
	Foreign                   int
	Errors, Unnamed, Contrast []string
}

type checkWebTarget struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	GoOn string `json:"goOn,omitempty"`

	lines []string // that the report has
}

// Chromium checks a good MCP server, a broken one and an authorization server on
// the page of mcpauth check --web, without scripts and with them; and a page of
// somebody else, in the same browser, tries to make it check something.
func TestCheckWeb(t *testing.T) {
	t.Parallel()
	targets := checkWebTargets(t)
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Somebody else</title><body>"))
	}))
	t.Cleanup(foreign.Close)
	in, err := json.Marshal(map[string]any{
		"chromium": parts.Chromium(t), "screenshots": parts.Screenshots(t), "targets": targets,
		"page": parts.StartCheckWeb(t, "--timeout", "50s"), "foreign": foreign.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	var printed struct {
		Attacks checkWebAttacks
		Reports []checkWebReport
	}
	out := parts.Script(t, scriptTimeout, in, "check-web.mjs")
	if err := json.Unmarshal(out, &printed); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if want := (checkWebAttacks{Rebound: 403, Form: 403, Frame: 403}); printed.Attacks != want {
		t.Errorf("somebody else's page gets %+v, want %+v", printed.Attacks, want)
	}
	reports := printed.Reports
	if len(reports) != 2*len(targets) {
		t.Fatalf("%d reports, want %d", len(reports), 2*len(targets))
	}
	for i, got := range reports {
		got.check(t, targets[i/2], i%2 == 1)
	}
	if first := reports[2].First; len(first) != 3 || !strings.Contains(first[0], targets[1].URL) {
		t.Errorf("while the check went on, the page had the requests %q, want 3", first)
	}
}

func checkWebTargets(t *testing.T) []checkWebTarget {
	resource := parts.NewResource(t)
	issuer := parts.StartDevServer(t, "--config", devConfig(t, resource)).Issuer
	parts.StartTodoManager(t, resource, issuer)
	broken := startBrokenServer(t)
	return []checkWebTarget{
		{Name: "good", URL: resource, lines: []string{"MCP server " + resource, "Authorization server " + issuer}},
		{Name: "broken", URL: broken + "/mcp", GoOn: broken + "/go-on", lines: []string{
			"MCP server " + broken + "/mcp", "resource_metadata is not an absolute URL. resource_metadata_relative", "MCP Inspector fails",
		}},
		{Name: "issuer", URL: issuer, lines: []string{"Authorization server " + issuer}},
	}
}

// startBrokenServer starts a server that gets wrong what it can, in words that
// are meant to become markup. It waits after the third request of the check, before
// which one finds out what it is, until it is told to go on.
func startBrokenServer(t *testing.T) string {
	const markup = `<img src=x onerror=alert(1)><b>bold</b></textarea><script>alert(2)</script>`
	goOn := make(chan struct{})
	var once sync.Once
	var mu sync.Mutex
	requests := 0
	mux := http.NewServeMux()
	mux.HandleFunc("/go-on", func(http.ResponseWriter, *http.Request) { once.Do(func() { close(goOn) }) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		wait := requests >= 1+3
		if r.URL.Path == "/mcp" {
			requests++ // looking for metadata comes before
		}
		mu.Unlock()
		if wait {
			select {
			case <-goOn:
			case <-r.Context().Done():
			}
		}
		if strings.Contains(r.URL.Path, "oauth-protected-resource") {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"resource":"javascript:alert(3)","resource_name":"` + "<script>" + `","authorization_servers":["` + `<script>` + `"]}`))
			return
		}
		if strings.Contains(r.URL.Path, "/.well-known/") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="`+markup+`", error="`+markup+`"`)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`panic: ` + markup + ` goroutine 1 [running]: main.main() /srv/app/main.go:12`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		once.Do(func() { close(goOn) })
		server.Close()
	})
	return server.URL
}

func (got checkWebReport) check(t *testing.T, target checkWebTarget, scripts bool) {
	t.Helper()
	name := got.Name
	if got.Scripts != scripts || name != target.Name {
		t.Errorf("report %s with scripts %t, want %s with %t", name, got.Scripts, target.Name, scripts)
	}
	checkLines(t, got.Lines, target.lines...)
	if !got.Reloaded {
		t.Errorf("%s: the report is another one after a reload", name)
	}
	if got.JSON != target.URL || !strings.Contains(got.Markdown, "## In order") {
		t.Errorf("%s: the report as JSON is of %q, as Markdown:\n%s", name, got.JSON, got.Markdown)
	}
	if want := map[bool]string{true: got.Markdown}[scripts]; got.Copied != want {
		t.Errorf("%s: scripts %t, copied:\n%s", name, scripts, got.Copied)
	}
	if len(got.Wide) > 0 {
		t.Errorf("%s: screens of %d pixels have to scroll sideways", name, got.Wide)
	}
	if got.Foreign > 0 || len(got.Errors) > 0 {
		t.Errorf("%s: %d elements that are not the page's, errors %q", name, got.Foreign, got.Errors)
	}
	if len(got.Unnamed) > 0 || len(got.Contrast) > 0 {
		t.Errorf("%s: controls without a name: %q; hard to read: %q", name, got.Unnamed, got.Contrast)
	}
}
