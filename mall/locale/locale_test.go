package locale_test

import (
	"fmt"
	"strings"
	"testing"

	"videomall/mall/locale"
)

func ExampleText_In() {
	title := locale.Text{En: "First light", Zh: "山脊晨光"}
	untranslated := locale.Text{Zh: "雪国列车站"}

	fmt.Println(title.In(locale.En))
	fmt.Println(title.In(locale.ZhCN))
	fmt.Println(untranslated.In(locale.En)) // there is no English title, so that English readers see the Chinese one
	// Output:
	// First light
	// 山脊晨光
	// 雪国列车站
}

func ExampleText_Find() {
	shown, lang := locale.Text{Zh: "雪国列车站"}.Find(locale.En)
	fmt.Printf("<h1 lang=%q>%s</h1>\n", lang, shown)
	// Output: <h1 lang="zh-CN">雪国列车站</h1>
}

func ExampleMake() {
	form := map[string]string{"title_en": "First light", "title_zh": "山脊晨光"}
	title := locale.Make(func(l locale.Lang) string { return form["title_"+l.Code()] })
	fmt.Printf("%+v\n", title)
	// Output: {En:First light Zh:山脊晨光}
}

func TestText_Find(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text     locale.Text
		reader   locale.Lang
		want     string
		wantLang locale.Lang
	}{
		"English reader, both written":       {locale.Text{En: "Night", Zh: "夜"}, locale.En, "Night", locale.En},
		"Chinese reader, both written":       {locale.Text{En: "Night", Zh: "夜"}, locale.ZhCN, "夜", locale.ZhCN},
		"English reader, only Chinese":       {locale.Text{Zh: "夜"}, locale.En, "夜", locale.ZhCN},
		"Chinese reader, only English":       {locale.Text{En: "Night"}, locale.ZhCN, "Night", locale.En},
		"nothing written":                    {locale.Text{}, locale.ZhCN, "", ""},
		"a language that the mall has not":   {locale.Text{En: "Night", Zh: "夜"}, "fr", "Night", locale.En},
		"the same, and only Chinese written": {locale.Text{Zh: "夜"}, "fr", "夜", locale.ZhCN},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, lang := c.text.Find(c.reader)
			if got != c.want || lang != c.wantLang {
				t.Errorf("Find(%q) of %+v is %q in %q, want %q in %q", c.reader, c.text, got, lang, c.want, c.wantLang)
			}
			if in := c.text.In(c.reader); in != c.want {
				t.Errorf("In(%q) of %+v is %q, want %q", c.reader, c.text, in, c.want)
			}
		})
	}
}

func TestText_Own(t *testing.T) {
	t.Parallel()
	text := locale.Text{Zh: "夜"}
	for lang, want := range map[locale.Lang]string{locale.En: "", locale.ZhCN: "夜", "fr": ""} {
		if got := text.Own(lang); got != want {
			t.Errorf("Own(%q) is %q, want %q: nothing stands in", lang, got, want)
		}
	}
}

func TestText_IsZero(t *testing.T) {
	t.Parallel()
	for text, want := range map[locale.Text]bool{{}: true, {En: "Night"}: false, {Zh: "夜"}: false} {
		if text.IsZero() != want {
			t.Errorf("IsZero of %+v is %t", text, !want)
		}
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	if got, want := locale.Only(locale.ZhCN, "夜"), (locale.Text{Zh: "夜"}); got != want {
		t.Errorf("Only is %+v, want %+v", got, want)
	}
}

// TestText_All also holds that every field of Text is a language of the table: Make fills them all.
func TestText_All(t *testing.T) {
	t.Parallel()
	made := locale.Make(func(l locale.Lang) string { return "in " + string(l) })
	if want := (locale.Text{En: "in en", Zh: "in zh-CN"}); made != want {
		t.Errorf("Make is %+v, want %+v", made, want)
	}
	var got []string
	for lang, s := range made.All() {
		got = append(got, string(lang)+": "+s)
	}
	if want := "en: in en, zh-CN: in zh-CN"; strings.Join(got, ", ") != want {
		t.Errorf("All yields %q, want %q", got, want)
	}
	for lang := range made.All() {
		if lang != locale.En {
			t.Errorf("All went on to %q after the loop had ended", lang)
		}
		break
	}
}

func TestText_Map(t *testing.T) {
	t.Parallel()
	text := locale.Text{En: " Night ", Zh: " 夜 "}
	if got, want := text.Map(strings.TrimSpace), (locale.Text{En: "Night", Zh: "夜"}); got != want {
		t.Errorf("Map is %+v, want %+v", got, want)
	}
	if got, want := (locale.Text{Zh: " 夜 "}).Map(strings.TrimSpace), (locale.Text{Zh: "夜"}); got != want {
		t.Errorf("Map is %+v, want %+v: it fills in no language", got, want)
	}
	if text.En != " Night " {
		t.Errorf("Map changed the text that it was called on: %+v", text)
	}
}

func TestLang_Code(t *testing.T) {
	t.Parallel()
	for lang, want := range map[locale.Lang]string{locale.En: "en", locale.ZhCN: "zh"} {
		if got := lang.Code(); got != want {
			t.Errorf("Code of %q is %q, want %q", lang, got, want)
		}
	}
}
