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
	"sync"
	"time"

	"github.com/mcp-auth/go/client/internal/urls"
	"github.com/mcp-auth/go/internal/fetch"
)

const (
	readTimeout = 10 * time.Second
	// pageWait bounds how long the browser waits to learn how the login ended.
	pageWait     = 20 * time.Second
	writeTimeout = readTimeout + pageWait
	grace        = 2 * time.Second
	maxHeader    = 32 << 10
)

// Receiver listens on loopback for the browser to come back, and shows there how
// the login ended. It can be used once.
type Receiver struct {
	listener net.Listener
	uri      string

	server *http.Server
	served chan error // Serve's error
	opened chan error // open's error

	ending sync.Once
	ended  chan struct{} // closed when page is set
	page   Page
}

func newReceiver(l net.Listener, uri string) *Receiver {
	return &Receiver{
		listener: l, uri: uri,
		served: make(chan error, 1), opened: make(chan error, 1), ended: make(chan struct{}),
	}
}

// Listen listens at a redirect URI. If the URI has no port, it listens at the
// port of registered, provided that the two differ in nothing else and the port
// is free, else at any free port. Not every authorization server lets the port
// of a registered redirect URI vary.
func Listen(ctx context.Context, redirectURI, registered string) (*Receiver, error) {
	if registered != "" && differInPort(registered, redirectURI) {
		if l, err := listenAt(ctx, registered); err == nil {
			return newReceiver(l, registered), nil
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
	return newReceiver(l, withPort(redirectURI, port)), nil
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

// Receive calls open and returns the URL of the first request that accepted
// accepts. Other requests are refused and do not end the wait: any web page can
// make the browser send them. The browser waits for [Receiver.Show].
func (r *Receiver) Receive(ctx context.Context, open func() error, accepted func(callbackURL string) bool) (string, error) {
	answers := make(chan string, 1)
	r.server = &http.Server{
		Handler:           r.handler(accepted, answers),
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		MaxHeaderBytes:    maxHeader,
	}
	go func() { r.served <- r.server.Serve(r.listener) }()
	// A function that stays until the browser has its page must not keep the
	// answer from being read.
	go func() { r.opened <- open() }()
	opened := r.opened
	for {
		select {
		case answer := <-answers:
			return answer, nil
		case err := <-opened:
			r.opened <- err
			if err != nil {
				return "", err
			}
			opened = nil
		case err := <-r.served:
			r.served <- err
			return "", err
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// Show shows the browser how the login ended. Only the first page counts.
func (r *Receiver) Show(page Page) {
	r.ending.Do(func() {
		r.page = page
		close(r.ended)
	})
}

// Close stops listening. A browser that still waits is shown that the login did
// not succeed.
func (r *Receiver) Close() {
	r.Show(Failed("", ""))
	if r.server == nil {
		_ = r.listener.Close() // nothing was received
		return
	}
	limited, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if r.server.Shutdown(limited) != nil {
		_ = r.server.Close() // the listener is closed, nothing else can fail
	}
	<-r.served
	select {
	case <-r.opened:
	case <-limited.Done():
	}
}

func (r *Receiver) handler(accepted func(string) bool, answers chan<- string) http.Handler {
	origin, _ := urls.Cut(r.uri)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		callback := origin + req.URL.RequestURI()
		if req.Method != http.MethodGet || !fetch.IsLoopbackAuthority(req.Host) || !accepted(callback) {
			unexpected.write(w, http.StatusNotFound)
			return
		}
		select {
		case answers <- callback:
		default: // the first answer counts
		}
		timer := time.NewTimer(pageWait)
		defer timer.Stop()
		select {
		case <-r.ended:
			r.page.write(w, http.StatusOK)
		case <-timer.C:
			pending.write(w, http.StatusOK)
		case <-req.Context().Done():
		}
	})
}
