// Package network says which addresses are one customer's, for whoever counts by address: tries to sign in, requests, open connections. It
// refuses to know what is counted, how much of it is too much, and whom to trust.
package network

import "net/netip"

// What providers give to one customer of IPv6: a /64 is the least (RFC 6177, RIPE-690), and a /56 or a /48 is usual, with 256 and 65,536
// networks of that size to choose from.
const (
	smallest = 64
	home     = 56
	site     = 48
)

// Normal folds what is one address in several spellings: ::ffff:192.0.2.1 is 192.0.2.1, and a zone names no other host.
func Normal(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Of is the network that an address is counted as: of IPv4 the address alone, of IPv6 its /64. It is the zero Prefix for the zero Addr.
func Of(a netip.Addr) netip.Prefix {
	if all := Widening(a); len(all) > 0 {
		return all[0]
	}
	return netip.Prefix{}
}

// Widening are the networks that one customer may hold an address of, the narrowest first, which is Of: of IPv4 the address alone, of IPv6
// its /64, /56 and /48. There are none for the zero Addr.
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
