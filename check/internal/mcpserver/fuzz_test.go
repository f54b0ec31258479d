package mcpserver

import (
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/leak"
	"github.com/mcp-auth/go/check/internal/probe"
	"github.com/mcp-auth/go/internal/fetch"
)

// FuzzAnswers holds that no answer of a server causes a panic, and that all that
// gets into the record is fit to be shown.
func FuzzAnswers(f *testing.F) {
	const server, token = "http://127.0.0.1:1/mcp", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
	f.Add(401, `Bearer scope="read", resource_metadata="http://127.0.0.1/x"`, "application/json", `{"resource":"http://127.0.0.1:1/mcp"}`, "*")
	f.Add(200, "", "text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32020}}\n\n", "null")
	f.Add(500, "resource_metadata=x", "text/html", "\x00goroutine 1 [running]:\n\xff/home/x.go:1", "http://localhost:6274")
	f.Add(403, `Basic, Bearer error="\"`, ";", "data:\n\ndata: \r\n", "")
	f.Add(403, "Bearer scope=\"\u202e\u200b\"", "application/json", "{\"error\":{\"code\":1,\"message\":\"\u009b31m\ufe0f\u3164\"}}", "\u2028")
	f.Fuzz(func(t *testing.T, status int, challenge, kind, body, origin string) {
		p := probe.New(probe.Server, server, probe.Config{Tokens: []string{token}, Loopback: true})
		defer p.Close()
		a := answer.Read(&fetch.Response{Status: status, Body: []byte(body), URL: server, Header: http.Header{
			"Www-Authenticate": {challenge, challenge}, "Content-Type": {kind}, "Access-Control-Allow-Origin": {origin},
			"Cache-Control": {challenge}, "Mcp-Session-Id": {kind}, "Location": {body},
		}})
		watch := leak.NewWatch("/mcp")
		watch.Look("a fuzzed answer", a, token)
		_, admission := judgeAdmission(a)
		p.Add(admission)
		p.Add(judgeChallenge(a, server, p)...)
		p.Add(judgeMissingLink(a, false)...)
		p.Add(judgeScopes(a, nil)...)
		p.Add(judgeMethod(http.MethodGet, a, a)...)
		p.Add(judgePreflight(a, origin)...)
		_, refusal := judgeRefusalToPage(a, origin)
		p.Add(refusal...)
		p.Add(judgeIdentifier(server, body)...)
		p.Add(judgeTokenInQuery(a, a))
		p.Add(judgeOrigins(map[string]*answer.Answer{foreignOrigins()[0]: a, foreignOrigins()[1]: a}, a)...)
		p.Add(judgeStepUp(nil, []string{body})...)
		p.Add(judgeNoneValid(ping(a))...)
		p.Add(judgeMismatch("a message", a)...)
		var poor poorRefusals
		if found, ok := judgeRefusal(a, a); ok {
			poor.note(found, "a token")
		}
		p.Add(poor.findings()...)
		p.Add(watch.Findings()...)
		for _, found := range p.Record().Findings {
			unfit := func(r rune) bool { return !unicode.IsPrint(r) }
			if strings.ContainsFunc(found.Message+found.Evidence, unfit) || !utf8.ValidString(found.Evidence) || len(found.Evidence) > probe.MaxEvidence || len(found.Message) > probe.MaxMessage {
				t.Errorf("%s is not fit to be shown: %q %q", found.Code, found.Message, found.Evidence)
			}
		}
	})
}
