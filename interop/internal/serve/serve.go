// Package serve runs the HTTP servers of the commands in cmd.
package serve

import (
	"context"
	"net"
	"net/http"
	"time"
)

const (
	headerTimeout = 30 * time.Second
	grace         = 2 * time.Second
)

// Until serves on address until ctx ends, then ends requests under way, which
// may be streams without an end.
func Until(ctx context.Context, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return server.Close()
	}
	return nil
}
