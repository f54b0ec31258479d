// Package loopback serves HTTP to programs on this machine only.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
)

const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10

	// Grace is how long requests under way have to end when a server is closed.
	Grace = 3 * time.Second
)

// Check refuses an address that other machines can reach. flag names it, and why
// says what they could do there.
func Check(flag, address, why string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s %q is not HOST:PORT, such as 127.0.0.1:3001", flag, address)
	}
	if !fetch.IsLoopbackHost(host) {
		return fmt.Errorf("%s %q is not a loopback address: %s. Use 127.0.0.1, [::1] or localhost", flag, address, why)
	}
	return nil
}

// Listen listens on an address. It refuses a name that leads elsewhere than to
// loopback.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, ExplainListen(err, address)
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%s is not on loopback", listener.Addr()), listener.Close())
	}
	return listener, nil
}

// ExplainListen names the way out if a port is taken.
func ExplainListen(err error, address string) error {
	const ofWindows = syscall.Errno(10048) // WSAEADDRINUSE
	if !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, ofWindows) {
		return err
	}
	return fmt.Errorf("%s is in use by another program, perhaps by an earlier start of this one. Stop that, or take another port; port 0 takes a free one (%w)", address, err)
}

// Origin returns the origin that clients use: the host as the user wrote it, with
// the port that was taken.
func Origin(address string, listener net.Listener) string {
	host, _, errHost := net.SplitHostPort(address)
	_, port, errPort := net.SplitHostPort(listener.Addr().String())
	if errHost != nil || errPort != nil {
		return "http://" + listener.Addr().String()
	}
	return "http://" + net.JoinHostPort(host, port)
}

// NewServer returns a server with limits on what it waits for and reads.
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

// Close stops a server. Requests under way get a moment to end, although ctx has
// ended.
func Close(ctx context.Context, server *http.Server) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), Grace)
	defer cancel()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	return err
}
