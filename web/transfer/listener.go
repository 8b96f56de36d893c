// Package transfer bounds how long bytes may take and how many connections one address may hold: a reader that takes
// nothing is cut off, a body that drips is ended. It knows sockets and clocks, and nothing of what is sent.
package transfer

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"videomall/mall/network"
)

const (
	// chunk is how many bytes a reader must take within Options.SendTimeout, in memory or from a file.
	chunk = 128 << 10
	// refusal is the answer to a connection too many; a client's line that is full does not hold it up.
	refusal = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\nContent-Length: 0\r\n\r\n"
)

// Options are the limits of a listener.
type Options struct {
	// SendTimeout is how long a reader may take no bytes. It begins anew whenever some were taken. 0: for ever.
	SendTimeout time.Duration
	// PerAddress is how many connections one address may hold, of IPv6 one /64. 0: as many as it likes.
	PerAddress int
	// Trusted are proxies, behind which are many people. Their connections are not bounded, nor are those of this
	// machine.
	Trusted []netip.Prefix
}

// Listener accepts connections within its limits.
type Listener struct {
	net.Listener
	options Options

	mu   sync.Mutex
	open map[netip.Prefix]int

	refused, stalled atomic.Int64
}

// Listen puts limits on what l accepts.
func Listen(l net.Listener, o Options) *Listener {
	return &Listener{
		Listener: l,
		options:  o,
		open:     map[netip.Prefix]int{},
	}
}

// Server is an HTTP server that waits neither for a head nor for a whole form for ever; uploads set deadlines of their
// own, see Body. Browsers open connections ahead of need and keep an unused one for ten seconds: a head's time is
// longer, so that none is closed at the moment in which it is used.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 20 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}

// Refused counts the connections that were one too many of their address.
func (l *Listener) Refused() int64 { return l.refused.Load() }

// Stalled counts the connections that were cut off because nothing was taken.
func (l *Listener) Stalled() int64 { return l.stalled.Load() }

// Accept returns the next connection that is not one too many.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		leave, ok := l.enter(c.RemoteAddr())
		if !ok {
			l.refused.Add(1)
			_ = c.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = io.WriteString(c, refusal)
			_ = c.Close()
			continue
		}
		if l.options.SendTimeout > 0 {
			boundUnacknowledged(c, l.options.SendTimeout)
		}
		return &conn{
			Conn:     c,
			listener: l,
			leave:    sync.OnceFunc(leave),
		}, nil
	}
}

// enter counts a connection of an address.
func (l *Listener) enter(a net.Addr) (leave func(), ok bool) {
	from, bounded := l.network(a)
	if !bounded {
		return func() {}, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[from] >= l.options.PerAddress {
		return nil, false
	}
	l.open[from]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.open[from]--; l.open[from] == 0 {
			delete(l.open, from)
		}
	}, true
}

// network is what a connection is counted by. Those of trusted proxies are not.
func (l *Listener) network(a net.Addr) (n netip.Prefix, bounded bool) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || l.options.PerAddress == 0 {
		return n, false
	}
	ip := network.Normal(tcp.AddrPort().Addr())
	for _, t := range l.options.Trusted {
		if t.Contains(ip) {
			return n, false
		}
	}
	return Network(ip)
}

// Network is what an address's connections are counted by, network.Of. ok is false for what is not counted: this
// machine, behind which a proxy may stand, and an address that is not known.
func Network(ip netip.Addr) (n netip.Prefix, ok bool) {
	if ip = network.Normal(ip); !ip.IsValid() || ip.IsLoopback() {
		return n, false
	}
	return network.Of(ip), true
}
