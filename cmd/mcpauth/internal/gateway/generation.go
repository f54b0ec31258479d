package gateway

import (
	"crypto/tls"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/gatewayfile"
	"github.com/mcp-auth/go/gateway"
)

// generation is a gateway as one reading of the file configures it. It is closed when
// it is no longer the current one and its last request has ended.
type generation struct {
	gateway     *gateway.Gateway
	handler     http.Handler     // the gateway, and what traces its requests
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

// pool has what generations with the same settings share: upstreams with their
// connections and sessions, sources with their tokens.
type pool[T interface{ Close() }] struct {
	mu   sync.Mutex
	open map[string]*shared[T]
}

type shared[T interface{ Close() }] struct {
	value T
	users int
}

func newPool[T interface{ Close() }]() *pool[T] { return &pool[T]{open: map[string]*shared[T]{}} }

// get returns what was opened for a key, to be released after use.
func (p *pool[T]) get(key string, open func() (T, error)) (value T, release func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.open[key]
	if one == nil {
		if value, err = open(); err != nil {
			return value, nil, err
		}
		one = &shared[T]{value: value}
		p.open[key] = one
	}
	one.users++
	return one.value, sync.OnceFunc(func() { p.release(key, one) }), nil
}

func (p *pool[T]) release(key string, one *shared[T]) {
	p.mu.Lock()
	one.users--
	unused := one.users == 0
	if unused {
		delete(p.open, key)
	}
	p.mu.Unlock()
	if unused {
		one.value.Close()
	}
}
