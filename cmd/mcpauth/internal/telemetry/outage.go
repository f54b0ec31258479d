package telemetry

import (
	"context"
	"log/slog"
	"sync"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// outage logs that a collector takes nothing, once, and that it does again. Otherwise
// the SDK would write each failure to a log of its own.
type outage struct {
	log  *slog.Logger
	what string

	mu   sync.Mutex
	down bool
}

func (o *outage) note(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil && !o.down:
		o.log.Error("mcpauth: the collector does not take the "+o.what, "cause", err)
	case err == nil && o.down:
		o.log.Info("mcpauth: the collector takes the " + o.what + " again")
	}
	o.down = err != nil
}

// spanExporter exports spans, and logs how that goes.
type spanExporter struct {
	sdktrace.SpanExporter
	outage outage
}

// ExportSpans implements [sdktrace.SpanExporter].
func (e *spanExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.outage.note(e.SpanExporter.ExportSpans(ctx, spans))
	return nil
}

// metricExporter exports metrics, and logs how that goes.
type metricExporter struct {
	sdkmetric.Exporter
	outage outage
}

// Export implements [sdkmetric.Exporter].
func (e *metricExporter) Export(ctx context.Context, metrics *metricdata.ResourceMetrics) error {
	e.outage.note(e.Exporter.Export(ctx, metrics))
	return nil
}
