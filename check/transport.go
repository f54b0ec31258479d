package check

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mcp-auth/go/internal/fetch"
)

const (
	maxClockOffset = time.Minute
	maxKeyLifetime = 24 * time.Hour
	// minCertificate is what must be left of a certificate, or minLifetime of its
	// lifetime if that is less: some live for days only.
	minCertificate   = 14 * 24 * time.Hour
	minLifetime      = 4 // parts
	allowOriginField = "Access-Control-Allow-Origin"
)

// readableByBrowsers reports whether a page of any origin may read an answer
// to a request with [browserOrigin].
func readableByBrowsers(h http.Header) bool { return allowsOrigin(h, browserOrigin) }

// allowsOrigin reports whether a page of the origin may read an answer. Of two
// values, even equal ones, browsers take none (Fetch standard, CORS check).
func allowsOrigin(h http.Header, origin string) bool {
	values := h.Values(allowOriginField)
	return len(values) == 1 && (values[0] == "*" || values[0] == origin)
}

func corsEvidence(h http.Header) string {
	values := h.Values(allowOriginField)
	if len(values) == 0 {
		return "no " + allowOriginField
	}
	return allowOriginField + ": " + strings.Join(values, ", ")
}

// connection judges the server's certificate and its clock by an answer.
func (c *checker) connection(resp *fetch.Response) {
	now := c.opts.Now()
	c.clock(resp, now)
	if resp.TLS == nil || len(resp.TLS.PeerCertificates) == 0 {
		return
	}
	certificate := resp.TLS.PeerCertificates[0]
	ends := certificate.NotAfter
	if ends.Sub(now) < min(minCertificate, ends.Sub(certificate.NotBefore)/minLifetime) {
		c.add(CertificateExpiring, ends.UTC().Format(time.RFC3339), "The server's certificate ends soon.")
		return
	}
	c.add(TLSTrusted, "", "The server has a certificate that is trusted and does not end soon.")
}

// clock compares the server's clock with ours.
func (c *checker) clock(resp *fetch.Response, now time.Time) {
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return
	}
	// A cache says how many seconds ago the origin answered (RFC 9111 §5.1).
	if age, err := strconv.ParseUint(resp.Header.Get("Age"), 10, 31); err == nil {
		date = date.Add(time.Duration(age) * time.Second)
	}
	offset := date.Sub(now)
	if offset.Abs() > maxClockOffset {
		where := "behind"
		if offset > 0 {
			where = "ahead"
		}
		c.add(ClockOff, resp.Header.Get("Date"), "The server's clock is %s %s.", offset.Abs().Round(time.Second), where)
		return
	}
	c.add(ClockAgrees, "", "The server's clock agrees with this machine's within a minute.")
}

// caching judges how long a document may be kept. What code names is that it
// may not be, or that nothing is said.
func (c *checker) caching(resp *fetch.Response, what string, code Code) {
	header := resp.Header.Clone()
	header.Del("Age") // how long a cache on the way has kept it is not the question
	fresh, told := fetch.FreshFor(header, c.opts.Now())
	switch {
	case !told:
		c.add(code, "no Cache-Control", "Nothing says how long the %s may be kept.", what)
	case fresh == 0:
		c.add(code, cacheEvidence(resp.Header), "The %s may not be kept.", what)
	case code == KeysNotCacheable && fresh > maxKeyLifetime:
		c.add(KeysCachedTooLong, cacheEvidence(resp.Header), "The %s may be kept for %s.", what, fresh)
	}
}

func cacheEvidence(h http.Header) string {
	if values := h.Values("Cache-Control"); len(values) > 0 {
		return "Cache-Control: " + strings.Join(values, ", ")
	}
	return "Expires: " + h.Get("Expires")
}

// preflights asks endpoints that browser clients post to for their CORS rules.
func (s *issuerCheck) preflights(ctx context.Context) {
	s.preflight(ctx, "token_endpoint", s.document.TokenEndpoint, TokenEndpointWithoutCORS)
	s.preflight(ctx, "registration_endpoint", s.document.RegistrationEndpoint, RegistrationWithoutCORS)
}

func (s *issuerCheck) preflight(ctx context.Context, member, endpoint string, code Code) {
	if endpoint == "" || fetch.CheckURL(endpoint, s.loopback) != nil || ctx.Err() != nil {
		return
	}
	resp, err := s.do(ctx, member+", preflight", fetch.Request{
		Method: http.MethodOptions,
		URL:    endpoint,
		Header: http.Header{
			"Origin":                         {browserOrigin},
			"Access-Control-Request-Method":  {http.MethodPost},
			"Access-Control-Request-Headers": {"content-type"},
		},
	})
	switch {
	case err != nil && ctx.Err() != nil: // it was given no time
	case err != nil:
		s.add(EndpointUnreachable, failureText(err), "%s cannot be reached.", member)
	case resp.Status/100 != 2 || !readableByBrowsers(resp.Header):
		s.add(code, fmt.Sprintf("status %d, %s", resp.Status, corsEvidence(resp.Header)), "Preflights of %s are not answered for any web page.", member)
	default:
		s.add(BrowsersAllowed, "", "Preflights of %s are answered for any web page.", member)
	}
}
