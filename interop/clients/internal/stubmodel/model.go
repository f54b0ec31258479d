// Package stubmodel is a language model without a mind: it calls one tool that a
// client offers it, reads the result, and says that it is done. It speaks the
// APIs that MCP clients use, on loopback.
package stubmodel

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

const maxRequest = 8 << 20

// Call is the one tool call that a model makes.
type Call struct {
	Tool      string            // as the MCP server names it
	Arguments map[string]string // of the tool
}

// Model is a running model.
type Model struct {
	// URL is the origin of its APIs:
	// OpenAI's Responses (/v1/responses) and Chat Completions (/v1/chat/completions),
	// Anthropic's Messages (/v1/messages) and Gemini's (/v1beta/models/).
	URL string

	call Call

	mu      sync.Mutex
	offered []string
	results []string
}

// Start starts a model, which is gone when the test is.
func Start(tb testing.TB, call Call) *Model {
	tb.Helper()
	m := &Model{call: call}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/responses", m.serve(responses{}))
	mux.HandleFunc("POST /v1/chat/completions", m.serve(chat{}))
	mux.HandleFunc("POST /v1/messages", m.serve(messages{}))
	mux.HandleFunc("POST /v1beta/models/{action}", m.serve(gemini{}))
	server := httptest.NewServer(mux)
	tb.Cleanup(server.Close)
	m.URL = server.URL
	return m
}

// Offered returns the names of the tools that the client offered, sorted.
func (m *Model) Offered() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.offered)
}

// Result returns what the client told the model about the call, and whether it
// told anything.
func (m *Model) Result() (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.results, "\n"), len(m.results) > 0
}

// api is one of the ways to ask a model.
type api interface {
	// read understands a request.
	read(body []byte) (conversation, error)
	// events is the answer as a stream of server-sent events; call is nil for text.
	events(call *toolCall) []event
}

// conversation is what a request of any API says.
type conversation struct {
	tools   []toolName
	results []string // of the calls that were made
}

// toolName is a tool as a client offers it. Some APIs have namespaces.
type toolName struct{ namespace, name string }

type toolCall struct {
	toolName
	arguments map[string]string
}

func (c toolCall) argumentsText() string {
	text, err := json.Marshal(c.arguments)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}

const done = "Done."

func (m *Model) serve(api api) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		said, err := api.read(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writeEvents(w, api.events(m.next(said)))
	}
}

// next decides what to answer: the call, if the tool is offered and was not
// called yet. Clients also ask for titles and the like, without tools.
func (m *Model) next(said conversation) *toolCall {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, tool := range said.tools {
		m.offered = append(m.offered, strings.TrimPrefix(tool.namespace+"/"+tool.name, "/"))
	}
	slices.Sort(m.offered)
	m.offered = slices.Compact(m.offered)
	if len(said.results) > 0 {
		m.results = said.results
		return nil
	}
	for _, tool := range said.tools {
		if strings.HasSuffix(plain(tool.name), plain(m.call.Tool)) {
			return &toolCall{tool, m.call.Arguments}
		}
	}
	return nil
}

// plain is a name as all clients would spell it: some have no hyphens.
func plain(name string) string { return strings.ReplaceAll(name, "-", "_") }

// textOf returns a member that is a string, or the JSON of one that is not.
func textOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

var errNoConversation = errors.New("the request has no conversation")
