// Package clientaddr finds out where a request came from, through proxies.
package clientaddr

import (
	"net/netip"
	"slices"
	"strings"
)

// maxHops bounds how many addresses are looked at.
const maxHops = 32

// Of returns the address of the client: that of the connection or, if it is a
// trusted proxy's, the right-most address in the X-Forwarded-For headers that is no
// trusted proxy. It is not valid if no address can be read.
func Of(remote string, forwarded []string, trusted []netip.Prefix) netip.Addr {
	address := parse(remote)
	hops := maxHops
	for i := len(forwarded) - 1; i >= 0; i-- {
		list := strings.Split(forwarded[i], ",")
		for j := len(list) - 1; j >= 0; j-- {
			if hops--; hops < 0 || !isIn(trusted, address) {
				return address
			}
			next := parse(strings.TrimSpace(list[j]))
			if !next.IsValid() {
				return address
			}
			address = next
		}
	}
	return address
}

func isIn(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address) })
}

// parse reads an address with or without a port.
func parse(text string) netip.Addr {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone("")
	}
	address, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}
