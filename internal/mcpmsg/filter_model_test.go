package mcpmsg_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// This file reads responses as clients do, with encoding/json and a parser of
// event streams that knows nothing of the filter's.

// sseEvent is an event with the text that it was read from.
type sseEvent struct {
	raw     string
	data    string
	hasData bool
	others  []string // lines that are no data, as they are
}

// parseStream reads a stream by the standard. What is left without a blank line
// behind it is rest.
func parseStream(stream string) (events []sseEvent, rest string) {
	stream = strings.TrimPrefix(stream, "\uFEFF")
	var event sseEvent
	pending := stream
	for {
		line, ending, found := cutAtLineEnd(stream)
		if !found {
			return events, pending
		}
		stream = stream[len(line)+len(ending):]
		event.raw += line + ending
		switch {
		case line == "":
			event.data = strings.TrimSuffix(event.data, "\n")
			events = append(events, event)
			event, pending = sseEvent{}, stream
		case line == "data" || strings.HasPrefix(line, "data:"):
			event.hasData = true
			event.data += strings.TrimPrefix(strings.TrimPrefix(line[4:], ":"), " ") + "\n"
		default:
			event.others = append(event.others, line+ending)
		}
	}
}

func cutAtLineEnd(text string) (line, ending string, found bool) {
	for i := range len(text) {
		switch {
		case text[i] == '\n':
			return text[:i], "\n", true
		case text[i] == '\r' && strings.HasPrefix(text[i+1:], "\n"):
			return text[:i], "\r\n", true
		case text[i] == '\r':
			return text[:i], "\r", true
		}
	}
	return "", "", false
}

// looseData returns the data of a stream for a reader to which only a line feed
// ends a line, who trims generously and takes what is left at the end for an
// event.
func looseData(stream string) []string {
	var all []string
	var data string
	for line := range strings.SplitSeq(strings.TrimPrefix(stream, "\uFEFF")+"\n\n", "\n") {
		line = strings.TrimRight(line, "\r")
		name, value, _ := strings.Cut(line, ":")
		switch {
		case line == "":
			all, data = append(all, data), ""
		case strings.EqualFold(strings.TrimSpace(name), "data"):
			data += strings.TrimSpace(value) + "\n"
		}
	}
	return all
}

// item and message are what a client written in Go unmarshals: the case of
// member names is ignored, and of two members the last counts.
type item struct {
	Name        string `json:"name"`
	URI         string `json:"uri"`
	URITemplate string `json:"uriTemplate"`
}

type message struct {
	Result struct {
		Tools             []item `json:"tools"`
		Prompts           []item `json:"prompts"`
		Resources         []item `json:"resources"`
		ResourceTemplates []item `json:"resourceTemplates"`
	} `json:"result"`
}

// shownTo returns what identifies the items of the lists in a text.
func shownTo(text string) []string {
	var messages []message
	var one message
	if json.Unmarshal([]byte(text), &messages) != nil {
		_ = json.Unmarshal([]byte(text), &one)
		messages = append(messages, one)
	}
	var ids []string
	for _, m := range messages {
		for _, i := range m.Result.Tools {
			ids = append(ids, i.Name)
		}
		for _, i := range m.Result.Prompts {
			ids = append(ids, i.Name)
		}
		for _, i := range m.Result.Resources {
			ids = append(ids, i.URI)
		}
		for _, i := range m.Result.ResourceTemplates {
			ids = append(ids, i.URITemplate)
		}
	}
	return ids
}

// model is what should become of a text, and whether anything is taken out of
// it. It is decoded, so it says nothing of white space and the like.
type model struct {
	keep    func(method, name string) bool
	changed bool
}

func (m *model) text(text string) any {
	v := decode([]byte(text))
	if batch, ok := v.([]any); ok {
		var raws []json.RawMessage
		_ = json.Unmarshal([]byte(text), &raws)
		for i := range batch {
			batch[i] = m.message(raws[i])
		}
		return batch
	}
	return m.message([]byte(text))
}

func (m *model) message(raw json.RawMessage) any {
	v, ok := decode(raw).(map[string]any)
	if !ok {
		return decode(raw)
	}
	var raws map[string]json.RawMessage
	_ = json.Unmarshal(raw, &raws)
	for name := range v {
		if strings.EqualFold(name, "result") {
			v[name] = m.result(raws[name])
		}
	}
	return v
}

func (m *model) result(raw json.RawMessage) any {
	v, ok := decode(raw).(map[string]any)
	if !ok {
		return decode(raw)
	}
	var raws map[string]json.RawMessage
	_ = json.Unmarshal(raw, &raws)
	for name, value := range v {
		if _, isArray := value.([]any); !isArray {
			continue
		}
		switch {
		case strings.EqualFold(name, "tools"):
			v[name] = m.list("tools/call", "name", raws[name])
		case strings.EqualFold(name, "prompts"):
			v[name] = m.list("prompts/get", "name", raws[name])
		case strings.EqualFold(name, "resources"):
			v[name] = m.list("resources/read", "uri", raws[name])
		case strings.EqualFold(name, "resourceTemplates"):
			v[name] = m.list("resources/read", "uriTemplate", raws[name])
		}
	}
	return v
}

func (m *model) list(method, key string, raw json.RawMessage) any {
	left := []any{}
	var raws []json.RawMessage
	_ = json.Unmarshal(raw, &raws)
	for _, item := range raws {
		id, ok := soundID(key, item)
		if ok && m.keep(method, id) {
			left = append(left, decode(item))
			continue
		}
		m.changed = true
	}
	return left
}

// soundID returns the identifier of an object that has one member by that
// name, in any case, and no two of the same name.
func soundID(key string, raw []byte) (string, bool) {
	v, ok := decode(raw).(map[string]any)
	if !ok {
		return "", false
	}
	seen := map[string]bool{}
	for _, name := range memberNames(raw) {
		if seen[name] || name != key && strings.EqualFold(name, key) {
			return "", false
		}
		seen[name] = true
	}
	id, ok := v[key].(string)
	return id, ok
}

// memberNames returns the names of an object's members, with repetitions.
func memberNames(raw []byte) []string {
	var names []string
	d := json.NewDecoder(bytes.NewReader(raw))
	_, _ = d.Token()
	for d.More() {
		name, err := d.Token()
		if err != nil {
			break
		}
		names = append(names, name.(string))
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			break
		}
	}
	return names
}

func decode(raw []byte) any {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	_ = d.Decode(&v)
	return v
}

// checkText compares a text with what the filter made of it.
func checkText(t *testing.T, in, out string, keep func(method, name string) bool) {
	t.Helper()
	for _, id := range shownTo(out) {
		if !keep("", id) {
			t.Fatalf("%q is shown\nin  %q\nout %q", id, in, out)
		}
	}
	m := model{keep: keep}
	if !json.Valid([]byte(in)) {
		if in != out || strings.Contains(in, "{") {
			t.Fatalf("not JSON: %q became %q", in, out)
		}
		return
	}
	want := m.text(in)
	if !m.changed && in != out {
		t.Fatalf("nothing to take out of\n%q, it became\n%q", in, out)
	}
	if !json.Valid([]byte(out)) || !reflect.DeepEqual(decode([]byte(out)), want) {
		t.Fatalf("%q became\n%q, want\n%v", in, out, want)
	}
}

// checkStream compares a stream with what the filter made of it before it
// failed or closed.
func checkStream(t *testing.T, in, out string, failed bool, keep func(method, name string) bool) {
	t.Helper()
	if strings.HasPrefix(in, "\uFEFF") != strings.HasPrefix(out, "\uFEFF") && out != "" {
		t.Fatalf("byte order mark: %q became %q", in, out)
	}
	for _, data := range looseData(out) {
		for _, id := range shownTo(data) {
			// An item that is no object leaves an empty name behind.
			if id != "" && !keep("", id) {
				t.Fatalf("%q is shown to a loose reader\nin  %q\nout %q", id, in, out)
			}
		}
	}
	inEvents, _ := parseStream(in)
	outEvents, rest := parseStream(out)
	if !onlyComments(rest) || len(outEvents) > len(inEvents) || !failed && len(outEvents) < len(inEvents) {
		t.Fatalf("%d events of %d, rest %q", len(outEvents), len(inEvents), rest)
	}
	for i, event := range outEvents {
		checkEvent(t, inEvents[i], event, keep)
	}
}

func checkEvent(t *testing.T, in, out sseEvent, keep func(method, name string) bool) {
	t.Helper()
	checkText(t, in.data, out.data, keep)
	if in.data == out.data && in.raw != out.raw {
		t.Fatalf("nothing to take out of %q, it became %q", in.raw, out.raw)
	}
	if in.hasData != out.hasData || !reflect.DeepEqual(in.others, out.others) {
		t.Fatalf("other lines: %q became %q", in.raw, out.raw)
	}
}

// onlyComments tells what may be out before the event is complete.
func onlyComments(rest string) bool {
	for rest != "" {
		line, ending, found := cutAtLineEnd(rest)
		if !found || !strings.HasPrefix(line, ":") {
			return false
		}
		rest = rest[len(line)+len(ending):]
	}
	return true
}
