package shop_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/promotion"
	"videomall/web/webtest"
)

func TestProduct_page(t *testing.T) {
	s := open(t)
	b := s.Browser(0)
	a := b.Get("/v/aurora").Wants(200).Shows("Prices are without tax", "Chasing the Aurora", "追逐极光", "by Lin Xi", "1 minute 35 seconds",
		"CN¥6.00", "Watch for 48 hours from the first play", "CN¥19.90", "CN¥29.90", "Only 3 left", "Buy now",
		"Add to cart", "Nobody has reviewed", "Fire in the Wok").
		Hides("Watch now", "Write a review")
	for _, part := range []string{
		`data-trailer`, `data-src="/media/trailers/film-1/index.m3u8"`,
		`<img src="/media/covers/aurora-960.webp"`, `type="application/ld+json"`, `"@type":"Product"`,
		`<meta property="og:image" content="` + s.URL + `/media/covers/aurora-960.webp"`,
		`<link rel="canonical" href="` + s.URL + `/v/aurora"`, `href="/search?q=iceland"`,
		`data-copy="` + s.URL + `/v/aurora"`, `&lt;script&gt;alert(1)`,
	} {
		if !a.Has(part) {
			t.Errorf("product page lacks %s", part)
		}
	}
	nonce := regexp.MustCompile(`nonce-([^']+)'`).FindStringSubmatch(a.Header.Get("Content-Security-Policy"))
	if nonce == nil ||
		!regexp.MustCompile(`<script[^>]*ld\+json[^>]*nonce="`+regexp.QuoteMeta(nonce[1])+`"`).MatchString(a.Body) ||
		strings.Contains(a.Body, "<script>alert") {
		t.Error("structured data lacks a nonce, or a text is not escaped")
	}
	structured(t, s, a)
	if form := a.Form("/cart/items"); form.Get("sku_id") != strconv.FormatInt(s.videos["aurora"].SKUIDs[0], 10) {
		t.Errorf("form: got %v, want the first SKU", form)
	}
	b.Lang = "zh-CN"
	b.Get("/v/aurora").Wants(200).Shows("追逐极光", "首次播放起 48 小时内观看", "仅剩 3 份", "¥19.90")

	if err := s.Catalog.TakeDown(t.Context(), s.videos["kyoto"].SPUID); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v/kyoto", "/v/nothing", "/v/%00", "/v/kyoto/reviews"} {
		b.Get(path).Wants(404)
	}
}

// structured checks the structured data and metadata on the page of the video "aurora".
func structured(t *testing.T, s *stall, a webtest.Answer) {
	t.Helper()
	_, script, _ := strings.Cut(a.Body, `type="application/ld+json"`)
	_, script, _ = strings.Cut(script, ">")
	script, _, _ = strings.Cut(script, "</script>")
	var data struct {
		Graph []map[string]any `json:"@graph"`
	}
	if err := json.Unmarshal([]byte(script), &data); err != nil || len(data.Graph) != 2 {
		t.Fatalf("structured data: %v, got %s, want two objects", err, script)
	}
	product, video := data.Graph[0], data.Graph[1]
	if product["@type"] != "Product" || len(product["offers"].([]any)) != 3 {
		t.Errorf("product: got %v, want three offers", product)
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
			t.Errorf("%s: got %v, want %s", name, video[name], want)
		}
	}
	if at, err := time.Parse(time.RFC3339, fmt.Sprint(video["uploadDate"])); err != nil || at.After(s.Now()) {
		t.Errorf("uploadDate: got %v, %v, want a time in the past", video["uploadDate"], err)
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
			t.Errorf("metadata lacks %s", part)
		}
	}
}

// TestProduct_in_one_language checks that a video with texts in one language is complete in the other: its texts are
// shown, marked with their language, and a note says so.
func TestProduct_in_one_language(t *testing.T) {
	s := open(t)
	category, err := s.Catalog.CreateCategory(t.Context(), catalog.NewCategory{
		Slug: "single",
		Name: locale.Text{Zh: "单语", En: "Single"},
	})
	if err != nil {
		t.Fatal(err)
	}
	day := s.Now()
	made, err := s.Catalog.CreateProduct(t.Context(), catalog.NewProduct{
		Slug:        "only-chinese",
		CreatorID:   70,
		CategoryID:  category,
		Title:       locale.Text{Zh: "雪国列车站"},
		Description: locale.Text{Zh: "一座车站的冬天。"},
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
			t.Errorf("%s: page lacks a meta description", lang)
		}
		if got := len(marked.FindAllString(a.Body, -1)); foreign && got != 2 || !foreign && got != 0 {
			t.Errorf("%s: got %d texts marked with their language", lang, got)
		}
		if foreign {
			a.Shows(notes[lang]...)
		} else {
			a.Hides(notes[lang]...)
		}
		list := b.Get("/c/single").Wants(200).Shows("雪国列车站")
		if got := len(marked.FindAllString(list.Body, -1)); foreign && got != 1 || !foreign && got != 0 {
			t.Errorf("%s: got %d titles in the list marked with their language", lang, got)
		}
	}
}

func TestProduct_price_end_and_sold_out(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	aurora := s.videos["aurora"].SKUIDs
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

func TestProduct_running_flash_sale(t *testing.T) {
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
		Name:     locale.Text{Zh: "极光之夜", En: "Northern nights"},
		StartsAt: s.Now(),
		EndsAt:   s.Now().Add(time.Hour),
		Items: []promotion.Item{{
			SKUID:   s.videos["aurora"].SKUIDs[1],
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
	s.Advance(3 * time.Second) // the cache holds running sales for less than that
	shown(true)
	b.Get("/v/aurora").Shows("CN¥9.90", "Flash sale price until")
	mia := s.Person("mia", "shopper").ID
	agreed := money.Of(990, "CNY")
	_, _, err = s.Orders.Place(t.Context(), order.PlaceRequest{
		UserID:         mia,
		IdempotencyKey: "k",
		Items:          []order.Line{{SKUID: s.videos["aurora"].SKUIDs[1], Quantity: 1}},
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
