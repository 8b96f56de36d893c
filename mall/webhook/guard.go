package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"code.dny.dev/ssrf"
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
	if err := internet.SafeAddrPort(to); err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	own, err := g.own()
	if err != nil {
		return fmt.Errorf("%w: %s may be this machine: %w", errRefused, to, err)
	}
	if slices.Contains(own, to.Addr()) {
		return fmt.Errorf("%w: %s is this machine", errRefused, to)
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

// internet knows IANA's registries of special-purpose addresses. Of IPv6 it lets only 2000::/3 pass, so that an IPv4
// address inside an IPv6 one is refused whatever it is: nobody's receiver needs it.
var internet = ssrf.New(
	ssrf.WithPorts(443, 8443),
	// What answers on this public address is the host of a virtual machine at Azure, with its agents and its resolver.
	ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix("168.63.129.16/32")),
)

// routed says that an address is one of the public Internet's, and of a single host. The zero Addr, which package ssrf
// takes for an IPv4 address outside of every list, is none.
func routed(a netip.Addr) bool { return a.IsValid() && internet.SafeAddr(a) == nil }
