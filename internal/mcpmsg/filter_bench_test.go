package mcpmsg_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/mcp-auth/go/internal/mcpmethod"
	"github.com/mcp-auth/go/internal/mcpmsg"
)

// fiftyTools is a list as servers send it, one tool in five hidden.
func fiftyTools() string {
	var tools []string
	for i := range 50 {
		name := fmt.Sprintf("notes_%d", i)
		if i%5 == 0 {
			name = fmt.Sprintf("hidden_%d", i)
		}
		tools = append(tools, `{"name":"`+name+`","title":"Search the notes","description":"Finds notes by words in them, newest first.",`+
			`"inputSchema":{"type":"object","properties":{"query":{"type":"string","description":"words"},"limit":{"type":"integer","minimum":1}},`+
			`"required":["query"]},"annotations":{"readOnlyHint":true}}`)
	}
	return answer(`{"tools":[` + strings.Join(tools, ",") + `]}`)
}

func benchmarkWhole(b *testing.B, contentType, response string) {
	b.ReportAllocs()
	b.SetBytes(int64(len(response)))
	p := []byte(response)
	for b.Loop() {
		f := mcpmsg.NewFilter(io.Discard, contentType, mcpmethod.ListTools, notHidden)
		if _, err := f.Write(p); err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFilterJSON50Tools(b *testing.B) { benchmarkWhole(b, jsonType, fiftyTools()) }

func BenchmarkFilterEvent50Tools(b *testing.B) {
	benchmarkWhole(b, streamType, "event: message\nid: 1\ndata: "+fiftyTools()+"\n\n")
}

// benchmarkStream writes one event after the other to one stream.
func benchmarkStream(b *testing.B, event string) {
	b.ReportAllocs()
	b.SetBytes(int64(len(event)))
	f := mcpmsg.NewFilter(io.Discard, streamType, mcpmethod.ListTools, notHidden)
	p := []byte(event)
	for b.Loop() {
		if _, err := f.Write(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFilterEventPassed(b *testing.B) {
	benchmarkStream(b, "event: message\nid: 1_2\n"+
		`data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t1","progress":3,"total":10,"message":"three of ten"}}`+"\n\n")
}

func BenchmarkFilterComment(b *testing.B) { benchmarkStream(b, ": keep-alive\n\n") }

func BenchmarkFilterPlain(b *testing.B) { benchmarkWhole(b, "text/plain", fiftyTools()) }
