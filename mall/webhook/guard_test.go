package webhook_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"videomall/mall/webhook"
)

const ownAddress = "8.8.4.4"

func TestGuard_control_permits_only_public_hosts(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		// loopback, this network, private, carriers' NAT
		"127.0.0.1:443", "127.255.255.254:443", "0.0.0.0:443", "0.1.2.3:443", "10.0.0.1:443", "172.16.0.1:443",
		"172.31.255.255:443",
		"192.168.1.1:443", "100.64.0.1:443", "100.127.255.255:443",
		// link-local and the metadata of clouds
		"169.254.169.254:443", "169.254.0.1:443", "100.100.100.200:443", "192.0.0.192:443", "168.63.129.16:443",
		"[fd00:ec2::254]:443",
		// multicast, broadcast, reserved, documentation, benchmarks
		"224.0.0.1:443", "239.255.255.250:443", "255.255.255.255:443", "240.0.0.1:443", "192.0.2.1:443",
		"198.51.100.7:443",
		"203.0.113.7:443", "198.18.0.1:443", "192.88.99.1:443",
		// IPv6: loopback, unspecified, unique local, link-local, site-local, multicast, documentation
		"[::1]:443", "[::]:443", "[fc00::1]:443", "[fdff::1]:443", "[fe80::1]:443", "[fe80::1%eth0]:443",
		"[fec0::1]:443", "[ff02::1]:443",
		"[2001:db8::1]:443", "[3fff::1]:443", "[100::1]:443",
		// an IPv4 within: mapped, compatible, NAT64, 6to4, Teredo, ISATAP-like
		"[::ffff:127.0.0.1]:443", "[::ffff:10.0.0.1]:443", "[::ffff:8.8.8.8]:443", "[::127.0.0.1]:443",
		"[64:ff9b::7f00:1]:443",
		"[64:ff9b::808:808]:443", "[64:ff9b:1::a00:1]:443", "[2002:7f00:1::]:443", "[2002:a00:1::1]:443",
		"[2001:0:4136:e378:8000:63bf:3fff:fdd2]:443",
		// this machine by its public address, and other ports of public hosts
		ownAddress + ":443", "8.8.8.8:22", "8.8.8.8:80", "8.8.8.8:6379", "8.8.8.8:0", "[2606:4700::1111]:25",
		// what is no address
		"example.com:443", "8.8.8.8", "", ":443",
	} {
		if !webhook.Refuses("tcp4", address, ownAddress) || !webhook.Refuses("tcp6", address, ownAddress) {
			t.Errorf("%s is permitted", address)
		}
	}
	for _, address := range []string{
		"8.8.8.8:443", "93.184.215.14:8443", "[2606:4700:4700::1111]:443",
		"[2a00:1450:4001::1]:8443", "172.32.0.1:443",
		"100.128.0.1:443", "11.0.0.1:443", "192.0.3.1:443",
	} {
		if webhook.Refuses("tcp4", address, ownAddress) {
			t.Errorf("%s is refused", address)
		}
	}
	for _, network := range []string{"udp", "unix", "tcp", "ip4:icmp"} {
		if !webhook.Refuses(network, "8.8.8.8:443", ownAddress) {
			t.Errorf("%s is permitted", network)
		}
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"":                                      "url_missing",
		"https://" + strings.Repeat("a", 500):   "url_long",
		"http://hooks.shop.com/":                "url_scheme",
		"ftp://hooks.shop.com/":                 "url_scheme",
		"file:///etc/passwd":                    "url_invalid",
		"gopher://127.0.0.1:6379/_x":            "url_scheme",
		"javascript:alert(1)":                   "url_invalid",
		"//hooks.shop.com/":                     "url_scheme",
		"hooks.shop.com":                        "url_invalid",
		"https:/hooks.shop.com":                 "url_invalid",
		"https://":                              "url_invalid",
		"https://user@hooks.shop.com/":          "url_user",
		"https://user:secret@hooks.shop.com/":   "url_user",
		"https://hooks.shop.com@127.0.0.1/":     "url_user",
		"https://@hooks.shop.com/":              "url_user",
		"https://hooks.shop.com\\@127.0.0.1/":   "url_letters",
		"https://hooks.shop.com/#@127.0.0.1":    "url_fragment",
		"https://hooks.shop.com#":               "url_fragment",
		"https://hooks.shop.com/ x":             "url_letters",
		"https://hooks.shop.com/\r\nHost: x":    "url_letters",
		"https://hooks.shop.com/\x00":           "url_letters",
		"https://bücher.shop.com/":              "url_letters",
		"https://ⓛⓞⓒⓐⓛ.shop.com/":               "url_letters",
		"https://127。0。0。1/":                    "url_letters",
		"https://hooks.shop.com:22/":            "url_port",
		"https://hooks.shop.com:80/":            "url_port",
		"https://hooks.shop.com:00443/":         "url_port",
		"https://hooks.shop.com:/":              "url_port",
		"https://hooks.shop.com:443443/":        "url_port",
		"https://localhost/":                    "url_host",
		"https://LOCALHOST/":                    "url_host",
		"https://a.localhost/":                  "url_host",
		"https://printer.local/":                "url_host",
		"https://metadata.google.internal/":     "url_host",
		"https://router.home.arpa/":             "url_host",
		"https://intranet/":                     "url_host",
		"https://hooks.shop.com./":              "url_host",
		"https://hooks..shop.com/":              "url_host",
		"https://-hooks.shop.com/":              "url_host",
		"https://127.0.0.1/":                    "url_host",
		"https://127.1/":                        "url_host",
		"https://2130706433/":                   "url_host",
		"https://0x7f000001/":                   "url_host",
		"https://0x7f.0.0.1/":                   "url_host",
		"https://0177.0.0.1/":                   "url_host",
		"https://017700000001/":                 "url_host",
		"https://127.0.0.0x1/":                  "url_host",
		"https://127.0.0.1./":                   "url_host",
		"https://10.0.0.1/":                     "url_host",
		"https://169.254.169.254/latest":        "url_host",
		"https://[::1]/":                        "url_host",
		"https://[::]/":                         "url_host",
		"https://[::ffff:8.8.8.8]/":             "url_host",
		"https://[64:ff9b::808:808]/":           "url_host",
		"https://[2002:808:808::1]/":            "url_host",
		"https://[fe80::1%25eth0]/":             "url_host",
		"https://[fd00:ec2::254]/":              "url_host",
		"https://%6c%6fcalhost/":                "url_invalid",
		"https://[::1/":                         "url_invalid",
		"https://0.0.0.0/":                      "url_host",
		"https://hooks.shop.com/%zz":            "url_invalid",
		"https://hooks.shop.com/a":              "",
		"https://hooks.shop.com":                "",
		"https://hooks.shop.com:443/a?token=b":  "",
		"https://HOOKS.shop.com:8443/A?b=c%20d": "",
		"https://xn--bcher-kva.shop.com/":       "",
		"https://8.8.8.8/":                      "",
		"https://[2606:4700:4700::1111]/":       "",
	} {
		kept, slug := webhook.CheckURL(typed, false)
		if slug != want {
			t.Errorf("%q is %q, want %q", typed, slug, want)
		}
		if (slug == "") != (kept != "") {
			t.Errorf("%q is kept as %q with %q", typed, kept, slug)
		}
	}
	if kept, _ := webhook.CheckURL("  https://HOOKS.shop.com:8443/A?b=C ",
		false); kept != "https://hooks.shop.com:8443/A?b=C" {
		t.Errorf("kept as %s", kept)
	}
	for typed, ok := range map[string]bool{
		"http://127.0.0.1:9/": true, "http://localhost:8080/x": true,
		"http://[::1]:80/": true,
		"http://10.0.0.1/": false, "http://hooks.shop.com/": false, "https://hooks.shop.com/": true,
		"http://[::ffff:127.0.0.1]/": false,
	} {
		if _, slug := webhook.CheckURL(typed, true); (slug == "") != ok {
			t.Errorf("with loopback %s is %q", typed, slug)
		}
	}
}

// FuzzCheckURL checks that every address that is kept leads over https to a host outside, and that checking it again
// does not change it.
func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{
		"https://hooks.shop.com/a", "https://a@b.com:443/", "https://[::1]/",
		"https://0x7f.1/", "https://127.0.0.1:8443",
		"https://a.com\\b", "https://a.com:443@b/", "https://[fe80::1%25a]/", "https://a.b/?#",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		kept, slug := webhook.CheckURL(typed, false)
		if slug != "" {
			return
		}
		u, err := url.Parse(kept)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" {
			t.Fatalf("%q is kept as %q (%v)", typed, kept, err)
		}
		if again, slug := webhook.CheckURL(kept, false); slug != "" || again != kept {
			t.Fatalf("%q is kept as %q, then as %q with %q", typed, kept, again, slug)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil {
			if !webhook.Routed(a) {
				t.Fatalf("%q leads to %s", typed, a)
			}
		} else if last := u.Hostname()[strings.LastIndexByte(u.Hostname(), '.')+1:]; last == "" || last[0] < 'a' ||
			last[0] > 'z' {
			t.Fatalf("%q leads to %q, which a parser may read as a number", typed, u.Hostname())
		}
	})
}

// FuzzRouted compares the guard with what the standard library knows about addresses.
func FuzzRouted(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add([]byte{8, 8, 8, 8})
	f.Add(netip.MustParseAddr("64:ff9b::1").AsSlice())
	f.Add(netip.MustParseAddr("2002:7f00:1::1").AsSlice())
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok || !webhook.Routed(a) {
			return
		}
		if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() ||
			a.IsUnspecified() || a.Is4In6() {
			t.Fatalf("%s is permitted", a)
		}
	})
}

// nameServer answers every query for an IPv4 address with the next of a list, and repeats the last one.
func nameServer(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var asked atomic.Int64
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if err := m.Unpack(buf[:n]); err != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response = true
			m.Authoritative = true
			m.Additionals = nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				to := netip.MustParseAddr(answers[min(int(asked.Add(1))-1, len(answers)-1)])
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{
						Name:  q.Name,
						Type:  q.Type,
						Class: q.Class,
					},
					Body: &dnsmessage.AResource{A: to.As4()},
				}}
			}
			if reply, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestWebhooks_Turn_checks_the_address_of_every_connection(t *testing.T) {
	p := open(t)
	// 127.0.0.2 stands for a public host and 127.0.0.1 for an internal one. Both listen on the same port.
	var public, inside atomic.Int64
	count := func(n *atomic.Int64) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n.Add(1) })
	}
	outer, err := net.Listen("tcp", "127.0.0.2:0")
	p.ok(err)
	_, port, _ := net.SplitHostPort(outer.Addr().String())
	inner, err := net.Listen("tcp", "127.0.0.1:"+port)
	p.ok(err)
	for l, n := range map[net.Listener]*atomic.Int64{outer: &public, inner: &inside} {
		s := &httptest.Server{Listener: l, Config: &http.Server{Handler: count(n)}}
		s.Start()
		t.Cleanup(s.Close)
	}
	e, _, err := p.Add(p.ctx, owner, webhook.Draft{URL: "http://localhost:" + port, Types: webhook.Types()})
	p.ok(err)
	_, err = p.pool.Exec(p.ctx, `update webhook_endpoint set url = $1`,
		fmt.Sprintf("http://rebinds.shop.com:%s/", port))
	p.ok(err)
	p.Guarded(func(to netip.AddrPort) bool { return to.Addr() == netip.MustParseAddr("127.0.0.2") },
		nameServer(t, "127.0.0.2", "127.0.0.1"))
	p.tell("order:1", "one")
	p.turn(e)
	p.tell("order:2", "two")
	p.turn(e)
	if log := p.log(e); public.Load() != 1 || inside.Load() != 0 || log[1].State != webhook.Delivered ||
		log[0].Failure != "address" {
		t.Errorf("%d calls outside, %d inside, %+v", public.Load(), inside.Load(), log)
	}
}

func TestWebhooks_Test_ignores_proxies_of_the_environment(t *testing.T) {
	var proxied atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied.Add(1) }))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	p := openHere(t)
	p.Guarded(func(to netip.AddrPort) bool { return to.Addr() == netip.MustParseAddr("127.0.0.1") },
		nameServer(t, "127.0.0.3"))
	e, _, err := p.Add(p.ctx, owner, webhook.Draft{URL: "http://localhost:9", Types: webhook.Types()})
	p.ok(err)
	// Go uses no proxy for hosts on this machine.
	_, err = p.pool.Exec(p.ctx, `update webhook_endpoint set url = 'http://hooks.shop.com/'`)
	p.ok(err)
	_, err = p.Test(p.ctx, owner, e.ID)
	p.ok(err)
	if d := p.log(e)[0]; proxied.Load() != 0 || d.Failure != "address" {
		t.Errorf("%d calls by the proxy, %+v", proxied.Load(), d)
	}
}

func TestWebhooks_Turn_refuses_an_untrusted_certificate(t *testing.T) {
	p := open(t)
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("was called") }))
	t.Cleanup(s.Close)
	e, _, err := p.Add(p.ctx, owner, webhook.Draft{URL: s.URL, Types: webhook.Types()})
	p.ok(err)
	p.tell("order:1", "one")
	p.turn(e)
	if d := p.log(e)[0]; d.Failure != "tls" {
		t.Errorf("%+v", d)
	}
}
