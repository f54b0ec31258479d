package mcpmsg_test

import (
	"net/http"
	"testing"

	"github.com/mcp-auth/go/internal/mcpmsg"
)

// A tools/call of about 200 bytes in either era.
const (
	legacyCall = `{"jsonrpc":"2.0","id":17,"method":"tools/call","params":{"name":"create-todo","arguments":{"title":"buy milk and bread","due":"2026-08-01","tags":["home","shop"],"priority":2,"note":"before six in the evening"}}}`
	modernCall = `{"jsonrpc":"2.0","id":17,"method":"tools/call","params":{"name":"create-todo","arguments":{"title":"buy milk"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
)

func BenchmarkParse(b *testing.B) {
	modern := modernHeader("tools/call", "create-todo")
	encoded := modernHeader("tools/call", "=?base64?Y3JlYXRlLXRvZG8=?=")
	for _, c := range []struct {
		name   string
		header http.Header
		body   string
	}{
		{"Legacy", plainHeader(), legacyCall},
		{"Modern", modern, modernCall},
		{"ModernBase64", encoded, modernCall},
	} {
		b.Run(c.name, func(b *testing.B) {
			body := []byte(c.body)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := mcpmsg.Parse(c.header, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func plainHeader() http.Header {
	return http.Header{"Content-Type": {"application/json"}}
}

func modernHeader(method, name string) http.Header {
	h := plainHeader()
	h.Set("MCP-Protocol-Version", "2026-07-28")
	h.Set("Mcp-Method", method)
	if name != "" {
		h.Set("Mcp-Name", name)
	}
	return h
}
