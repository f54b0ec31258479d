// Package otelmcpauth makes OpenTelemetry metrics and spans of what package mcpauth and
// package gateway decide and do.
//
//	telemetry, err := otelmcpauth.New(otelmcpauth.Config{
//		MeterProvider:  meters,
//		TracerProvider: tracers,
//		Resources:      config.Resources,
//	})
//	…
//	config.Hooks = telemetry.Hooks()
//	auth, err := mcpauth.New(config)
//	…
//	http.Handle("/mcp", telemetry.Handler(auth.Protect(server)))
//
// The labels of metrics have few values, whatever callers send: names of tools are
// those of the policies, methods those of MCP, and all others are "other". No token,
// subject, client or argument is in a label or in a span.
package otelmcpauth

import (
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	mcpauth "github.com/mcp-auth/go"
)

// scope names what measures.
const scope = "github.com/mcp-auth/go/otelmcpauth"

// Config configures a [Telemetry].
type Config struct {
	// MeterProvider makes the instruments. Nil means no metrics.
	MeterProvider metric.MeterProvider
	// TracerProvider makes the spans. Nil means no spans.
	TracerProvider trace.TracerProvider
	// Resources are those of the Auth or the Gateway. Tools that their policies name are
	// named in metrics and spans; all others are "other".
	Resources []mcpauth.Resource
	// ContinueTraces makes the spans of requests children of the span that the client
	// names in traceparent. Set it if all clients are trusted. Otherwise a trace begins
	// here, and the client's span is linked to it: a client cannot decide what is sampled.
	ContinueTraces bool
}

// Telemetry measures. Make one with [New]; it is safe for concurrent use. A program
// that reads its configuration again makes another one with the same providers, and the
// counters go on.
type Telemetry struct {
	instruments    *instruments // nil: no metrics
	tracer         trace.Tracer // nil: no spans
	continueTraces bool

	tools                      toolNames
	methods                    methods
	resources, issuers         *label
	reasons, documents, limits *label
}

// New makes a [Telemetry]. An error is one of the MeterProvider.
func New(config Config) (*Telemetry, error) {
	t := &Telemetry{
		continueTraces: config.ContinueTraces, tools: toolsOf(config.Resources), methods: knownMethods(),
		resources: newLabel(), issuers: newLabel(), reasons: newLabel(), documents: newLabel(), limits: newLabel(),
	}
	if config.MeterProvider != nil {
		var err error
		if t.instruments, err = newInstruments(config.MeterProvider.Meter(scope)); err != nil {
			return nil, err
		}
	}
	if config.TracerProvider != nil {
		t.tracer = config.TracerProvider.Tracer(scope)
	}
	return t, nil
}
