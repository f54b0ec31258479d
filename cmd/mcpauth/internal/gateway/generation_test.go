package gateway

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/gateway"
)

// closeable counts how often it is closed.
type closeable struct {
	http.Handler
	closed atomic.Int32
}

func (c *closeable) Close() { c.closed.Add(1) }

// Generations share an upstream as long as its settings are the same, and the last one
// closes it.
func TestUpstreamsAreShared(t *testing.T) {
	t.Parallel()
	var opened []*closeable
	open := func() (gatewayfile.Handler, error) {
		opened = append(opened, &closeable{})
		return opened[len(opened)-1], nil
	}
	u := newPool[gatewayfile.Handler]()
	get := func(key string) (gatewayfile.Handler, func()) {
		handler, release, err := u.get(key, open)
		if err != nil {
			t.Fatal(err)
		}
		return handler, release
	}
	first, releaseFirst := get("a")
	second, releaseSecond := get("a")
	_, releaseOther := get("b")
	if first != second || len(opened) != 2 {
		t.Errorf("%d upstreams were made", len(opened))
	}
	releaseFirst()
	releaseFirst()
	releaseOther()
	if opened[0].closed.Load() != 0 || opened[1].closed.Load() != 1 {
		t.Error("an upstream in use was closed, or one without use was not")
	}
	releaseSecond()
	if third, _ := get("a"); opened[0].closed.Load() != 1 || third == first {
		t.Error("a closed upstream is used")
	}
}

// A generation is closed once, after its last request, and serves none from then on.
func TestGeneration(t *testing.T) {
	t.Parallel()
	closed := 0
	g := &generation{close: func() { closed++ }}
	g.users.Store(1)
	if !g.use() {
		t.Error("it is open")
	}
	g.done()
	if closed != 0 || !g.use() {
		t.Error("it was closed while it was the current one")
	}
	g.done()
	if g.done(); closed != 1 || g.use() {
		t.Errorf("it was closed %d times, and is used", closed)
	}
	p := &program{}
	p.current.Store(g)
	w := httptest.NewRecorder()
	if p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
}

// What was opened before a mistake is closed.
func TestConnectFails(t *testing.T) {
	t.Parallel()
	opened := &closeable{}
	works := gatewayfile.UpstreamSettings{Name: "a", Open: func(*slog.Logger) (gatewayfile.Handler, error) { return opened, nil }}
	fails := gatewayfile.UpstreamSettings{Name: "b", Open: func(*slog.Logger) (gatewayfile.Handler, error) { return nil, errors.New("no") }}
	p := &program{upstreams: newPool[gatewayfile.Handler]()}
	config := &gateway.Config{Resources: make([]gateway.Resource, 2)}
	_, err := p.connect(config, &gatewayfile.Settings{Upstreams: []gatewayfile.UpstreamSettings{works, fails}})
	if err == nil || opened.closed.Load() != 1 {
		t.Errorf("%v, closed %d times", err, opened.closed.Load())
	}
}
