package page_test

import (
	"regexp"
	"strings"
	"testing"
)

func TestHeaders_on_every_answer(t *testing.T) {
	t.Parallel()
	v := open(t, "http://mall.example").visitor(t)
	for _, path := range []string{"/", "/no/such/page", "/api/fail/internal"} {
		h := v.get(path).Header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src '") ||
			!strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: CSP %q", path, csp)
		}
		if h.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: HSTS over http", path)
		}
		if h.Get("Permissions-Policy") == "" || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

var nonceSource = regexp.MustCompile(`script-src 'nonce-([A-Z2-7]{26})';`)

func TestHeaders_script_nonce(t *testing.T) {
	t.Parallel()
	v := open(t, "http://mall.example").visitor(t)
	seen := map[string]bool{}
	for range 2 {
		a := v.get("/")
		csp := a.Header.Get("Content-Security-Policy")
		match := nonceSource.FindStringSubmatch(csp)
		if match == nil || strings.Contains(csp, "unsafe") || strings.Contains(csp, "blob:") {
			t.Fatalf("CSP %q", csp)
		}
		if scripts, nonced := strings.Count(a.Body, "<script"), strings.Count(a.Body,
			`nonce="`+match[1]+`"`); scripts == 0 || scripts != nonced {
			t.Errorf("%d scripts, %d with the nonce", scripts, nonced)
		}
		seen[match[1]] = true
	}
	if len(seen) != 2 {
		t.Error("two answers share a nonce")
	}
}

func TestHeaders_player_policy_on_its_page_only(t *testing.T) {
	t.Parallel()
	v := open(t, "http://mall.example").visitor(t)
	csp := v.get("/player").Header.Get("Content-Security-Policy")
	nonce := nonceSource.FindStringSubmatch(csp)
	if nonce == nil || !strings.Contains(csp, "media-src 'self' blob:;") ||
		!strings.Contains(csp, "style-src 'self' 'nonce-"+nonce[1]+"';") || strings.Contains(csp, "unsafe") {
		t.Errorf("CSP %q", csp)
	}
	if csp := v.get("/").Header.Get("Content-Security-Policy"); strings.Contains(csp, "blob:") {
		t.Errorf("the next page has it too: %q", csp)
	}
}

func TestHeaders_hsts_over_https(t *testing.T) {
	t.Parallel()
	v := open(t, "https://mall.example").visitor(t)
	h := v.get("/").Header
	if h.Get("Strict-Transport-Security") != "max-age=31536000" ||
		!strings.HasSuffix(h.Get("Content-Security-Policy"), "upgrade-insecure-requests") {
		t.Errorf("%v", h)
	}
	cookie := v.get("/guest").Header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-guest=") || !strings.Contains(cookie, "Secure") ||
		strings.Contains(cookie, "Domain") {
		t.Errorf("cookie %q", cookie)
	}
}

func TestSite_request_id_from_outside(t *testing.T) {
	t.Parallel()
	v := open(t, "http://mall.example").visitor(t)
	if got := v.get("/", "X-Request-Id", "abcDEF-123_4").Header.Get("X-Request-Id"); got != "abcDEF-123_4" {
		t.Errorf("a plain one became %q", got)
	}
	for _, bad := range []string{"", "a b c d e f g", "x\"><script>alert(1)", strings.Repeat("a", 65)} {
		if got := v.get("/", "X-Request-Id", bad).Header.Get("X-Request-Id"); got == bad || len(got) != 26 {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

func TestHeaders_no_store_for_signed_in(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	v := m.visitor(t)
	guest := v.get("/").Header
	if guest.Get("Cache-Control") != "private, no-cache" || guest.Get("Set-Cookie") != "" {
		t.Errorf("a guest: %v", guest)
	}
	vary := strings.Join(guest.Values("Vary"), ", ")
	for _, want := range []string{"Cookie", "Accept-Language", "HX-Request"} {
		if !strings.Contains(vary, want) {
			t.Errorf("Vary %q", vary)
		}
	}
	v.enter(m.register(t, "ann@example.test"))
	if got := v.get("/").Header.Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("a person: %q", got)
	}
}
