package payment

import "net/http"

// NewClient returns a client for the calls of a provider: a copy of the given one that follows no redirects and keeps no
// cookies. Without a transport of its own it uses no proxy, whatever the environment says.
func NewClient(given *http.Client) *http.Client {
	c := *given
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.Transport == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.Proxy = nil
		transport.MaxIdleConnsPerHost = 32
		c.Transport = transport
	}
	return &c
}
