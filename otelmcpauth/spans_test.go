package otelmcpauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/mcpauthtest"
	"github.com/mcp-auth/go/otelmcpauth"
	"github.com/mcp-auth/go/policy"
)

// traced is a gateway whose requests have spans.
type traced struct {
	t        *testing.T
	as       *mcpauthtest.Server
	front    *httptest.Server
	spans    *tracetest.SpanRecorder
	upstream func(http.ResponseWriter, *http.Request)
}

func newTraced(t *testing.T, change ...func(*otelmcpauth.Config)) *traced {
	t.Helper()
	w := &traced{t: t, as: mcpauthtest.Start(t, mcpauthtest.Config{}), spans: tracetest.NewSpanRecorder(), upstream: func(http.ResponseWriter, *http.Request) {}}
	w.front = httptest.NewUnstartedServer(http.NotFoundHandler())
	protected := mcpauth.Resource{
		Identifier: w.identifier(), AuthorizationServers: []mcpauth.AuthorizationServer{{Issuer: w.as.Issuer()}},
		Policy: &policy.Policy{Tools: map[string]policy.Requirement{"list": policy.Authenticated(), "delete": policy.Scopes("write")}, Default: policy.Authenticated()},
	}
	config := otelmcpauth.Config{
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(w.spans)), Resources: []mcpauth.Resource{protected},
	}
	for _, f := range change {
		f(&config)
	}
	telemetry, err := otelmcpauth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Config{
		Auth:  mcpauth.Config{Hooks: telemetry.Hooks()},
		Hooks: telemetry.Gateway(),
		Resources: []gateway.Resource{{
			Resource: protected, Credential: telemetry.Propagate(nil),
			Upstream: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.upstream(rw, r) }),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	w.front.Config.Handler = telemetry.Handler(g)
	w.front.Start()
	t.Cleanup(w.front.Close)
	return w
}

func (w *traced) identifier() string { return "http://" + w.front.Listener.Addr().String() + "/mcp" }

// call calls a tool and returns the status.
func (w *traced) call(tool string, headers ...string) int {
	w.t.Helper()
	body := `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"` + tool + `","arguments":{"password":"s3cret"}}}`
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.identifier(), strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+w.as.MustToken(w.t, mcpauthtest.TokenClaims{Audience: []string{w.identifier()}, Subject: "ann"}))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := w.front.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = response.Body.Close()
	w.front.CloseClientConnections()
	return response.StatusCode
}

// ended returns the spans by kind, once the server span has ended.
func (w *traced) ended() map[trace.SpanKind]sdktrace.ReadOnlySpan {
	w.t.Helper()
	w.front.Close() // waits for the handlers
	found := map[trace.SpanKind]sdktrace.ReadOnlySpan{}
	for _, span := range w.spans.Ended() {
		found[span.SpanKind()] = span
		for _, a := range span.Attributes() {
			if text := a.Value.String(); strings.Contains(text, "s3cret") || strings.Contains(text, "ann") {
				w.t.Errorf("%s: %s is %q", span.Name(), a.Key, text)
			}
		}
	}
	return found
}

// attributesOf returns the attributes of a span as one text.
func attributesOf(span sdktrace.ReadOnlySpan) string {
	var text strings.Builder
	for _, a := range span.Attributes() {
		text.WriteString(string(a.Key) + "=" + a.Value.String() + "\n")
	}
	return text.String()
}

const (
	clientTrace  = "0af7651916cd43dd8448eb211c80319c"
	clientParent = "00-" + clientTrace + "-b7ad6b7169203331-01"
)

// A request that is let in has a span of the server, and in it one of the decision and
// one of the request to the upstream, which is told of it.
func TestSpans(t *testing.T) {
	t.Parallel()
	w := newTraced(t)
	parent := make(chan http.Header, 1)
	w.upstream = func(_ http.ResponseWriter, r *http.Request) { parent <- r.Header }
	if status := w.call("list", "traceparent", clientParent, "tracestate", "a=b", "MCP-Protocol-Version", "2025-06-18"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	spans := w.ended()
	server, decision, client := spans[trace.SpanKindServer], spans[trace.SpanKindInternal], spans[trace.SpanKindClient]
	if server == nil || decision == nil || client == nil {
		t.Fatalf("the spans are %v", spans)
	}
	if server.Name() != "tools/call list" || client.Name() != server.Name() || decision.Name() != "mcpauth.decide" {
		t.Errorf("the names are %q, %q, %q", server.Name(), client.Name(), decision.Name())
	}
	for _, line := range []string{
		"http.request.method=POST", "mcp.protocol.version=2025-06-18", "mcp.method.name=tools/call", "gen_ai.tool.name=list",
		"gen_ai.operation.name=execute_tool", "http.response.status_code=200", "mcpauth.outcome=allowed", "mcpauth.resource=" + w.identifier(),
	} {
		if text := attributesOf(server); !strings.Contains(text, line+"\n") {
			t.Errorf("the server span has no %s: %s", line, text)
		}
	}
	if server.Parent().IsValid() || server.SpanContext().TraceID().String() == clientTrace || len(server.Links()) != 1 || server.Links()[0].SpanContext.TraceID().String() != clientTrace {
		t.Errorf("the client's trace goes on: %v, %v", server.Parent(), server.Links())
	}
	for _, child := range []sdktrace.ReadOnlySpan{decision, client} {
		if child.Parent().SpanID() != server.SpanContext().SpanID() {
			t.Errorf("%s is not in the server's span", child.Name())
		}
	}
	h := <-parent
	want := "00-" + client.SpanContext().TraceID().String() + "-" + client.SpanContext().SpanID().String() + "-01"
	if h.Get("Traceparent") != want || h.Get("Tracestate") != "" {
		t.Errorf("the upstream got %q, want %q", h.Get("Traceparent"), want)
	}
}

// Traces of trusted clients go on.
func TestContinueTraces(t *testing.T) {
	t.Parallel()
	w := newTraced(t, func(c *otelmcpauth.Config) { c.ContinueTraces = true })
	w.call("list", "traceparent", clientParent)
	server := w.ended()[trace.SpanKindServer]
	if server.Parent().SpanID().String() != "b7ad6b7169203331" || server.SpanContext().TraceID().String() != clientTrace {
		t.Errorf("the parent is %v", server.Parent())
	}
}

// What clients invent names no span.
func TestSpansOfInventions(t *testing.T) {
	t.Parallel()
	w := newTraced(t)
	w.call("s3cret", "MCP-Protocol-Version", "ann", "traceparent", "x")
	server := w.ended()[trace.SpanKindServer]
	if server.Name() != "tools/call" && server.Name() != "POST" {
		t.Errorf("the name is %q", server.Name())
	}
}

// A refusal is no error of the server, and has its reason.
func TestSpanOfRefusal(t *testing.T) {
	t.Parallel()
	w := newTraced(t)
	if status := w.call("delete"); status != http.StatusForbidden {
		t.Fatalf("status %d", status)
	}
	spans := w.ended()
	server := spans[trace.SpanKindServer]
	if text := attributesOf(server); !strings.Contains(text, "mcpauth.reason=insufficient_scope\n") || server.Status().Code == codes.Error || server.Name() != "tools/call delete" {
		t.Errorf("%s: %s", server.Name(), text)
	}
	if spans[trace.SpanKindClient] != nil {
		t.Error("there is a span of a request to the upstream")
	}
}

// An upstream that fails is an error of both spans.
func TestSpanOfFailure(t *testing.T) {
	t.Parallel()
	w := newTraced(t)
	w.upstream = func(rw http.ResponseWriter, r *http.Request) {
		gateway.Fail(rw, r, http.StatusBadGateway, 0, context.DeadlineExceeded)
	}
	if status := w.call("list"); status != http.StatusBadGateway {
		t.Fatalf("status %d", status)
	}
	spans := w.ended()
	for _, kind := range []trace.SpanKind{trace.SpanKindServer, trace.SpanKindClient} {
		if span := spans[kind]; span == nil || span.Status().Code != codes.Error || !strings.Contains(attributesOf(span), "error.type=502\n") {
			t.Errorf("%v: %v", kind, span)
		}
	}
}

// Streams pass through the handler as they are written.
func TestHandlerFlushes(t *testing.T) {
	t.Parallel()
	w := newTraced(t)
	telemetry, err := otelmcpauth.New(otelmcpauth.Config{TracerProvider: sdktrace.NewTracerProvider()})
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	telemetry.Handler(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if flusher, ok := rw.(http.Flusher); ok {
			flusher.Flush()
		}
	})).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, w.identifier(), nil))
	if !recorder.Flushed {
		t.Error("the handler cannot flush")
	}
}
