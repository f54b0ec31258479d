package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/mcp-auth/go/policy"

	"github.com/mcp-auth/go/bench/internal/contender"
	"github.com/mcp-auth/go/bench/internal/fixture"
	"github.com/mcp-auth/go/bench/internal/measure"
)

// call is one tools/call, as a client of one protocol revision sends it.
type call struct {
	name   string
	header http.Header
	body   string
}

func calls() []call {
	const version = "2026-07-28"
	plain := http.Header{"Content-Type": {"application/json"}, "Mcp-Protocol-Version": {"2025-11-25"}}
	modern := http.Header{
		"Content-Type": {"application/json"}, "Mcp-Protocol-Version": {version},
		"Mcp-Method": {"tools/call"}, "Mcp-Name": {"get-notes"},
	}
	body := func(arguments, meta string) string {
		return `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"get-notes","arguments":` + arguments + meta + `}}`
	}
	meta := `,"_meta":{"io.modelcontextprotocol/protocolVersion":"` + version + `"}`
	long := `{"text":"` + strings.Repeat("x", 10<<10) + `"}`
	return []call{
		{"with headers (2026-07-28)", modern, body(`{"limit":10,"tag":"work"}`, meta)},
		{"body alone (2025-11-25)", plain, body(`{"limit":10,"tag":"work"}`, "")},
		{"body alone, 10 KiB of arguments", plain, body(long, "")},
	}
}

// policies measures what it adds to a warm request to decide on its MCP
// operation. The handler reads the body, with a policy or without.
func policies(ctx context.Context, s *fixture.Server, o options, report *measure.Report) error {
	without, err := contender.OurHandler(ctx, s, nil, readBody())
	if err != nil {
		return err
	}
	with, err := contender.OurHandler(ctx, s, &policy.Policy{
		Tools: map[string]policy.Requirement{
			"get-notes": policy.Scopes("read:notes"), "add-note": policy.Scopes("write:notes"), "admin-*": policy.Scopes("admin"),
		},
	}, readBody())
	if err != nil {
		return err
	}
	token, err := s.Token("ES256", nil)
	if err != nil {
		return err
	}
	for _, c := range calls() {
		cases := []measure.Case{
			{Name: "no policy", Run: c.run(without, token)},
			{Name: "policy", Run: c.run(with, token)},
		}
		results, err := measure.Interleave(cases, o.rounds, o.slice)
		if err != nil {
			return err
		}
		report.Tables = append(report.Tables, measure.Table{Title: "Policy, " + c.name, Results: results})
		added := results[1].Nanoseconds - results[0].Nanoseconds
		if c.header.Get("Mcp-Method") != "" {
			report.AtMost("P7", "policy, "+c.name+", added to a warm request", added, 1000, " ns")
		}
	}
	return nil
}

// run sends the call to a handler and reads what the handler saw of it.
func (c call) run(handler http.Handler, token string) func() error {
	header := c.header.Clone()
	header.Set("Authorization", "Bearer "+token)
	reader := strings.NewReader(c.body)
	w := &sink{header: http.Header{}}
	request, err := http.NewRequest(http.MethodPost, fixture.Resource, nil)
	return func() error {
		if err != nil {
			return err
		}
		reader.Reset(c.body)
		request.Header, request.Body, request.ContentLength = header, io.NopCloser(reader), int64(len(c.body))
		w.status = 0
		handler.ServeHTTP(w, request)
		if w.status != http.StatusNoContent {
			return fmt.Errorf("status %d", w.status)
		}
		return nil
	}
}

// sink is a response that is thrown away.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(status int)      { s.status = status }

// readBody is the handler: it reads the body, as an MCP server does.
func readBody() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		if _, err := body.ReadFrom(r.Body); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
