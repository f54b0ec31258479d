package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/mcp-auth/go/mcpauthtest"
)

// collector takes metrics and traces by OTLP over HTTP.
type collector struct {
	*httptest.Server

	mu      sync.Mutex
	seen    bool
	spans   []string // kind, name and trace
	metrics map[string]bool
	raw     []byte
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{metrics: map[string]bool{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen = true
		data, err := io.ReadAll(r.Body)
		if err == nil {
			err = c.take(r.URL.Path, data)
		}
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) take(path string, data []byte) error {
	c.raw = append(c.raw, data...)
	switch path {
	case "/v1/traces":
		var request tracepb.ExportTraceServiceRequest
		if err := proto.Unmarshal(data, &request); err != nil {
			return err
		}
		for _, resource := range request.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					c.spans = append(c.spans, span.Kind.String()+" "+span.Name)
				}
			}
		}
	case "/v1/metrics":
		var request metricspb.ExportMetricsServiceRequest
		if err := proto.Unmarshal(data, &request); err != nil {
			return err
		}
		for _, resource := range request.ResourceMetrics {
			for _, scope := range resource.ScopeMetrics {
				for _, metric := range scope.Metrics {
					c.metrics[metric.Name] = true
				}
			}
		}
	}
	return nil
}

const (
	telemetryPolicy = "policy: notes.policy.yaml"
	listOnly        = "tools:\n  list: authenticated\ndefault: authenticated\n"
	callOfList      = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"list","arguments":{"password":"s3cret"}}}`
)

// withPolicy returns a file whose resource has a policy.
func withPolicy(text string) string {
	return strings.Replace(text, "    upstream:", "    "+telemetryPolicy+"\n    upstream:", 1)
}

func setBody(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
}

// scrape reads /metrics as Prometheus does.
func (r *running) scrape() map[string]*dto.MetricFamily {
	r.t.Helper()
	status, text := r.admin("/metrics")
	if status != http.StatusOK {
		r.t.Fatalf("/metrics: status %d", status)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		r.t.Fatalf("%v in %s", err, text)
	}
	return families
}

// count returns the counter with the labels, given by name and value in turn.
func count(family *dto.MetricFamily, labels ...string) float64 {
	sum := 0.0
	for _, metric := range family.GetMetric() {
		has := map[string]string{}
		for _, label := range metric.GetLabel() {
			has[label.GetName()] = label.GetValue()
		}
		matches := true
		for i := 0; i+1 < len(labels); i += 2 {
			matches = matches && has[labels[i]] == labels[i+1]
		}
		if matches {
			sum += metric.GetCounter().GetValue()
		}
	}
	return sum
}

func TestPrometheus(t *testing.T) {
	t.Parallel()
	as := mcpauthtest.Start(t, mcpauthtest.Config{})
	r := start(t, as, withPolicy(config(as.Issuer(), named(t, "one"), "telemetry: {metrics: {prometheus: true}}",
		"rate_limits: [{key: subject+tool, tools: [list], requests: 2, per: 1h}]")), "notes.policy.yaml", listOnly)
	for range 3 {
		r.call(setBody(callOfList))
	}
	r.call(func(request *http.Request) { request.Header.Del("Authorization") })
	families := r.scrape()
	for _, tt := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"mcpauth_decisions_total", []string{"resource", identifier, "outcome", "allowed", "reason", ""}, 3},
		{"mcpauth_decisions_total", []string{"outcome", "denied", "reason", "no_credentials"}, 1},
		{"mcpauth_operations_total", []string{"method", "tools/call", "tool", "list"}, 3},
		{"mcpauth_upstream_requests_total", []string{"resource", identifier, "code", "200"}, 2},
		{"mcpauth_rate_limited_total", []string{"limit", "subject+tool 2/1h0m0s", "outcome", "refused"}, 1},
		{"mcpauth_fetches_total", []string{"issuer", as.Issuer(), "document", "keys", "outcome", "success"}, 1},
	} {
		if got := count(families[tt.name], tt.labels...); got != tt.want {
			t.Errorf("%s%q is %v, want %v", tt.name, tt.labels, got, tt.want)
		}
	}
	for _, name := range []string{
		"mcpauth_decision_duration_seconds", "mcpauth_upstream_request_duration_seconds", "mcpauth_fetch_duration_seconds",
		"mcpauth_document_fetched_timestamp_seconds", "go_goroutines", "process_open_fds", "target_info",
	} {
		if families[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
	if status, _ := r.call(func(request *http.Request) { request.URL.Path = "/metrics" }); status != http.StatusNotFound {
		t.Errorf("/metrics of the public address: status %d", status)
	}
}

// What was measured reaches the collector when the gateway stops, and the upstream is
// told of the trace. Nothing private is in it.
func TestOTLP(t *testing.T) {
	t.Parallel()
	as, c, parents := mcpauthtest.Start(t, mcpauthtest.Config{}), newCollector(t), make(chan http.Header, 10)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != callOfList {
			t.Errorf("the upstream got %q, %v", body, err)
		}
		parents <- r.Header
	}))
	t.Cleanup(upstream.Close)
	r := start(t, as, withPolicy(config(as.Issuer(), upstream.URL, "telemetry: {traces: {otlp: \""+c.URL+"\"}, metrics: {otlp: \""+c.URL+"/\"}}")),
		"notes.policy.yaml", listOnly)
	const sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	status, _ := r.call(setBody(callOfList), func(request *http.Request) { request.Header.Set("Traceparent", sent) })
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, r.log)
	}
	if got := (<-parents).Get("Traceparent"); len(got) != len(sent) || got == sent || !strings.HasSuffix(got, "-01") {
		t.Errorf("the upstream got traceparent %q", got)
	}
	if code := r.stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, r.log)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	spans := strings.Join(c.spans, "\n")
	for _, want := range []string{"SPAN_KIND_SERVER tools/call list", "SPAN_KIND_INTERNAL mcpauth.decide", "SPAN_KIND_CLIENT tools/call list"} {
		if !strings.Contains(spans, want) {
			t.Errorf("there is no span %s: %s", want, spans)
		}
	}
	for _, want := range []string{"mcpauth.decisions", "mcpauth.upstream.requests", "mcpauth.decision.duration"} {
		if !c.metrics[want] {
			t.Errorf("there is no metric %s: %v", want, c.metrics)
		}
	}
	for _, private := range []string{"s3cret", "Bearer", "eyJ", "127.0.0.1/32"} {
		if strings.Contains(string(c.raw), private) {
			t.Errorf("%q was exported", private)
		}
	}
}

// Without configuration nothing is exported and nothing served, and traceparent passes
// as it came.
func TestNoTelemetry(t *testing.T) {
	t.Parallel()
	as, parents := mcpauthtest.Start(t, mcpauthtest.Config{}), make(chan string, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { parents <- r.Header.Get("Traceparent") }))
	t.Cleanup(upstream.Close)
	r := start(t, as, config(as.Issuer(), upstream.URL))
	const sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	r.call(func(request *http.Request) { request.Header.Set("Traceparent", sent) })
	if got := <-parents; got != sent {
		t.Errorf("the upstream got %q", got)
	}
	if status, _ := r.admin("/metrics"); status != http.StatusNotFound {
		t.Errorf("/metrics: status %d", status)
	}
}

// A sample of 0 exports no span, and a client cannot change that.
func TestSample(t *testing.T) {
	t.Parallel()
	as, c := mcpauthtest.Start(t, mcpauthtest.Config{}), newCollector(t)
	r := start(t, as, config(as.Issuer(), named(t, "one"), "telemetry: {traces: {otlp: \""+c.URL+"\", sample: 0}}"))
	r.call(func(request *http.Request) {
		request.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	})
	r.stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen {
		t.Errorf("the collector got %v", c.spans)
	}
}

// A collector that hangs is given up on within the grace, and logged.
func TestCollectorHangs(t *testing.T) {
	t.Parallel()
	as, release := mcpauthtest.Start(t, mcpauthtest.Config{}), make(chan struct{})
	c := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(c.Close)
	t.Cleanup(func() { close(release) })
	r := start(t, as, config(as.Issuer(), named(t, "one"), "telemetry: {traces: {otlp: \""+c.URL+"\"}}", "drain: {grace: 1s}"))
	if status, _ := r.call(); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	began := time.Now()
	if code := r.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > patience/2 {
		t.Errorf("stopping took %v", took)
	}
	if !strings.Contains(r.log.String(), "the last metrics and traces were not exported") {
		t.Errorf("the log is %s", r.log)
	}
}

// Limits outlive a reload, unless they change; and a request over one has a line in the
// audit log.
func TestLimitsOutliveReload(t *testing.T) {
	t.Parallel()
	as, upstream := mcpauthtest.Start(t, mcpauthtest.Config{}), named(t, "one")
	const limit, audit = "rate_limits: [{key: subject, requests: 1, per: 1h}]", "audit: {file: audit.jsonl}"
	r := start(t, as, config(as.Issuer(), upstream, limit, audit))
	one := r.as.MustToken(t, mcpauthtest.TokenClaims{Audience: []string{identifier}, Subject: "ann"})
	asAnn := func(request *http.Request) { request.Header.Set("Authorization", "Bearer "+one) }
	for i, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
		if status, _ := r.call(asAnn); status != want {
			t.Errorf("call %d: status %d, want %d", i, status, want)
		}
	}
	r.write("gateway.yaml", config(as.Issuer(), upstream, limit, audit, "keep_alive: 10s"))
	r.eventually("the reload", func() bool { return strings.Contains(r.log.String(), "the file was read again") })
	if status, _ := r.call(asAnn); status != http.StatusTooManyRequests {
		t.Errorf("after the reload: status %d", status)
	}
	text, err := os.ReadFile(filepath.Join(r.dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"status":429,"reason":"rate_limited","subject":"ann"`) {
		t.Errorf("the audit log is %s", text)
	}
}
