package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Address is a target whose name was resolved once. What was checked then is all that is ever dialled: a name that
// means another machine a moment later leads nowhere.
type Address struct {
	Base  string // scheme and host as given, without a trailing slash
	peers []netip.AddrPort
}

// Resolve finds the addresses of a target and refuses one of another machine unless allowRemote: a load test that is
// aimed wrong is an attack.
func Resolve(ctx context.Context, target string, allowRemote bool) (Address, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" ||
		u.RawQuery != "" || u.User != nil {
		return Address{}, fmt.Errorf("the target %q is no address like http://127.0.0.1:8080", target)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return Address{}, fmt.Errorf("the target's port %q: %w", port, err)
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return Address{}, fmt.Errorf("the target %q: %w", u.Hostname(), err)
	}
	a := Address{Base: u.Scheme + "://" + u.Host}
	for _, ip := range found {
		ip = ip.Unmap()
		if !ip.IsLoopback() && !allowRemote {
			return Address{}, fmt.Errorf(
				"%s is %s, another machine: a load test goes to this machine only, unless --allow-remote says that "+
					"the other one is yours",
				u.Hostname(), ip)
		}
		a.peers = append(a.peers, netip.AddrPortFrom(ip, uint16(number)))
	}
	return a, nil
}

// dial connects to one of the checked addresses, whatever it is asked for.
func (a Address) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var failed error
	for _, peer := range a.peers {
		conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, peer.String())
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// client keeps as many connections as there are visits at once, and follows nobody elsewhere.
func (a Address) client(inFlight int, timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:         a.dial,
			MaxIdleConns:        inFlight,
			MaxIdleConnsPerHost: inFlight,
			IdleConnTimeout:     time.Minute,
			DisableCompression:  true,
		},
	}
}
