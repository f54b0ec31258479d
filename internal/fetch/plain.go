package fetch

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// PlainHosts are hosts of one's own network whose servers may be plain http, for
// development: [network.Settings.DangerouslyAllowHTTP].
type PlainHosts []string

// ValidPlainHost reports whether text names one host: no scheme, port or path.
func ValidPlainHost(text string) bool {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.Zone() == ""
	}
	return isHostname(text)
}

// Plain reports whether raw is an http URL of one of the hosts.
func (h PlainHosts) Plain(raw string) bool {
	if len(h) == 0 {
		return false
	}
	u, err := url.Parse(raw)
	return err == nil && h.include(u)
}

// Secured returns raw with https in place of http if it is a URL of one of the
// hosts, so that the rules for https URLs apply to it. Otherwise it returns raw.
func (h PlainHosts) Secured(raw string) string {
	if h.Plain(raw) {
		return "https" + raw[len("http"):]
	}
	return raw
}

// SchemeOf returns a URL that was derived from [PlainHosts.Secured] of raw, with the
// scheme that raw has.
func SchemeOf(raw, derived string) string {
	scheme, _, _ := strings.Cut(raw, "://")
	_, rest, _ := strings.Cut(derived, "://")
	return scheme + "://" + rest
}

// For returns the hosts if issuer is an http URL of one of them, and none otherwise:
// only a server that is itself named may name URLs of those hosts.
func (h PlainHosts) For(issuer string) PlainHosts {
	if h.Plain(issuer) {
		return h
	}
	return nil
}

func (h PlainHosts) include(u *url.URL) bool {
	return u.Scheme == "http" && slices.ContainsFunc(h, func(host string) bool { return strings.EqualFold(host, u.Hostname()) })
}

// covers reports whether each host of others is one of h.
func (h PlainHosts) covers(others PlainHosts) bool {
	return !slices.ContainsFunc(others, func(other string) bool {
		return !slices.ContainsFunc(h, func(host string) bool { return strings.EqualFold(host, other) })
	})
}

// check is checkURL that lets http URLs of the hosts through.
func (h PlainHosts) check(u *url.URL, allowLoopback bool) *urlFault {
	if h.include(u) {
		secured := *u
		secured.Scheme = "https"
		u = &secured
	}
	return checkURL(u, allowLoopback)
}

// ownNetworks are the networks that a plain host may be in beside those that are
// allowed anyway. Link-local addresses, where clouds hand out credentials, are not
// among them.
var ownNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fc00::/7"),
}

// plainGuard is the guard of connections to plain hosts.
func plainGuard(allowed []netip.Prefix) guard { return newGuard(slices.Concat(allowed, ownNetworks)) }

// PlainHosts returns the hosts of the policy.
func (c *Client) PlainHosts() PlainHosts { return c.policy.DangerouslyAllowHTTP }
