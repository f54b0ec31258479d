package gatewayfile

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/mcp-auth/go/configerr"
	"github.com/mcp-auth/go/gateway/ratelimit"
)

// The faults of telemetry.
const (
	InvalidCollector configerr.Fault = "the value is not the URL of a collector, such as http://collector:4318, without userinfo, query and fragment"
	InvalidSample    configerr.Fault = "the value must be from 0 to 1"
	NoMetrics        configerr.Fault = "the metrics go nowhere: give prometheus or otlp"
	NoAdmin          configerr.Fault = "metrics are served at the admin address, and there is none"
)

func (r *reader) metrics() {
	read, s := r.document.Telemetry.Metrics, &r.settings.Telemetry
	if read == nil {
		return
	}
	s.Prometheus = read.Prometheus
	if read.Prometheus && r.document.Admin == "" {
		r.faults.Add(NoAdmin, "Telemetry.Metrics.Prometheus", "")
	}
	if read.OTLP != "" {
		s.MetricsURL = r.collector("Telemetry.Metrics.OTLP", read.OTLP, "/v1/metrics")
	} else if !read.Prometheus {
		r.faults.Add(NoMetrics, "Telemetry.Metrics", "")
	}
}

func (r *reader) traces() {
	read, s := r.document.Telemetry.Traces, &r.settings.Telemetry
	if read == nil {
		return
	}
	s.Sample, s.ContinueTraces = 1, read.Continue
	if read.Sample != nil {
		s.Sample = *read.Sample
	}
	if !(s.Sample >= 0 && s.Sample <= 1) { // not a number is neither
		r.faults.Add(InvalidSample, "Telemetry.Traces.Sample", strconv.FormatFloat(s.Sample, 'g', -1, 64))
	}
	if read.OTLP == "" {
		r.faults.Add(Missing, "Telemetry.Traces.OTLP", "")
		return
	}
	s.TracesURL = r.collector("Telemetry.Traces.OTLP", read.OTLP, "/v1/traces")
}

// collector returns where a collector takes one kind of signal (OTLP, section OTLP/HTTP
// Request).
func (r *reader) collector(field, text, path string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		r.faults.Add(InvalidCollector, field, text)
		return ""
	}
	return strings.TrimSuffix(u.String(), "/") + path
}

func (r *reader) rateLimits() {
	for _, read := range r.document.RateLimits {
		r.settings.RateLimits = append(r.settings.RateLimits, ratelimit.Rule{
			Key: ratelimit.Key(read.Key), Tools: read.Tools, Requests: read.Requests, Per: read.Per,
		})
	}
	if len(r.settings.RateLimits) == 0 {
		return
	}
	_, err := ratelimit.New(r.settings.RateLimits...)
	r.faults.Nest("RateLimits", err)
}
