package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/terminal"
)

// maxRefusal bounds the body of a refusal that is looked at, in bytes.
const maxRefusal = 16 << 10

// maxDescription bounds what is shown of it, in characters.
const maxDescription = 300

// refusals keeps what the server said when it last refused a request. The SDK's
// errors have nothing but the status.
type refusals struct {
	base http.RoundTripper

	mu   sync.Mutex
	last string // error_description (RFC 6750 §3)
}

func (r *refusals) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.base.RoundTrip(req)
	if err != nil || resp.StatusCode < http.StatusBadRequest {
		return resp, err
	}
	start, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	rest := io.MultiReader(bytes.NewReader(start), resp.Body)
	resp.Body = struct {
		io.Reader
		io.Closer
	}{rest, resp.Body}
	var body struct {
		Description string `json:"error_description"`
	}
	if err == nil && json.Unmarshal(start, &body) == nil {
		r.mu.Lock()
		r.last = body.Description
		r.mu.Unlock()
	}
	return resp, nil
}

// explain adds to an error what the server said.
func (r *refusals) explain(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil || r.last == "" {
		return err
	}
	return fmt.Errorf("%w\nThe server says: %s", err, terminal.Line(shortened(r.last)))
}

// shortened returns the beginning of a text.
func shortened(text string) string {
	if runes := []rune(text); len(runes) > maxDescription {
		return string(runes[:maxDescription])
	}
	return text
}
