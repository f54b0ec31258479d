package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
)

// Kind tells why a fetch failed. The values are stable and fit for metrics.
type Kind string

// The reasons a fetch fails for.
const (
	InvalidURL     Kind = "invalid_url"     // no acceptable URL
	InvalidRequest Kind = "invalid_request" // method or headers that cannot be sent
	NotHTTPS       Kind = "not_https"       // plain http to a host that is not loopback, or another scheme
	BlockedAddress Kind = "blocked_address" // the host leads to an address the policy refuses
	Redirect       Kind = "redirect"        // too many redirects, or one that is refused
	TooLarge       Kind = "too_large"       // body or header over the limit
	Timeout        Kind = "timeout"         // no complete answer in time
	Canceled       Kind = "canceled"        // the caller gave up
	TLS            Kind = "tls"             // no trustworthy TLS connection
	Network        Kind = "network"         // no such host, connection refused or broken
	Malformed      Kind = "malformed"       // not valid HTTP, or a coding not asked for
)

// Error is the error of every failed fetch.
type Error struct {
	// URL is what was fetched, without userinfo, query and fragment; empty
	// when no http or https URL can be made out.
	URL  string
	Kind Kind
	// Err is the cause. Its text holds nothing of the request but names and
	// addresses of hosts.
	Err error
}

// StatusError is an answer with a status that is of no use to the caller.
type StatusError struct {
	Status int
	// URL is where the answer came from, after redirects. The text leaves it
	// out: it may hold a query.
	URL string
}

// Error tells the status.
func (e *StatusError) Error() string { return fmt.Sprintf("status %d", e.Status) }

const maxErrorText = 512

// Error names URL and cause on one line of bounded length.
func (e *Error) Error() string {
	if e.URL == "" {
		return e.Cause()
	}
	return oneLine(e.URL + ": " + e.Cause())
}

// Cause is the text of the error without the URL, for a sentence that has it
// already.
func (e *Error) Cause() string {
	if e.Err == nil {
		return oneLine(string(e.Kind))
	}
	return oneLine(e.Err.Error())
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// oneLine bounds text and makes it printable: certificates and host names
// bring in text that others chose.
func oneLine(text string) string {
	if len(text) > maxErrorText {
		text = text[:maxErrorText] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

func (h hop) fail(kind Kind, err error) *Error {
	return &Error{URL: redact(h.url), Kind: kind, Err: err}
}

// redact is u as an error may show it.
func redact(u *url.URL) string {
	if u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return oneLine((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String())
}

// exchangeError sorts what connecting, sending or reading failed with. Causes
// of unknown make are replaced, since net/http quotes what the server sent
// and a server may send back what it got.
func (h hop) exchangeError(ctx context.Context, err error) *Error {
	var (
		blocked  *blockedError
		tooLarge *tooLargeError
		shake    *handshakeError
		netErr   net.Error
		opErr    *net.OpError
		dnsErr   *net.DNSError
		proxied  *proxyError
	)
	switch {
	case errors.As(err, &blocked):
		return h.fail(BlockedAddress, blocked)
	case errors.As(err, &tooLarge):
		return h.fail(TooLarge, tooLarge)
	case errors.Is(ctx.Err(), context.Canceled):
		return h.fail(Canceled, context.Canceled)
	case ctx.Err() != nil, errors.As(err, &netErr) && netErr.Timeout():
		return h.fail(Timeout, &timeoutError{})
	case errors.As(err, &shake):
		return h.fail(TLS, shake)
	case errors.As(err, &dnsErr):
		plain := *dnsErr
		plain.Server = "" // of the network that asks, which is nobody else's business
		return h.fail(Network, &plain)
	case errors.As(err, &opErr):
		return h.fail(Network, opErr)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return h.fail(Network, errClosedEarly)
	case errors.Is(err, errUnknownCoding):
		return h.fail(Malformed, errUnknownCoding)
	case errors.As(err, &proxied): // net/http gives the proxy's answer only as text
		return h.fail(Network, &proxyError{})
	}
	// net/http gives these only as text.
	switch text := err.Error(); {
	case strings.HasSuffix(text, "server closed idle connection"):
		return h.fail(Network, errClosedEarly)
	case strings.Contains(text, "response headers exceeded"):
		return h.fail(TooLarge, &tooLargeError{"header", maxResponseHeader})
	case strings.HasPrefix(text, "net/http: invalid header"):
		return h.fail(InvalidRequest, errors.New("a header of the request is not valid"))
	}
	return h.fail(Malformed, errors.New("the answer is not valid HTTP"))
}

var errClosedEarly = errors.New("the server closed the connection before the answer was complete")

type timeoutError struct{}

func (*timeoutError) Error() string { return "no complete answer in time" }
func (*timeoutError) Unwrap() error { return context.DeadlineExceeded }
