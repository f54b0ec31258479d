package parts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mcp-auth/go/interop/internal/settings"
)

const (
	requestTimeout  = 30 * time.Second
	protocolVersion = "2025-11-25"
	initialize      = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"` + protocolVersion +
		`","capabilities":{},"clientInfo":{"name":"interop","version":"1"}}}`
)

// Answer is a complete HTTP answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send sends one bare request to an MCP endpoint, with token as a Bearer token
// unless it is empty. A POST carries an initialize request.
func Send(tb testing.TB, method, url, token string) Answer {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), requestTimeout)
	defer cancel()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(initialize)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	answer := Answer{Status: resp.StatusCode, Header: resp.Header}
	if answer.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody)); err != nil {
		tb.Fatal(err)
	}
	return answer
}

// Identity is what the tool whoami answers.
type Identity = settings.Identity

// CallWhoami calls the tool whoami with go-sdk's client and a token.
func CallWhoami(tb testing.TB, url, token string) Identity {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), requestTimeout)
	defer cancel()
	identity, err := callWhoami(ctx, url, token)
	if err != nil {
		tb.Fatalf("call whoami: %v", err)
	}
	return identity
}

func callWhoami(ctx context.Context, url, token string) (Identity, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "interop", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint:             url,
		HTTPClient:           &http.Client{Transport: bearer(token)},
		MaxRetries:           -1,
		DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		return Identity{}, err
	}
	defer session.Close()
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "whoami"})
	if err != nil {
		return Identity{}, err
	}
	if err := result.GetError(); err != nil {
		return Identity{}, err
	}
	if len(result.Content) != 1 {
		return Identity{}, fmt.Errorf("%d pieces of content, want 1", len(result.Content))
	}
	text, ok := result.Content[0].(*mcp.TextContent)
	if !ok {
		return Identity{}, errors.New("the content is no text")
	}
	return ParseIdentity(text.Text)
}

// ParseIdentity parses the text content of whoami's answer.
func ParseIdentity(text string) (Identity, error) {
	var i Identity
	err := json.Unmarshal([]byte(text), &i)
	return i, err
}

// bearer is a round tripper that adds a Bearer token.
type bearer string

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(req)
}
