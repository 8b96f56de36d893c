package page_test

import (
	"net/http"
	"strings"
	"testing"

	"videomall/mall/account"
)

func TestCtx_Render_page_and_fragment(t *testing.T) {
	t.Parallel()
	v := open(t, "http://mall.example").visitor(t)
	for name, c := range map[string]struct {
		headers []string
		whole   bool
	}{
		"a visit":         {nil, true},
		"an element":      {[]string{"HX-Request", "true"}, false},
		"a boosted link":  {[]string{"HX-Request", "true", "HX-Boosted", "true"}, true},
		"the back button": {[]string{"HX-Request", "true", "HX-History-Restore-Request", "true"}, true},
	} {
		a := v.get("/", c.headers...)
		if strings.Contains(a.Body, "<html") != c.whole || strings.Count(a.Body, "<p id=room>open</p>") != 1 {
			t.Errorf("%s: %s", name, a.Body)
		}
		if !strings.Contains(a.Body, "<title>Room · ") {
			t.Errorf("%s has no title", name)
		}
	}
	if a := v.ask("HEAD", "/", ""); a.Status != http.StatusOK || a.Body != "" {
		t.Errorf("HEAD: %d %q", a.Status, a.Body)
	}
	if a := v.get("/"); !strings.Contains(a.Body, `aria-label="Cart, 3 videos"`) {
		t.Error("the cart is not counted")
	}
}

func TestCtx_Flash_shown_once(t *testing.T) {
	t.Parallel()
	v := open(t, "http://mall.example").visitor(t)
	a := v.ask("POST", "/buy", "a=b")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/" {
		t.Fatalf("%d to %q", a.Status, a.Header.Get("Location"))
	}
	const notice = "You are signed in."
	if strings.Contains(v.get("/", "HX-Request", "true").Body, notice) {
		t.Error("a fragment took the notice")
	}
	if !strings.Contains(v.get("/").Body, notice) {
		t.Error("the notice is lost")
	}
	if strings.Contains(v.get("/").Body, notice) {
		t.Error("the notice stays")
	}
	if a := v.ask("POST", "/buy", "a=b", "HX-Request", "true"); a.Status != http.StatusOK ||
		a.Header.Get("HX-Redirect") != "/" {
		t.Errorf("htmx: %d to %q", a.Status, a.Header.Get("HX-Redirect"))
	}
}

func TestPreferences_kept_and_lead_back(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	v := m.visitor(t)
	if body := v.get("/").Body; !strings.Contains(body, `<html lang="en">`) {
		t.Errorf("not English at first: %.200s", body)
	}
	if body := v.get("/", "Accept-Language", "zh").Body; !strings.Contains(body, `lang="zh-CN"`) {
		t.Errorf("the browser's language is not heard: %.200s", body)
	}
	a := v.ask("POST", "/preferences", "lang=zh-CN&next=%2Fvideos%3Fq%3D1")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/videos?q=1" {
		t.Errorf("%d to %q", a.Status, a.Header.Get("Location"))
	}
	a = v.ask("POST", "/preferences", "theme=mall-dark&next=//evil.example")
	if a.Header.Get("Location") != "/" {
		t.Errorf("to %q", a.Header.Get("Location"))
	}
	if body := v.get("/").Body; !strings.Contains(body, `<html lang="zh-CN" data-theme="mall-dark">`) {
		t.Errorf("not kept: %.200s", body)
	}
	v.ask("POST", "/preferences", "theme=")
	if body := v.get("/").Body; !strings.Contains(body, `<html lang="zh-CN">`) {
		t.Errorf("the system's theme is not chosen again: %.200s", body)
	}
	for _, bad := range []string{"lang=xx", "theme=neon", "lang=zh-CN%22%3E"} {
		if a := v.ask("POST", "/preferences", bad); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, a.Status)
		}
	}
}

func TestPreferences_language_follows_account(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	u := m.register(t, "ann@example.test")
	home := m.visitor(t)
	home.enter(u)
	home.ask("POST", "/preferences", "lang=zh-CN")
	if got, err := m.accounts.User(t.Context(), u.ID); err != nil || got.Locale != "zh-CN" {
		t.Fatalf("%+v, %v", got, err)
	}
	work := m.visitor(t)
	work.enter(u)
	if body := work.get("/", "Accept-Language", "en").Body; !strings.Contains(body, `lang="zh-CN"`) {
		t.Errorf("another browser: %.200s", body)
	}
}

func TestCtx_GuestToken_made_once(t *testing.T) {
	t.Parallel()
	v := open(t, "http://mall.example").visitor(t)
	first := strings.Split(v.get("/guest").Body, "|")
	if first[0] != "" || len(first[1]) != 26 || first[2] != first[1] {
		t.Fatalf("first visit: %v", first)
	}
	if again := strings.Split(v.get("/guest").Body, "|"); again[0] != first[1] || again[1] != first[1] {
		t.Errorf("second visit: %v after %v", again, first)
	}
}

func TestCtx_Render_layout_shows_viewer(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	u := m.register(t, "ann@example.test")
	m.rank(t, u, account.RoleOperator)
	v := m.visitor(t)
	v.enter(u)
	body := v.get("/").Body
	if !strings.Contains(body, "Ann Lee") || !strings.Contains(body, `href="/admin"`) ||
		strings.Contains(body, `href="/studio"`) {
		t.Error("the menu is somebody else's")
	}
}
