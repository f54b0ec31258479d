package fetch

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mcp-auth/go/network"
)

// TestEventWait holds that a stream that never ends is read up to its first
// event with data, or for as long as was asked.
func TestEventWait(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sent, want string
	}{
		"an event":         {"data: 1\n\n", "data: 1\n\n"},
		"of two":           {"data: 1\n\ndata: 2\n\n", "data: 1\n\ndata: 2\n\n"},
		"CRLF":             {"event: message\r\ndata: 1\r\n\r\n", "event: message\r\ndata: 1\r\n\r\n"},
		"one without data": {"id: 1\ndata:\n\n", "id: 1\ndata:\n\n"},
		"half an event":    {"data: 1\n", "data: 1\n"},
		"nothing":          {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
				fmt.Fprint(w, c.sent)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}))
			t.Cleanup(server.Close)
			client := New(Policy{Settings: network.Settings{Timeout: time.Minute}})
			t.Cleanup(client.Close)
			resp, err := client.Do(t.Context(), Request{URL: server.URL, AllowLoopback: true, EventWait: 100 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if string(resp.Body) != c.want || resp.Status != http.StatusOK {
				t.Errorf("%d, %q", resp.Status, resp.Body)
			}
		})
	}
}

// TestEventWaitKeepsLimits holds that a stream has the limits of other answers.
func TestEventWaitKeepsLimits(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: "+strings.Repeat("x", 2000))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	client := New(Policy{MaxBody: 1000})
	t.Cleanup(client.Close)
	if _, err := client.Do(t.Context(), Request{URL: server.URL, AllowLoopback: true, EventWait: time.Minute}); !isKind(err, TooLarge) {
		t.Errorf("the error is %v", err)
	}
}
