package page

import (
	"net/url"
	"slices"
	"strings"
)

const maxNext = 2000

// SafeNext returns where to go after a detour: raw when it is a path of this very site, else fallback. Everything that
// any browser could read as another host is refused: //host, /\host, schemes, control characters (which browsers drop),
// and the same hidden in percent signs. So are the addresses that answer no GET.
func SafeNext(raw, fallback string) string {
	if raw == "" || len(raw) > maxNext || raw[0] != '/' || strings.ContainsFunc(raw, unsafeInAddress) {
		return fallback
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !safePath(u.Path) {
		return fallback
	}
	switch u.Path {
	case "/sign-out", "/preferences":
		return fallback
	}
	return u.String()
}

// safePath says that no browser reads another host in a path whose percent signs are decoded.
func safePath(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, unsafeInPath) {
		return false
	}
	parts := strings.Split(path, "/")
	return !slices.Contains(parts, ".") && !slices.Contains(parts, "..") // /.//host resolves to //host
}

func unsafeInAddress(r rune) bool { return r == ' ' || unsafeInPath(r) }

func unsafeInPath(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }

// Next is SafeNext of the request's next parameter, from its form or its query.
func (c *Ctx) Next(fallback string) string { return SafeNext(c.FormValue("next"), fallback) }

// here is the local page that a person looks at while this request runs: the page itself for a GET, else the page that
// the form or the htmx element stands on.
func (c *Ctx) here() string {
	r := c.Request()
	if (r.Method == "GET" || r.Method == "HEAD") && !c.IsHTMX() {
		return SafeNext(r.URL.RequestURI(), "/")
	}
	at := r.Header.Get("HX-Current-URL")
	if at == "" {
		at = r.Referer()
	}
	if u, err := url.Parse(at); err == nil && u.Host == r.Host {
		return SafeNext(u.RequestURI(), "/")
	}
	return "/"
}
