package webhook

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// hostname matches a name of the public DNS in lower case: two labels or more, the last of which begins with a letter.
// It therefore matches no spelling of a number (127.1, 0x7f.1, 2130706433), and no name that a search list would
// complete.
var hostname = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)

// inside lists the endings of names that no public server has: RFC 6761, 6762, 7686, 8375, and ICANN's .internal.
var inside = []string{
	"localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion", "test", "invalid",
	"example",
}

// ports lists the ports that a webhook may use; "" is the default of the scheme.
var ports = []string{"", "443", "8443"}

// CheckURL returns the form in which an address is kept, or the slug of what is wrong with it. It refuses everything
// that two parsers could understand differently. It does not resolve names: guard checks at every call where a name
// leads. With loopback, addresses on this machine are accepted too, over http and on any port.
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
	if len(kept) > MaxURL { // characters were escaped
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
		if c <= ' ' || c >= 0x7f || c == '\\' { // an international name must be entered as xn--…
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

// public reports whether a host may be a public server, by its address or its name.
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
