package fetch

import (
	"errors"
	"io"
	"net"
	"net/http"
)

// MayPass reports whether a failure may be gone at once: the server answered with
// a 5xx, with something else than was asked for ([UnreadableError]), or broke the
// connection off. A refusal, an answer that is too large, a certificate that is
// not trusted or a host that does not exist will be met again, and a timeout has
// used up the time.
func MayPass(err error) bool {
	var (
		unreadable *UnreadableError
		status     *StatusError
		failure    *Error
	)
	switch {
	case errors.As(err, &unreadable):
		return true
	case errors.As(err, &status):
		return status.Status >= http.StatusInternalServerError && status.Status != http.StatusNotImplemented
	case errors.As(err, &failure):
		return failure.mayPass()
	}
	return false
}

func (e *Error) mayPass() bool {
	switch e.Kind {
	case Malformed:
		return true
	case Network:
		var dns *net.DNSError
		return !errors.As(e.Err, &dns) || !dns.IsNotFound
	case TLS: // broken off, in contrast to not trusted
		var broken *net.OpError
		return errors.Is(e.Err, io.EOF) || errors.As(e.Err, &broken) && broken.Op != "remote error"
	}
	return false
}

// UnreadableError says that an answer of status 200 is not what was asked for,
// such as the error page of a proxy.
type UnreadableError struct {
	// Err is what is wrong with the answer.
	Err error
}

// Error says what is wrong with the answer.
func (e *UnreadableError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong with the answer.
func (e *UnreadableError) Unwrap() error { return e.Err }
