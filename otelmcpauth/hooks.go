package otelmcpauth

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/internal/mcpmethod"
)

// Hooks returns what observes an Auth, for [mcpauth.Config.Hooks]. A program with hooks
// of its own calls both.
func (t *Telemetry) Hooks() mcpauth.Hooks {
	return mcpauth.Hooks{Fetched: t.fetched, Introspected: t.introspected, Decided: t.decided}
}

// Gateway returns what observes a Gateway, for [gateway.Config.Hooks].
func (t *Telemetry) Gateway() gateway.Hooks {
	return gateway.Hooks{Streaming: t.streaming, Upstream: t.upstream, Limited: t.limited}
}

// labels returns attributes of names and values in turn.
func labels(pairs ...string) metric.MeasurementOption {
	attributes := make([]attribute.KeyValue, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		attributes = append(attributes, attribute.String(pairs[i], pairs[i+1]))
	}
	return metric.WithAttributeSet(attribute.NewSet(attributes...))
}

// failedOr returns the outcome of what has an error, or else the other one.
func failedOr(err error, outcome string) string {
	if err != nil {
		return "error"
	}
	return outcome
}

func (t *Telemetry) decided(ctx context.Context, e mcpauth.DecisionEvent) {
	if t.instruments != nil {
		t.countDecision(ctx, e)
	}
	t.traceDecision(ctx, e)
}

func (t *Telemetry) countDecision(ctx context.Context, e mcpauth.DecisionEvent) {
	resource, outcome := t.resources.of(e.Resource), string(e.Outcome)
	t.instruments.decisions.Add(ctx, 1, labels("resource", resource, "outcome", outcome, "reason", t.reasons.of(string(e.Reason))))
	t.instruments.decisionTime.Record(ctx, e.Duration.Seconds(), labels("resource", resource, "outcome", outcome))
	for _, op := range e.Operations {
		if op.Method == "" { // a response of the client, or a stream
			continue
		}
		pairs := []string{"resource", resource, "method", t.methods.of(op.Method), "outcome", outcome}
		if op.Method == mcpmethod.ToolsCall {
			pairs = append(pairs, "tool", t.tools.of(e.Resource, op.Name))
		}
		t.instruments.operations.Add(ctx, 1, labels(pairs...))
	}
}

func (t *Telemetry) fetched(e mcpauth.FetchEvent) {
	if t.instruments == nil {
		return
	}
	ctx, issuer, document := context.Background(), t.issuers.of(e.Issuer), t.documents.of(string(e.Document))
	t.instruments.fetches.Add(ctx, 1, labels("issuer", issuer, "document", document, "outcome", failedOr(e.Err, "success")))
	t.instruments.fetchTime.Record(ctx, e.Duration.Seconds(), labels("issuer", issuer, "document", document))
	at := 0.0
	if !e.FetchedAt.IsZero() {
		at = float64(e.FetchedAt.UnixMilli()) / 1000
	}
	t.instruments.fetchedAt.Record(ctx, at, labels("issuer", issuer, "document", document))
}

func (t *Telemetry) introspected(e mcpauth.IntrospectionEvent) {
	if t.instruments == nil {
		return
	}
	ctx, issuer, outcome := context.Background(), t.issuers.of(e.Issuer), "inactive"
	if e.Active {
		outcome = "active"
	}
	t.instruments.introspections.Add(ctx, 1, labels("issuer", issuer, "outcome", failedOr(e.Err, outcome)))
	t.instruments.introspectionTime.Record(ctx, e.Duration.Seconds(), labels("issuer", issuer))
}

func (t *Telemetry) streaming(ctx context.Context, e gateway.UpstreamEvent) {
	if t.instruments == nil {
		return
	}
	t.instruments.streams.Add(ctx, 1, labels("resource", t.resources.of(e.Resource)))
}

func (t *Telemetry) upstream(ctx context.Context, e gateway.UpstreamEvent) {
	if t.instruments != nil {
		t.countUpstream(ctx, e)
	}
	t.traceUpstream(ctx, e)
}

func (t *Telemetry) countUpstream(ctx context.Context, e gateway.UpstreamEvent) {
	resource := t.resources.of(e.Resource)
	t.instruments.upstreamRequests.Add(ctx, 1, labels("resource", resource, "code", codeOf(e.Status)))
	if e.Stream {
		t.instruments.streams.Add(ctx, -1, labels("resource", resource))
	}
	if !e.Stream || e.Method != "GET" {
		t.instruments.upstreamTime.Record(ctx, e.Duration.Seconds(), labels("resource", resource))
	}
}

func (t *Telemetry) limited(ctx context.Context, e gateway.LimitEvent) {
	if t.instruments == nil {
		return
	}
	t.instruments.rateLimited.Add(ctx, 1, labels("resource", t.resources.of(e.Resource), "limit", t.limits.of(e.Limit), "outcome", failedOr(e.Err, "refused")))
}
