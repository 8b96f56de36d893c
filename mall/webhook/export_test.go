package webhook

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Guarded makes w check addresses with allow instead of the guard's own rules, and resolve names with resolver.
func (w *Webhooks) Guarded(allow func(netip.AddrPort) bool, resolver *net.Resolver) {
	w.guard.instead = allow
	w.sending = sendingThrough(&w.guard, resolver)
}

// Refuses reports whether the guard refuses an address on a machine that has the address own.
func Refuses(network, address, own string) bool {
	g := guard{own: func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr(own)}, nil }}
	return g.control(context.Background(), network, address, nil) != nil
}

// Signed returns the headers of a message.
func Signed(secrets [][]byte, id string, at time.Time, body string) http.Header {
	h := http.Header{}
	sign(h, secrets, id, at, body)
	return h
}

// Routed reports whether an address is that of a public host.
func Routed(a netip.Addr) bool { return routed(a) }
