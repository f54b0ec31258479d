// Package transport judges what any HTTP answer shows: the certificate, the
// clock, how long it may be kept, and which web pages may read it.
package transport

import (
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mcp-auth/go/check/internal/finding"
	"github.com/mcp-auth/go/internal/fetch"
)

const (
	maxClockOffset = time.Minute
	// minCertificate is what must be left of a certificate, or the part
	// 1/minLifetime of its lifetime if that is less: some are issued for a few
	// days only.
	minCertificate = 14 * 24 * time.Hour
	minLifetime    = 4

	allowOrigin = "Access-Control-Allow-Origin"
)

// Connection judges the server's clock and certificate by an answer.
func Connection(resp *fetch.Response, now time.Time) finding.List {
	found := clock(resp, now)
	if resp.TLS == nil || len(resp.TLS.PeerCertificates) == 0 {
		return found
	}
	certificate := resp.TLS.PeerCertificates[0]
	ends := certificate.NotAfter
	if ends.Sub(now) < min(minCertificate, ends.Sub(certificate.NotBefore)/minLifetime) {
		found.Add("certificate_expiring", ends.UTC().Format(time.RFC3339), "The server's certificate expires soon.")
	} else {
		found.Add("tls_trusted", "", "The server's certificate is trusted and does not expire soon.")
	}
	return found
}

// clock compares the server's clock with this machine's.
func clock(resp *fetch.Response, now time.Time) (found finding.List) {
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return nil
	}
	// A cache adds Age: the time since it got the answer.
	if age, err := strconv.ParseUint(resp.Header.Get("Age"), 10, 31); err == nil {
		date = date.Add(time.Duration(age) * time.Second)
	}
	offset := date.Sub(now)
	if offset.Abs() <= maxClockOffset {
		found.Add("clock_agrees", "", "The server's clock agrees with this machine's within a minute.")
		return found
	}
	where := "behind"
	if offset > 0 {
		where = "ahead"
	}
	found.Add("clock_off", resp.Header.Get("Date"), "The server's clock is %s %s.", offset.Abs().Round(time.Second), where)
	return found
}

// Caching judges how long a document may be kept, and returns the duration.
// notCacheable is the code if it may not be kept, or if the answer does not say.
func Caching(resp *fetch.Response, now time.Time, document string, notCacheable finding.Code) (time.Duration, finding.List) {
	header := resp.Header.Clone()
	header.Del("Age") // the time in a cache on the way does not matter here
	fresh, stated := fetch.FreshFor(header, now)
	var found finding.List
	switch {
	case !stated:
		found.Add(notCacheable, "no Cache-Control", "The answer does not say how long the %s may be cached.", document)
	case fresh == 0:
		found.Add(notCacheable, CacheEvidence(resp.Header), "The %s may not be cached.", document)
	}
	return fresh, found
}

// CacheEvidence returns the header that decides on caching.
func CacheEvidence(h http.Header) string {
	if values := h.Values("Cache-Control"); len(values) > 0 {
		return "Cache-Control: " + strings.Join(values, ", ")
	}
	return "Expires: " + h.Get("Expires")
}

// AllowsOrigin reports whether a page of the origin may read an answer.
// Browsers reject two values, even equal ones (Fetch Standard, CORS check).
func AllowsOrigin(h http.Header, origin string) bool {
	values := h.Values(allowOrigin)
	return len(values) == 1 && (values[0] == "*" || values[0] == origin)
}

// OriginEvidence returns the header that decides which pages may read an answer.
func OriginEvidence(h http.Header) string {
	values := h.Values(allowOrigin)
	if len(values) == 0 {
		return "no " + allowOrigin
	}
	return allowOrigin + ": " + strings.Join(values, ", ")
}

// MediaType returns the type of the content without parameters, "" if there is
// none.
func MediaType(h http.Header) string {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// Elements returns the elements of a header that is a list, in lower case.
func Elements(h http.Header, name string) []string {
	var list []string
	for _, value := range h.Values(name) {
		for element := range strings.SplitSeq(value, ",") {
			if element = strings.ToLower(strings.TrimSpace(element)); element != "" {
				list = append(list, element)
			}
		}
	}
	return list
}

// FailureText returns why a fetch failed, without the URL, which the exchange
// has already.
func FailureText(err error) string {
	var failure *fetch.Error
	if !errors.As(err, &failure) {
		return err.Error()
	}
	if failure.Err == nil {
		return string(failure.Kind)
	}
	return failure.Err.Error()
}

// Failure returns the finding for a failed fetch, with the code usual unless
// the failure has one of its own. It returns nil if the check was canceled or
// its time was up: the other side is not to blame for that.
func Failure(err error, usual finding.Code, format string, args ...any) (found finding.List) {
	code := usual
	var failure *fetch.Error
	if errors.As(err, &failure) {
		switch failure.Kind {
		case fetch.Canceled:
			return nil
		case fetch.TLS:
			code = "tls_failed"
		case fetch.BlockedAddress:
			code = "address_blocked"
		}
	}
	found.Add(code, FailureText(err), format, args...)
	return found
}
