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
		if res.StatusCode != 200 || !strings.Contains(body, `<html lang="`+wants+`"`) || !strings.Contains(body, `name="next" value="/film/sea"`) {
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
			if set := get("/film/sea?lang=zh-CN", lang, "zh-CN"); len(set) != 1 || !strings.HasPrefix(set[0], "lang=zh-CN;") {
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
