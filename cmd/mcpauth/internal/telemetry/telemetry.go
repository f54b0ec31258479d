// Package telemetry exports the metrics and traces of mcpauth gateway.
package telemetry

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/otelmcpauth"
)

// Telemetry exports what is measured. The zero value exports nothing. It lives as long as
// the program, whose file may be read again meanwhile.
type Telemetry struct {
	meters         *sdkmetric.MeterProvider // nil: no metrics
	tracers        *sdktrace.TracerProvider // nil: no traces
	continueTraces bool
	page           http.Handler // nil: none

	once sync.Once // for Shutdown
}

// New returns what exports as the settings say. It does not use the network.
func New(ctx context.Context, s gatewayfile.TelemetrySettings, log *slog.Logger) (*Telemetry, error) {
	t := &Telemetry{continueTraces: s.ContinueTraces}
	about, err := describe(ctx)
	if err != nil {
		return nil, err
	}
	if s.Prometheus || s.MetricsURL != "" {
		if err := t.measure(ctx, s, about, log); err != nil {
			return nil, err
		}
	}
	if s.TracesURL == "" {
		return t, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(s.TracesURL), otlptracehttp.WithProxy(noProxy))
	if err != nil {
		return nil, err
	}
	logged := &spanExporter{exporter, outage{log: log, what: "traces"}}
	t.tracers = sdktrace.NewTracerProvider(sdktrace.WithBatcher(logged), sdktrace.WithResource(about), sdktrace.WithSampler(sampler(s)))
	return t, nil
}

// sampler returns what decides on sampling. A client decides only if its traces go on.
func sampler(s gatewayfile.TelemetrySettings) sdktrace.Sampler {
	return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(s.Sample))
}

// noProxy has collectors reached directly, whatever the environment says.
func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// describe says what the metrics and traces are of: OTEL_RESOURCE_ATTRIBUTES and
// OTEL_SERVICE_NAME have the last word.
func describe(ctx context.Context) (*resource.Resource, error) {
	version := "(devel)"
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		version = build.Main.Version
	}
	return resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "mcpauth-gateway"),
		attribute.String("service.version", version),
		attribute.String("service.instance.id", rand.Text()),
	), resource.WithFromEnv())
}

// measure begins to make metrics.
func (t *Telemetry) measure(ctx context.Context, s gatewayfile.TelemetrySettings, about *resource.Resource, log *slog.Logger) error {
	options := []sdkmetric.Option{sdkmetric.WithResource(about)}
	if s.Prometheus {
		registry := prometheus.NewRegistry()
		registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
		reader, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(),
			otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes))
		if err != nil {
			return err
		}
		t.page = promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError), MaxRequestsInFlight: 8})
		options = append(options, sdkmetric.WithReader(reader))
	}
	if s.MetricsURL != "" {
		exporter, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(s.MetricsURL), otlpmetrichttp.WithProxy(noProxy))
		if err != nil {
			return err
		}
		options = append(options, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(&metricExporter{exporter, outage{log: log, what: "metrics"}})))
	}
	t.meters = sdkmetric.NewMeterProvider(options...)
	return nil
}

// Handler returns what serves /metrics, nil if nothing does.
func (t *Telemetry) Handler() http.Handler { return t.page }

// For returns what measures a gateway with these resources.
func (t *Telemetry) For(resources []mcpauth.Resource) (*otelmcpauth.Telemetry, error) {
	config := otelmcpauth.Config{Resources: resources, ContinueTraces: t.continueTraces}
	if t.meters != nil {
		config.MeterProvider = t.meters
	}
	if t.tracers != nil {
		config.TracerProvider = t.tracers
	}
	return otelmcpauth.New(config)
}

// Shutdown exports what has not been, within the time of ctx, and ends the exporters. A
// second call does nothing.
func (t *Telemetry) Shutdown(ctx context.Context) (err error) {
	t.once.Do(func() {
		if t.tracers != nil {
			err = t.tracers.Shutdown(ctx)
		}
		if t.meters != nil {
			err = errors.Join(err, t.meters.Shutdown(ctx))
		}
	})
	return err
}
