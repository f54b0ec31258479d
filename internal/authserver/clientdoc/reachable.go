package clientdoc

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
)

// Unreachable reports whether this machine cannot fetch documents of clients at
// all, and logs why. It sends nothing.
func Unreachable(ctx context.Context, log *slog.Logger) bool {
	err := checkReachable(ctx, http.ProxyFromEnvironment, route)
	if err != nil {
		log.WarnContext(ctx, "client ID metadata documents are not advertised, so that clients register instead", "reason", err)
	}
	return err != nil
}

func checkReachable(ctx context.Context, proxy func(*http.Request) (*url.URL, error), route func(context.Context, string) error) error {
	target := &http.Request{URL: &url.URL{Scheme: "https", Host: "client.example"}}
	if through, err := proxy(target); err != nil || through != nil {
		return errors.New("this machine reaches the internet through a proxy (HTTPS_PROXY), which this server does not use")
	}
	// Addresses for documentation (RFC 5737, RFC 3849): no one has them, and they
	// take the default route.
	if route(ctx, "198.51.100.1:443") != nil && route(ctx, "[2001:db8::1]:443") != nil {
		return errors.New("this machine has no route to the internet")
	}
	return nil
}

// route fails if there is no route to an address. Connecting a UDP socket sends
// nothing.
func route(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
