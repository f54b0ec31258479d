package mcpmsg_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
)

const (
	jsonType   = "application/json"
	streamType = "text/event-stream"
	// limit is what the filter holds at most.
	limit = 16 << 20
)

// notHidden keeps all but the items that have "hidden" in their name.
func notHidden(_, name string) bool { return !strings.Contains(name, "hidden") }

func keepAll(string, string) bool { return true }

func keepNone(string, string) bool { return false }

// filtered returns what comes of a response that is written in these parts.
func filtered(contentType string, lists mcpmethod.Lists, keep mcpmsg.Keep, parts ...string) (string, error) {
	var out strings.Builder
	f := mcpmsg.NewFilter(&out, contentType, lists, keep)
	for _, part := range parts {
		n, err := io.WriteString(f, part)
		if err != nil {
			return out.String(), err
		}
		if n != len(part) {
			return out.String(), io.ErrShortWrite
		}
	}
	err := f.Close()
	return out.String(), err
}

func answer(result string) string { return `{"jsonrpc":"2.0","id":1,"result":` + result + `}` }

func TestFilterJSON(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, want string }{
		"nothing hidden":    {answer(`{"tools":[ {"name":"a"} , {"name":"b"}]}`), answer(`{"tools":[ {"name":"a"} , {"name":"b"}]}`)},
		"first":             {answer(`{"tools":[{"name":"hidden"},{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"middle":            {answer(`{"tools":[{"name":"a"},{"name":"hidden"},{"name":"c"}]}`), answer(`{"tools":[{"name":"a"},{"name":"c"}]}`)},
		"last":              {answer(`{"tools":[{"name":"a"},{"name":"hidden"}]}`), answer(`{"tools":[{"name":"a"}]}`)},
		"first two":         {answer(`{"tools":[{"name":"hidden"},{"name":"hidden2"},{"name":"c"}]}`), answer(`{"tools":[{"name":"c"}]}`)},
		"ends":              {answer(`{"tools":[{"name":"hidden"},{"name":"b"},{"name":"hidden"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"all":               {answer(`{"tools":[{"name":"hidden"},{"name":"hidden2"}]}`), answer(`{"tools":[]}`)},
		"empty":             {answer(`{"tools":[]}`), answer(`{"tools":[]}`)},
		"cursor stays":      {answer(`{"tools":[{"name":"hidden"}],"nextCursor":"x"}`), answer(`{"tools":[],"nextCursor":"x"}`)},
		"rest untouched":    {"\n" + `{ "x" : 1.0e+05, "result":{"_meta":{"a":1,"a":2},"tools":[{"name":"hidden"}],"z":"\u00e9é"},"id":"\u0031"}` + "\n", "\n" + `{ "x" : 1.0e+05, "result":{"_meta":{"a":1,"a":2},"tools":[],"z":"\u00e9é"},"id":"\u0031"}` + "\n"},
		"white space":       {answer("{\"tools\":[\n  {\"name\":\"hidden\"},\n  {\"name\":\"b\"},\n  {\"name\":\"c\"}\n]}"), answer("{\"tools\":[\n  {\"name\":\"b\"},\n  {\"name\":\"c\"}\n]}")},
		"white space, last": {answer("{\"tools\":[\n  {\"name\":\"a\"},\n  {\"name\":\"hidden\"}\n]}"), answer("{\"tools\":[\n  {\"name\":\"a\"}\n]}")},
		"escaped name":      {answer(`{"tools":[{"n\u0061me":"h\u0069dden"},{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"escaped members":   {`{"r\u0065sult":{"t\u006fols":[{"name":"hidden"}]}}`, `{"r\u0065sult":{"t\u006fols":[]}}`},
		"prompts":           {answer(`{"prompts":[{"name":"a"},{"name":"hidden"}]}`), answer(`{"prompts":[{"name":"a"}]}`)},
		"resources":         {answer(`{"resources":[{"uri":"f:a","name":"hidden"},{"uri":"f:hidden","name":"b"}]}`), answer(`{"resources":[{"uri":"f:a","name":"hidden"}]}`)},
		"templates":         {answer(`{"resourceTemplates":[{"uriTemplate":"hidden:{x}"},{"uriTemplate":"f:{x}"}]}`), answer(`{"resourceTemplates":[{"uriTemplate":"f:{x}"}]}`)},
		"several lists":     {answer(`{"tools":[{"name":"hidden"},{"name":"b"}],"prompts":[{"name":"a"},{"name":"hidden"}]}`), answer(`{"tools":[{"name":"b"}],"prompts":[{"name":"a"}]}`)},
		"batch": {
			`[` + answer(`{"tools":[{"name":"hidden"}]}`) + `, ` + answer(`{"content":[]}`) + `,` + answer(`{"tools":[{"name":"a"},{"name":"hidden"}]}`) + `]`,
			`[` + answer(`{"tools":[]}`) + `, ` + answer(`{"content":[]}`) + `,` + answer(`{"tools":[{"name":"a"}]}`) + `]`,
		},
		"batch of scalars":  {`[1,null,"{",[{"result":1}]]`, `[1,null,"{",[{"result":1}]]`},
		"error":             {`{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}`},
		"notification":      {`{"method":"x","params":{"tools":[{"name":"hidden"}]}}`, `{"method":"x","params":{"tools":[{"name":"hidden"}]}}`},
		"no list":           {answer(`{"capabilities":{"tools":{"listChanged":true}}}`), answer(`{"capabilities":{"tools":{"listChanged":true}}}`)},
		"list is null":      {answer(`{"tools":null}`), answer(`{"tools":null}`)},
		"list is an object": {answer(`{"tools":{"a":1}}`), answer(`{"tools":{"a":1}}`)},
		"result is a list":  {answer(`["tools"]`), answer(`["tools"]`)},
		"result is null":    {answer(`null`), answer(`null`)},
		"deeper lists stay": {answer(`{"a":{"tools":[{"name":"hidden"}]}}`), answer(`{"a":{"tools":[{"name":"hidden"}]}}`)},
		"empty body":        {"", ""},
		"text":              {"Not Found\n", "Not Found\n"},
		"scalar":            {"null", "null"},

		// What has no name to decide on, or two, goes.
		"no name":             {answer(`{"tools":[{"title":"a"},{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"name is a number":    {answer(`{"tools":[{"name":1},{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"name is null":        {answer(`{"tools":[{"name":null},{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"item is a string":    {answer(`{"tools":["name",{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"item is a list":      {answer(`{"tools":[[{"name":"a"}],{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"name twice":          {answer(`{"tools":[{"name":"a","name":"hidden"},{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"name twice, escaped": {answer(`{"tools":[{"name":"a","n\u0061me":"hidden"},{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"name in two cases":   {answer(`{"tools":[{"name":"a","Name":"hidden"},{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"two cases, reversed": {answer(`{"tools":[{"NAME":"hidden","name":"a"},{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"name in capitals":    {answer(`{"tools":[{"Name":"a"},{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"uri for a name":      {answer(`{"tools":[{"uri":"a"},{"name":"b"}]}`), answer(`{"tools":[{"name":"b"}]}`)},
		"name for a uri":      {answer(`{"resources":[{"name":"a"},{"uri":"b"}]}`), answer(`{"resources":[{"uri":"b"}]}`)},

		// Readers to which case means nothing.
		"list in capitals":    {answer(`{"Tools":[{"name":"hidden"},{"name":"b"}]}`), answer(`{"Tools":[{"name":"b"}]}`)},
		"long s":              {answer(`{"toolſ":[{"name":"hidden"}]}`), answer(`{"toolſ":[]}`)},
		"result in capitals":  {`{"RESULT":{"tools":[{"name":"hidden"}]}}`, `{"RESULT":{"tools":[]}}`},
		"templates, no camel": {answer(`{"resourcetemplates":[{"uriTemplate":"hidden"}]}`), answer(`{"resourcetemplates":[]}`)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := filtered(jsonType, mcpmethod.AllLists, notHidden, c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestFilterLoneSurrogates has what JavaScript makes of a string that was cut
// within a character. Names that hold such a thing are none.
func TestFilterLoneSurrogates(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, want string }{
		"in a title":         {`{"name":"a","title":"\ud83d"},{"name":"hidden","title":"\uD83D\ude00\ude00"}`, `{"name":"a","title":"\ud83d"}`},
		"in a member's name": {`{"name":"a","\udE00x":1}`, `{"name":"a","\udE00x":1}`},
		"in a name":          {`{"name":"a\ud83d"},{"name":"b"}`, `{"name":"b"}`},
		"pairs in a name":    {`{"name":"\ud83d\ude00","title":"\ud83d\ud83d"}`, `{"name":"\ud83d\ude00","title":"\ud83d\ud83d"}`},
		"behind a backslash": {`{"name":"\\ud83d","title":"\\\ud83d"}`, `{"name":"\\ud83d","title":"\\\ud83d"}`},
		"at the end":         {`{"name":"a","title":"\ud83d\u"}`, ""},
		"names that differ":  {`{"name":"a","\ud83d":1,"\ud83e":2},{"name":"b"}`, `{"name":"b"}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := filtered(jsonType, mcpmethod.ListTools, notHidden, answer(`{"tools":[`+c.in+`]}`))
			if c.want == "" {
				if !errors.Is(err, mcpmsg.ErrMalformed) {
					t.Errorf("got %s, %v", got, err)
				}
				return
			}
			if err != nil || got != answer(`{"tools":[`+c.want+`]}`) {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}

func TestFilterAsksForNamesAsTheyAre(t *testing.T) {
	t.Parallel()
	in := answer(`{"title":"\ud83d","tools":[{"name":"\\ud83d"},{"name":"\u00e9\ud83d\ude00\n"}]}`)
	var asked []string
	out, err := filtered(jsonType, mcpmethod.ListTools, func(_, name string) bool {
		if !slices.Contains(asked, name) {
			asked = append(asked, name)
		}
		return true
	}, in)
	if err != nil || out != in || !slices.Equal(asked, []string{`\ud83d`, "é😀\n"}) {
		t.Errorf("asked %q, got %s, %v", asked, out, err)
	}
}

// malformedMessages cannot be filtered.
func malformedMessages() map[string]string {
	return map[string]string{
		"syntax":                   `{"result":{"tools":[{"name":"hidden"}]}`,
		"behind":                   answer(`{"tools":[{"name":"hidden"}]}`) + `{}`,
		"comment":                  `/**/` + answer(`{"tools":[{"name":"hidden"}]}`),
		"byte order mark":          "\uFEFF" + answer(`{"tools":[{"name":"hidden"}]}`),
		"invalid UTF-8":            answer("{\"tools\":[{\"name\":\"hidden\"}],\"x\":\"\xff\"}"),
		"invalid UTF-8, surrogate": answer("{\"tools\":[{\"name\":\"hidden\"}],\"x\":\"\xff\\ud83d\"}"),
		"result twice":             `{"result":{},"result":{"tools":[{"name":"hidden"}]}}`,
		"result twice, escaped":    `{"result":{},"r\u0065sult":{"tools":[{"name":"hidden"}]}}`,
		"result in two cases":      `{"result":{},"Result":{"tools":[{"name":"hidden"}]}}`,
		"list twice":               answer(`{"tools":[],"tools":[{"name":"hidden"}]}`),
		"list in two cases":        answer(`{"tools":[],"Tools":[{"name":"hidden"}]}`),
		"list and null":            answer(`{"tools":null,"Tools":[{"name":"hidden"}]}`),
		"too deep":                 answer(`{"tools":[` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `]}`),
		"in a batch":               `[{},{"result":{"tools":[],"tools":[]}}]`,
		"string in single quotes":  `{'result':{'tools':[{'name':'hidden'}]}}`,
		"text with a brace":        "error: {}",
	}
}

func TestFilterRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range malformedMessages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := filtered(jsonType, mcpmethod.AllLists, keepAll, in)
			if !errors.Is(err, mcpmsg.ErrMalformed) || got != "" {
				t.Errorf("body: wrote %q, error %v", got, err)
			}
			got, err = filtered(streamType, mcpmethod.AllLists, keepAll, "data: {}\n\ndata: "+in+"\n\ndata: {}\n\n")
			if !errors.Is(err, mcpmsg.ErrMalformed) || got != "data: {}\n\n" {
				t.Errorf("stream: wrote %q, error %v", got, err)
			}
		})
	}
}

// TestFilterOnlyListsAskedFor has lists of each kind in one answer.
func TestFilterOnlyListsAskedFor(t *testing.T) {
	t.Parallel()
	kinds := []struct{ method, hidden, left string }{
		{"tools/list", `"tools":[{"name":"hidden"}]`, `"tools":[]`},
		{"prompts/list", `"prompts":[{"name":"hidden"}]`, `"prompts":[]`},
		{"resources/list", `"resources":[{"uri":"hidden"}]`, `"resources":[]`},
		{"resources/templates/list", `"resourceTemplates":[{"uriTemplate":"hidden"}]`, `"resourceTemplates":[]`},
		{"skills/list", `"skills":[{"uri":"hidden"}]`, `"skills":[]`},
	}
	for mask := range 1 << len(kinds) {
		methods, in, want := []string{"ping", "Tools/list", ""}, []string{}, []string{}
		for i, kind := range kinds {
			in = append(in, kind.hidden)
			if mask>>i&1 == 0 {
				want = append(want, kind.hidden)
				continue
			}
			methods, want = append(methods, kind.method), append(want, kind.left)
		}
		var lists mcpmethod.Lists
		for _, method := range methods {
			lists |= mcpmethod.Of(method).List
		}
		got, err := filtered(jsonType, lists, notHidden, answer("{"+strings.Join(in, ",")+"}"))
		if err != nil || got != answer("{"+strings.Join(want, ",")+"}") {
			t.Errorf("%q: got %s, %v", methods, got, err)
		}
		if all := lists == mcpmethod.AllLists; all != (mask == 1<<len(kinds)-1) {
			t.Errorf("%q: all lists: %t", methods, all)
		}
	}
}

func TestFilterAsksForWhatOneWouldCall(t *testing.T) {
	t.Parallel()
	const in = `{"result":{"tools":[{"name":"t"}],"prompts":[{"name":"p"}],"resources":[{"name":"r","uri":"u:r"}],` +
		`"resourceTemplates":[{"name":"x","uriTemplate":"u:{x}"}]}}`
	var asked []string
	_, err := filtered(jsonType, mcpmethod.AllLists, func(method, name string) bool {
		asked = append(asked, method+" "+name)
		return true
	}, in)
	want := []string{"tools/call t", "prompts/get p", "resources/read u:r", "resources/read u:{x}"}
	if err != nil || !slices.Equal(asked, want) {
		t.Errorf("asked %q, %v", asked, err)
	}
}

func TestFilterContentTypes(t *testing.T) {
	t.Parallel()
	body := answer(`{"tools":[{"name":"hidden"}]}`)
	stream := "data: " + body + "\n\n"
	for _, contentType := range []string{
		"application/json", "application/json; charset=utf-8", "Application/JSON", " application/json ;x", "text/plain, application/json",
	} {
		if got, err := filtered(contentType, mcpmethod.ListTools, keepNone, body); err != nil || strings.Contains(got, "hidden") {
			t.Errorf("%q: %s, %v", contentType, got, err)
		}
	}
	for _, contentType := range []string{"text/event-stream", "TEXT/Event-Stream;charset=UTF-8"} {
		if got, err := filtered(contentType, mcpmethod.ListTools, keepNone, stream); err != nil || strings.Contains(got, "hidden") {
			t.Errorf("%q: %s, %v", contentType, got, err)
		}
	}
	for _, contentType := range []string{"", "text/plain", "text/html; charset=utf-8"} {
		if got, err := filtered(contentType, mcpmethod.ListTools, keepNone, body, stream); err != nil || got != body+stream {
			t.Errorf("%q: %s, %v", contentType, got, err)
		}
	}
	both := "application/json, text/event-stream"
	if got, err := filtered(both, mcpmethod.ListTools, keepAll, body); !errors.Is(err, mcpmsg.ErrMalformed) || got != "" {
		t.Errorf("%q: %s, %v", both, got, err)
	}
	for _, contentType := range []string{jsonType, streamType, both} {
		if got, err := filtered(contentType, mcpmethod.Of("tools/call").List, keepNone, "{", body); err != nil || got != "{"+body {
			t.Errorf("%q without lists: %s, %v", contentType, got, err)
		}
	}
}

func TestFilterJSONHoldsUntilClose(t *testing.T) {
	t.Parallel()
	w := &countingWriter{}
	f := mcpmsg.NewFilter(w, jsonType, mcpmethod.ListTools, notHidden)
	in := answer(`{"tools":[{"name":"a"},{"name":"hidden"}]}`)
	for _, part := range strings.SplitAfter(in, ",") {
		if _, err := io.WriteString(f, part); err != nil || w.writes > 0 {
			t.Fatalf("%d writes, %v", w.writes, err)
		}
	}
	if err := f.Close(); err != nil || w.writes != 1 {
		t.Errorf("%d writes, %v", w.writes, err)
	}
	if n, err := f.Write([]byte("x")); n != 0 || !errors.Is(err, mcpmsg.ErrClosed) {
		t.Errorf("write after close: %d, %v", n, err)
	}
	if err := f.Close(); err != nil || w.writes != 1 {
		t.Errorf("second close: %d writes, %v", w.writes, err)
	}
}

func TestFilterJSONLimit(t *testing.T) {
	t.Parallel()
	const frame = `{"x":""}`
	in := `{"x":"` + strings.Repeat("a", limit-len(frame)) + `"}`
	if got, err := filtered(jsonType, mcpmethod.AllLists, keepAll, in[:1000], in[1000:]); err != nil || got != in {
		t.Errorf("at the limit: %d bytes, %v", len(got), err)
	}
	if got, err := filtered(jsonType, mcpmethod.AllLists, keepAll, in[:1000], in[1000:], " "); !errors.Is(err, mcpmsg.ErrTooLarge) || got != "" {
		t.Errorf("beyond the limit: %d bytes, %v", len(got), err)
	}
}

// TestFilterErrorsStick goes on writing after each kind of error.
func TestFilterErrorsStick(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	cases := map[string]struct {
		contentType, in string
		w               countingWriter
		want            error
	}{
		"malformed event": {streamType, "data: {\n\n", countingWriter{}, mcpmsg.ErrMalformed},
		"event too large": {streamType, strings.Repeat("a", limit+1), countingWriter{}, mcpmsg.ErrTooLarge},
		"body too large":  {jsonType, strings.Repeat("a", limit+1), countingWriter{}, mcpmsg.ErrTooLarge},
		"writer, event":   {streamType, "data: {}\n\n", countingWriter{err: broken}, broken},
		"writer, comment": {streamType, ":\n", countingWriter{err: broken}, broken},
		"writer, plain":   {"text/plain", "x", countingWriter{err: broken}, broken},
		"short write":     {"text/plain", "xy", countingWriter{short: 1}, io.ErrShortWrite},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := mcpmsg.NewFilter(&c.w, c.contentType, mcpmethod.AllLists, keepAll)
			if n, err := io.WriteString(f, c.in); n != 0 || !errors.Is(err, c.want) {
				t.Fatalf("wrote %d, %v", n, err)
			}
			writes := c.w.writes
			for range 2 {
				if n, err := io.WriteString(f, ": fine\n\n"); n != 0 || !errors.Is(err, c.want) {
					t.Errorf("then wrote %d, %v", n, err)
				}
				if err := f.Close(); !errors.Is(err, c.want) {
					t.Errorf("close: %v", err)
				}
			}
			if c.w.writes != writes {
				t.Errorf("%d writes after the error", c.w.writes-writes)
			}
		})
	}
}

// countingWriter counts writes, and fails if it has an error or falls short.
type countingWriter struct {
	bytes.Buffer
	writes, short int
	err           error
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.writes++
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.Buffer.Write(p)
	return n - w.short, err
}
