package otelmcpauth

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// The bounds of the buckets of durations, in seconds. Decisions that fetch nothing take
// microseconds; tools may take minutes.
var (
	decisionBuckets = []float64{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 10}
	fetchBuckets    = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	upstreamBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}
)

// instruments are what measures. docs/observing.md has them as a table.
type instruments struct {
	decisions, operations         metric.Int64Counter
	decisionTime                  metric.Float64Histogram
	fetches, introspections       metric.Int64Counter
	fetchTime, introspectionTime  metric.Float64Histogram
	fetchedAt                     metric.Float64Gauge
	upstreamRequests, rateLimited metric.Int64Counter
	upstreamTime                  metric.Float64Histogram
	streams                       metric.Int64UpDownCounter
}

func newInstruments(meter metric.Meter) (*instruments, error) {
	m := maker{meter: meter}
	i := &instruments{
		decisions:         m.counter("mcpauth.decisions", "{decision}", "Decisions on requests."),
		decisionTime:      m.seconds("mcpauth.decision.duration", "How long decisions took.", decisionBuckets),
		operations:        m.counter("mcpauth.operations", "{operation}", "MCP operations that were decided on, where there is a policy and the caller is known."),
		fetches:           m.counter("mcpauth.fetches", "{fetch}", "Fetches of metadata and keys from authorization servers."),
		fetchTime:         m.seconds("mcpauth.fetch.duration", "How long these fetches took.", fetchBuckets),
		introspections:    m.counter("mcpauth.introspections", "{introspection}", "Questions to introspection endpoints."),
		introspectionTime: m.seconds("mcpauth.introspection.duration", "How long the answers took.", fetchBuckets),
		upstreamRequests:  m.counter("mcpauth.upstream.requests", "{request}", "Requests that were let in and have ended, by the status that the client got."),
		upstreamTime:      m.seconds("mcpauth.upstream.request.duration", "How long these took, from the decision to the end of the response. Streams that a client opened with GET are not in it.", upstreamBuckets),
		rateLimited:       m.counter("mcpauth.rate_limited", "{request}", "Requests that were refused because there were too many of them."),
	}
	var err error
	i.streams, err = meter.Int64UpDownCounter("mcpauth.streams.active", metric.WithUnit("{stream}"), metric.WithDescription("Event streams that are open."))
	m.note(err)
	i.fetchedAt, err = meter.Float64Gauge("mcpauth.document.fetched.timestamp", metric.WithUnit("s"),
		metric.WithDescription("When the document in use was fetched, in seconds since 1970; 0 if there is none."))
	m.note(err)
	return i, m.err
}

// maker makes instruments, and joins what went wrong.
type maker struct {
	meter metric.Meter
	err   error
}

func (m *maker) note(err error) { m.err = errors.Join(m.err, err) }

func (m *maker) counter(name, unit, description string) metric.Int64Counter {
	counter, err := m.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.note(err)
	return counter
}

func (m *maker) seconds(name, description string, buckets []float64) metric.Float64Histogram {
	histogram, err := m.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(buckets...))
	m.note(err)
	return histogram
}
