package fetch

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const maxURL = 4096

// CheckURL reports whether raw can be fetched: an absolute https URL of
// printable ASCII with a host, without userinfo and fragment; with
// allowLoopback also plain http where the host is a loopback one. Whether the
// host's addresses are acceptable shows only when it is fetched. The error is
// an [*Error].
func CheckURL(raw string, allowLoopback bool) error {
	_, err := parseURL(raw, allowLoopback)
	return err
}

// HideUserinfo leaves out of what should be a URL what may be a password, even
// where it cannot be parsed. An e-mail address stays as it is.
func HideUserinfo(raw string) string {
	at := strings.LastIndexByte(raw, '@')
	if at < 0 {
		return raw
	}
	scheme, _, ok := strings.Cut(raw[:at], "://")
	switch {
	case ok && !strings.ContainsAny(scheme, ":/@"):
		return scheme + "://" + raw[at:]
	case strings.ContainsAny(raw[:at], ":/"):
		return raw[at:]
	}
	return raw
}

// IsLoopbackURL reports whether raw is an http or https URL of a loopback
// host.
func IsLoopbackURL(raw string) bool {
	u, err := parseURL(raw, true)
	return err == nil && IsLoopbackHost(u.Hostname())
}

// IsLoopbackAuthority reports whether a Host header, with its port if it has
// one, names a loopback host.
func IsLoopbackAuthority(authority string) bool {
	u, err := parseURL("http://"+authority, true)
	return err == nil && u.Host == authority && IsLoopbackHost(u.Hostname())
}

// IsLoopbackHost reports whether host (without port and brackets) always
// means this machine: localhost, *.localhost (RFC 6761 §6.3), an address in
// 127.0.0.0/8 or ::1.
func IsLoopbackHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Is4() && addr.IsLoopback() || addr == netip.IPv6Loopback()
	}
	return isLocalhost(host)
}

func isLocalhost(host string) bool {
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") && isHostname(host)
}

// parseURL returns raw parsed if [CheckURL] accepts it.
func parseURL(raw string, allowLoopback bool) (*url.URL, error) {
	return PlainHosts(nil).parse(raw, allowLoopback)
}

// parse is parseURL that lets http URLs of the hosts through. The parser's own
// errors are not passed on: they quote the URL.
func (h PlainHosts) parse(raw string, allowLoopback bool) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, &Error{Kind: InvalidURL, Err: errors.New("the URL is too long")}
	}
	for _, r := range raw {
		if r <= ' ' || r > '~' {
			return nil, &Error{Kind: InvalidURL, Err: errors.New("the URL has characters that are not printable ASCII")}
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, &Error{Kind: InvalidURL, Err: errors.New("the URL cannot be parsed")}
	}
	if strings.Contains(raw, "#") {
		return nil, &Error{URL: redact(u), Kind: InvalidURL, Err: errors.New("the URL has a fragment")}
	}
	if err := h.check(u, allowLoopback); err != nil {
		return nil, &Error{URL: redact(u), Kind: err.kind, Err: err}
	}
	return u, nil
}

// urlFault is why a URL is refused.
type urlFault struct {
	kind Kind
	text string
}

func (f *urlFault) Error() string { return f.text }

// checkURL returns nil for an acceptable URL. A nil pointer in an error
// interface would not be nil: callers keep the type.
func checkURL(u *url.URL, allowLoopback bool) *urlFault {
	host := u.Hostname()
	switch {
	case u.User != nil:
		return &urlFault{InvalidURL, "the URL has userinfo"}
	case u.Opaque != "" || host == "":
		return &urlFault{InvalidURL, "the URL is not absolute or has no host"}
	case !isIP(u.Host) && !isHostname(host):
		return &urlFault{InvalidURL, "the URL's host is neither a host name nor an address"}
	case !validPort(u):
		return &urlFault{InvalidURL, "the URL's port is not a number from 1 to 65535"}
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && allowLoopback && IsLoopbackHost(host):
		return nil
	case u.Scheme == "http":
		return &urlFault{NotHTTPS, "plain http is allowed for loopback hosts only"}
	}
	return &urlFault{NotHTTPS, "the URL's scheme is not https"}
}

func validPort(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// isIP reports whether the host of a URL, port and brackets included, is an
// IP address.
func isIP(host string) bool {
	if strings.HasPrefix(host, "[") {
		inner, _, _ := strings.Cut(host[1:], "]")
		addr, err := netip.ParseAddr(inner)
		return err == nil && addr.Is6()
	}
	name, _, _ := strings.Cut(host, ":")
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.Is4()
}

// isHostname accepts what names hosts in practice: letters, digits, hyphens
// and underscores in labels of at most 63, names in other scripts in their
// xn-- form.
func isHostname(host string) bool {
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if len(label) == 0 || len(label) > 63 || strings.ContainsFunc(label, notHostRune) {
			return false
		}
	}
	return true
}

func notHostRune(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
		return false
	}
	return true
}

// origin is scheme, host and port in comparable form.
func origin(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// Shown is a URL as an error or a log may show it: without userinfo, query and
// fragment. It is empty if the URL is not one of http or https.
func Shown(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return redact(u)
}
