package gateway

import (
	"crypto/tls"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/gateway"
)

// generation is a gateway as one reading of the file configures it. It is closed when
// it is no longer the current one and its last request has ended.
type generation struct {
	gateway     *gateway.Gateway
	certificate *tls.Certificate // nil: no TLS
	settings    *gatewayfile.Settings
	close       func()
	users       atomic.Int64 // requests, and one while it is current
}

// use reports whether the generation is open, and keeps it open until done is called.
func (g *generation) use() bool {
	for {
		users := g.users.Load()
		if users == 0 {
			return false
		}
		if g.users.CompareAndSwap(users, users+1) {
			return true
		}
	}
}

func (g *generation) done() {
	if g.users.Add(-1) == 0 {
		g.close()
	}
}

// upstreams are the upstreams at work. Generations with the same settings share one,
// with its connections and sessions.
type upstreams struct {
	log *slog.Logger

	mu   sync.Mutex
	open map[string]*sharedUpstream
}

type sharedUpstream struct {
	gatewayfile.Handler
	users int
}

// get returns the upstream with these settings, to be released after use.
func (u *upstreams) get(s gatewayfile.UpstreamSettings) (handler gatewayfile.Handler, release func(), err error) {
	key := s.Name + " " + s.Key
	u.mu.Lock()
	defer u.mu.Unlock()
	shared := u.open[key]
	if shared == nil {
		opened, err := s.Open(u.log)
		if err != nil {
			return nil, nil, err
		}
		shared = &sharedUpstream{Handler: opened}
		u.open[key] = shared
	}
	shared.users++
	return shared.Handler, sync.OnceFunc(func() { u.release(key, shared) }), nil
}

func (u *upstreams) release(key string, shared *sharedUpstream) {
	u.mu.Lock()
	shared.users--
	unused := shared.users == 0
	if unused {
		delete(u.open, key)
	}
	u.mu.Unlock()
	if unused {
		shared.Close()
	}
}
