package account

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestRefusals shows that a command repeats what the server says of a refusal,
// and that the SDK still reads the response.
func TestRefusals(t *testing.T) {
	t.Parallel()
	failed := errors.New("Forbidden")
	tests := map[string]struct {
		status int
		body   string
		want   string
	}{
		"described":   {http.StatusForbidden, `{"error":"access_denied","error_description":"Not permitted."}`, "Forbidden\nThe server says: Not permitted."},
		"control":     {http.StatusForbidden, `{"error_description":"\u001b[31mred"}`, "Forbidden\nThe server says: \uFFFD[31mred"},
		"long":        {http.StatusForbidden, `{"error_description":"` + strings.Repeat("a", 1000) + `"}`, "Forbidden\nThe server says: " + strings.Repeat("a", 300)},
		"no text":     {http.StatusForbidden, "<html>", "Forbidden"},
		"another one": {http.StatusForbidden, `{"error_description":7}`, "Forbidden"},
		"too large":   {http.StatusForbidden, `{"error_description":"` + strings.Repeat("a", 2*maxRefusal) + `"}`, "Forbidden"},
		"no refusal":  {http.StatusOK, `{"error_description":"Not permitted."}`, "Forbidden"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			defer server.Close()
			r := &refusals{base: http.DefaultTransport}
			resp, err := (&http.Client{Transport: r}).Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != test.body {
				t.Errorf("the response has %d bytes, %v", len(body), err)
			}
			if got := r.explain(failed); got.Error() != test.want || !errors.Is(got, failed) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if r.explain(nil) != nil {
				t.Error("an error out of none")
			}
		})
	}
}
