package fetch

import (
	"fmt"
	"net/netip"
	"slices"
)

// special is a network that is no part of the public internet, and what it is.
type special struct {
	prefix netip.Prefix
	what   string
}

// The networks of IANA's special-purpose registries (RFC 6890) that no public
// server lives in, and addresses that clouds answer on from within. Never
// written to.
var (
	specialIPv4 = []special{
		{netip.MustParsePrefix("0.0.0.0/8"), "this network (RFC 791)"},
		{netip.MustParsePrefix("10.0.0.0/8"), "private (RFC 1918)"},
		{netip.MustParsePrefix("100.64.0.0/10"), "shared by a carrier (RFC 6598)"},
		{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
		{netip.MustParsePrefix("168.63.129.16/32"), "a cloud platform's internal address"},
		{netip.MustParsePrefix("169.254.0.0/16"), "link-local (RFC 3927)"},
		{netip.MustParsePrefix("172.16.0.0/12"), "private (RFC 1918)"},
		{netip.MustParsePrefix("192.0.0.0/24"), "for protocol assignments (RFC 6890)"},
		{netip.MustParsePrefix("192.0.2.0/24"), "for documentation (RFC 5737)"},
		{netip.MustParsePrefix("192.88.99.0/24"), "a 6to4 relay (RFC 7526)"},
		{netip.MustParsePrefix("192.168.0.0/16"), "private (RFC 1918)"},
		{netip.MustParsePrefix("198.18.0.0/15"), "for benchmarks (RFC 2544)"},
		{netip.MustParsePrefix("198.51.100.0/24"), "for documentation (RFC 5737)"},
		{netip.MustParsePrefix("203.0.113.0/24"), "for documentation (RFC 5737)"},
		{netip.MustParsePrefix("224.0.0.0/4"), "multicast (RFC 5771)"},
		{netip.MustParsePrefix("255.255.255.255/32"), "broadcast"},
		{netip.MustParsePrefix("240.0.0.0/4"), "reserved (RFC 1112)"},
	}
	// Told apart for the message only: whatever is not in publicIPv6 is
	// refused. Of that network, the second half of the list is refused.
	specialIPv6 = []special{
		{netip.MustParsePrefix("::/128"), "unspecified"},
		{netip.MustParsePrefix("::1/128"), "loopback"},
		{netip.MustParsePrefix("fc00::/7"), "unique local (RFC 4193)"},
		{netip.MustParsePrefix("fe80::/10"), "link-local (RFC 4291)"},
		{netip.MustParsePrefix("ff00::/8"), "multicast (RFC 4291)"},
		{netip.MustParsePrefix("64:ff9b:1::/48"), "local NAT64 (RFC 8215)"},
		{netip.MustParsePrefix("2001::/32"), "Teredo (RFC 4380)"},
		{netip.MustParsePrefix("2001::/23"), "for protocol assignments (RFC 2928)"},
		{netip.MustParsePrefix("2001:db8::/32"), "for documentation (RFC 3849)"},
		{netip.MustParsePrefix("2002::/16"), "6to4 (RFC 7526)"},
		{netip.MustParsePrefix("3fff::/20"), "for documentation (RFC 9637)"},
	}
	publicIPv6 = netip.MustParsePrefix("2000::/3")
	// NAT64 translates to the IPv4 address in the last 32 bits (RFC 6052 §2.1).
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

// blockedError tells that an address is refused.
type blockedError struct {
	addr netip.Addr
	what string
}

func (e *blockedError) Error() string {
	return fmt.Sprintf("the host leads to %s, which is %s; to allow it, add its network to the allowed networks", e.addr, e.what)
}

// guard decides which addresses may be connected to.
type guard struct {
	allowed []netip.Prefix
}

func newGuard(allowed []netip.Prefix) guard {
	g := guard{allowed: make([]netip.Prefix, len(allowed))}
	for i, p := range allowed {
		g.allowed[i] = Unmap(p)
	}
	return g
}

// Unmap turns a network of IPv4-mapped addresses into the IPv4 one: addresses are
// compared in their short form. It leaves other networks as they are.
func Unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// check refuses addr unless it is public or in an allowed network.
func (g guard) check(addr netip.Addr) error {
	addr = addr.WithZone("").Unmap()
	target := addr
	if nat64.Contains(addr) {
		b := addr.As16()
		target = netip.AddrFrom4([4]byte(b[12:]))
	}
	if g.allows(addr) || g.allows(target) {
		return nil
	}
	if what := specialUse(target); what != "" {
		return &blockedError{addr, what}
	}
	return nil
}

func (g guard) allows(addr netip.Addr) bool {
	for _, p := range g.allowed {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// covers reports whether each network that another guard allows is allowed.
func (g guard) covers(other guard) bool {
	for _, p := range other.allowed {
		within := func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) }
		if p.IsValid() && !slices.ContainsFunc(g.allowed, within) {
			return false
		}
	}
	return true
}

// specialUse says what an address outside the public internet is for, and is
// empty for all others. An IPv4-mapped address must have been unmapped.
func specialUse(addr netip.Addr) string {
	networks := specialIPv6
	if addr.Is4() {
		networks = specialIPv4
	}
	for _, n := range networks {
		if n.prefix.Contains(addr) {
			return n.what
		}
	}
	switch {
	case addr.Is4():
		return ""
	case !publicIPv6.Contains(addr):
		return "not a public address"
	case isISATAP(addr):
		return "ISATAP (RFC 5214)"
	}
	return ""
}

// isISATAP reports whether an interface identifier embeds an IPv4 address that
// a tunnel would lead to (RFC 5214 §6.1).
func isISATAP(addr netip.Addr) bool {
	b := addr.As16()
	return b[8]&^0x03 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}
