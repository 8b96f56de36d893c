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

// errRefused reports that a name leads to an address to which nothing is sent.
var errRefused = errors.New("this address is not sent to")

// guard checks an address when a connection to it is about to be made. This is after the name was resolved, so a name
// that leads to another address the second time does not evade the check.
type guard struct {
	loopback bool
	own      func() ([]netip.Addr, error) // addresses of this machine
	instead  func(netip.AddrPort) bool    // the rules of a test, or nil
}

// control is the ControlContext of a net.Dialer. address is the one to which the socket is about to be connected.
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

// ownAddresses returns the addresses of this machine's interfaces.
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

// internet knows IANA's registries of special-purpose addresses. Of IPv6 it permits only 2000::/3, so that every IPv4
// address inside an IPv6 one is refused. No receiver needs such an address.
var internet = ssrf.New(
	ssrf.WithPorts(443, 8443),
	// This public address is the host of a virtual machine at Azure, with its agents and its resolver.
	ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix("168.63.129.16/32")),
)

// routed reports whether an address is a unicast address of the public Internet. The zero Addr, which package ssrf
// takes for an IPv4 address outside of every list, is not.
func routed(a netip.Addr) bool { return a.IsValid() && internet.SafeAddr(a) == nil }
