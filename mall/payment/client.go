package payment

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// NewClient returns a client for the calls of a provider: a copy of the given one, which may be nil, that follows no
// redirects and keeps no cookies. Without a transport of its own it uses no proxy, whatever the environment says. If it
// has no time-out of its own, it has this one, which is none if it is 0.
func NewClient(given *http.Client, timeout time.Duration) *http.Client {
	var c http.Client
	if given != nil {
		c = *given
	}
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.Transport == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.Proxy = nil
		transport.MaxIdleConnsPerHost = 32
		c.Transport = transport
	}
	if c.Timeout == 0 {
		c.Timeout = timeout
	}
	return &c
}

// Origin returns an address as scheme and host, or usual for an empty one. ok is false if it has more than that, or is
// not Secure.
func Origin(address, usual string) (cleaned string, ok bool) {
	if address == "" {
		return usual, true
	}
	u, err := url.Parse(strings.TrimSuffix(address, "/"))
	if err != nil {
		return "", false
	}
	cleaned = u.Scheme + "://" + u.Host
	return cleaned, u.Host != "" && u.String() == cleaned && Secure(u)
}

// Secure reports whether an address is of https, or of http on this machine.
func Secure(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// IsPlain reports whether s may be a number or a name of a provider's: 1 to most printable ASCII characters without
// spaces, which every table and log can hold.
func IsPlain(s string, most int) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= most
}

// Shorten returns the first characters of a text, at most most of them.
func Shorten(text string, most int) string {
	for i := range text {
		if most--; most < 0 {
			return text[:i]
		}
	}
	return text
}
