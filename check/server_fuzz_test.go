package check

import (
	"net/http"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mcp-auth/go/internal/fetch"
)

// FuzzAnswers judges whatever a server may answer. It must not panic, and what
// gets into the report must be fit to be shown.
func FuzzAnswers(f *testing.F) {
	f.Add(401, `Bearer scope="read", resource_metadata="http://127.0.0.1/x"`, "application/json", `{"resource":"http://127.0.0.1:1/mcp"}`, "*")
	f.Add(200, "", "text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32020}}\n\n", "null")
	f.Add(500, "resource_metadata=x", "text/html", "\x00goroutine 1 [running]:\n\xff/home/x.go:1", "http://localhost:6274")
	f.Add(403, `Basic, Bearer error="\"`, ";", "data:\n\ndata: \r\n", "")
	f.Fuzz(func(t *testing.T, status int, challenge, kind, body, origin string) {
		s := newServerCheck("http://127.0.0.1:1/mcp", Options{Token: goodForm, Now: time.Now})
		defer s.close()
		resp := &fetch.Response{Status: status, Body: []byte(body), URL: s.url, Header: http.Header{
			"Www-Authenticate": {challenge, challenge}, "Content-Type": {kind}, "Access-Control-Allow-Origin": {origin},
			"Cache-Control": {challenge}, "Mcp-Session-Id": {kind}, "Location": {body},
		}}
		a := s.answer("a fuzzed answer", resp, goodForm)
		s.state, s.refusal = protected, a
		s.judgeAdmission(a)
		s.state = protected
		s.challenge()
		s.judgeMethod(t.Context(), http.MethodGet, a)
		s.varies(a.header, "it")
		s.judgeIdentifier(body)
		var poor refusals
		s.judgeRefusal("a token", a, &poor)
		s.poorRefusals(poor)
		s.sightings()
		s.verdicts()
		for _, found := range s.report.Findings {
			if !utf8.ValidString(found.Evidence) || len(found.Evidence) > maxEvidence || len(found.Message) > maxMessage {
				t.Errorf("%s is not fit to be shown: %q %q", found.Code, found.Message, found.Evidence)
			}
		}
	})
}

// goodForm has the form of a token.
const goodForm = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"

// TestAlteredTokens holds that what is made of a good token is another one of
// the same form.
func TestAlteredTokens(t *testing.T) {
	t.Parallel()
	for _, token := range []string{goodForm, "opaque", "x", "a.b", "ends-in-~", "eyJhbGciOiJFUzI1NiJ9.bm8ganNvbg.c2ln"} {
		if other := otherEnd(token); other == token || len(other) != len(token) {
			t.Errorf("%q becomes %q", token, other)
		}
		if other := otherClaims(token); other == token {
			t.Errorf("the claims of %q stay", token)
		}
	}
	if otherClaims(goodForm) == "" {
		t.Error("the claims of a JWT cannot be changed")
	}
	if other := otherClaims("opaque"); other != "" {
		t.Errorf("an opaque token has other claims: %q", other)
	}
}
