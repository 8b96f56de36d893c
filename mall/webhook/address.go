package webhook

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// hostname is a name of the public DNS, in lower case: two labels or more, the last of which begins with a letter. So
// no way to write a number (127.1, 0x7f.1, 2130706433) passes for a name, and neither does one that only a search list
// would complete.
var hostname = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)

// inside are the ends of names that no public server has: RFC 6761, 6762, 7686, 8375, and ICANN's .internal.
var inside = []string{"localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion", "test", "invalid",
	"example"}

// ports are where a webhook may lie; "" is the scheme's own.
var ports = []string{"", "443", "8443"}

// CheckURL returns an address as it is kept, or the slug of what is wrong with it. It refuses whatever two readers
// could understand differently. Where a name leads is checked when it is called, and every time: see guard. With
// loopback an address on this machine will do, over http and on any port.
func CheckURL(typed string, loopback bool) (kept, slug string) {
	typed = strings.TrimSpace(typed)
	if slug := checkLetters(typed); slug != "" {
		return "", slug
	}
	u, slug := parseAddress(typed)
	if slug != "" {
		return "", slug
	}
	host := strings.ToLower(u.Hostname())
	u.Host = strings.ToLower(u.Host)
	kept = u.String()
	if len(kept) > MaxURL { // signs were escaped
		return "", "url_long"
	}
	if loopback && here(host) && (u.Scheme == "http" || u.Scheme == "https") {
		return kept, ""
	}
	switch {
	case u.Scheme != "https":
		return "", "url_scheme"
	case !slices.Contains(ports, u.Port()) || strings.HasSuffix(u.Host, ":"):
		return "", "url_port"
	case !public(host):
		return "", "url_host"
	}
	return kept, ""
}

// checkLetters returns the slug of what is wrong with an address before it is parsed.
func checkLetters(typed string) (slug string) {
	switch {
	case typed == "":
		return "url_missing"
	case len(typed) > MaxURL:
		return "url_long"
	}
	for _, c := range []byte(typed) {
		if c <= ' ' || c >= 0x7f || c == '\\' { // a name in other letters is to be typed as xn--…
			return "url_letters"
		}
	}
	return ""
}

// parseAddress parses an address of a host, without a user and a fragment, or returns the slug of what is wrong with it.
func parseAddress(typed string) (u *url.URL, slug string) {
	u, err := url.Parse(typed)
	switch {
	case err != nil || u.Opaque != "" || u.Host == "":
		return nil, "url_invalid"
	case u.User != nil || strings.Contains(u.Host, "@"):
		return nil, "url_user"
	case u.Fragment != "" || strings.Contains(typed, "#"):
		return nil, "url_fragment"
	}
	return u, ""
}

func here(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback() && !a.Is4In6() && a.Zone() == ""
}

// public says that a host may be a public server's: an address that is one, or a name.
func public(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Zone() == "" && routed(a)
	}
	if len(host) > 253 || !hostname.MatchString(host) {
		return false
	}
	return !slices.ContainsFunc(inside, func(end string) bool {
		return host == end || strings.HasSuffix(host, "."+end)
	})
}
