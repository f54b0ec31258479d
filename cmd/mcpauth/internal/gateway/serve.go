package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/mcp-auth/go/cmd/mcpauth/internal/command"
	"github.com/mcp-auth/go/cmd/mcpauth/internal/loopback"
)

// The limits of connections of clients (GW11). Bodies and responses have theirs in
// package gateway.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	pingAfter         = 30 * time.Second // of silence on a connection of HTTP/2
	maxHeaderBytes    = 64 << 10
)

// minFlush is how long the last metrics and traces may take to export if requests took
// all the grace.
const minFlush = time.Second

// facts are what is announced to scripts.
type facts struct {
	Listen string `json:"listen"`
	Admin  string `json:"admin,omitempty"`
}

// run serves until ctx ends.
func (p *program) run(ctx context.Context, s command.Streams, asJSON bool) (err error) {
	defer func() { err = errors.Join(err, p.audit.close()) }()
	defer func() { p.flush(context.WithoutCancel(ctx), minFlush) }()
	defer func() { p.current.Load().done() }()
	defer p.work.Wait()
	return p.serve(ctx, s, asJSON)
}

// listen listens on an address of the file.
func listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, loopback.ExplainListen(err, address)
	}
	return listener, nil
}

// newServer returns a server with the limits.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		HTTP2:    &http.HTTP2Config{SendPingTimeout: pingAfter},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// front returns the server that clients reach.
func (p *program) front() *http.Server {
	server, settings := newServer(p, p.log), p.current.Load().settings
	server.Protocols = &http.Protocols{}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(settings.Certificate != nil)
	server.Protocols.SetUnencryptedHTTP2(settings.H2C && settings.Certificate == nil)
	if settings.Certificate != nil {
		server.TLSConfig = &tls.Config{GetCertificate: p.certificate, MinVersion: tls.VersionTLS12}
	}
	return server
}

// serve listens, announces where, and serves until ctx ends.
func (p *program) serve(ctx context.Context, s command.Streams, asJSON bool) error {
	settings := p.current.Load().settings
	public, err := listen(ctx, settings.Listen)
	if err != nil {
		return err
	}
	announced, failed := facts{Listen: public.Addr().String()}, make(chan error, 2)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if settings.Admin != "" {
		private, err := listen(ctx, settings.Admin)
		if err != nil {
			return errors.Join(err, public.Close())
		}
		announced.Admin = private.Addr().String()
		admin := newServer(p.health.handler(p.telemetry.Handler()), p.log)
		p.work.Go(func() { failed <- admin.Serve(private) })
		defer admin.Close()
	}
	p.warmUp(background)
	changes := p.notice()
	p.work.Go(func() { p.watch(background, changes) })
	front, serve := p.front(), (*http.Server).Serve
	if settings.Certificate != nil {
		serve = func(s *http.Server, l net.Listener) error { return s.ServeTLS(l, "", "") }
	}
	p.work.Go(func() { failed <- serve(front, public) })
	defer front.Close()
	p.log.Info("mcpauth: the gateway listens", "address", announced.Listen, "tls", settings.Certificate != nil, "admin", announced.Admin)
	p.health.started()
	if asJSON {
		if err := command.PrintJSON(s.Out, announced); err != nil {
			return err
		}
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return p.stop(context.WithoutCancel(ctx), front)
	}
}

// stop lets load balancers know, ends what only waits, and gives the rest some time.
func (p *program) stop(ctx context.Context, front *http.Server) error {
	settings := p.current.Load().settings
	p.health.draining()
	p.log.Info("mcpauth: the gateway stops", "delay", settings.Delay, "grace", settings.Grace)
	time.Sleep(settings.Delay)
	p.drain()
	began := time.Now()
	defer func() { p.flush(ctx, max(minFlush, settings.Grace-time.Since(began))) }()
	grace, cancel := context.WithTimeout(ctx, settings.Grace)
	defer cancel()
	err := front.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		p.log.Warn("mcpauth: requests were broken off, for they took longer than the grace")
		err = front.Close()
	}
	return err
}

// flush exports what was measured last.
func (p *program) flush(ctx context.Context, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := p.telemetry.Shutdown(ctx); err != nil {
		p.log.Error("mcpauth: the last metrics and traces were not exported", "cause", err)
	}
}
