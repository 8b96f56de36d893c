// Package network determines which addresses belong to one customer, for limits by address on sign-ins, requests and
// open connections. It refuses to know what is counted, how much is too much, and whom to trust.
package network

import "net/netip"

// Prefix lengths that providers give to one customer of IPv6. A /64 is the smallest (RFC 6177, RIPE-690); a /56 or a
// /48 is usual, and contains 256 or 65,536 networks of that size.
const (
	smallest = 64
	home     = 56
	site     = 48
)

// Normal returns the one form of an address that has several: ::ffff:192.0.2.1 becomes 192.0.2.1, and a zone is
// dropped, since it does not name another host.
func Normal(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Of returns the network as which an address is counted: the address itself for IPv4, its /64 for IPv6, and the zero
// Prefix for the zero Addr.
func Of(a netip.Addr) netip.Prefix {
	if all := Widening(a); len(all) > 0 {
		return all[0]
	}
	return netip.Prefix{}
}

// Widening returns the networks of an address that may all belong to one customer, the narrowest first, which is Of:
// the address itself for IPv4, and its /64, /56 and /48 for IPv6. It returns none for the zero Addr.
func Widening(a netip.Addr) []netip.Prefix {
	a = Normal(a)
	switch {
	case !a.IsValid():
		return nil
	case a.Is4():
		return []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}
	}
	all := make([]netip.Prefix, 0, 3)
	for _, bits := range []int{smallest, home, site} {
		p, _ := a.Prefix(bits) // these fit an IPv6 address
		all = append(all, p)
	}
	return all
}
