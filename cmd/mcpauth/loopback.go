package main

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
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	closeGrace        = 3 * time.Second
)

// checkLoopback refuses an address that others can reach. why says what they
// could do there.
func checkLoopback(flag, address, why string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s %q is not HOST:PORT, such as 127.0.0.1:3001", flag, address)
	}
	if !fetch.IsLoopbackHost(host) {
		return fmt.Errorf("%s %q is not a loopback address: %s. Use 127.0.0.1, [::1] or localhost", flag, address, why)
	}
	return nil
}

// listenLoopback listens, and makes sure that a name leads to loopback.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%s is not on loopback", listener.Addr()), listener.Close())
	}
	return listener, nil
}

// listenerOrigin is the origin clients use: the host as the user wrote it, with
// the port that was really taken.
func listenerOrigin(address string, listener net.Listener) string {
	host, _, errHost := net.SplitHostPort(address)
	_, port, errPort := net.SplitHostPort(listener.Addr().String())
	if errHost != nil || errPort != nil {
		return "http://" + listener.Addr().String()
	}
	return "http://" + net.JoinHostPort(host, port)
}

func newHTTPServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

// closeHTTPServer stops a server: requests under way get a moment to end,
// though ctx has ended.
func closeHTTPServer(ctx context.Context, server *http.Server) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace)
	defer cancel()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	return err
}
