package network_test

import (
	"fmt"
	"net/netip"

	"videomall/mall/network"
)

// An IPv6 customer has at least a /64, so another address of it does not count as another customer.
func ExampleOf() {
	fmt.Println(network.Of(netip.MustParseAddr("192.0.2.7")))
	fmt.Println(network.Of(netip.MustParseAddr("2001:db8:1:2::7")))
	// Output:
	// 192.0.2.7/32
	// 2001:db8:1:2::/64
}

func ExampleWidening() {
	for _, n := range network.Widening(netip.MustParseAddr("2001:db8:1:203::7")) {
		fmt.Println(n)
	}
	// Output:
	// 2001:db8:1:203::/64
	// 2001:db8:1:200::/56
	// 2001:db8:1::/48
}
