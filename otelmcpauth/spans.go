package otelmcpauth

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/internal/mcpmethod"
)

// traceDecision names the server span by what was asked, and adds one for the decision.
func (t *Telemetry) traceDecision(ctx context.Context, e mcpauth.DecisionEvent) {
	s := spansOf(ctx)
	if s == nil || !s.server.IsRecording() {
		return
	}
	attributes := []attribute.KeyValue{
		attribute.String("mcpauth.resource", e.Resource), attribute.String("mcpauth.outcome", string(e.Outcome)),
	}
	if e.Reason != "" {
		attributes = append(attributes, attribute.String("mcpauth.reason", string(e.Reason)))
	}
	s.server.SetAttributes(attributes...)
	if len(e.Operations) == 1 && e.Operations[0].Method != "" {
		s.describe(t.describeOperation(e))
	}
	end := time.Now()
	_, decision := t.tracer.Start(trace.ContextWithSpan(ctx, s.server), "mcpauth.decide",
		trace.WithTimestamp(end.Add(-e.Duration)), trace.WithAttributes(attributes...))
	if e.Outcome == mcpauth.Unavailable {
		fail(decision, string(e.Reason))
	}
	decision.End(trace.WithTimestamp(end))
}

// describeOperation returns the name of a span for an operation, and its attributes.
func (t *Telemetry) describeOperation(e mcpauth.DecisionEvent) (name string, attributes []attribute.KeyValue) {
	op := e.Operations[0]
	name = t.methods.of(op.Method)
	attributes = []attribute.KeyValue{attribute.String("mcp.method.name", name)}
	if op.Method != mcpmethod.ToolsCall {
		return name, attributes
	}
	attributes = append(attributes, attribute.String("gen_ai.operation.name", "execute_tool"))
	if tool := t.tools.of(e.Resource, op.Name); tool != other {
		return name + " " + tool, append(attributes, attribute.String("gen_ai.tool.name", tool))
	}
	return name, attributes
}

func (s *spans) describe(name string, attributes []attribute.KeyValue) {
	s.mu.Lock()
	s.name = name
	s.mu.Unlock()
	s.server.SetName(name)
	s.server.SetAttributes(attributes...)
}

// Propagate returns a credential that adds traceparent and tracestate to requests to an
// upstream, in place of the client's, and begins a client span that ends with the
// request. Next, if it is not nil, adds the credential proper. Requests that
// [Telemetry.Handler] has not seen stay as they are. Without a TracerProvider it is
// next.
func (t *Telemetry) Propagate(next gateway.Credential) gateway.Credential {
	if t.tracer == nil {
		return next
	}
	return &propagator{t, next}
}

type propagator struct {
	telemetry *Telemetry
	next      gateway.Credential // nil: none
}

// Apply implements [gateway.Credential].
func (p *propagator) Apply(ctx context.Context, info *mcpauth.AuthInfo, header http.Header) error {
	if s := spansOf(ctx); s != nil {
		header.Del("Traceparent")
		header.Del("Tracestate")
		propagation.TraceContext{}.Inject(p.telemetry.startUpstream(ctx, s), propagation.HeaderCarrier(header))
	}
	if p.next == nil {
		return nil
	}
	return p.next.Apply(ctx, info, header)
}

// startUpstream begins the span of a request to an upstream.
func (t *Telemetry) startUpstream(ctx context.Context, s *spans) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, s.upstream = t.tracer.Start(trace.ContextWithSpan(ctx, s.server), s.name, trace.WithSpanKind(trace.SpanKindClient))
	return ctx
}

// traceUpstream ends the span of a request to an upstream.
func (t *Telemetry) traceUpstream(ctx context.Context, e gateway.UpstreamEvent) {
	s := spansOf(ctx)
	if s == nil {
		return
	}
	s.mu.Lock()
	span := s.upstream
	s.upstream = nil
	s.mu.Unlock()
	if span == nil {
		return
	}
	if e.Status > 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", e.Status))
	}
	if e.Err != nil {
		fail(span, strconv.Itoa(e.Status))
	}
	span.End()
}
