package shop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/promotion"
	"videomall/mall/search"
	"videomall/web/sale"
	"videomall/web/shop"
	"videomall/web/webtest"
)

// stall is a mall whose categories hold a few films.
type stall struct {
	*webtest.Mall
	films map[string]catalog.Created
	find  *search.Search
}

type film struct {
	slug, category, zh, en string
	tags                   []string
	sold                   int
	skus                   []catalog.NewSKU
}

func sku(kind, quality string, amount int64, more ...func(*catalog.NewSKU)) catalog.NewSKU {
	k := catalog.NewSKU{
		Kind:    kind,
		Quality: quality,
		Price:   catalog.NewPrice{Amount: amount, Currency: "CNY"},
	}
	if kind == catalog.KindRent {
		k.RentHours = 48
	}
	for _, m := range more {
		m(&k)
	}
	return k
}

var stock = []film{
	{"aurora", "nature", "追逐极光", "Chasing the Aurora", []string{"极光", "iceland"}, 50, []catalog.NewSKU{
		sku("rent", "HD", 600), sku("own", "HD", 1990, func(k *catalog.NewSKU) {
			k.Price.ListAmount = new(int64(2990))
		}),
		sku("own", "4K", 3990, func(k *catalog.NewSKU) { k.StockLimited = true })}},
	{"kyoto", "travel", "京都的四季", "Four Seasons of Kyoto", []string{"京都", "travel"}, 20,
		[]catalog.NewSKU{sku("own", "HD", 2900)}},
	{"tokyo", "travel", "东京夜行", "Tokyo by Night", []string{"travel"}, 20, []catalog.NewSKU{sku("rent", "HD", 500)}},
	{"wok", "nature", "铁锅里的火", "Fire in the Wok", []string{"food"}, 1, []catalog.NewSKU{sku("own", "HD", 0)}},
}

func open(t *testing.T) *stall {
	t.Helper()
	t.Parallel()
	var find *search.Search
	s := &stall{films: map[string]catalog.Created{}}
	s.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		m.Site.Routes(g)
		find = search.New(db.Pools{Primary: m.Pool, Replica: m.Pool}, m.Catalog, m.Now)
		shop.Routes(g, shop.Deps{
			Site:         m.Site,
			Catalog:      m.Catalog,
			Search:       find,
			Inventory:    m.Inventory,
			Entitlements: m.Entitlements,
			Orders:       m.Orders,
			Trailer: func(_ context.Context, asset int64) (string, error) {
				return fmt.Sprintf("/media/trailers/film-%d/index.m3u8", asset), nil
			},
			Sales: sale.NewShowcase(m.Promotions, m.Catalog, m.Now).Running,
		})
	}})
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	categories := map[string]int64{}
	for _, n := range []catalog.NewCategory{{
		Slug:     "nature",
		NameZh:   "自然",
		NameEn:   "Nature",
		Position: 1,
	}, {
		Slug:     "travel",
		NameZh:   "旅行",
		NameEn:   "Travel",
		Position: 2,
	},
		{
			Slug:     "empty",
			NameZh:   "空架",
			NameEn:   "Bare category",
			Position: 3,
		}} {
		var err error
		categories[n.Slug], err = s.Catalog.CreateCategory(ctx, n)
		must(err)
	}
	must(s.Catalog.CreateCreator(ctx, catalog.NewCreator{
		UserID: 70,
		Slug:   "lin-xi",
		NameZh: "林溪",
		NameEn: "Lin Xi",
		BioZh:  "在北方拍片。",
		BioEn:  "Films the north.",
	}))
	for i, f := range stock {
		day := s.Now().AddDate(0, 0, -i)
		made, err := s.Catalog.CreateProduct(ctx, catalog.NewProduct{
			Slug:            f.slug,
			CreatorID:       70,
			CategoryID:      categories[f.category],
			TitleZh:         f.zh,
			TitleEn:         f.en,
			DescriptionZh:   "关于" + f.zh + "的一部短片。",
			DescriptionEn:   "A short film about " + f.en + " <script>alert(1)</script>.",
			Tags:            f.tags,
			Cover:           f.slug,
			AssetID:         new(int64(i + 1)),
			DurationSeconds: 95,
			PublishedAt:     &day,
			SKUs:            f.skus,
		})
		must(err)
		must(s.Catalog.Publish(ctx, made.SPUID))
		must(s.Catalog.CountSaleTx(ctx, s.Pool, made.SPUID, f.sold))
		s.films[f.slug] = made
	}
	_, err := s.Inventory.SetStock(ctx, s.films["aurora"].SKUIDs[2], 3)
	must(err)
	s.find = find
	must(find.RebuildAll(ctx))
	return s
}

var cardLinks = regexp.MustCompile(`<a href="/v/([a-z0-9-]+)" class="card-link"`)

// cards are the slugs of the videos that a page's cards lead to, in order.
func cards(a webtest.Answer) []string {
	var list []string
	for _, m := range cardLinks.FindAllStringSubmatch(a.Body, -1) {
		list = append(list, m[1])
	}
	return list
}

func TestTheFrontPageInBothLanguages(t *testing.T) {
	s := open(t)
	b := s.Browser(0)
	a := b.Get("/").Wants(http.StatusOK).
		Shows("Chasing the Aurora", "from CN¥6.00", "Nature", "Travel", "Lin Xi", "Free to watch", "Fire in the Wok").
		Hides("Bare category", "追逐极光")
	if !a.Has(`<html lang="en"`) || !a.Has(`/media/covers/aurora-480.webp`) ||
		strings.Count(a.Body, `fetchpriority="high"`) != 1 {
		t.Error("the featured cover is not the one image fetched first")
	}
	b.Lang = "zh-CN"
	a = b.Get("/").Wants(http.StatusOK).Shows("追逐极光", "¥6.00", "自然", "林溪", "免费观看")
	if !a.Has(`<html lang="zh-CN"`) {
		t.Error("not in Chinese")
	}
}

func TestListsNarrowSortAndKeepTheirAddress(t *testing.T) {
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
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	a := b.Get("/videos?kind=own&price_min=10&sort=newest&filters=1").Wants(200).
		Shows("1 video", "Own", "From CN¥10.00", "Clear all filters")
	for _, link := range []string{`href="/videos?kind=own&amp;sort=newest"`,
		`href="/videos?price_min=10&amp;sort=newest"`, `href="/videos?sort=newest"`} {
		if !a.Has(link) {
			t.Errorf("no link %s", link)
		}
	}
	// The form holds what was chosen, so that without scripts one more choice keeps the others.
	form := a.Form("/videos")
	if form.Get("kind") != "own" || form.Get("price_min") != "10" || form.Get("sort") != "newest" {
		t.Errorf("the form holds %v", form)
	}
	for path, status := range map[string]int{"/c/nowhere": 404, "/creators/nobody": 404, "/videos?sort=random": 422,
		"/videos?kind=steal": 422, "/videos?cursor=x": 422, "/videos?category=%27": 422} {
		b.Get(path).Wants(status)
	}
	b.Get("/videos?price_min=abc").Wants(422).Shows("Type a price such as").Hides("From CN¥")
	if a := b.Get("/videos?price_min=20&price_max=5").Wants(422); !a.Has(`value="20"`) || len(cards(a)) != 4 {
		t.Error("what was typed is lost, or the list with it")
	}
	b.Get("/c/empty").Wants(200).Shows("No video matches", "Browse all videos", "Nature", "Popular")
}

func TestAFragmentIsThePageWithoutItsFrame(t *testing.T) {
	s := open(t)
	b := s.Browser(0)
	whole, part := b.Get("/videos?kind=rent").Wants(200), b.HTMX("/videos?kind=rent&quality=&price_min=&free=", nil).
		Wants(200)
	if !whole.Has("<html") || part.Has("<html") || !part.Has(`id="listing"`) ||
		!slices.Equal(cards(whole), cards(part)) {
		t.Error("page and fragment differ in more than the frame")
	}
	if got := part.Header.Get("HX-Push-Url"); got != "/videos?kind=rent" {
		t.Errorf("the address becomes %q", got)
	}
	if !strings.Contains(strings.Join(whole.Header.Values("Vary"), ","), "HX-Request") {
		t.Error("a cache could mix them up")
	}
}

var nextLinks = regexp.MustCompile(`rel="next"|href="([^"]*cursor=[^"]*)"`)

func next(a webtest.Answer) string {
	for _, m := range nextLinks.FindAllStringSubmatch(a.Body, -1) {
		if m[1] != "" {
			return strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	return ""
}

func TestFurtherPagesShowEveryVideoOnce(t *testing.T) {
	s := open(t)
	for i := range 60 {
		s.Film(int64(i%3)*100, -1)
	}
	b := s.Browser(0)
	for _, path := range []string{"/videos", "/videos?sort=newest", "/videos?sort=price_asc",
		"/videos?sort=price_desc"} {
		seen := map[string]bool{}
		for at, pages := path, 0; at != ""; pages++ {
			a := b.Get(at).Wants(200)
			for _, slug := range cards(a) {
				if seen[slug] {
					t.Fatalf("%s: %s twice", path, slug)
				}
				seen[slug] = true
			}
			if at = next(a); at != "" && b.HTMX(at, nil).Wants(200).Header.Get("HX-Push-Url") != "" {
				t.Errorf("%s: growing the list changes its address", path)
			}
			if pages > 5 {
				t.Fatal("no end")
			}
		}
		if len(seen) != 64 {
			t.Errorf("%s: %d of 64", path, len(seen))
		}
	}
}

func TestASearchShowsWhereItMatched(t *testing.T) {
	s := open(t)
	b := s.Browser(0)
	a := b.Get("/search?q=" + url.QueryEscape("极光")).Wants(200)
	if !a.Has(`追逐<mark>极光</mark>`) || !a.Has(`value="极光"`) {
		t.Error("the match in the other title is not marked, or the box is empty")
	}
	if a := b.Get("/search?q=auroa").Wants(200).
		Shows("Nothing was found for “auroa”", "results for “aurora”"); !a.Has("<mark>Aurora</mark>") {
		t.Error("the corrected match is not marked")
	}
	b.Get("/search?q=aurora+wok").Wants(200).Shows("No video has all of “aurora wok”", "Chasing the", "Fire in the")
	b.Get("/search?q=zzzzzz").Wants(200).Shows("Nothing found for “zzzzzz”", "Check the spelling", "Nature", "Popular")
	b.Lang = "zh-CN"
	b.Get("/search?q=zzzzzz").Wants(200).Shows("没有找到“zzzzzz”", "自然")
	for _, q := range []string{`<script>alert(1)</script>`, `"`, `'; drop table video_product_spu; --`, "😀",
		strings.Repeat("极光 ", 500)} {
		if a := b.Get("/search?q=" + url.QueryEscape(q)).Wants(200); a.Has("<script>alert") {
			t.Errorf("%q comes back unescaped", q)
		}
	}
	b.Lang = "en"
	b.Get("/search?q=%00").Wants(400).Shows("That request could not be read", "without NUL characters")
}

func TestAVideosPage(t *testing.T) {
	s := open(t)
	b := s.Browser(0)
	a := b.Get("/v/aurora").Wants(200).Shows("Chasing the Aurora", "追逐极光", "by Lin Xi", "1 minute 35 seconds",
		"CN¥6.00", "Watch for 48 hours from the first play", "CN¥19.90", "CN¥29.90", "Only 3 left", "Buy now",
		"Add to cart", "Nobody has reviewed", "Fire in the Wok").
		Hides("Watch now", "Write a review")
	for _, part := range []string{`data-trailer`, `data-src="/media/trailers/film-1/index.m3u8"`,
		`<img src="/media/covers/aurora-960.webp"`, `type="application/ld+json"`, `"@type":"Product"`,
		`<meta property="og:image" content="` + s.URL + `/media/covers/aurora-960.webp"`,
		`<link rel="canonical" href="` + s.URL + `/v/aurora"`, `href="/search?q=iceland"`,
		`data-copy="` + s.URL + `/v/aurora"`, `&lt;script&gt;alert(1)`} {
		if !a.Has(part) {
			t.Errorf("no %s", part)
		}
	}
	nonce := regexp.MustCompile(`nonce-([^']+)'`).FindStringSubmatch(a.Header.Get("Content-Security-Policy"))
	if nonce == nil ||
		!regexp.MustCompile(`<script[^>]*ld\+json[^>]*nonce="`+regexp.QuoteMeta(nonce[1])+`"`).MatchString(a.Body) ||
		strings.Contains(a.Body, "<script>alert") {
		t.Error("the structured data has no nonce, or markup came through")
	}
	structured(t, s, a)
	if form := a.Form("/cart/items"); form.Get("sku_id") != strconv.FormatInt(s.films["aurora"].SKUIDs[0], 10) {
		t.Errorf("the form offers %v", form)
	}
	b.Lang = "zh-CN"
	b.Get("/v/aurora").Wants(200).Shows("追逐极光", "首次播放起 48 小时内观看", "仅剩 3 份", "¥19.90")

	if err := s.Catalog.TakeDown(t.Context(), s.films["kyoto"].SPUID); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v/kyoto", "/v/nothing", "/v/%00", "/v/kyoto/reviews"} {
		b.Get(path).Wants(404)
	}
}

// structured holds what the page of the aurora tells machines.
func structured(t *testing.T, s *stall, a webtest.Answer) {
	t.Helper()
	_, script, _ := strings.Cut(a.Body, `type="application/ld+json"`)
	_, script, _ = strings.Cut(script, ">")
	script, _, _ = strings.Cut(script, "</script>")
	var data struct {
		Graph []map[string]any `json:"@graph"`
	}
	if err := json.Unmarshal([]byte(script), &data); err != nil || len(data.Graph) != 2 {
		t.Fatalf("the structured data: %v %s", err, script)
	}
	product, video := data.Graph[0], data.Graph[1]
	if product["@type"] != "Product" || len(product["offers"].([]any)) != 3 {
		t.Errorf("the product: %v", product)
	}
	for name, want := range map[string]string{
		"@type":        "VideoObject",
		"name":         "Chasing the Aurora",
		"thumbnailUrl": s.URL + "/media/covers/aurora-960.webp",
		"contentUrl":   s.URL + "/media/trailers/film-1/index.m3u8",
		"url":          s.URL + "/v/aurora",
		"duration":     "PT1M35S",
		"inLanguage":   "en",
	} {
		if video[name] != want {
			t.Errorf("%s is %v, want %s", name, video[name], want)
		}
	}
	if at, err := time.Parse(time.RFC3339, fmt.Sprint(video["uploadDate"])); err != nil || at.After(s.Now()) {
		t.Errorf("the date of the upload: %v %v", video["uploadDate"], err)
	}
	for _, part := range []string{
		`<meta property="og:type" content="video.other"`,
		`<meta property="og:site_name" content="Videomall"`,
		`<meta property="og:locale" content="en_US"`,
		`<meta property="og:locale:alternate" content="zh_CN"`,
		`<meta property="og:image:width" content="960"`,
		`<meta property="og:image:height" content="540"`,
		`<meta name="twitter:card" content="summary_large_image"`,
		`<link rel="alternate" hreflang="en" href="` + s.URL + `/v/aurora?lang=en"`,
		`<link rel="alternate" hreflang="zh-CN" href="` + s.URL + `/v/aurora?lang=zh-CN"`,
		`<link rel="alternate" hreflang="x-default" href="` + s.URL + `/v/aurora"`,
	} {
		if !a.Has(part) {
			t.Errorf("no %s", part)
		}
	}
}

// TestLanguageOfAnAddress follows the addresses that search engines are told of.
func TestLanguageOfAnAddress(t *testing.T) {
	s := open(t)
	b := s.Browser(0) // reads English
	a := b.Get("/v/aurora?lang=zh-CN").Wants(200).Shows("首次播放起 48 小时内观看")
	for _, part := range []string{`<html lang="zh-CN"`,
		`<link rel="canonical" href="` + s.URL + `/v/aurora?lang=zh-CN"`,
		`<meta property="og:locale" content="zh_CN"`, `name="next" value="/v/aurora"`} {
		if !a.Has(part) {
			t.Errorf("no %s", part)
		}
	}
	b.Get("/v/tokyo").Wants(200).Shows("东京夜行") // goes on as they came
	b.Post("/preferences", url.Values{"lang": {"en"}, "next": {"/v/aurora"}}).Wants(303)
	b.Get("/v/aurora").Wants(200).Shows("Watch for 48 hours")
	b.Get("/v/aurora?lang=zh-CN").Wants(200).Shows("追逐极光", "小时内观看") // an address says what it says
	b.Get("/v/aurora").Wants(200).Shows("Watch for 48 hours")       // and changes no choice of the reader's

	list := s.Browser(0).Get("/videos?sort=newest&lang=zh-CN&lang=en").Wants(200)
	if !list.Has(`<html lang="zh-CN"`) || !list.Has(`value="/videos?sort=newest"`) {
		t.Error("the other parameters are lost")
	}
	unknown := s.Browser(0).Get("/v/aurora?lang=fr").Wants(200).Shows("Watch for 48 hours")
	if !unknown.Has(`<link rel="canonical" href="`+s.URL+`/v/aurora"`) || len(unknown.Header["Set-Cookie"]) > 0 {
		t.Errorf("a language that the mall does not speak: %v", unknown.Header)
	}
}

// A video that was described in one language is whole in the other: its texts stand in, are marked as foreign, and a
// note says so.
func TestProduct_in_one_language(t *testing.T) {
	s := open(t)
	category, err := s.Catalog.CreateCategory(t.Context(), catalog.NewCategory{
		Slug:   "single",
		NameZh: "单语",
		NameEn: "Single",
	})
	if err != nil {
		t.Fatal(err)
	}
	day := s.Now()
	made, err := s.Catalog.CreateProduct(t.Context(), catalog.NewProduct{
		Slug:          "only-chinese",
		CreatorID:     70,
		CategoryID:    category,
		TitleZh:       "雪国列车站",
		DescriptionZh: "一座车站的冬天。",
		Cover:         "x",
		PublishedAt:   &day,
		SKUs:          stock[0].skus,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Catalog.Publish(t.Context(), made.SPUID); err != nil {
		t.Fatal(err)
	}
	b := s.Browser(0)
	marked := regexp.MustCompile(`<(h1|div|a)[^>]*lang="zh-CN"[^>]*>`)
	notes := map[string][]string{
		"en":    {"The title is available only in Chinese.", "The description is available only in Chinese."},
		"zh-CN": {"片名仅有英文版。", "简介仅有英文版。"},
	}
	for lang, foreign := range map[string]bool{"en": true, "zh-CN": false} {
		b.Lang = lang
		a := b.Get("/v/only-chinese").Wants(200).Shows("雪国列车站", "一座车站的冬天。")
		if !a.Has(`<meta name="description" content="一座车站的冬天。"`) {
			t.Errorf("%s: nothing describes the page to search engines", lang)
		}
		if got := len(marked.FindAllString(a.Body, -1)); foreign && got != 2 || !foreign && got != 0 {
			t.Errorf("%s: %d texts are marked as foreign", lang, got)
		}
		if foreign {
			a.Shows(notes[lang]...)
		} else {
			a.Hides(notes[lang]...)
		}
		list := b.Get("/c/single").Wants(200).Shows("雪国列车站")
		if got := len(marked.FindAllString(list.Body, -1)); foreign && got != 1 || !foreign && got != 0 {
			t.Errorf("%s: %d of the list are marked as foreign", lang, got)
		}
	}
}

// A creator who has a name in one language only is called by it in both, wherever a name stands, and found by it.
func TestCreator_in_one_language(t *testing.T) {
	s := open(t)
	day := s.Now()
	category, err := s.Catalog.CreateCategory(t.Context(), catalog.NewCategory{
		Slug:   "single",
		NameZh: "单语",
		NameEn: "Single",
	})
	if err != nil {
		t.Fatal(err)
	}
	creators := map[string]catalog.NewCreator{ // by the language of their name
		"zh-CN": {
			UserID: 80,
			Slug:   "only-chinese",
			NameZh: "晨光影业",
		},
		"en": {
			UserID: 81,
			Slug:   "only-english",
			NameEn: "Sundown Pictures",
		},
	}
	for _, n := range creators {
		if err := s.Catalog.OpenCreator(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		made, err := s.Catalog.CreateProduct(t.Context(), catalog.NewProduct{
			Slug:        "by-" + n.Slug,
			CreatorID:   n.UserID,
			CategoryID:  category,
			TitleZh:     "候鸟",
			TitleEn:     "Migrants",
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
		slug, name := n.Slug, n.NameZh+n.NameEn
		for _, reader := range []string{"zh-CN", "en"} {
			b.Lang = reader
			for path, marks := range map[string]int{
				"/":                                  1, // among the creators
				"/creators/" + slug:                  2, // its heading and its one card
				"/v/by-" + slug:                      1, // beside the film
				"/c/single":                          1,
				"/search?q=" + url.QueryEscape(name): 1,
			} {
				a := b.Get(path).Wants(200).Shows(name)
				foreign := regexp.MustCompile(`<[^>]* lang="`+lang+`"[^>]*>`+name+`<`).FindAllString(a.Body, -1)
				if reader == lang {
					marks = 0
				}
				if len(foreign) < marks || marks == 0 && len(foreign) > 0 {
					t.Errorf("%s to a reader of %s at %s: marked as foreign %d times", name, reader, path, len(foreign))
				}
			}
			if a := b.Get("/v/by-" + slug); !a.Has(`"name":"` + name + `"`) {
				t.Errorf("%s to a reader of %s: search engines are told of nobody", name, reader)
			}
		}
	}
}

func TestAPageSaysWhenAPriceEndsAndWhatIsGone(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	aurora := s.films["aurora"].SKUIDs
	until := s.Now().Add(72 * time.Hour)
	if err := s.Catalog.SetPrice(ctx, aurora[0], catalog.NewPrice{
		Amount:     100,
		ListAmount: new(int64(600)),
		Currency:   "CNY",
		Until:      &until,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Inventory.SetStock(ctx, aurora[2], 0); err != nil {
		t.Fatal(err)
	}
	b := s.Browser(0)
	b.Get("/v/aurora").Wants(200).
		Shows("CN¥1.00", "This price until "+until.UTC().Format("Jan 2, 2006, 15:04"), "Sold out")
	s.Advance(73 * time.Hour)
	b.Get("/v/aurora").Wants(200).Shows("CN¥6.00").Hides("This price until", "CN¥1.00")
}

func TestWhatIHoldIsShownAndCanBeReviewed(t *testing.T) {
	s := open(t)
	me, other := s.Person("mei", account.RoleShopper), s.Person("otto", account.RoleShopper)
	b := s.Browser(me.ID)
	review := url.Values{"rating": {"4"}, "body": {"Cold & <b>fine</b>"}}
	b.Post("/v/aurora/reviews", review).Wants(403)
	if guest := s.Browser(0).Post("/v/aurora/reviews", review).
		Wants(http.StatusSeeOther); !strings.HasPrefix(guest.Location, "/sign-in") {
		t.Errorf("a guest is sent to %s", guest.Location)
	}

	s.Bought(me.ID, s.films["aurora"].SKUIDs[1])
	a := b.Get("/v/aurora").Wants(200).Shows("You own this in HD.", "Watch now", "In your library", "Write a review")
	if !a.Has(`href="/watch/aurora"`) {
		t.Error("no way to watch")
	}
	// HD is owned, 4K may still be bought, and a rental makes no sense.
	if form := a.Form("/cart/items"); form.Get("sku_id") != strconv.FormatInt(s.films["aurora"].SKUIDs[2], 10) {
		t.Errorf("the form offers %v", form)
	}
	b.Get("/videos").Wants(200).Shows("Owned")
	s.Browser(other.ID).Get("/v/aurora").Wants(200).Hides("Watch now", "You own", "Write a review")

	wrong := b.Post("/v/aurora/reviews", url.Values{
		"rating": {""},
		"body":   {"No stars yet"},
	}).Wants(422).Shows("Choose 1 to 5 stars.")
	if !wrong.Has("No stars yet</textarea>") {
		t.Error("what was typed is lost")
	}
	if done := b.Post("/v/aurora/reviews", review).Wants(303); done.Location != "/v/aurora#reviews" {
		t.Errorf("leads to %s", done.Location)
	}
	b.Get("/v/aurora").Wants(200).
		Shows("your review is published", "Cold & <b>fine</b>", "mei", "4.0", "You have reviewed this video").
		Hides("Write a review")
	b.Post("/v/aurora/reviews", review).Wants(409)
}

// A creator who holds a video of theirs, an operator by now or not, has no word on it.
func TestShop_ReviewOfOnesOwn(t *testing.T) {
	s := open(t)
	me := s.Person("mei", account.RoleOperator) // the mall has made a creator of the first person
	webtest.Query[int64](s.Mall, `update video_product_spu set creator_id = $1 where slug = 'aurora' returning id`,
		me.ID)
	s.Bought(me.ID, s.films["aurora"].SKUIDs[1])
	b := s.Browser(me.ID)
	b.Get("/v/aurora").Wants(200).Shows("You own this in HD.").Hides("Write a review")
	b.Post("/v/aurora/reviews", url.Values{
		"rating": {"5"},
		"body":   {"The best!"},
	}).Wants(403).Shows("Nobody reviews a video of their own.")
	b.Get("/v/aurora").Wants(200).Hides("The best!")
}

func TestTheReviewOfABuyerWhoWasPaidBack(t *testing.T) {
	s := open(t)
	me := s.Person("mia", account.RoleShopper)
	o := s.Bought(me.ID, s.films["aurora"].SKUIDs[1])
	b := s.Browser(me.ID)
	b.Post("/v/aurora/reviews", url.Values{"rating": {"1"}, "body": {"Too dark."}}).Wants(303)
	const mark, none = "Refunded, not counted", "Nobody has reviewed this yet"
	b.Get("/v/aurora").Wants(200).Shows("Too dark.").Hides(mark, none)
	_, err := s.Orders.Refund(t.Context(), order.RefundRequest{
		OrderNo: o.OrderNo,
		Actor:   "operator:2",
		Key:     "k",
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Get("/v/aurora").Wants(200).Shows("Too dark.", mark, none)
	b.Post("/v/aurora/reviews", url.Values{"rating": {"2"}}).Wants(403)
}

func TestFurtherReviews(t *testing.T) {
	s := open(t)
	for i := range 14 {
		if _, err := s.Catalog.AddReview(t.Context(), catalog.NewReview{
			SPUID:  s.films["wok"].SPUID,
			UserID: int64(900 + i),
			Owned:  true,
			Author: "A",
			Rating: 1 + i%5,
			Body:   fmt.Sprintf("remark-%02d", i),
			Locale: "en",
			At:     s.Now().Add(-time.Duration(i/3) * time.Hour),
		}); err != nil {
			t.Fatal(err)
		}
	}
	b := s.Browser(0)
	seen := map[string]int{}
	pages := 0
	for at := "/v/wok"; at != ""; pages++ {
		a := b.Get(at).Wants(200)
		for _, m := range regexp.MustCompile(`remark-\d\d`).FindAllString(a.Body, -1) {
			seen[m]++
		}
		at = next(a)
	}
	if len(seen) != 14 || pages != 3 {
		t.Errorf("%d reviews on %d pages", len(seen), pages)
	}
	for r, n := range seen {
		if n != 1 {
			t.Errorf("%s %d times", r, n)
		}
	}
	b.Get("/v/wok/reviews?cursor=nonsense").Wants(422)
}

func TestARunningFlashSaleIsShownInTheShop(t *testing.T) {
	s := open(t)
	b := s.Browser(0)
	shown := func(want bool) {
		t.Helper()
		for path, words := range map[string]string{"/": "Northern nights", "/v/aurora": "CN¥9.90 in the flash sale"} {
			a := b.Get(path).Wants(200)
			if want {
				a.Shows(words)
			} else {
				a.Hides(words)
			}
		}
		b.Get("/v/kyoto").Wants(200).Hides("flash sale")
	}
	by := promotion.Actor{UserID: 9, Operator: true}
	c, err := s.Promotions.Create(t.Context(), by, promotion.Draft{
		NameZh:   "极光之夜",
		NameEn:   "Northern nights",
		StartsAt: s.Now(),
		EndsAt:   s.Now().Add(time.Hour),
		Items: []promotion.Item{{
			SKUID:   s.films["aurora"].SKUIDs[1],
			Amount:  money.Of(990, "CNY"),
			Units:   5,
			PerUser: 1,
		}},
	})
	if err == nil {
		_, err = s.Promotions.Schedule(t.Context(), by, c.ID, c.Version)
	}
	if err != nil {
		t.Fatal(err)
	}
	shown(false)
	b.Get("/v/aurora").Hides("Flash sale price until")
	if _, err := s.Promotions.Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Advance(3 * time.Second) // what is kept is older than that
	shown(true)
	b.Get("/v/aurora").Shows("CN¥9.90", "Flash sale price until")
	mia := s.Person("mia", "shopper").ID
	agreed := money.Of(990, "CNY")
	_, _, err = s.Orders.Place(t.Context(), order.PlaceRequest{
		UserID:         mia,
		IdempotencyKey: "k",
		Items:          []order.Line{{SKUID: s.films["aurora"].SKUIDs[1], Quantity: 1}},
		ExpectTotal:    &agreed,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Browser(mia).Get("/v/aurora").Wants(200).Shows("sells you no more of this").Hides("Flash sale price until")
	s.Advance(time.Hour)
	shown(false)
	b.Get("/v/aurora").Hides("Flash sale price until")
}
