package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]struct {
		kind    Kind
		id, key string
		method  string
	}{
		`{"jsonrpc":"2.0","id":1,"method":"a","params":{}}`:                  {Request, "1", "1", "a"},
		"  {\"jsonrpc\":\"2.0\",\r\"id\":\"\\u0061\",\"method\":\"a\"}\r":    {Request, `"\u0061"`, `"a`, "a"},
		`{"jsonrpc":"2.0","method":"a\u0062"}`:                               {Notification, "", "", "ab"},
		`{"jsonrpc":"2.0","id":-7,"result":{"a":1,"a":2}}`:                   {Response, "-7", "-7", ""},
		`{"jsonrpc":"2.0","id":"","error":{"code":-32601,"message":"none"}}`: {Response, `""`, `"`, ""},
	} {
		messages, err := Read([]byte(line))
		if err != nil || len(messages) != 1 {
			t.Errorf("%s: %v", line, err)
			continue
		}
		m := messages[0]
		if m.Kind != want.kind || string(m.ID()) != want.id || Key(m.ID()) != want.key || m.Method != want.method {
			t.Errorf("%s: kind %d, id %s, method %s", line, m.Kind, m.ID(), m.Method)
		}
		if bytes.ContainsAny(m.Text, "\r\n") {
			t.Errorf("%s: a line end is left", line)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "x", "1", "[1]", "[{}]", "{}", `{"jsonrpc":"2.0"}`, `{"jsonrpc":2.0,"id":1,"method":"a"}`, `{"id":1,"method":"a"}`,
		`{"jsonrpc":"2.0","id":1}`, `{"jsonrpc":"2.0","id":1,"result":1,"error":{}}`, `{"jsonrpc":"2.0","result":1}`,
		`{"jsonrpc":"2.0","id":null,"result":1}`, `{"jsonrpc":"2.0","id":{},"method":"a"}`, `{"jsonrpc":"2.0","id":true,"method":"a"}`,
		`{"jsonrpc":"2.0","id":1,"method":"a","result":1}`, `{"jsonrpc":"2.0","id":1,"method":7}`, `{"jsonrpc":"2.0","method":""}`,
		`{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}`, `{"jsonrpc":"2.0","id":1,"method":"a"}x`, "{\"jsonrpc\":\"2.0\",\"method\":\"a\rb\"}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}", `{"jsonrpc":"2.0","method":"a","params":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}`,
		"[" + strings.Repeat(`{"jsonrpc":"2.0","method":"a"},`, maxBatch) + `{"jsonrpc":"2.0","method":"a"}]`,
	} {
		if messages, err := Read([]byte(line)); err == nil {
			t.Errorf("%.100s: %d messages", line, len(messages))
		}
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	messages, err := Read([]byte(`[{"jsonrpc":"2.0","method":"a"}, {"jsonrpc":"2.0","id":1,"result":{}}]`))
	if err != nil || len(messages) != 2 || messages[0].Kind != Notification || messages[1].Kind != Response {
		t.Errorf("%v, %v", messages, err)
	}
}

func one(t *testing.T, text string) *Message {
	t.Helper()
	messages, err := Read([]byte(text))
	if err != nil || len(messages) != 1 {
		t.Fatalf("%s: %v", text, err)
	}
	return &messages[0]
}

func TestMembers(t *testing.T) {
	t.Parallel()
	progress := one(t, `{"jsonrpc":"2.0","method":"p","params":{"progressToken":7}}`)
	asked := one(t, `{"jsonrpc":"2.0","id":1,"method":"p","params":{"_meta":{"progressToken":"\u0061"}}}`)
	cancelled := one(t, `{"jsonrpc":"2.0","method":"c","params":{"requestId":"a"}}`)
	fault := one(t, `{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":""}}`)
	twice := one(t, `{"jsonrpc":"2.0","method":"p","params":{"progressToken":7,"progressToken":8,"_meta":[]}}`)
	result := one(t, `{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":[]}}`)
	for what, holds := range map[string]bool{
		"progress": progress.ReportsOn() == "7" && progress.ProgressToken() == "" && progress.Cancelled() == "",
		"asked":    asked.ProgressToken() == `"a`, "cancelled": cancelled.Cancelled() == `"a`,
		"fault": fault.ErrorCode() == -32022 && result.ErrorCode() == 0, "twice": twice.ReportsOn() == "" && twice.ProgressToken() == "",
		"result": result.HasResult("supportedVersions") && !result.HasResult("x") && !fault.HasResult("code"),
	} {
		if !holds {
			t.Errorf("%s is read wrongly", what)
		}
	}
}

// Covers GW26.
func TestReplace(t *testing.T) {
	t.Parallel()
	const text = `{ "result":{"_meta":{"io.modelcontextprotocol/subscriptionId": 12 ,"id":12}},"id" : 12,"jsonrpc":"2.0"}`
	m := one(t, text)
	at, key := m.Subscription()
	if key != "12" {
		t.Fatalf("the subscription is %q", key)
	}
	want := `{ "result":{"_meta":{"io.modelcontextprotocol/subscriptionId": "é" ,"id":12}},"id" : "é","jsonrpc":"2.0"}`
	if got := m.WithID([]byte(`"é"`), Edit{at, []byte(`"é"`)}); string(got) != want {
		t.Errorf("got %s", got)
	}
	if string(m.Text) != text {
		t.Errorf("the message has become %s", m.Text)
	}
}

// FuzzRead holds what is read to encoding/json.
//
// Covers GW28.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"progressToken":1}}}`, `[{"jsonrpc":"2.0","method":"a"}]`,
		`{"jsonrpc":"2.0","id":"\u00e9","result":{}}`, `{"jsonrpc":"2.0","id":1,"error":{"code":1}}`, "garbage", "\x00", `{"a":`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		messages, err := Read(bytes.Clone(line))
		if err != nil {
			return
		}
		for i := range messages {
			m := &messages[i]
			var plain struct {
				Version string          `json:"jsonrpc"`
				ID      json.RawMessage `json:"id"`
				Method  string          `json:"method"`
			}
			if err := json.Unmarshal(exact(t, m.Text), &plain); err != nil {
				t.Fatalf("%q is read as a message: %v", m.Text, err)
			}
			if plain.Version != "2.0" || plain.Method != m.Method || Key(plain.ID) != Key(m.ID()) {
				t.Errorf("%q: read %q %q, want %q %q", m.Text, m.ID(), m.Method, plain.ID, plain.Method)
			}
			if bytes.ContainsAny(m.Text, "\r\n") {
				t.Errorf("%q has a line end", m.Text)
			}
		}
	})
}

// exact returns an object without the members whose names encoding/json takes for
// others.
func exact(t *testing.T, object []byte) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		t.Fatal(err)
	}
	for name := range members {
		if name != "jsonrpc" && name != "id" && name != "method" {
			delete(members, name)
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return compact(t, text)
}

func compact(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzReplace holds that an id that is replaced and put back leaves the message as it
// was, and that nothing else changes in between.
//
// Covers GW26.
func FuzzReplace(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"a","params":{"id":1}}`), int64(7))
	f.Add([]byte(`{"id" : "\u0061" ,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":"a"}},"jsonrpc":"2.0"}`), int64(-1))
	f.Fuzz(func(t *testing.T, line []byte, other int64) {
		messages, err := Read(line)
		if err != nil {
			return
		}
		id, err := json.Marshal(other)
		if err != nil {
			t.Fatal(err)
		}
		for i := range messages {
			m := &messages[i]
			if m.Kind == Notification {
				continue
			}
			replaced := one(t, string(m.WithID(id)))
			if string(replaced.ID()) != string(id) {
				t.Fatalf("%q: the id is %s", replaced.Text, replaced.ID())
			}
			if back := replaced.WithID(m.ID()); !bytes.Equal(back, m.Text) {
				t.Errorf("%q has become %q", m.Text, back)
			}
			before, after := members(t, m.Text), members(t, replaced.Text)
			delete(before, "id")
			delete(after, "id")
			if !reflect.DeepEqual(before, after) {
				t.Errorf("%q and %q differ", m.Text, replaced.Text)
			}
		}
	})
}

func members(t *testing.T, object []byte) (members map[string]json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal(object, &members); err != nil {
		t.Fatal(err)
	}
	return members
}
