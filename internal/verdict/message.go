package verdict

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"testing"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/internal/txtar"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/policy/policyfile"
)

// checks are the functions that policies of verdict files may name.
func checks() map[string]policy.CheckFunc {
	answer := func(allowed bool, err error) policy.CheckFunc {
		return func(context.Context, policy.Caller, policy.Operation) (bool, error) { return allowed, err }
	}
	return map[string]policy.CheckFunc{
		"agrees":    answer(true, nil),
		"disagrees": answer(false, nil),
		"fails":     answer(true, errors.New("secret cause")),
		"panics":    func(context.Context, policy.Caller, policy.Operation) (bool, error) { panic("secret cause") },
		// The argument owner is the subject.
		"owner": func(_ context.Context, caller policy.Caller, op policy.Operation) (bool, error) {
			var arguments struct{ Owner string }
			err := json.Unmarshal(op.Arguments, &arguments)
			return arguments.Owner == caller.Subject, err
		},
	}
}

// applyPolicy reads the policy of a verdict file, in the form of policy files.
func applyPolicy(t *testing.T, raw json.RawMessage, r *mcpauth.Resource) {
	t.Helper()
	if raw == nil {
		return
	}
	f, err := policyfile.Parse(raw, policyfile.WithChecks(checks()))
	if err != nil {
		t.Fatal(err)
	}
	f.Apply(r)
}

// bodyPlaceholder stands in bodies for what a text file does not hold well:
// {hex:c328} for bytes, {repeat:1000:[} for a text many times.
var bodyPlaceholder = regexp.MustCompile(`\{(hex|repeat):([0-9a-f]+)(?::([^}]*))?\}`)

func expandBody(body []byte) []byte {
	return bodyPlaceholder.ReplaceAllFunc(body, func(match []byte) []byte {
		parts := bodyPlaceholder.FindSubmatch(match)
		if string(parts[1]) == "hex" {
			raw, _ := hex.DecodeString(string(parts[2]))
			return raw
		}
		n, _ := strconv.Atoi(string(parts[2]))
		return bytes.Repeat(parts[3], n)
	})
}

// body is what stands after the first blank line of a request. It is JSON
// unless the request has a Content-Type, even an empty one, of its own.
func withBody(r *http.Request, raw []byte) {
	raw = expandBody(bytes.TrimSuffix(raw, []byte("\n")))
	if len(raw) == 0 {
		return
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	if types, given := r.Header["Content-Type"]; !given {
		r.Header.Set("Content-Type", "application/json")
	} else if types[0] == "" {
		r.Header.Del("Content-Type")
	}
}

// mcpServer is the protected handler. It opens a session for whoever asks for
// one, answers with the section response, and notes the operations that reach
// it as the most careless of servers would read them.
type mcpServer struct {
	response []byte // headers and body
	handled  []string
}

func (s *mcpServer) serve(t *testing.T, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("the handler cannot read the body: %v", err)
	}
	s.handled = carelessly(body)
	for _, operation := range s.handled {
		if operation == "initialize" {
			w.Header().Set("Mcp-Session-Id", "session-1")
		}
	}
	if len(s.response) == 0 {
		return
	}
	head, rest, _ := bytes.Cut(s.response, []byte("\n\n"))
	for line := range strings.Lines(string(head)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		w.Header().Set(textproto.CanonicalMIMEHeaderKey(name), value)
	}
	_, _ = w.Write(rest)
}

// carelessly reads messages with encoding/json, which takes the last of several
// members and names in any case.
func carelessly(body []byte) (operations []string) {
	type message struct {
		Method string
		Params struct {
			Name, URI string
			Ref       struct{ Name, URI string }
		}
	}
	var messages []message
	if json.Unmarshal(body, &messages) != nil {
		messages = make([]message, 1)
		_ = json.NewDecoder(bytes.NewReader(body)).Decode(&messages[0])
	}
	for _, m := range messages {
		p := m.Params
		operations = append(operations, strings.TrimSpace(m.Method+" "+p.Name+p.URI+p.Ref.Name+p.Ref.URI))
	}
	return operations
}

// describeAnswer tells what a JSON-RPC error, or the handler's answer, says.
func describeAnswer(b *strings.Builder, code int, body []byte, s *mcpServer) {
	var answer struct {
		ID    json.RawMessage
		Error struct {
			Code    int
			Message string
		}
	}
	if json.Unmarshal(body, &answer) == nil && answer.Error.Code != 0 {
		fmt.Fprintf(b, "rpc-error: %d %s\n", answer.Error.Code, answer.Error.Message)
		line(b, "rpc-id", string(answer.ID))
	}
	if code != http.StatusOK {
		return
	}
	for _, operation := range s.handled {
		line(b, "handled", operation)
	}
	if len(s.response) == 0 {
		return
	}
	for text := range strings.Lines(string(body)) {
		line(b, "body", strings.TrimSpace(text))
	}
}

// ofHTTP reports a case about what only doors for HTTP do: filter answers, bind
// the sessions that handlers open, and check where pages are from.
func ofHTTP(archive *txtar.Archive) bool {
	request := section(archive, "request")
	return section(archive, "response") != "" || strings.Contains(request, "\nMcp-Session-Id:") || strings.Contains(request, "\nOrigin:")
}
