package otelmcpauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/gateway"
	"github.com/mcp-auth/go/otelmcpauth"
	"github.com/mcp-auth/go/policy"
	"github.com/mcp-auth/go/reason"
)

const (
	notes  = "https://mcp.example.com/notes"
	issuer = "https://auth.example.com"
)

func resources() []mcpauth.Resource {
	return []mcpauth.Resource{{Identifier: notes, Policy: &policy.Policy{Tools: map[string]policy.Requirement{"list": policy.Public()}}}}
}

// newMetrics returns a Telemetry and what reads its metrics.
func newMetrics(t *testing.T) (*otelmcpauth.Telemetry, *sdkmetric.ManualReader) {
	t.Helper()
	reader := sdkmetric.NewManualReader()
	telemetry, err := otelmcpauth.New(otelmcpauth.Config{
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)), Resources: resources(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return telemetry, reader
}

// read returns the points of all metrics, as "name{label=value,…}", with their values;
// of histograms the number of values.
func read(t *testing.T, reader *sdkmetric.ManualReader) map[string]float64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	points := map[string]float64{}
	add := func(name string, labels attribute.Set, value float64) {
		points[name+"{"+labels.Encoded(attribute.DefaultEncoder())+"}"] = value
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, p.Value)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, float64(p.Count))
				}
			default:
				t.Fatalf("%s is a %T", m.Name, m.Data)
			}
		}
	}
	return points
}

func compare(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for point, value := range want {
		if got[point] != value {
			t.Errorf("%s is %v, want %v", point, got[point], value)
		}
	}
	for point := range got {
		if _, ok := want[point]; !ok {
			t.Errorf("%s is not expected", point)
		}
	}
}

func TestMetricsOfAuth(t *testing.T) {
	t.Parallel()
	telemetry, reader := newMetrics(t)
	hooks, fetched := telemetry.Hooks(), time.Unix(1700000000, 0)
	hooks.Decided(t.Context(), mcpauth.DecisionEvent{
		Resource: notes, Method: http.MethodPost, Outcome: mcpauth.Allowed, Issuer: issuer, Subject: "ann", ClientID: "app",
		Operations: []policy.Operation{
			{Method: "tools/call", Name: "list", Arguments: []byte(`{"password":"s3cret"}`)}, {Method: "tools/call", Name: "drop"},
			{Method: "notifications/initialized"}, {Method: "resources/read", Name: "file:///ann"}, {Method: "invented"}, {},
		},
	})
	hooks.Decided(t.Context(), mcpauth.DecisionEvent{Resource: notes, Outcome: mcpauth.Denied, Status: 401, Reason: reason.Expired})
	hooks.Fetched(mcpauth.FetchEvent{Issuer: issuer, Document: mcpauth.FetchedKeys, FetchedAt: fetched})
	hooks.Fetched(mcpauth.FetchEvent{Issuer: issuer, Document: mcpauth.FetchedMetadata, Err: errors.New("down")})
	hooks.Introspected(mcpauth.IntrospectionEvent{Issuer: issuer, Active: true})
	hooks.Introspected(mcpauth.IntrospectionEvent{Issuer: issuer})
	hooks.Introspected(mcpauth.IntrospectionEvent{Issuer: issuer, Err: errors.New("down")})
	got := read(t, reader)
	compare(t, got, map[string]float64{
		"mcpauth.decisions{outcome=allowed,reason=,resource=" + notes + "}":                                          1,
		"mcpauth.decisions{outcome=denied,reason=expired,resource=" + notes + "}":                                    1,
		"mcpauth.decision.duration{outcome=allowed,resource=" + notes + "}":                                          1,
		"mcpauth.decision.duration{outcome=denied,resource=" + notes + "}":                                           1,
		"mcpauth.operations{method=tools/call,outcome=allowed,resource=" + notes + ",tool=list}":                     1,
		"mcpauth.operations{method=tools/call,outcome=allowed,resource=" + notes + ",tool=other}":                    1,
		"mcpauth.operations{method=notifications,outcome=allowed,resource=" + notes + "}":                            1,
		"mcpauth.operations{method=resources/read,outcome=allowed,resource=" + notes + "}":                           1,
		"mcpauth.operations{method=other,outcome=allowed,resource=" + notes + "}":                                    1,
		"mcpauth.fetches{document=" + string(mcpauth.FetchedKeys) + ",issuer=" + issuer + ",outcome=success}":        1,
		"mcpauth.fetches{document=" + string(mcpauth.FetchedMetadata) + ",issuer=" + issuer + ",outcome=error}":      1,
		"mcpauth.fetch.duration{document=" + string(mcpauth.FetchedKeys) + ",issuer=" + issuer + "}":                 1,
		"mcpauth.fetch.duration{document=" + string(mcpauth.FetchedMetadata) + ",issuer=" + issuer + "}":             1,
		"mcpauth.document.fetched.timestamp{document=" + string(mcpauth.FetchedKeys) + ",issuer=" + issuer + "}":     1700000000,
		"mcpauth.document.fetched.timestamp{document=" + string(mcpauth.FetchedMetadata) + ",issuer=" + issuer + "}": 0,
		"mcpauth.introspections{issuer=" + issuer + ",outcome=active}":                                               1,
		"mcpauth.introspections{issuer=" + issuer + ",outcome=inactive}":                                             1,
		"mcpauth.introspections{issuer=" + issuer + ",outcome=error}":                                                1,
		"mcpauth.introspection.duration{issuer=" + issuer + "}":                                                      3,
	})
	for point := range got {
		for _, private := range []string{"ann", "app", "s3cret", "drop", "file:"} {
			if strings.Contains(point, private) {
				t.Errorf("%s names %q", point, private)
			}
		}
	}
}

func TestMetricsOfGateway(t *testing.T) {
	t.Parallel()
	telemetry, reader := newMetrics(t)
	hooks, ctx := telemetry.Gateway(), t.Context()
	stream := gateway.UpstreamEvent{Resource: notes, Method: http.MethodGet, Stream: true}
	for range 3 {
		hooks.Streaming(ctx, stream)
	}
	stream.Status = http.StatusOK
	hooks.Upstream(ctx, stream)
	hooks.Upstream(ctx, gateway.UpstreamEvent{Resource: notes, Method: http.MethodPost, Status: 502, Err: errors.New("down")})
	hooks.Upstream(ctx, gateway.UpstreamEvent{Resource: notes, Method: http.MethodPost, Err: context.Canceled})
	hooks.Limited(ctx, gateway.LimitEvent{Resource: notes, Limit: "subject 600/1m0s"})
	hooks.Limited(ctx, gateway.LimitEvent{Resource: notes, Err: errors.New("down")})
	compare(t, read(t, reader), map[string]float64{
		"mcpauth.streams.active{resource=" + notes + "}":                                      2,
		"mcpauth.upstream.requests{code=200,resource=" + notes + "}":                          1,
		"mcpauth.upstream.requests{code=502,resource=" + notes + "}":                          1,
		"mcpauth.upstream.requests{code=none,resource=" + notes + "}":                         1,
		"mcpauth.upstream.request.duration{resource=" + notes + "}":                           2,
		"mcpauth.rate_limited{limit=subject 600/1m0s,outcome=refused,resource=" + notes + "}": 1,
		"mcpauth.rate_limited{limit=,outcome=error,resource=" + notes + "}":                   1,
	})
}

// Whatever callers and servers invent, the number of points has a bound.
func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	const invented, perMetric = 10_000, 140
	telemetry, reader := newMetrics(t)
	hooks, proxy, ctx := telemetry.Hooks(), telemetry.Gateway(), t.Context()
	for i := range invented {
		name := fmt.Sprint("invented", i)
		hooks.Decided(ctx, mcpauth.DecisionEvent{Resource: notes, Outcome: mcpauth.Allowed, Reason: reason.Reason(name)})
		hooks.Decided(ctx, mcpauth.DecisionEvent{Resource: notes, Outcome: mcpauth.Denied, Operations: []policy.Operation{{Method: "tools/call", Name: name}, {Method: name}}})
		hooks.Fetched(mcpauth.FetchEvent{Issuer: name, Document: mcpauth.FetchedKeys})
		hooks.Introspected(mcpauth.IntrospectionEvent{Issuer: name})
		proxy.Upstream(ctx, gateway.UpstreamEvent{Resource: notes, Status: i})
		proxy.Limited(ctx, gateway.LimitEvent{Resource: name, Limit: "subject"})
	}
	points, total := map[string]int{}, map[string]float64{}
	for point, value := range read(t, reader) {
		name, _, _ := strings.Cut(point, "{")
		points[name]++
		total[name] += value
	}
	for name, n := range points {
		if n > perMetric {
			t.Errorf("%s has %d points", name, n)
		}
	}
	if points["mcpauth.operations"] != 2 {
		t.Errorf("the operations have %d points", points["mcpauth.operations"])
	}
	for name, want := range map[string]float64{"mcpauth.decisions": 2 * invented, "mcpauth.operations": 2 * invented, "mcpauth.fetches": invented} {
		if total[name] != want {
			t.Errorf("%s is %v in all, want %v: what is not named is lost", name, total[name], want)
		}
	}
}

// Two that are made one after the other with the same providers count on.
func TestCountersGoOn(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	for range 2 {
		telemetry, err := otelmcpauth.New(otelmcpauth.Config{MeterProvider: meters})
		if err != nil {
			t.Fatal(err)
		}
		telemetry.Gateway().Streaming(t.Context(), gateway.UpstreamEvent{Resource: notes})
	}
	compare(t, read(t, reader), map[string]float64{"mcpauth.streams.active{resource=" + notes + "}": 2})
}

// Without providers nothing is measured, and handlers and credentials are as they were.
func TestWithoutProviders(t *testing.T) {
	t.Parallel()
	telemetry, err := otelmcpauth.New(otelmcpauth.Config{})
	if err != nil {
		t.Fatal(err)
	}
	hooks, proxy, ctx := telemetry.Hooks(), telemetry.Gateway(), t.Context()
	hooks.Decided(ctx, mcpauth.DecisionEvent{})
	hooks.Fetched(mcpauth.FetchEvent{})
	hooks.Introspected(mcpauth.IntrospectionEvent{})
	proxy.Streaming(ctx, gateway.UpstreamEvent{})
	proxy.Upstream(ctx, gateway.UpstreamEvent{})
	proxy.Limited(ctx, gateway.LimitEvent{})
	mux := http.NewServeMux()
	if telemetry.Handler(mux) != http.Handler(mux) || telemetry.Propagate(nil) != nil {
		t.Error("there is a handler or a credential for spans")
	}
}
