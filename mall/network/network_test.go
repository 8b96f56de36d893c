package network_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/network"
)

func TestWidening(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string][]string{
		"192.0.2.1":                {"192.0.2.1/32"},
		"::ffff:192.0.2.1":         {"192.0.2.1/32"},
		"127.0.0.1":                {"127.0.0.1/32"},
		"2001:db8:1:2ff::1":        {"2001:db8:1:2ff::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"},
		"2001:db8:1:2ff:ffff::9":   {"2001:db8:1:2ff::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"},
		"fe80::1%eth0":             {"fe80::/64", "fe80::/56", "fe80::/48"},
		"::1":                      {"::/64", "::/56", "::/48"},
		"2001:db8:ffff:ffff::ffff": {"2001:db8:ffff:ffff::/64", "2001:db8:ffff:ff00::/56", "2001:db8:ffff::/48"},
	} {
		a := netip.MustParseAddr(addr)
		var got []string
		for _, p := range network.Widening(a) {
			got = append(got, p.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s lies in (-want +got):\n%s", addr, diff)
		}
		if of := network.Of(a).String(); of != want[0] {
			t.Errorf("%s is counted as %s, not as %s", addr, of, want[0])
		}
	}
}

func TestWidening_zero_address(t *testing.T) {
	t.Parallel()
	if all, of := network.Widening(netip.Addr{}), network.Of(netip.Addr{}); all != nil || of.IsValid() {
		t.Errorf("no address lies in %v and is counted as %s", all, of)
	}
}

func TestNormal(t *testing.T) {
	t.Parallel()
	for spelling, want := range map[string]string{
		"::ffff:192.0.2.1": "192.0.2.1",
		"192.0.2.1":        "192.0.2.1",
		"fe80::1%eth0":     "fe80::1",
		"2001:DB8::0:1":    "2001:db8::1",
	} {
		if got := network.Normal(netip.MustParseAddr(spelling)).String(); got != want {
			t.Errorf("%s is %s, not %s", spelling, got, want)
		}
	}
}
