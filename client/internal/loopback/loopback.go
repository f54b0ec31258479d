// Package loopback receives authorization responses at a loopback redirect URI
// (RFC 8252 §7.3).
package loopback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/mcp-auth/go/client/internal/urls"
	"github.com/mcp-auth/go/internal/fetch"
)

const (
	readTimeout = 10 * time.Second
	grace       = 2 * time.Second
	maxHeader   = 32 << 10
)

// page is fixed: it shows nothing of what arrives with the request.
const page = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Back to the application</title>
<body><h1>The answer has arrived</h1><p>You can close this window and return to the application.</p></body></html>
`

// Receiver listens on loopback for the browser to come back.
type Receiver struct {
	listener net.Listener
	uri      string
}

// Listen listens at a redirect URI. If the URI has no port, it listens at the
// port of registered, provided that the two differ in nothing else and the port
// is free, else at any free port. Not every authorization server lets the port
// of a registered redirect URI vary.
func Listen(ctx context.Context, redirectURI, registered string) (*Receiver, error) {
	if registered != "" && differInPort(registered, redirectURI) {
		if l, err := listenAt(ctx, registered); err == nil {
			return &Receiver{l, registered}, nil
		}
	}
	l, err := listenAt(ctx, redirectURI)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &Receiver{l, withPort(redirectURI, port)}, nil
}

// differInPort reports whether the redirect URIs differ only in the port, or not
// at all, with a registered one that has a port.
func differInPort(registered, configured string) bool {
	u, err := url.Parse(registered)
	return err == nil && u.Port() != "" && withPort(configured, u.Port()) == registered
}

// withPort adds a port to a redirect URI that has none.
func withPort(redirectURI, port string) string {
	u, err := url.Parse(redirectURI)
	if err != nil || u.Port() != "" {
		return redirectURI
	}
	u.Host += ":" + port
	return u.String()
}

func listenAt(ctx context.Context, redirectURI string) (net.Listener, error) {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return nil, err
	}
	host, port := u.Hostname(), u.Port()
	if net.ParseIP(host) == nil { // localhost, without asking a resolver
		host = "127.0.0.1"
	}
	if port == "" {
		port = "0"
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("the client cannot listen at %s for the authorization response: %w", redirectURI, err)
	}
	return l, nil
}

// RedirectURI returns the redirect URI, with its port.
func (r *Receiver) RedirectURI() string { return r.uri }

// Close stops listening.
func (r *Receiver) Close() { _ = r.listener.Close() } // already closed after Receive

// Receive calls open and returns the URL of the first request that accepted
// accepts. Other requests are refused and do not end the wait: any web page can
// make the browser send them. The receiver can be used once.
func (r *Receiver) Receive(ctx context.Context, open func() error, accepted func(callbackURL string) bool) (string, error) {
	answers := make(chan string, 1)
	server := &http.Server{
		Handler:           r.handler(accepted, answers),
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      readTimeout,
		MaxHeaderBytes:    maxHeader,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(r.listener) }()
	defer func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if server.Shutdown(limited) != nil {
			_ = server.Close() // the listener is closed, nothing else can fail
		}
		<-served
	}()
	if err := open(); err != nil {
		return "", err
	}
	select {
	case answer := <-answers:
		return answer, nil
	case err := <-served:
		served <- err
		return "", err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func (r *Receiver) handler(accepted func(string) bool, answers chan<- string) http.Handler {
	origin, _ := urls.Cut(r.uri)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		callback := origin + req.URL.RequestURI()
		if req.Method != http.MethodGet || !fetch.IsLoopbackAuthority(req.Host) || !accepted(callback) {
			http.Error(w, "Nothing is expected here.", http.StatusNotFound)
			return
		}
		select {
		case answers <- callback:
		default: // the first answer counts
		}
		header.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page)) // a browser that is gone does not need the page
	})
}
