package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
)

const (
	loopbackReadTimeout = 10 * time.Second
	loopbackGrace       = 2 * time.Second

	// The page is fixed: what arrives with the request is shown to nobody.
	answerPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Back to the application</title>
<body><h1>The answer has arrived</h1><p>You can close this window and return to the application.</p></body></html>
`
)

// listener waits on loopback for the browser to come back (RFC 8252 §7.3).
type listener struct {
	net  net.Listener
	uri  string
	open func(ctx context.Context, authorizationURL string) error
}

// listen takes the port of the redirect URI; a free one if it leaves it open,
// the preferred one's if that is free.
func listen(ctx context.Context, redirectURI, preferred string, open func(context.Context, string) error) (*listener, error) {
	if preferred != "" {
		if l, err := listenAt(ctx, preferred); err == nil {
			return &listener{l, preferred, open}, nil
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
	return &listener{l, withPort(redirectURI, port), open}, nil
}

func listenAt(ctx context.Context, redirectURI string) (net.Listener, error) {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return nil, err
	}
	host, port := u.Hostname(), u.Port()
	if net.ParseIP(host) == nil { // localhost: by no resolver's word
		host = "127.0.0.1"
	}
	if port == "" {
		port = "0"
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("client: nothing can listen at %s for the answer: %w", redirectURI, err)
	}
	return l, nil
}

func (l *listener) redirectURI() string { return l.uri }

func (l *listener) close() { _ = l.net.Close() } // closed already if it served

// visit opens the browser and waits. Requests whose answer is not accepted are
// turned away and waited past: any page can make the browser send one.
func (l *listener) visit(ctx context.Context, authorizationURL string, accepted func(string) bool) (string, error) {
	answers := make(chan string, 1)
	server := &http.Server{
		Handler:           l.handler(accepted, answers),
		ReadHeaderTimeout: loopbackReadTimeout,
		ReadTimeout:       loopbackReadTimeout,
		WriteTimeout:      loopbackReadTimeout,
		MaxHeaderBytes:    2 * maxCallback,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l.net) }()
	defer func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), loopbackGrace)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close() // the listener is closed, nothing else can fail
		}
		<-served
	}()
	if err := l.open(ctx, authorizationURL); err != nil {
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

func (l *listener) handler(accepted func(string) bool, answers chan<- string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		callback := originOfServer(l.uri) + r.URL.RequestURI()
		if r.Method != http.MethodGet || !fetch.IsLoopbackAuthority(r.Host) || !accepted(callback) {
			http.Error(w, "Nothing is expected here.", http.StatusNotFound)
			return
		}
		select {
		case answers <- callback:
		default: // the first answer counts
		}
		header.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(answerPage)) // the browser is gone: nobody misses the page
	})
}
