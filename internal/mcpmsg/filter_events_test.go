package mcpmsg_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
)

const (
	hiddenList  = `{"result":{"tools":[{"name":"a"},{"name":"hidden"}]}}`
	visibleList = `{"result":{"tools":[{"name":"a"}]}}`
)

func TestFilterEvents(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, want string }{
		"list":                {"event: message\nid: 1\ndata: " + hiddenList + "\n\n", "event: message\nid: 1\ndata: " + visibleList + "\n\n"},
		"nothing hidden":      {"data:" + visibleList + "\n\n", "data:" + visibleList + "\n\n"},
		"no space":            {"data:" + hiddenList + "\n\n", "data: " + visibleList + "\n\n"},
		"two spaces":          {"data:  " + hiddenList + " \n\n", "data:  " + visibleList + " \n\n"},
		"CRLF":                {"id: 1\r\ndata: " + hiddenList + "\r\n\r\n", "id: 1\r\ndata: " + visibleList + "\r\n\r\n"},
		"CR":                  {"id: 1\rdata: " + hiddenList + "\rretry: 5\r\r", "id: 1\rdata: " + visibleList + "\rretry: 5\r\r"},
		"CR then LF":          {"data: " + hiddenList + "\n\r\nid: 2\n\r", "data: " + visibleList + "\n\r\nid: 2\n\r"},
		"LF then CR":          {"data: " + hiddenList + "\n\rdata: {}\r\n\n", "data: " + visibleList + "\n\rdata: {}\r\n\n"},
		"fields behind":       {"data: " + hiddenList + "\nid: 1\n: note\nevent\nx: y\n\n", "data: " + visibleList + "\nid: 1\n: note\nevent\nx: y\n\n"},
		"byte order mark":     {"\uFEFFdata: " + hiddenList + "\n\n", "\uFEFFdata: " + visibleList + "\n\n"},
		"mark and comment":    {"\uFEFF: hi\n\ndata: " + hiddenList + "\n\n", "\uFEFF: hi\n\ndata: " + visibleList + "\n\n"},
		"mark alone":          {"\uFEFF\n", "\uFEFF\n"},
		"two lines":           {"data: {\"result\":{\"tools\":[{\"name\":\"a\"},\ndata: {\"name\":\"hidden\"}]\ndata: }}\n\n", "data: {\"result\":{\"tools\":[{\"name\":\"a\"}] }}\n\n"},
		"lines, fields among": {"data: {\"result\":\nid: 1\ndata:{\"tools\":[{\"name\":\"hidden\"}]\ndata\nevent: e\ndata: }}\n\n", "id: 1\nevent: e\ndata: {\"result\": {\"tools\":[]  }}\n\n"},
		"lines end in CR, LF": {"data: {\"result\":{\"tools\":[{\"name\":\"hidden\"}]\rdata: }}\n\n", "data: {\"result\":{\"tools\":[] }}\n\n"},
		"blank behind CR":     {"id: 1\rdata: {\"result\":{\"tools\":[{\"name\":\"hidden\"}]\rdata: }}\n\n", "id: 1\rdata: {\"result\":{\"tools\":[] }}\n\n"},
		"lines, not hidden":   {"data: {\"result\":\r\ndata:{\"tools\":[{\"name\":\"a\"}]}}\n\n", "data: {\"result\":\r\ndata:{\"tools\":[{\"name\":\"a\"}]}}\n\n"},
		"comments":            {": a\n:b\r\n\r\n:\n\n", ": a\n:b\r\n\r\n:\n\n"},
		"no data":             {"id: 1\nretry: 3\n\nevent: x\n\n\n\n", "id: 1\nretry: 3\n\nevent: x\n\n\n\n"},
		"empty data":          {"id: 1\ndata:\n\ndata\n\n", "id: 1\ndata:\n\ndata\n\n"},
		"data is a path":      {"event: endpoint\ndata: /messages?id=1\n\n", "event: endpoint\ndata: /messages?id=1\n\n"},
		"notifications":       {"data: {\"method\":\"a\"}\n\ndata: " + hiddenList + "\n\ndata: {\"method\":\"b\"}\n\n", "data: {\"method\":\"a\"}\n\ndata: " + visibleList + "\n\ndata: {\"method\":\"b\"}\n\n"},
		"batch":               {"data: [" + hiddenList + "," + hiddenList + "]\n\n", "data: [" + visibleList + "," + visibleList + "]\n\n"},
		"other events":        {"event: other\ndata: " + hiddenList + "\n\n", "event: other\ndata: " + visibleList + "\n\n"},
		"field of no meaning": {"Data: hidden\ndata: {}\n\n", "Data: hidden\ndata: {}\n\n"},

		// The beginning of an event goes, whatever it is.
		"no blank line":    {"data: {}\n\ndata: {}\n", "data: {}\n\n"},
		"no line end":      {"data: {}\n\ndata: {}", "data: {}\n\n"},
		"no data yet":      {"data: {}\n\nid: 5\n", "data: {}\n\n"},
		"half a comment":   {"data: {}\n\n: hel", "data: {}\n\n"},
		"comment then end": {": hello\n", ": hello\n"},
		"nothing":          {"", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := filtered(streamType, mcpmethod.AllLists, notHidden, c.in)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			for at := range c.in {
				if got, err := filtered(streamType, mcpmethod.AllLists, notHidden, c.in[:at], "", c.in[at:]); err != nil || got != c.want {
					t.Errorf("cut at %d: got %q, %v", at, got, err)
				}
			}
			if got, err := filtered(streamType, mcpmethod.AllLists, notHidden, strings.SplitAfter(c.in, "")...); err != nil || got != c.want {
				t.Errorf("by runes: got %q, %v", got, err)
			}
		})
	}
}

// TestFilterRefusesLinesThatMayBeData has lists that a reader finds who takes
// lines or fields for something else than the standard does.
func TestFilterRefusesLinesThatMayBeData(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"data:\r" + hiddenList + "\n\n",
		"data: {\"x\":1,\r\"result\":{\"tools\":[{\"name\":\"hidden\"}]}}\n\n",
		"Data: " + hiddenList + "\n\n",
		" data: " + hiddenList + "\n\n",
		"data : " + hiddenList + "\n\n",
		"\uFEFF\uFEFFdata: " + hiddenList + "\n\n",
		"\n\uFEFFdata: " + hiddenList + "\n\n",
		"data:\u00a0" + hiddenList + "\n\n",
		hiddenList + "\n",
	} {
		got, err := filtered(streamType, mcpmethod.AllLists, keepAll, in)
		if !errors.Is(err, mcpmsg.ErrMalformed) || strings.Contains(got, "hidden") {
			t.Errorf("%q: wrote %q, %v", in, got, err)
		}
	}
}

// TestFilterForwardsAtOnce has what must be out after each write.
func TestFilterForwardsAtOnce(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	f := mcpmsg.NewFilter(&out, streamType, mcpmethod.AllLists, notHidden)
	for i, step := range []struct{ in, want string }{
		{": keep-alive\n", ": keep-alive\n"},
		{"\n", "\n"},
		{"data: {\"method\":\"progress\"}\n", ""},
		{"\n", "data: {\"method\":\"progress\"}\n\n"},
		{"data: " + hiddenList + "\r\r", "data: " + visibleList + "\r\r"},
		{"\n", "\n"},
		{": x\r", ": x\r"},
		{"\n\r", "\n\r"},
		{"data: {}\n\ndata: " + hiddenList + "\n\nda", "data: {}\n\ndata: " + visibleList + "\n\n"},
		{"ta: {}\r\n\r", "data: {}\r\n\r"},
		{"\n:", "\n"},
	} {
		out.Reset()
		if _, err := io.WriteString(f, step.in); err != nil {
			t.Fatal(err)
		}
		if out.String() != step.want {
			t.Errorf("step %d: got %q, want %q", i, out.String(), step.want)
		}
	}
}

// bigList is a list of about so many bytes, one item in two hidden, and what
// is left of it.
func bigList(size int) (all, left string) {
	filler := strings.Repeat("é \\\" ", 2000)
	var in, out []string
	for n := 0; n < size; n += 2 * len(filler) {
		visible := `{"name":"a","description":"` + filler + `"}`
		in = append(in, visible, `{"description":"`+filler+`","name":"hidden"}`)
		out = append(out, visible)
	}
	return answer(`{"tools":[` + strings.Join(in, ",") + `]}`), answer(`{"tools":[` + strings.Join(out, ",") + `]}`)
}

func TestFilterLargeEvents(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100 << 10, 1 << 20, 10 << 20} {
		all, left := bigList(size)
		if !json.Valid([]byte(all)) || len(all) < size {
			t.Fatal("bad test data")
		}
		in := "id: 1\ndata: " + all + "\n\ndata: {}\n\n"
		want := "id: 1\ndata: " + left + "\n\ndata: {}\n\n"
		if got, err := filtered(streamType, mcpmethod.ListTools, notHidden, in); err != nil || got != want {
			t.Errorf("%d bytes: got %d bytes, want %d, %v", size, len(got), len(want), err)
		}
		if got, err := filtered(streamType, mcpmethod.ListTools, keepAll, pieces(in, 4096)...); err != nil || got != in {
			t.Errorf("%d bytes, nothing hidden: got %d bytes, want %d, %v", size, len(got), len(in), err)
		}
		if got, err := filtered(jsonType, mcpmethod.ListTools, notHidden, all); err != nil || got != left {
			t.Errorf("%d bytes of JSON: got %d bytes, want %d, %v", size, len(got), len(left), err)
		}
	}
}

func TestFilterByteByByte(t *testing.T) {
	t.Parallel()
	all, left := bigList(1 << 20)
	in, want := "data: "+all+"\r\n\r\n", "data: "+left+"\r\n\r\n"
	if got, err := filtered(streamType, mcpmethod.ListTools, notHidden, pieces(in, 1)...); err != nil || got != want {
		t.Errorf("got %d bytes, want %d, %v", len(got), len(want), err)
	}
	if got, err := filtered(jsonType, mcpmethod.ListTools, notHidden, pieces(all, 1)...); err != nil || got != left {
		t.Errorf("JSON: got %d bytes, want %d, %v", len(got), len(left), err)
	}
}

func pieces(text string, size int) []string {
	var parts []string
	for len(text) > size {
		parts, text = append(parts, text[:size]), text[size:]
	}
	return append(parts, text)
}

func TestFilterEventLimit(t *testing.T) {
	t.Parallel()
	const first, frame = "data: {}\n\n", "data: \"\"\n\n"
	event := "data: \"" + strings.Repeat("a", limit-len(frame)) + "\"\n\n"
	if got, err := filtered(streamType, mcpmethod.AllLists, keepAll, first, event, event); err != nil || got != first+event+event {
		t.Errorf("at the limit: %d bytes, %v", len(got), err)
	}
	for _, parts := range [][]string{{first + " " + event}, append([]string{first, " "}, pieces(event, 1<<20)...)} {
		if got, err := filtered(streamType, mcpmethod.AllLists, keepAll, parts...); !errors.Is(err, mcpmsg.ErrTooLarge) || got != first {
			t.Errorf("beyond the limit: %d bytes, %v", len(got), err)
		}
	}
}

// TestFilterManyLines has a text that costs too much if anything is read again
// for each line.
func TestFilterManyLines(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"data:\r", "data\n", "\r", ":\r\n", "x\r"} {
		in := strings.Repeat(line, (2<<20)/len(line)) + "\n\n"
		if got, err := filtered(streamType, mcpmethod.AllLists, keepAll, in); err != nil || got != in {
			t.Errorf("%q: %d bytes of %d, %v", line, len(got), len(in), err)
		}
	}
}
