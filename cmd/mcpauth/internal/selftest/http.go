package selftest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/mcp-auth/go/internal/challenge"
	"github.com/mcp-auth/go/internal/fetch"
)

// knock asks the MCP server to initialize, with a token unless it is empty,
// and returns its answer's status and Bearer challenge.
func (f *flow) knock(ctx context.Context, token string) (int, challenge.Challenge, error) {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	response, err := f.fetcher.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: f.demo.Facts.MCPURL, Header: header,
		Body: []byte(initializeRequest), AllowLoopback: true,
	})
	if err != nil {
		return 0, challenge.Challenge{}, err
	}
	challenges, err := challenge.Parse(response.Header.Values("WWW-Authenticate"))
	if err != nil {
		return 0, challenge.Challenge{}, err
	}
	for _, c := range challenges {
		if c.Is("Bearer") {
			return response.Status, c, nil
		}
	}
	return 0, challenge.Challenge{}, fmt.Errorf("status %d without a Bearer challenge", response.Status)
}

// post sends a body to an endpoint of the authorization server and decodes
// what it answers. Of an error answer only the error code is shown.
func (f *flow) post(ctx context.Context, endpoint, contentType string, body []byte, status int, into any) error {
	response, err := f.fetcher.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: endpoint, Body: body, AllowLoopback: true,
		Header: http.Header{"Content-Type": {contentType}, "Accept": {"application/json"}},
	})
	if err != nil {
		return err
	}
	if response.Status != status {
		var refusal struct {
			Error string `json:"error"`
		}
		_ = json.Unmarshal(response.Body, &refusal) // a body of another kind has no code to show
		return fmt.Errorf("status %d, want %d, error %q", response.Status, status, refusal.Error)
	}
	if err := json.Unmarshal(response.Body, into); err != nil {
		return errors.New("the answer is not the JSON object that was expected")
	}
	return nil
}

// bearer sends a token with every request.
type bearer struct {
	token string
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}
