package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// errRefused says that a name leads to where nothing is sent.
var errRefused = errors.New("this address is not sent to")

// guard decides about an address when a connection to it is about to be made: after the name was looked up, so that a
// name that leads elsewhere the second time gains nothing by it.
type guard struct {
	loopback bool
	own      func() ([]netip.Addr, error) // of this machine
	instead  func(netip.AddrPort) bool    // a test's rules; else nil
}

// control is a net.Dialer's ControlContext: address is the one that the socket is about to be connected to.
func (g *guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: %s %s", errRefused, network, address)
	}
	if g.instead != nil {
		if !g.instead(to) {
			return fmt.Errorf("%w: %s", errRefused, to)
		}
		return nil
	}
	if g.loopback && to.Addr().IsLoopback() && !to.Addr().Is4In6() {
		return nil
	}
	if !routed(to.Addr()) || to.Port() != 443 && to.Port() != 8443 {
		return fmt.Errorf("%w: %s", errRefused, to)
	}
	own, err := g.own()
	if err != nil || slices.Contains(own, to.Addr()) {
		return fmt.Errorf("%w: %s is this machine (%v)", errRefused, to, err)
	}
	return nil
}

// ownAddresses are those of this machine's interfaces.
func ownAddresses() ([]netip.Addr, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	own := make([]netip.Addr, 0, len(list))
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				own = append(own, ip.Unmap())
			}
		}
	}
	return own, nil
}

// routed says that an address is one of the public Internet's, and of a single host. What is listed is in IANA's
// registries of special-purpose addresses, or reaches what hosts of a cloud alone should reach. An IPv4 address inside
// an IPv6 one is refused whatever it is: nobody's receiver needs it.
func routed(a netip.Addr) bool {
	if !a.IsValid() || a.Is4In6() || a.Zone() != "" {
		return false
	}
	if a.Is6() && !global6.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// global6 is all that was given out of IPv6. Outside lie ::, ::1, ::ffff:0:0/96 and 64:ff9b::/96 (IPv4 within),
// fc00::/7, fe80::/10, ff00::/8, and the metadata of a cloud at fd00:ec2::254.
var global6 = netip.MustParsePrefix("2000::/3")

var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),         // this network
	netip.MustParsePrefix("10.0.0.0/8"),        // private
	netip.MustParsePrefix("100.64.0.0/10"),     // carriers' NAT; a cloud's metadata at 100.100.100.200
	netip.MustParsePrefix("127.0.0.0/8"),       // loopback
	netip.MustParsePrefix("168.63.129.16/32"),  // a cloud's host
	netip.MustParsePrefix("169.254.0.0/16"),    // link-local; clouds' metadata at 169.254.169.254
	netip.MustParsePrefix("172.16.0.0/12"),     // private
	netip.MustParsePrefix("192.0.0.0/24"),      // protocols; a cloud's metadata at 192.0.0.192
	netip.MustParsePrefix("192.0.2.0/24"),      // documentation
	netip.MustParsePrefix("192.31.196.0/24"),   // AS112
	netip.MustParsePrefix("192.52.193.0/24"),   // AMT
	netip.MustParsePrefix("192.88.99.0/24"),    // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),    // private
	netip.MustParsePrefix("192.175.48.0/24"),   // AS112
	netip.MustParsePrefix("198.18.0.0/15"),     // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"),   // documentation
	netip.MustParsePrefix("203.0.113.0/24"),    // documentation
	netip.MustParsePrefix("224.0.0.0/4"),       // multicast
	netip.MustParsePrefix("240.0.0.0/4"),       // reserved, and broadcast
	netip.MustParsePrefix("2001::/23"),         // protocols: Teredo with an IPv4 within, ORCHID, benchmarks
	netip.MustParsePrefix("2001:db8::/32"),     // documentation
	netip.MustParsePrefix("2002::/16"),         // 6to4, an IPv4 within
	netip.MustParsePrefix("2620:4f:8000::/48"), // AS112
	netip.MustParsePrefix("3fff::/20"),         // documentation
}
