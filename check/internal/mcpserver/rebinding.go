package mcpserver

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/mcp-auth/go/check/internal/answer"
	"github.com/mcp-auth/go/check/internal/endpoint"
	"github.com/mcp-auth/go/check/internal/finding"
)

// publicHost is the Host header that a reverse proxy on the same machine passes
// on.
const publicHost = "mcp.example.com"

// foreignOrigin asks as pages of foreign sites do, which reach a server on this
// machine through the user's browser. The server should refuse them (RS16).
func foreignOrigin(ctx context.Context, e *endpoint.Endpoint, valid *validRequest) {
	answers := map[string]*answer.Answer{}
	for _, origin := range foreignOrigins() {
		a := valid.send(ctx, e, valid.what+" of a page of the origin "+origin, "", http.Header{"Origin": {origin}})
		if a == nil {
			return
		}
		answers[origin] = a
	}
	e.Add(judgeOrigins(answers, valid.answer)...)
}

func foreignOrigins() []string { return []string{"https://evil.example", "null"} }

// judgeOrigins compares the answers to foreign pages with the answer to the same
// request without an Origin. Mostly both pages get the same answer, and that is
// one finding.
func judgeOrigins(answers map[string]*answer.Answer, valid *answer.Answer) (found finding.List) {
	origins := map[finding.Code][]string{}
	var codes []finding.Code
	for _, origin := range foreignOrigins() {
		code := judgeOrigin(answers[origin], valid)
		if origins[code] == nil {
			codes = append(codes, code)
		}
		origins[code] = append(origins[code], origin)
	}
	for _, code := range codes {
		first := answers[origins[code][0]]
		switch list := strings.Join(origins[code], " or "); {
		case code != "origin_refused":
			found.Add(code, first.Text(), "A request from a page of the origin %s is answered with %d instead of 403.", list, first.Status)
		case len(codes) == 1:
			found.Add(code, "", "Requests from pages of other sites are refused with 403.")
		}
	}
	return found
}

func judgeOrigin(a, valid *answer.Answer) finding.Code {
	switch {
	case a.Status == http.StatusForbidden:
		return "origin_refused"
	case a.Status == http.StatusUnauthorized:
		return "origin_not_refused_first"
	case a.Accepted() || a.Status == valid.Status:
		return "origin_admitted"
	case a.Status >= 500:
		return "origin_failure"
	}
	return "origin_refused_otherwise"
}

// foreignHost finds out what happens behind a reverse proxy on this machine that
// passes on the Host header. Some SDKs refuse such requests as DNS rebinding.
func foreignHost(ctx context.Context, e *endpoint.Endpoint, valid *validRequest) {
	a := valid.send(ctx, e, valid.what+" with the Host header of a proxy", publicHost, nil)
	if a != nil && a.Status != valid.answer.Status && (a.Status == http.StatusForbidden || refusesHost(a)) {
		e.Add(finding.New("host_refused", a.Text(), "A request with the Host header %s is answered with %d.", publicHost, a.Status))
	}
}

// hostMessage matches what SDKs write when they refuse a Host header.
var hostMessage = regexp.MustCompile(`(?i)\b(invalid|missing|unknown|disallowed|unexpected) host\b|\bhost (header )?(is )?(not allowed|invalid)`)

// refusesHost reports whether a server refuses a request because of its Host
// header.
func refusesHost(a *answer.Answer) bool {
	if a.Status == http.StatusMisdirectedRequest {
		return true
	}
	return (a.Status == http.StatusForbidden || a.Status == http.StatusBadRequest) && hostMessage.MatchString(strings.TrimSpace(a.Text()))
}
