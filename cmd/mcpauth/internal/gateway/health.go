package gateway

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"sync"

	mcpauth "github.com/mcp-auth/go"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/gateway"
)

// health is what the admin address says of the gateway.
type health struct {
	mu       sync.Mutex
	ready    bool
	problems map[string]string // by what has it
}

func newHealth() *health { return &health{problems: map[string]string{}} }

func (h *health) started()  { h.setReady(true) }
func (h *health) draining() { h.setReady(false) }

func (h *health) setReady(ready bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ready = ready
}

// note notes what is wrong with a part, or that nothing is.
func (h *health) note(part string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		delete(h.problems, part)
		return
	}
	h.problems[part] = err.Error()
}

// forget forgets the parts that are not in a file any more.
func (h *health) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.problems, func(part, _ string) bool { return part != partFile })
}

const partFile = "file"

func (h *health) fetched(e mcpauth.FetchEvent) { h.note(e.Issuer+" "+string(e.Document), e.Err) }

func (h *health) introspected(e mcpauth.IntrospectionEvent) { h.note(e.Issuer+" introspection", e.Err) }

// upstream returns the hook that notes which upstreams fail.
func (h *health) upstream(settings *gatewayfile.Settings) func(context.Context, gateway.UpstreamEvent) {
	names := map[string]string{}
	for i, r := range settings.Gateway.Resources {
		names[r.Identifier] = settings.Upstreams[i].Name
	}
	return func(_ context.Context, e gateway.UpstreamEvent) {
		if !errors.Is(e.Err, context.Canceled) {
			h.note("upstream "+names[e.Resource], e.Err)
		}
	}
}

// report is the body of /readyz.
type report struct {
	Status   string            `json:"status"`
	Problems map[string]string `json:"problems,omitempty"`
}

// report returns what is the matter. An outage elsewhere does not make the gateway
// unready: all replicas would leave at once.
func (h *health) report() (status int, r report) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.Problems = maps.Clone(h.problems)
	switch {
	case !h.ready:
		r.Status = "not ready"
		return http.StatusServiceUnavailable, r
	case len(r.Problems) > 0:
		r.Status = "degraded"
	default:
		r.Status = "ready"
	}
	return http.StatusOK, r
}

// handler serves /livez and /readyz, and /metrics if there is something to serve them.
func (h *health) handler(metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	if metrics != nil {
		mux.Handle("GET /metrics", metrics)
	}
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("alive\n"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		status, body := h.report()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = command.PrintJSON(w, body)
	})
	return mux
}
