package crosscheck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	markmcp "github.com/mark3labs/mcp-go/mcp"
	markserver "github.com/mark3labs/mcp-go/server"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mcp-auth/go/internal/mcpmsg"
)

// operation is what a server executes, by its own reading.
type operation struct {
	method    string
	name      string
	arguments string
}

// executed gathers what a server executes for one HTTP request.
type executed struct {
	mu   sync.Mutex
	list []operation
	stop context.CancelFunc
}

type executedKey struct{}

func record(ctx context.Context, operations ...operation) {
	e, ok := ctx.Value(executedKey{}).(*executed)
	if !ok {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, operations...)
}

// run sends one request to a server and returns what that executed.
func run(t *testing.T, server http.Handler, header http.Header, body []byte) []operation {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	e := &executed{stop: stop}
	ctx = context.WithValue(ctx, executedKey{}, e)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/mcp", bytes.NewReader(body))
	r.Header = header.Clone()
	r.Header.Set("Accept", "application/json, text/event-stream")
	server.ServeHTTP(httptest.NewRecorder(), r)
	if err := ctx.Err(); errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the server hangs on %s", body)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.list
}

// sdkServer is go-sdk with a middleware that records before the method runs,
// and a tool, a prompt and resources that record from inside.
func sdkServer() http.Handler {
	quiet := slog.New(slog.DiscardHandler)
	server := mcp.NewServer(&mcp.Implementation{Name: "s", Version: "1"}, &mcp.ServerOptions{
		Logger:             quiet,
		SubscribeHandler:   func(context.Context, *mcp.SubscribeRequest) error { return nil },
		UnsubscribeHandler: func(context.Context, *mcp.UnsubscribeRequest) error { return nil },
		CompletionHandler: func(context.Context, *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
			return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: []string{}}}, nil
		},
	})
	for _, name := range []string{"add", "Add", "remove"} {
		server.AddTool(&mcp.Tool{Name: name, InputSchema: json.RawMessage(`{"type":"object"}`)},
			func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				record(ctx, operation{"tools/call", name, string(r.Params.Arguments)})
				return &mcp.CallToolResult{}, nil
			})
		server.AddPrompt(&mcp.Prompt{Name: name}, func(ctx context.Context, r *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			record(ctx, operation{method: "prompts/get", name: name})
			return &mcp.GetPromptResult{}, nil
		})
	}
	read := func(ctx context.Context, r *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		record(ctx, operation{method: "resources/read", name: r.Params.URI})
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{}}, nil
	}
	server.AddResource(&mcp.Resource{Name: "a", URI: "file:///a"}, read)
	server.AddResourceTemplate(&mcp.ResourceTemplate{Name: "t", URITemplate: "file:///t/{+p}"}, read)
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, r mcp.Request) (mcp.Result, error) {
			record(ctx, sdkOperations(method, r.GetParams())...)
			if method == "subscriptions/listen" {
				return nil, errors.New("recorded") // it would wait for its caller to leave
			}
			return next(ctx, method, r)
		}
	})
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true, Logger: quiet})
}

func sdkOperations(method string, params mcp.Params) []operation {
	switch p := params.(type) {
	case *mcp.CallToolParamsRaw:
		return []operation{{method, p.Name, string(p.Arguments)}}
	case *mcp.GetPromptParams:
		return []operation{{method: method, name: p.Name}}
	case *mcp.ReadResourceParams:
		return []operation{{method: method, name: p.URI}}
	case *mcp.SubscribeParams:
		return []operation{{method: method, name: p.URI}}
	case *mcp.UnsubscribeParams:
		return []operation{{method: method, name: p.URI}}
	case *mcp.CompleteParams:
		return []operation{reference(method, p.Ref.Type, p.Ref.Name+p.Ref.URI)}
	case *mcp.SubscriptionsListenParams:
		all := []operation{{method: method}}
		if p.Notifications != nil {
			for _, uri := range p.Notifications.ResourceSubscriptions {
				all = append(all, operation{method: method, name: uri})
			}
		}
		return all
	default:
		return []operation{{method: method}}
	}
}

func reference(method, kind, name string) operation {
	return operation{method, name, strings.TrimPrefix(kind, "ref/")}
}

// markServer is mcp-go with a hook that records, by the reader of each method.
func markServer() http.Handler {
	hooks := &markserver.Hooks{}
	hooks.AddBeforeAny(func(ctx context.Context, _ any, method markmcp.MCPMethod, message any) {
		record(ctx, markOperations(string(method), message)...)
		if e, ok := ctx.Value(executedKey{}).(*executed); ok && method == markmcp.MethodSubscriptionsListen {
			e.stop()
		}
	})
	server := markserver.NewMCPServer("s", "1", markserver.WithHooks(hooks), markserver.WithToolCapabilities(true),
		markserver.WithPromptCapabilities(true), markserver.WithResourceCapabilities(true, true),
		markserver.WithCompletions(), markserver.WithTaskCapabilities(true, true, true), markserver.WithLogging())
	for _, name := range []string{"add", "Add", "remove"} {
		server.AddTool(markmcp.NewTool(name), func(ctx context.Context, r markmcp.CallToolRequest) (*markmcp.CallToolResult, error) {
			record(ctx, operation{"tools/call", name, string(r.Params.RawArguments)})
			return &markmcp.CallToolResult{}, nil
		})
	}
	for _, method := range []string{"tools/call", "notifications/initialized", "n"} {
		server.AddNotificationHandler(method, func(ctx context.Context, _ markmcp.JSONRPCNotification) {
			record(ctx, operation{method: method})
		})
	}
	return markserver.NewStreamableHTTPServer(server, markserver.WithStateLess(true),
		markserver.WithStreamableHTTPLogger(slog.New(slog.DiscardHandler)))
}

func markOperations(method string, message any) []operation {
	switch m := message.(type) {
	case *markmcp.CallToolRequest:
		return []operation{{method, m.Params.Name, string(m.Params.RawArguments)}}
	case *markmcp.GetPromptRequest:
		return []operation{{method: method, name: m.Params.Name}}
	case *markmcp.ReadResourceRequest:
		return []operation{{method: method, name: m.Params.URI}}
	case *markmcp.SubscribeRequest:
		return []operation{{method: method, name: m.Params.URI}}
	case *markmcp.UnsubscribeRequest:
		return []operation{{method: method, name: m.Params.URI}}
	case *markmcp.GetTaskRequest:
		return []operation{{method: method, name: m.Params.TaskId}}
	case *markmcp.TaskResultRequest:
		return []operation{{method: method, name: m.Params.TaskId}}
	case *markmcp.CancelTaskRequest:
		return []operation{{method: method, name: m.Params.TaskId}}
	case *markmcp.CompleteRequest:
		switch ref := m.Params.Ref.(type) {
		case markmcp.PromptReference:
			return []operation{reference(method, ref.Type, ref.Name)}
		case markmcp.ResourceReference:
			return []operation{reference(method, ref.Type, ref.URI)}
		}
	case *markmcp.SubscriptionsListenRequest:
		all := []operation{{method: method}}
		for _, uri := range m.Params.Notifications.ResourceSubscriptions {
			all = append(all, operation{method: method, name: uri})
		}
		return all
	}
	return []operation{{method: method}}
}

// covers reports whether m is the operation as Parse reads it, or holds it.
func covers(m mcpmsg.Message, op operation) bool {
	if m.Method != op.method {
		return false
	}
	switch op.method {
	case "tools/call":
		return m.ID == nil || m.Name == op.name && sameArguments(m.Arguments, op.arguments)
	case "completion/complete":
		return m.Name == op.name && m.Ref == op.arguments
	case "subscriptions/listen":
		return op.name == "" || m.Name == op.name || slices.Contains(m.More, op.name)
	default:
		return m.ID == nil || m.Name == op.name
	}
}

// sameArguments takes null for nothing, as servers do.
func sameArguments(ours json.RawMessage, theirs string) bool {
	if string(ours) == "null" {
		ours = nil
	}
	return string(ours) == theirs || len(ours) == 0 && theirs == "null"
}

// compare sends what Parse accepts to a server and fails where that executes
// something else. It returns how many operations were executed.
func compare(t *testing.T, server http.Handler, header http.Header, body []byte) int {
	t.Helper()
	read := &mcpmsg.Request{}
	if err := read.Parse(header, body); err != nil {
		return 0
	}
	operations := run(t, server, header, body)
	for _, op := range operations {
		found := false
		for _, m := range read.All() {
			found = found || covers(m, op)
		}
		if !found {
			t.Errorf("executed %+v, read %+v\nof %s", op, read.All(), body)
		}
	}
	return len(operations)
}

// sdkSeeds are bodies that readers of JSON may differ on, and plain ones.
func sdkSeeds() []string {
	return []string{
		call(`{"name":"add","arguments":{"a":1}}`),
		call(`{"name":"add","name":"remove"}`),
		call(`{"name":"add","Name":"remove"}`),
		call(`{"NAME":"remove","name":"add"}`),
		call(`{"name":"add","n\u0061me":"remove"}`),
		call(`{"\u006eame":"remove"}`),
		call(`{"name":"\u0061dd"}`),
		call(`{"name":"add\u0000"}`),
		call(`{"na\u0000me":"remove","name":"add"}`),
		call(`{"name":"add","argument` + "\u017f" + `":{"x":1}}`),
		call(`{"name":"add","arguments":{"x":1},"arguments":{"x":2}}`),
		call(`{"name":"add","arguments":null}`),
		call(`{"name":"add","arguments": [ {"name":"remove"} ] }`),
		call(`{"arguments":{"name":"remove","a":"}\\\"{"},"name":"add"}`),
		call(`{"name":{"name":"remove"}}`), call(`{"name":["remove"]}`), call(`{"name":null}`), call(`[]`), call(`null`),
		call(`{"name":"Add","task":{"ttl":5}}`),
		call(`{"name":"add"}`) + call(`{"name":"remove"}`),
		call(`{"name":"add"}`) + "\n]", "\ufeff" + call(`{"name":"add"}`), " \r\n\t" + call(`{"name":"add"}`) + "\x00",
		`{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":{"name":"add"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/list","Method":"tools/call","params":{"name":"add"}}`,
		`{"jsonrpc":"2.0","id":1,"m\u0065thod":"tools\/call","p\u0061rams":{"name":"add"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add"},"PARAMS":{"name":"remove"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add"},"param` + "\u017f" + `":{"name":"remove"}}`,
		`{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"add"}}`,
		`{"jsonrpc":"2.0","id":1.5,"method":"tools/call","params":{"name":"add"}}`,
		`{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"add"},"result":{}}`,
		`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"add"}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized","params":{"name":7}}`,
		`{"jsonrpc":"2.0","method":"n"}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"method":"tools/call","params":{"name":"add"}}}`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"m"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"debug"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}`,
		`{"jsonrpc":"2.0","id":1,"method":"resources/templates/list","params":{"cursor":"x"}}`,
		request("prompts/get", `{"name":"add","arguments":{"a":"b"}}`),
		request("prompts/get", `{"name":"add","uri":"file:///a"}`),
		request("resources/read", `{"uri":"file:///a"}`),
		request("resources/read", `{"uri":"file:///t/../a","name":"b"}`),
		request("resources/read", `{"uri":"file:///a","URI":"file:///t/x"}`),
		request("resources/subscribe", `{"uri":"file:///a"}`),
		request("resources/unsubscribe", `{"uri":"file:///a"}`),
		request("completion/complete", `{"ref":{"type":"ref/prompt","name":"add"},"argument":{"name":"a","value":"b"}}`),
		request("completion/complete", `{"ref":{"type":"ref/resource","uri":"file:///t/{+p}"},"argument":{"name":"p","value":"b"}}`),
		request("completion/complete", `{"ref":{"type":"ref/prompt","name":"add","uri":""},"argument":{"name":"a","value":"b"}}`),
		request("completion/complete", `{"ref":{"type":"ref/prompt","name":"add","Type":"ref/resource","uri":"file:///a"},"argument":{"name":"a","value":"b"}}`),
		request("completion/complete", `{"ref":{"type":"ref/prompt","name":"add"},"Ref":{"type":"ref/prompt","name":"remove"}}`),
		request("tasks/get", `{"taskId":"t"}`), request("tasks/result", `{"taskId":"t","TaskID":"u"}`),
		request("tasks/cancel", `{"taskId":"t"}`), request("tasks/list", `{}`),
		request("subscriptions/listen", `{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["file:///a","file:///t/x"]}}`),
		`[` + call(`{"name":"add"}`) + `]`,
		`[` + call(`{"name":"add"}`) + `,{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"remove"}}]`,
		`[` + call(`{"name":"add"}`) + `,{"jsonrpc":"2.0","id":"1","method":"resources/read","params":{"uri":"file:///a"}},{"jsonrpc":"2.0","method":"notifications/initialized"}]`,
		`[[` + call(`{"name":"add"}`) + `]]`, `[]`, `[null]`, `[` + call(`{"name":"add"}`) + `,]`,
	}
}

// modernSeeds are parameters of modern requests, without the _meta.
func modernSeeds() map[string][]string {
	return map[string][]string{
		"tools/call":           {`"name":"add"`, `"name":"add","arguments":{"a":[1]}`, `"name":"\u0061dd"`, `"name":"=?base64?YWRk?="`, `"name":"ä"`},
		"prompts/get":          {`"name":"remove"`},
		"resources/read":       {`"uri":"file:///t/x"`},
		"subscriptions/listen": {`"notifications":{"resourceSubscriptions":["file:///a","file:///t/x"]}`, `"notifications":{"promptsListChanged":true}`},
		"completion/complete":  {`"ref":{"type":"ref/prompt","name":"add"},"argument":{"name":"a","value":"b"}`},
		"server/discover":      {`"x":1`},
		"tools/list":           {`"cursor":""`},
		"tasks/get":            {`"taskId":"t"`},
	}
}

func modernBody(method, params string) string {
	return request(method, `{`+params+`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}}}`)
}

// claim sets the headers of the modern revision as a client would that reads
// the body with encoding/json.
func claim(body []byte) http.Header {
	var m struct {
		Method string `json:"method"`
		Params struct {
			Name   string `json:"name"`
			URI    string `json:"uri"`
			TaskID string `json:"taskId"`
		} `json:"params"`
	}
	_ = json.Unmarshal(body, &m)
	name := ""
	switch m.Method {
	case "tools/call", "prompts/get":
		name = m.Params.Name
	case "resources/read", "resources/subscribe":
		name = m.Params.URI
	case "tasks/get", "tasks/cancel":
		name = m.Params.TaskID
	}
	encoded, _ := markmcp.EncodeHeaderValue(name)
	return modernHeader(m.Method, encoded)
}

// TestSameAsSDKs holds that what the seeds ask for is what the servers execute,
// and that the comparison is no empty one.
func TestSameAsSDKs(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]http.Handler{"go-sdk": sdkServer(), "mcp-go": markServer()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			legacy := 0
			for _, body := range sdkSeeds() {
				legacy += compare(t, server, plainHeader(), []byte(body))
			}
			modern := 0
			for method, all := range modernSeeds() {
				for _, params := range all {
					body := []byte(modernBody(method, params))
					modern += compare(t, server, claim(body), body)
				}
			}
			if legacy < 20 || modern < 8 {
				t.Errorf("%d operations in earlier revisions, %d in the modern one: too few to compare", legacy, modern)
			}
		})
	}
}

// FuzzSameAsSDK and FuzzSameAsMCPGo look for a request that Parse reads as
// something else than the server executes.
func FuzzSameAsSDK(f *testing.F)   { fuzzServer(f, sdkServer()) }
func FuzzSameAsMCPGo(f *testing.F) { fuzzServer(f, markServer()) }

func fuzzServer(f *testing.F, server http.Handler) {
	const asClaimed = true // the headers follow the body, whatever that is
	for _, body := range sdkSeeds() {
		f.Add(!asClaimed, "", "", "", []byte(body))
		f.Add(!asClaimed, "2025-03-26", "", "", []byte(body))
	}
	for method, all := range modernSeeds() {
		for _, params := range all {
			f.Add(asClaimed, "", "", "", []byte(modernBody(method, params)))
		}
	}
	modern := []byte(modernBody("tools/call", `"name":"add"`))
	f.Add(!asClaimed, "2026-07-28", "tools/call", "add", modern)
	f.Add(!asClaimed, "2026-07-28", "tools/call", "remove", modern)
	f.Add(!asClaimed, "2026-07-28", "tools/call", "=?base64?YWRk?=", modern)
	f.Add(!asClaimed, "2025-11-25", "tools/list", "add", modern)
	f.Fuzz(func(t *testing.T, claimed bool, version, method, name string, body []byte) {
		header := plainHeader()
		for key, value := range map[string]string{"Mcp-Protocol-Version": version, "Mcp-Method": method, "Mcp-Name": name} {
			if value != "" {
				header.Set(key, value)
			}
		}
		if claimed {
			header = claim(body)
		}
		compare(t, server, header, body)
	})
}

func call(params string) string { return request("tools/call", params) }

func request(method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params)
}

func plainHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

func modernHeader(method, name string) http.Header {
	h := plainHeader()
	h.Set("Mcp-Protocol-Version", "2026-07-28")
	h.Set("Mcp-Method", method)
	if name != "" {
		h.Set("Mcp-Name", name)
	}
	return h
}
