package otelmcpauth

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// spans are those of one request.
type spans struct {
	server trace.Span

	mu       sync.Mutex
	name     string     // of the server span
	upstream trace.Span // nil: the request is not on its way to an upstream
}

type spansKey struct{}

func spansOf(ctx context.Context) *spans {
	s, _ := ctx.Value(spansKey{}).(*spans)
	return s
}

// Handler returns a handler with a server span for each request to another one: to a
// handler of package mcpauth, or to a [gateway.Gateway]. The span has the name and the
// attributes of OpenTelemetry's semantic conventions for MCP, as far as the header and
// the decision tell them, and a child for the decision. Without a TracerProvider it is
// the other handler.
func (t *Telemetry) Handler(next http.Handler) http.Handler {
	if t.tracer == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := t.startServer(r)
		answer := &statusWriter{ResponseWriter: w}
		aborted := true
		defer func() { endServer(span, answer.status, aborted) }()
		ctx = context.WithValue(ctx, spansKey{}, &spans{server: span, name: methodOf(r)})
		next.ServeHTTP(answer, r.WithContext(ctx))
		aborted = false
	})
}

// startServer begins a server span with what is known of a request before it is decided
// on.
func (t *Telemetry) startServer(r *http.Request) (context.Context, trace.Span) {
	attributes := []attribute.KeyValue{attribute.String("http.request.method", methodOf(r)), attribute.String("network.transport", "tcp")}
	if version := r.Header.Get("MCP-Protocol-Version"); isVersion(version) {
		attributes = append(attributes, attribute.String("mcp.protocol.version", version))
	}
	ctx, options := r.Context(), []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...)}
	client := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(r.Header)))
	switch {
	case trace.SpanContextFromContext(ctx).IsValid(): // a handler further out has begun a trace
	case !client.IsValid():
	case t.continueTraces:
		ctx = trace.ContextWithRemoteSpanContext(ctx, client)
	default:
		options = append(options, trace.WithLinks(trace.Link{SpanContext: client}))
	}
	return t.tracer.Start(ctx, methodOf(r), options...)
}

func endServer(span trace.Span, status int, aborted bool) {
	switch {
	case aborted:
		fail(span, "aborted")
	case status >= http.StatusInternalServerError:
		fail(span, strconv.Itoa(status))
	}
	if status > 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
	span.End()
}

// fail marks a span as failed. What went wrong is in the log.
func fail(span trace.Span, kind string) {
	span.SetStatus(codes.Error, "")
	span.SetAttributes(attribute.String("error.type", kind))
}

// methodOf returns the HTTP method, or the word for one that a client has invented.
func methodOf(r *http.Request) string {
	if slices.Contains([]string{"GET", "POST", "DELETE", "OPTIONS", "HEAD", "PUT", "PATCH"}, r.Method) {
		return r.Method
	}
	return "_OTHER"
}

// isVersion reports whether a revision of MCP is a date.
func isVersion(version string) bool {
	_, err := time.Parse(time.DateOnly, version)
	return err == nil
}

// statusWriter notes the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// Unwrap serves [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush serves handlers that know of no [http.ResponseController].
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// WriteHeader notes the first status that is not informational.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write begins the response if nothing has.
func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}
