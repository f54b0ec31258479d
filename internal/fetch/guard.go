package fetch

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"
)

// guard decides on the address of each connection, after the name was resolved.
type guard struct {
	allowed  []netip.Prefix
	loopback bool
}

type blockedError struct{ addr netip.Addr }

func (e *blockedError) Error() string {
	return fmt.Sprintf("%s is not a public address (see AllowedNetworks)", e.addr)
}

func (g *guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return &blockedError{}
	}
	if addr := ap.Addr().Unmap(); !g.admits(addr) {
		return &blockedError{addr}
	}
	return nil
}

func (g *guard) admits(addr netip.Addr) bool {
	for _, prefix := range g.allowed {
		if prefix.Contains(addr.WithZone("")) {
			return true
		}
	}
	if g.loopback {
		return addr.IsLoopback()
	}
	return isPublic(addr)
}

// isPublic reports whether the address is globally reachable and not a way
// around: addresses that embed an IPv4 address are judged by that.
func isPublic(addr netip.Addr) bool {
	addr = addr.Unmap()
	if !addr.IsValid() || addr.Zone() != "" {
		return false
	}
	for _, prefix := range reserved() {
		if prefix.Contains(addr) {
			return false
		}
	}
	if inner, ok := embedded(addr); ok {
		return isPublic(inner)
	}
	return addr.IsGlobalUnicast()
}

// reserved lists what the IANA special-purpose registries mark as not globally
// reachable (RFC 6890 and successors).
func reserved() [30]netip.Prefix {
	v4 := func(a, b, c, d byte, bits int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c, d}), bits)
	}
	v6 := func(bits int, head ...byte) netip.Prefix {
		var a [16]byte
		copy(a[:], head)
		return netip.PrefixFrom(netip.AddrFrom16(a), bits)
	}
	return [30]netip.Prefix{
		v4(0, 0, 0, 0, 8), v4(10, 0, 0, 0, 8), v4(100, 64, 0, 0, 10), v4(127, 0, 0, 0, 8),
		v4(169, 254, 0, 0, 16), v4(172, 16, 0, 0, 12), v4(192, 0, 0, 0, 24), v4(192, 0, 2, 0, 24),
		v4(192, 31, 196, 0, 24), v4(192, 52, 193, 0, 24), v4(192, 88, 99, 0, 24), v4(192, 168, 0, 0, 16),
		v4(192, 175, 48, 0, 24), v4(198, 18, 0, 0, 15), v4(198, 51, 100, 0, 24), v4(203, 0, 113, 0, 24),
		v4(224, 0, 0, 0, 4), v4(240, 0, 0, 0, 4),
		v6(96),                               // ::/96, unspecified, loopback, IPv4-compatible
		v6(64, 0x01),                         // discard only
		v6(48, 0, 0x64, 0xff, 0x9b, 0, 1),    // local-use NAT64
		v6(23, 0x20, 0x01),                   // IETF assignments, Teredo
		v6(32, 0x20, 0x01, 0x0d, 0xb8),       // documentation
		v6(20, 0x3f, 0xff),                   // documentation
		v6(16, 0x5f),                         // segment routing
		v6(7, 0xfc),                          // unique local
		v6(10, 0xfe, 0x80),                   // link local
		v6(10, 0xfe, 0xc0),                   // site local
		v6(8, 0xff),                          // multicast
		v6(48, 0x26, 0x20, 0, 0x4f, 0x80, 0), // AS112
	}
}

// embedded is the IPv4 address in a NAT64 (RFC 6052) or 6to4 (RFC 3056) address.
func embedded(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() {
		return netip.Addr{}, false
	}
	b := addr.As16()
	if b[0] == 0x20 && b[1] == 0x02 {
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	if [12]byte(b[:12]) == [12]byte{0, 0x64, 0xff, 0x9b} {
		return netip.AddrFrom4([4]byte(b[12:])), true
	}
	return netip.Addr{}, false
}
