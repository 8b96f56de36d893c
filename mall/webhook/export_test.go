package webhook

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Guarded makes w ask this instead of the guard's own rules, and look names up there.
func (w *Webhooks) Guarded(allow func(netip.AddrPort) bool, resolver *net.Resolver) {
	w.guard.instead = allow
	w.sending = sendingThrough(&w.guard, resolver)
}

// Refuses says what the guard says of an address, on a machine with an address of its own.
func Refuses(network, address, own string) bool {
	g := guard{own: func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr(own)}, nil }}
	return g.control(context.Background(), network, address, nil) != nil
}

// Signed are the headers of a message.
func Signed(secrets [][]byte, id string, at time.Time, body string) http.Header {
	h := http.Header{}
	sign(h, secrets, id, at, body)
	return h
}

// Routed says that an address is a public host's.
func Routed(a netip.Addr) bool { return routed(a) }
