package page_test

import (
	"strings"
	"testing"
)

// TestKept_language holds that a page is kept for the language that its address names, apart from the others.
func TestKept_language(t *testing.T) {
	k := openKeeper(t)
	get := func(path, lang string, wants string, header ...string) (cookies []string) {
		t.Helper()
		res, body := k.ask("GET", path, append(header, "Accept-Language", lang)...)
		if res.StatusCode != 200 || !strings.Contains(body, `<html lang="`+wants+`"`) ||
			!strings.Contains(body, `name="next" value="/film/sea"`) {
			t.Errorf("%s for a reader of %s: %d %s", path, lang, res.StatusCode, body[:min(len(body), 200)])
		}
		if !strings.Contains(strings.Join(res.Header["Vary"], ","), "Accept-Language") {
			t.Errorf("%s: Vary %q", path, res.Header["Vary"])
		}
		return res.Header["Set-Cookie"]
	}
	k.draws(2, "the page as each reader's, in both languages", func() {
		for range 2 {
			get("/film/sea", "en", "en")
			get("/film/sea", "zh-CN", "zh-CN")
		}
	})
	k.draws(1, "the page in Chinese, whoever asks", func() {
		for _, lang := range []string{"en", "zh-CN", "fr"} {
			if set := get("/film/sea?lang=zh-CN", lang, "zh-CN"); len(set) != 1 ||
				!strings.HasPrefix(set[0], "lang=zh-CN;") {
				t.Errorf("a reader of %s does not go on in it: %q", lang, set)
			}
			if set := get("/film/sea?lang=zh-CN", lang, "zh-CN", "Cookie", "lang=en"); len(set) != 0 {
				t.Errorf("a reader's own choice is changed: %q", set)
			}
		}
	})
	k.draws(0, "the readers' own pages", func() {
		if set := get("/film/sea", "en", "en"); len(set) != 0 {
			t.Errorf("an address without a language sets %q", set)
		}
	})
}

// TestKept_zone holds that a reader's zone is in their own pages from the start, and in none that all guests share.
func TestKept_zone(t *testing.T) {
	k := openKeeper(t)
	get := func(path, zone, wants string) {
		t.Helper()
		_, body := k.ask("GET", path, "Accept-Language", "en", "Cookie", "zone="+zone)
		if !strings.Contains(body, `data-zone="`+wants+`"`) {
			t.Errorf("%s in %q is not written in %q: %s", path, zone, wants, body[:min(len(body), 200)])
		}
	}
	get("/plain/sea", "Asia/Kathmandu", "Asia/Kathmandu")
	get("/plain/sea", "Etc/GMT+8", "Etc/GMT+8")
	get("/plain/sea", "../../etc/passwd", "UTC")
	get("/plain/sea", "", "UTC")
	k.draws(1, "the shared page", func() {
		get("/film/sea", "Asia/Kathmandu", "UTC")
		get("/film/sea", "Asia/Shanghai", "UTC")
	})
}
