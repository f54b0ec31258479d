package mcpauthtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
)

const (
	defaultListen = "127.0.0.1:0"

	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = time.Minute
	idleTimeout       = time.Minute
	maxHeaderBytes    = 32 << 10
	closeGrace        = time.Second
)

// listening serves a handler on a listener until it is closed.
type listening struct {
	server *http.Server
	done   chan struct{} // closed when the server listens no longer
	log    *slog.Logger
}

func serve(listener net.Listener, handler http.Handler, log *slog.Logger) *listening {
	l := &listening{
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		done: make(chan struct{}),
		log:  log,
	}
	go func() {
		defer close(l.done)
		if err := l.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the authorization server stopped", "error", err)
		}
	}()
	return l
}

// close gives requests under way a moment to end.
func (l *listening) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	if err := l.server.Shutdown(ctx); err != nil {
		l.log.Debug("closing connections that are still in use", "error", err)
		_ = l.server.Close() // the listener is closed already, nothing else can fail
	}
	<-l.done
}

func loopbackListen(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && fetch.IsLoopbackHost(host)
}

// publicAddress returns the host of a derived issuer: the configured host with
// the port that the listener got.
func publicAddress(configured string, actual net.Addr) string {
	host, _, err := net.SplitHostPort(configured)
	tcp, ok := actual.(*net.TCPAddr)
	if err != nil || !ok {
		return actual.String()
	}
	return net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}
