package check

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// testTimeout bounds what a test waits for.
const testTimeout = 30 * time.Second

// Interrupted, the command ends the checks that are being made, says so on their
// pages, and succeeds.
func TestCheckWebStops(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 1)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or its end is not seen
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out, stdout := io.Pipe()
	exit := make(chan int, 1)
	go func() {
		exit <- runCommand(ctx, stdout, io.Discard, "--web", "--json", "--timeout", "1m")
	}()
	var facts struct{ URL string }
	if err := json.NewDecoder(out).Decode(&facts); err != nil {
		t.Fatal(err)
	}
	page := startWebCheck(t, facts.URL, silent.URL)
	select {
	case <-arrived:
	case <-time.After(testTimeout):
		t.Fatal("nothing was asked")
	}
	interrupt()
	select {
	case code := <-exit:
		if code != 0 {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(testTimeout):
		t.Fatal("the command goes on")
	}
	rest, err := io.ReadAll(page)
	if err != nil || !strings.Contains(string(rest), "The check was stopped.") {
		t.Errorf("%v, the page is\n%s", err, rest)
	}
}

// startWebCheck returns the page that is being written.
func startWebCheck(t *testing.T, page, target string) io.Reader {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, Timeout: testTimeout}
	form, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer form.Body.Close()
	text, err := io.ReadAll(form.Body)
	if err != nil {
		t.Fatal(err)
	}
	csrf := regexp.MustCompile(`name="csrf" value="(\w+)"`).FindSubmatch(text)
	if csrf == nil {
		t.Fatalf("the page has no form: %s", text)
	}
	started, err := client.PostForm(page+"check", url.Values{"csrf": {string(csrf[1])}, "url": {target}, "kind": {"mcp_server"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { started.Body.Close() })
	return started.Body
}
