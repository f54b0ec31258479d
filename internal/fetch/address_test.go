package fetch

import (
	"errors"
	"net/netip"
	"testing"
)

// Covers RS21.
func TestGuardRefusesSpecialAddresses(t *testing.T) {
	t.Parallel()
	var g guard
	for _, addr := range []string{
		"0.0.0.0", "0.1.2.3", "0.255.255.255",
		"10.0.0.0", "10.0.0.1", "10.255.255.255",
		"100.64.0.0", "100.100.100.200", "100.127.255.255",
		"127.0.0.1", "127.0.0.53", "127.255.255.255",
		"168.63.129.16",
		"169.254.0.0", "169.254.169.254", "169.254.170.2", "169.254.255.255",
		"172.16.0.0", "172.17.0.1", "172.31.255.255",
		"192.0.0.0", "192.0.0.192", "192.0.0.255",
		"192.0.2.1", "198.51.100.1", "203.0.113.1",
		"192.88.99.1",
		"192.168.0.0", "192.168.1.1", "192.168.255.255",
		"198.18.0.0", "198.19.255.255",
		"224.0.0.1", "239.255.255.250",
		"240.0.0.1", "255.255.255.254", "255.255.255.255",

		"::", "::1", "::2", "::127.0.0.1", "::10.0.0.1", "::8.8.8.8",
		"::ffff:0:0", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:192.168.0.1",
		"::ffff:0:10.0.0.1", // IPv4-translated, RFC 2765
		"64:ff9b::", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::100.64.0.1", "64:ff9b::255.255.255.255",
		"64:ff9b:1::10.0.0.1", "64:ff9b:1::8.8.8.8", "64:ff9b::1:8.8.8.8",
		"100::1", "100:0:0:1::1",
		"2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::",
		"2001:db8::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::1", "3fff:fff:ffff::1",
		"2002::", "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", "2002:808:808::1", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:8.8.8.8", "2606:4700::300:5efe:10.0.0.1",
		"4000::1", "5f00::1", "8000::1", "e000::1",
		"fc00::1", "fd00::1", "fd00:ec2::254", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"fe80::1", "fe80::1%eth0", "fe80::a9fe:a9fe", "febf::1", "fec0::1", "feff::1",
		"ff00::", "ff02::1", "ff0e::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"fd00::1%eth0", "::1%lo",
	} {
		var blocked *blockedError
		if err := g.check(netip.MustParseAddr(addr)); !errors.As(err, &blocked) {
			t.Errorf("%s: %v, want it refused", addr, err)
		}
	}
}

// Covers RS21.
func TestGuardAdmitsPublicAddresses(t *testing.T) {
	t.Parallel()
	var g guard
	for _, addr := range []string{
		"1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0",
		"100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"168.63.129.15", "168.63.129.17",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
		"191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0",
		"192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
		"198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
		"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b::11.0.0.0",
		"2000::1", "2001:200::1", "2001:4860:4860::8888", "2001:db7:ffff::1", "2001:db9::1",
		"2003::1", "2606:4700:4700::1111", "2606:4700::5efd:1", "2606:4700::400:5efe:808:808",
		"2a00:1450:4001:80b::200e", "3ffe:ffff::1", "3fff:1000::1",
	} {
		if err := g.check(netip.MustParseAddr(addr)); err != nil {
			t.Errorf("%s: %v, want it admitted", addr, err)
		}
	}
}

// However an IPv4 address is wrapped, the verdict is the same. Covers RS21.
func TestGuardSeesThroughWrapping(t *testing.T) {
	t.Parallel()
	var g guard
	wrap := func(addr netip.Addr) []netip.Addr {
		v4 := addr.As4()
		mapped := netip.AddrFrom16(addr.As16())
		translated := netip.MustParseAddr("64:ff9b::").As16()
		copy(translated[12:], v4[:])
		return []netip.Addr{mapped, mapped.WithZone("eth0"), netip.AddrFrom16(translated)}
	}
	for _, n := range specialIPv4 {
		first := n.prefix.Masked().Addr()
		for _, addr := range []netip.Addr{first, first.Prev(), lastOf(n.prefix), lastOf(n.prefix).Next()} {
			if !addr.IsValid() {
				continue
			}
			plain := g.check(addr) != nil
			for _, wrapped := range wrap(addr) {
				if got := g.check(wrapped) != nil; got != plain {
					t.Errorf("%s refused: %t, but %s refused: %t", addr, plain, wrapped, got)
				}
			}
		}
	}
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}

// Covers RS21.
func TestGuardAllowedNetworks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		allowed, addr string
		want          bool
	}{
		{"10.1.0.0/16", "10.1.2.3", true},
		{"10.1.0.0/16", "10.2.0.1", false},
		{"10.1.2.3/16", "10.1.255.255", true}, // host bits do not matter
		{"10.1.0.0/16", "::ffff:10.1.2.3", true},
		{"10.1.0.0/16", "::ffff:10.2.2.3", false},
		{"::ffff:10.1.0.0/112", "10.1.2.3", true},
		{"::ffff:10.1.0.0/112", "10.2.2.3", false},
		{"10.1.0.0/16", "64:ff9b::10.1.2.3", true},
		{"10.1.0.0/16", "64:ff9b::10.2.2.3", false},
		{"64:ff9b::/96", "64:ff9b::10.2.2.3", true},
		{"64:ff9b::/96", "10.2.2.3", false},
		{"10.1.0.0/16", "2002:a01:203::1", false}, // 6to4 has to be named itself
		{"2002:a01:203::/48", "2002:a01:203::1", true},
		{"127.0.0.1/32", "127.0.0.1", true},
		{"127.0.0.1/32", "127.0.0.2", false},
		{"127.0.0.1/32", "::1", false},
		{"::1/128", "::1", true},
		{"::1/128", "127.0.0.1", false},
		{"fd00:1::/32", "fd00:1::5", true},
		{"fd00:1::/32", "fd00:1::5%eth0", true},
		{"fd00:1::/32", "fd00:2::5", false},
		{"169.254.169.254/32", "169.254.169.254", true},
		{"169.254.169.254/32", "169.254.169.253", false},
		{"10.0.0.0/8", "8.8.8.8", true},
		{"0.0.0.0/0", "10.0.0.1", true},
		{"0.0.0.0/0", "fd00::1", false},
		{"::/0", "10.0.0.1", false},
	}
	for _, tt := range tests {
		g := newGuard(networks(tt.allowed))
		if got := g.check(netip.MustParseAddr(tt.addr)) == nil; got != tt.want {
			t.Errorf("%s with %s allowed: admitted %t, want %t", tt.addr, tt.allowed, got, tt.want)
		}
	}
}

// A prefix that is the zero value admits nothing. Covers RS21.
func TestGuardInvalidInput(t *testing.T) {
	t.Parallel()
	g := newGuard([]netip.Prefix{{}})
	if g.check(netip.MustParseAddr("10.0.0.1")) == nil {
		t.Error("10.0.0.1 is admitted by an invalid prefix")
	}
	if g.check(netip.Addr{}) == nil {
		t.Error("the invalid address is admitted")
	}
}

// Covers RS21.
func TestLoopbackConnectsToLoopbackOnly(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"127.0.0.1": true, "127.1.2.3": true, "::1": true, "::ffff:127.0.0.1": true,
		"0.0.0.0": false, "::": false, "10.0.0.1": false, "8.8.8.8": false, "fe80::1": false,
		"::127.0.0.1": false, "64:ff9b::127.0.0.1": false, "128.0.0.1": false,
	} {
		if got := checkLoopback(netip.MustParseAddr(addr)) == nil; got != want {
			t.Errorf("%s admitted: %t, want %t", addr, got, want)
		}
	}
}
