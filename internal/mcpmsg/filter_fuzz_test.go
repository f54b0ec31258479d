package mcpmsg_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
)

func notSecret(_, name string) bool { return !strings.Contains(name, "secret") }

// keeps are the decisions that every property is held to.
func keeps() map[string]mcpmsg.Keep {
	return map[string]mcpmsg.Keep{"all": keepAll, "none": keepNone, "some": notSecret}
}

// jsonSeeds are messages to begin with.
func jsonSeeds() []string {
	return []string{
		answer(`{"tools":[{"name":"a"},{"name":"secret"},{"name":"c"}],"nextCursor":"x"}`),
		"[" + answer(`{"prompts":[{"name":"secret"}]}`) + ", " + answer(`{"resources":[ {"uri":"secret"} , {"uri":"b","name":"secret"}]}`) + "]",
		answer("{\"resourceTemplates\":[\n {\"uriTemplate\":\"secret\"},\n {\"uriTemplate\":\"b\"}\n]}"),
		`{"result":{"tools":[{"name":"a","Name":"secret"},{"n\u0061me":"s\u0065cret"}],"Tools":null}}`,
		`{"Result":{"toolſ":[1,{"name":"secret"},[],{"name":"a","x":1,"x":2}]}}`,
		`{"method":"x","params":{"x":"\ud83d\ude00 \ud83d"}}`,
		`{"result":{},"result":{"tools":[{"name":"secret"}]}}`,
		`null`, `"{"`, `[]`, ` [[{"result":{}}],{}] `, "\uFEFF{}", "{\"a\":\"\xff\"}", "",
	}
}

// FuzzFilterJSON holds the filter to what encoding/json reads.
func FuzzFilterJSON(f *testing.F) {
	for i, seed := range jsonSeeds() {
		f.Add(seed, uint64(i))
	}
	f.Fuzz(func(t *testing.T, in string, chunks uint64) {
		for _, keep := range keeps() {
			out, err := filtered(jsonType, mcpmethod.AllLists, keep, in)
			again, errAgain := filtered(jsonType, mcpmethod.AllLists, keep, chunked(in, chunks)...)
			if out != again || err != errAgain { //nolint:errorlint // they are the same value
				t.Fatalf("in one: %q, %v; in parts: %q, %v", out, err, again, errAgain)
			}
			if err != nil {
				if out != "" {
					t.Fatalf("wrote %q before %v", out, err)
				}
				continue
			}
			checkText(t, in, out, keep)
		}
	})
}

// FuzzFilterSSE holds the filter to what other parsers read.
func FuzzFilterSSE(f *testing.F) {
	for i, seed := range jsonSeeds() {
		f.Add("data: "+seed+"\n\n", uint64(i))
		f.Add("\uFEFFid: 1\r\ndata: "+strings.ReplaceAll(seed, ",", ",\r\ndata:")+"\r\n\r\n: x\n\n", uint64(i))
		f.Add(":\r\rdata: {}\r\r\nevent: m\rdata: "+strings.ReplaceAll(seed, ":", ":\rdata:")+"\n\n", uint64(i))
		f.Add("data:\r"+seed+"\n\ndata", uint64(i))
	}
	f.Fuzz(func(t *testing.T, in string, chunks uint64) {
		for _, keep := range keeps() {
			out, err := filtered(streamType, mcpmethod.AllLists, keep, in)
			again, errAgain := filtered(streamType, mcpmethod.AllLists, keep, chunked(in, chunks)...)
			if out != again || err != errAgain { //nolint:errorlint // they are the same value
				t.Fatalf("in one: %q, %v; in parts: %q, %v", out, err, again, errAgain)
			}
			checkStream(t, in, out, err != nil, keep)
		}
	})
}

// chunked splits text at random points.
func chunked(text string, seed uint64) []string {
	r := rand.New(rand.NewPCG(seed, 1))
	mean := 1 + r.IntN(20)
	var parts []string
	for text != "" {
		n := min(r.IntN(2*mean), len(text))
		parts, text = append(parts, text[:n]), text[n:]
	}
	return parts
}

// TestFilterRandomStreams has streams that fuzzing seldom reaches: well-formed
// ones, in all variations.
func TestFilterRandomStreams(t *testing.T) {
	t.Parallel()
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	for seed := range uint64(rounds) {
		g := generator{rand.New(rand.NewPCG(seed, 2))}
		in := g.stream()
		for name, keep := range keeps() {
			out, err := filtered(streamType, mcpmethod.AllLists, keep, chunked(in, seed)...)
			if err != nil {
				t.Fatalf("%q: %v", in, err)
			}
			checkStream(t, in, out, false, keep)
			if complete := strings.TrimSuffix(in, incomplete(in)); name == "all" && out != complete && complete != "\uFEFF" {
				t.Fatalf("%q became %q", in, out)
			}
			text := g.messages("")
			if out, err = filtered(jsonType, mcpmethod.AllLists, keep, text); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			checkText(t, text, out, keep)
		}
	}
}

// incomplete returns the end of a stream that is not a whole event, comments at
// its beginning aside.
func incomplete(stream string) string {
	_, rest := parseStream(stream)
	for strings.HasPrefix(rest, ":") {
		line, ending, found := cutAtLineEnd(rest)
		if !found {
			break
		}
		rest = rest[len(line)+len(ending):]
	}
	return rest
}

type generator struct{ *rand.Rand }

func (g generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g generator) stream() string {
	var b strings.Builder
	b.WriteString(g.pick("", "", "\uFEFF"))
	for range g.IntN(6) {
		for range g.IntN(3) {
			b.WriteString(g.pick("id: 1", "event: message", "retry: 1", ": note", "x") + g.lineEnd())
		}
		if g.IntN(4) > 0 {
			b.WriteString(g.data())
		}
		for range g.IntN(2) {
			b.WriteString(g.pick("id: 1", "event", ":data: {", "unknown: 1") + g.lineEnd())
		}
		b.WriteString(g.pick("\n", "\r\n", "\r"))
	}
	b.WriteString(g.pick("", "data: {", "data: {}\n", ": x", ": y\r", "id: 5\n"))
	return b.String()
}

// lineEnd is not a carriage return alone, which could be half of one.
func (g generator) lineEnd() string { return g.pick("\n", "\n", "\r\n") }

// data is one message, on one line or several.
func (g generator) data() string {
	var b strings.Builder
	for line := range strings.SplitSeq(g.messages("\n"), "\n") {
		b.WriteString(g.pick("data: ", "data:") + strings.TrimPrefix(line, " ") + g.lineEnd())
		if g.IntN(10) == 0 {
			b.WriteString(g.pick("id: 7", ": between") + g.lineEnd())
		}
	}
	return b.String()
}

func (g generator) messages(lineEnd string) string {
	space := func() string { return g.pick("", "", "", " ", "\t", lineEnd) }
	if g.IntN(4) > 0 {
		return space() + g.message(space) + space()
	}
	var all []string
	for range g.IntN(4) {
		all = append(all, space()+g.message(space)+space())
	}
	return "[" + strings.Join(all, ",") + "]"
}

func (g generator) message(space func() string) string {
	switch g.IntN(6) {
	case 0:
		return `{"method":"notifications/progress",` + space() + `"params":{"tools":[{"name":"secret"}],"progress":1.0}}`
	case 1:
		return `{"id":"x","error":{"code":-32601,` + space() + `"message":"tools"}}`
	}
	lists := []string{
		g.list(space, `"tools"`, `"name"`), g.list(space, `"prompts"`, `"name"`),
		g.list(space, `"resources"`, `"uri"`), g.list(space, `"resourceTemplates"`, `"uriTemplate"`),
		`"nextCursor":` + space() + `"n"`, `"_meta":{"a":1,"a":` + space() + `[{"name":"secret"}]}`,
	}
	g.Shuffle(len(lists), func(i, j int) { lists[i], lists[j] = lists[j], lists[i] })
	return `{"jsonrpc":"2.0",` + space() + `"result"` + space() + ":{" + strings.Join(lists[:g.IntN(len(lists)+1)], space()+","+space()) + space() + `},"id":1}`
}

func (g generator) list(space func() string, member, key string) string {
	var items []string
	for i := range g.IntN(6) {
		name := g.pick(`"a"`, `"b{x}"`, `"secret"`, `"s\u0065cret"`, fmt.Sprintf(`"é%d"`, i))
		items = append(items, space()+`{"title":"secret",`+space()+key+":"+name+space()+`,"x":{"name":"secret","name":1e5}}`+space())
	}
	return member + space() + ":" + space() + "[" + space() + strings.Join(items, ",") + space() + "]"
}
