package mcpmsg_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/mcp-auth/go/internal/mcpmsg"
)

// FuzzParse holds that nothing makes Parse panic and that what it accepts reads
// the same with encoding/json, which ignores case.
func FuzzParse(f *testing.F) {
	for _, body := range fuzzSeeds() {
		f.Add("", "", "", []byte(body))
	}
	f.Add("2026-07-28", "tools/call", "add", []byte(modernBody("tools/call", `"name":"add"`)))
	f.Add("2026-07-28", "tools/call", "=?base64?w6Q=?=", []byte(modernBody("tools/call", `"name":"ä"`)))
	f.Fuzz(func(t *testing.T, version, method, name string, body []byte) {
		header := with("Mcp-Protocol-Version", version, "Mcp-Method", method, "Mcp-Name", name)
		mcpmsg.Hint(header)
		read, err := mcpmsg.Parse(header, body)
		if err != nil {
			checkFault(t, err)
			return
		}
		raw := []json.RawMessage{body}
		if read.Batch {
			if err := json.Unmarshal(body, &raw); err != nil {
				t.Fatal(err)
			}
		}
		if len(raw) != len(read.All()) || len(raw) == 0 || len(raw) > 100 {
			t.Fatalf("%d messages, %d elements", len(read.All()), len(raw))
		}
		for i, m := range read.All() {
			checkMessage(t, m, raw[i])
			if version >= "2026-07-28" && (read.Batch || m.Method == "" || m.ID != nil && m.Method != method) {
				t.Errorf("accepted in %q: %+v", version, m)
			}
		}
	})
}

func checkFault(t *testing.T, err error) {
	t.Helper()
	fault, ok := errors.AsType[*mcpmsg.Error](err)
	if !ok || fault.Text == "" || fault.Status != http.StatusBadRequest {
		t.Fatalf("error %#v", err)
	}
	if fault.ID != nil && !json.Valid(fault.ID) {
		t.Errorf("id %q", fault.ID)
	}
}

func checkMessage(t *testing.T, m mcpmsg.Message, raw []byte) {
	t.Helper()
	var want struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      any             `json:"id"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params"`
		Result  json.RawMessage `json:"result"`
		Error   json.RawMessage `json:"error"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&want); err != nil {
		t.Fatalf("accepted %s: %v", raw, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("accepted data behind the message: %q", raw)
	}
	if want.JSONRPC != "2.0" || want.Method != m.Method || (m.ID != nil) != (want.ID != nil) {
		t.Errorf("read %+v of %s", m, raw)
	}
	if m.Method == "" && (want.Result == nil) == (want.Error == nil) || m.Method != "" && (want.Result != nil || want.Error != nil) {
		t.Errorf("neither a request nor a response: %s", raw)
	}
	checkParams(t, m, want.Params)
}

func checkParams(t *testing.T, m mcpmsg.Message, raw []byte) {
	t.Helper()
	var want struct {
		Name      string          `json:"name"`
		URI       string          `json:"uri"`
		TaskID    string          `json:"taskId"`
		Arguments json.RawMessage `json:"arguments"`
	}
	if raw != nil {
		// Of an unknown method, a name may be anything: then there is an error.
		_ = json.Unmarshal(raw, &want)
	}
	name := ""
	switch m.Method {
	case "tools/call", "prompts/get":
		name = want.Name
	case "resources/read", "resources/subscribe", "resources/unsubscribe":
		name = want.URI
	case "tasks/get", "tasks/result", "tasks/cancel", "tasks/update":
		name = want.TaskID
	case "completion/complete", "subscriptions/listen":
		name = m.Name
	}
	if m.Name != name {
		t.Errorf("name %q, want %q", m.Name, name)
	}
	if m.Method != "" && !bytes.Equal(m.Arguments, want.Arguments) {
		t.Errorf("arguments %s, want %s", m.Arguments, want.Arguments)
	}
}

// fuzzSeeds are bodies that readers of JSON may differ on, and plain ones.
func fuzzSeeds() []string {
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

func modernBody(method, params string) string {
	return request(method, `{`+params+`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}}}`)
}
