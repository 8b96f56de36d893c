package shop_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"videomall/mall/catalog"
	"videomall/mall/locale"
)

func TestHome_both_languages(t *testing.T) {
	s := open(t)
	b := s.Browser(0)
	a := b.Get("/").Wants(http.StatusOK).
		Shows("Chasing the Aurora", "from CN¥6.00", "Nature", "Travel", "Lin Xi", "Free to watch", "Fire in the Wok").
		Hides("Bare category", "追逐极光")
	if !a.Has(`<html lang="en"`) || !a.Has(`/media/covers/aurora-480.webp`) ||
		strings.Count(a.Body, `fetchpriority="high"`) != 1 {
		t.Error("home page is not English, lacks the featured cover, or does not give one image high priority")
	}
	b.Lang = "zh-CN"
	a = b.Get("/").Wants(http.StatusOK).Shows("追逐极光", "¥6.00", "自然", "林溪", "免费观看")
	if !a.Has(`<html lang="zh-CN"`) {
		t.Error("home page is not Chinese")
	}
}

func TestList_filters_and_sort(t *testing.T) {
	s := open(t)
	b := s.Browser(0)
	for path, want := range map[string]string{
		"/videos":                                   "aurora tokyo kyoto wok",
		"/videos?sort=newest":                       "aurora kyoto tokyo wok",
		"/videos?sort=price_asc":                    "wok tokyo aurora kyoto",
		"/videos?sort=price_desc":                   "kyoto aurora tokyo wok",
		"/videos?category=travel":                   "tokyo kyoto",
		"/videos?kind=rent":                         "aurora tokyo",
		"/videos?kind=own&quality=4K":               "aurora",
		"/videos?free=1":                            "wok",
		"/videos?price_min=5&price_max=6.00":        "aurora tokyo",
		"/videos?price_min=&price_max=&q=&kind=":    "aurora tokyo kyoto wok",
		"/c/nature":                                 "aurora wok",
		"/c/travel?sort=price_desc&category=nature": "kyoto tokyo",
		"/creators/lin-xi?price_max=5.5":            "tokyo wok",
		"/search?q=" + url.QueryEscape("京都"):        "kyoto",
		"/search?q=travel&sort=price_asc":           "tokyo kyoto",
		"/search?q=travel&kind=own":                 "kyoto",
	} {
		if got := strings.Join(cards(b.Get(path).Wants(http.StatusOK)), " "); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	a := b.Get("/videos?kind=own&price_min=10&sort=newest&filters=1").Wants(200).
		Shows("1 video", "Own", "From CN¥10.00", "Clear all filters")
	for _, link := range []string{
		`href="/videos?kind=own&amp;sort=newest"`,
		`href="/videos?price_min=10&amp;sort=newest"`, `href="/videos?sort=newest"`,
	} {
		if !a.Has(link) {
			t.Errorf("list lacks the link %s", link)
		}
	}
	// The form contains all choices, so that one more choice keeps the others without scripts.
	form := a.Form("/videos")
	if form.Get("kind") != "own" || form.Get("price_min") != "10" || form.Get("sort") != "newest" {
		t.Errorf("form: got %v, want the choices", form)
	}
	for path, status := range map[string]int{
		"/c/nowhere": 404, "/creators/nobody": 404, "/videos?sort=random": 422,
		"/videos?kind=steal": 422, "/videos?cursor=x": 422, "/videos?category=%27": 422,
	} {
		b.Get(path).Wants(status)
	}
	b.Get("/videos?price_min=abc").Wants(422).Shows("Type a price such as").Hides("From CN¥")
	if a := b.Get("/videos?price_min=20&price_max=5").Wants(422); !a.Has(`value="20"`) || len(cards(a)) != 4 {
		t.Error("form lost the typed price, or the page lost the list")
	}
	b.Get("/c/empty").Wants(200).Shows("No video matches", "Browse all videos", "Nature", "Popular")
}

func TestList_fragment(t *testing.T) {
	s := open(t)
	b := s.Browser(0)
	whole, part := b.Get("/videos?kind=rent").Wants(200), b.HTMX("/videos?kind=rent&quality=&price_min=&free=", nil).
		Wants(200)
	if !whole.Has("<html") || part.Has("<html") || !part.Has(`id="listing"`) ||
		!slices.Equal(cards(whole), cards(part)) {
		t.Error("page and fragment differ in more than their frame")
	}
	if got := part.Header.Get("HX-Push-Url"); got != "/videos?kind=rent" {
		t.Errorf("HX-Push-Url: got %q, want /videos?kind=rent", got)
	}
	if !strings.Contains(strings.Join(whole.Header.Values("Vary"), ","), "HX-Request") {
		t.Error("Vary lacks HX-Request, so a cache could confuse page and fragment")
	}
}

func TestList_pages_show_every_video_once(t *testing.T) {
	s := open(t)
	for i := range 60 {
		s.Video(int64(i%3)*100, -1)
	}
	b := s.Browser(0)
	for _, path := range []string{
		"/videos", "/videos?sort=newest", "/videos?sort=price_asc",
		"/videos?sort=price_desc",
	} {
		seen := map[string]bool{}
		for at, pages := path, 0; at != ""; pages++ {
			a := b.Get(at).Wants(200)
			for _, slug := range cards(a) {
				if seen[slug] {
					t.Fatalf("%s: %s is listed twice", path, slug)
				}
				seen[slug] = true
			}
			if at = next(a); at != "" && b.HTMX(at, nil).Wants(200).Header.Get("HX-Push-Url") != "" {
				t.Errorf("%s: loading the next part changes the address", path)
			}
			if pages > 5 {
				t.Fatalf("%s: list does not end after 5 pages", path)
			}
		}
		if len(seen) != 64 {
			t.Errorf("%s: videos: got %d, want 64", path, len(seen))
		}
	}
}

func TestSearch_highlights_matches(t *testing.T) {
	s := open(t)
	b := s.Browser(0)
	a := b.Get("/search?q=" + url.QueryEscape("极光")).Wants(200)
	if !a.Has(`追逐<mark>极光</mark>`) || !a.Has(`value="极光"`) {
		t.Error("match in the Chinese title is not marked, or the search field is empty")
	}
	if a := b.Get("/search?q=auroa").Wants(200).
		Shows("Nothing was found for “auroa”", "results for “aurora”"); !a.Has("<mark>Aurora</mark>") {
		t.Error("match of the corrected query is not marked")
	}
	b.Get("/search?q=aurora+wok").Wants(200).Shows("No video has all of “aurora wok”", "Chasing the", "Fire in the")
	b.Get("/search?q=zzzzzz").Wants(200).Shows("Nothing found for “zzzzzz”", "Check the spelling", "Nature", "Popular")
	b.Lang = "zh-CN"
	b.Get("/search?q=zzzzzz").Wants(200).Shows("没有找到“zzzzzz”", "自然")
	for _, q := range []string{
		`<script>alert(1)</script>`, `"`, `'; drop table video_product_spu; --`, "😀",
		strings.Repeat("极光 ", 500),
	} {
		if a := b.Get("/search?q=" + url.QueryEscape(q)).Wants(200); a.Has("<script>alert") {
			t.Errorf("page does not escape the query %q", q)
		}
	}
	b.Lang = "en"
	b.Get("/search?q=%00").Wants(400).Shows("That request could not be read", "without NUL characters")
}

// TestShop_language_of_an_address requests the addresses with a language that search engines are given.
func TestShop_language_of_an_address(t *testing.T) {
	s := open(t)
	b := s.Browser(0) // with English as its language
	a := b.Get("/v/aurora?lang=zh-CN").Wants(200).Shows("首次播放起 48 小时内观看")
	for _, part := range []string{
		`<html lang="zh-CN"`,
		`<link rel="canonical" href="` + s.URL + `/v/aurora?lang=zh-CN"`,
		`<meta property="og:locale" content="zh_CN"`, `name="next" value="/v/aurora"`,
	} {
		if !a.Has(part) {
			t.Errorf("Chinese page lacks %s", part)
		}
	}
	b.Get("/v/tokyo").Wants(200).Shows("东京夜行") // the language stays
	b.Post("/preferences", url.Values{"lang": {"en"}, "next": {"/v/aurora"}}).Wants(303)
	b.Get("/v/aurora").Wants(200).Shows("Watch for 48 hours")
	b.Get("/v/aurora?lang=zh-CN").Wants(200).Shows("追逐极光", "小时内观看") // the language of the address counts
	b.Get("/v/aurora").Wants(200).Shows("Watch for 48 hours")       // and changes no choice of the reader's

	list := s.Browser(0).Get("/videos?sort=newest&lang=zh-CN&lang=en").Wants(200)
	if !list.Has(`<html lang="zh-CN"`) || !list.Has(`value="/videos?sort=newest"`) {
		t.Error("list with two languages: want the first one and the other parameters kept")
	}
	unknown := s.Browser(0).Get("/v/aurora?lang=fr").Wants(200).Shows("Watch for 48 hours")
	if !unknown.Has(`<link rel="canonical" href="`+s.URL+`/v/aurora"`) || len(unknown.Header["Set-Cookie"]) > 0 {
		t.Errorf("unknown language: want no language in the canonical link and no cookie, got %v", unknown.Header)
	}
}

// TestCreator_in_one_language checks that a creator with a name in one language is shown by that name in both
// languages, and found by it.
func TestCreator_in_one_language(t *testing.T) {
	s := open(t)
	day := s.Now()
	category, err := s.Catalog.CreateCategory(t.Context(), catalog.NewCategory{
		Slug: "single",
		Name: locale.Text{Zh: "单语", En: "Single"},
	})
	if err != nil {
		t.Fatal(err)
	}
	creators := map[string]catalog.NewCreator{ // by the language of their name
		"zh-CN": {
			UserID: 80,
			Slug:   "only-chinese",
			Name:   locale.Text{Zh: "晨光影业"},
		},
		"en": {
			UserID: 81,
			Slug:   "only-english",
			Name:   locale.Text{En: "Sundown Pictures"},
		},
	}
	for _, n := range creators {
		if err := s.Listings.OpenCreator(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		made, err := s.Catalog.CreateProduct(t.Context(), catalog.NewProduct{
			Slug:        "by-" + n.Slug,
			CreatorID:   n.UserID,
			CategoryID:  category,
			Title:       locale.Text{Zh: "候鸟", En: "Migrants"},
			Cover:       "x",
			PublishedAt: &day,
			SKUs:        stock[0].skus,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Catalog.Publish(t.Context(), made.SPUID); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.find.RebuildAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := s.Browser(0)
	for lang, n := range creators {
		slug, name := n.Slug, n.Name.Zh+n.Name.En
		for _, reader := range []string{"zh-CN", "en"} {
			b.Lang = reader
			for path, marks := range map[string]int{
				"/":                                  1, // among the creators
				"/creators/" + slug:                  2, // its heading and its one card
				"/v/by-" + slug:                      1, // beside the video
				"/c/single":                          1,
				"/search?q=" + url.QueryEscape(name): 1,
			} {
				a := b.Get(path).Wants(200).Shows(name)
				foreign := regexp.MustCompile(`<[^>]* lang="`+lang+`"[^>]*>`+name+`<`).FindAllString(a.Body, -1)
				if reader == lang {
					marks = 0
				}
				if len(foreign) < marks || marks == 0 && len(foreign) > 0 {
					t.Errorf("%s to a reader of %s at %s: marked with its language %d times, want %d", name, reader,
						path, len(foreign), marks)
				}
			}
			if a := b.Get("/v/by-" + slug); !a.Has(`"name":"` + name + `"`) {
				t.Errorf("%s to a reader of %s: structured data lacks the name", name, reader)
			}
		}
	}
}
