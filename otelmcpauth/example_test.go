package otelmcpauth_test

import (
	"net/http"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/otelmcpauth"
)

var (
	meters  metric.MeterProvider
	tracers trace.TracerProvider
	config  mcpauth.Config
	server  http.Handler
)

// A protected server with metrics and spans.
func Example() {
	_ = func() error {
		telemetry, err := otelmcpauth.New(otelmcpauth.Config{
			MeterProvider: meters, TracerProvider: tracers, // either may be nil
			Resources: config.Resources,
		})
		if err != nil {
			return err
		}
		config.Hooks = telemetry.Hooks()
		auth, err := mcpauth.New(config)
		if err != nil {
			return err
		}
		http.Handle("/mcp", telemetry.Handler(auth.Protect(server)))
		return nil
	}
}
