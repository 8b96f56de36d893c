package shop_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/web/webtest"
)

// TestShop_currency holds that every page says its prices in the viewer's currency, and in no other.
func TestShop_currency(t *testing.T) {
	s := open(t)
	s.Offer("USD", "0.14", 50, 1)
	s.Offer("JPY", "21.5", 10, 0)
	s.Offer("KWD", "0.0428", 5, 0)
	s.series("north", "aurora", "kyoto")
	for _, c := range []struct {
		currency, lang string
		from           string   // of aurora, which is rented from 6.00 yuan
		shown          []string // on its own page: 6.00, 19.90 instead of 29.90, 39.90
		data           string   // in its structured data
		label          string   // of the filter
	}{
		{
			currency: "",
			lang:     "en",
			from:     "from CN¥6.00",
			shown:    []string{"CN¥6.00", "CN¥19.90", "CN¥29.90", "CN¥39.90"},
			data:     `"price":"6.00","priceCurrency":"CNY"`,
			label:    "Price (CN¥)",
		},
		{
			currency: "CNY",
			lang:     "zh-CN",
			from:     "¥6.00 起",
			shown:    []string{"¥6.00", "¥19.90", "¥29.90", "¥39.90"},
			data:     `"price":"6.00","priceCurrency":"CNY"`,
			label:    "价格（¥）",
		},
		{
			currency: "USD",
			lang:     "en",
			from:     "from $0.99",
			shown:    []string{"$0.99", "$2.99", "$3.99", "$5.49"},
			data:     `"price":"0.99","priceCurrency":"USD"`,
			label:    "Price ($)",
		},
		{
			currency: "USD",
			lang:     "zh-CN",
			from:     "US$0.99 起",
			shown:    []string{"US$0.99", "US$2.99", "US$3.99", "US$5.49"},
			data:     `"price":"0.99","priceCurrency":"USD"`,
			label:    "价格（US$）",
		},
		{
			currency: "JPY",
			lang:     "en",
			from:     "from ¥130",
			shown:    []string{"¥130", "¥430", "¥640", "¥860"},
			data:     `"price":"130","priceCurrency":"JPY"`,
			label:    "Price (¥)",
		},
		{
			currency: "JPY",
			lang:     "zh-CN",
			from:     "JP¥130 起",
			shown:    []string{"JP¥130", "JP¥430", "JP¥640", "JP¥860"},
			data:     `"price":"130","priceCurrency":"JPY"`,
			label:    "价格（JP¥）",
		},
		{
			currency: "KWD",
			lang:     "en",
			from:     "from KWD 0.255",
			shown:    []string{"KWD 0.255", "KWD 0.850", "KWD 1.280", "KWD 1.710"},
			data:     `"price":"0.255","priceCurrency":"KWD"`,
			label:    "Price (KWD)",
		},
		{
			currency: "KWD",
			lang:     "zh-CN",
			from:     "KWD 0.255 起",
			shown:    []string{"KWD 0.255", "KWD 0.850", "KWD 1.280", "KWD 1.710"},
			data:     `"price":"0.255","priceCurrency":"KWD"`,
			label:    "价格（KWD）",
		},
	} {
		b := s.Browser(0)
		b.Lang = c.lang
		if c.currency != "" {
			b.Post("/preferences", url.Values{"currency": {c.currency}}).Wants(http.StatusSeeOther)
		}
		hidden := []string{"CN¥"}
		if c.currency == "" || c.currency == "CNY" {
			hidden = []string{"$"}
		}
		for _, path := range []string{
			"/", "/videos", "/c/nature", "/creators/lin-xi", "/search?q=aurora", "/c/empty", "/v/kyoto",
			"/series/north",
		} {
			b.Get(path).Wants(http.StatusOK).Shows(c.from).Hides(hidden...)
		}
		b.Get("/videos").Shows(c.label)
		page := b.Get("/v/aurora").Wants(http.StatusOK).Shows(c.shown...).Hides(hidden...)
		if !page.Has(c.data) {
			t.Errorf("%s in %s: structured data lacks %s", c.currency, c.lang, c.data)
		}
		for _, code := range []string{"USD", "JPY", "KWD"} {
			if code != c.currency && page.Has(`"priceCurrency":"`+code+`"`) {
				t.Errorf("%s in %s: structured data has %s", c.currency, c.lang, code)
			}
		}
		if !page.Has(`<option value="`+c.currency+`" selected>`) && c.currency != "" {
			t.Errorf("%s in %s is not marked in the list of currencies", c.currency, c.lang)
		}
		if a := b.Get("/v/wok").Wants(http.StatusOK).Hides("KWD 0.000"); !a.Has(`action="/v/wok/free"`) {
			t.Errorf("%s in %s: what is free is not", c.currency, c.lang)
		}
	}
}

// A series is cached for guests, for each currency by itself, and a new rate is seen there too.
func TestShop_currency_of_a_series(t *testing.T) {
	s := open(t)
	s.Offer("USD", "0.14", 50, 1)
	s.series("north", "aurora", "kyoto", "wok")
	in := func(currency string) *webtest.Browser {
		b := s.Browser(0)
		b.Cookie("currency", currency)
		return b
	}
	for range 2 {
		in("CNY").Get("/series/north").Wants(http.StatusOK).Shows("from CN¥6.00", "Free").Hides("$")
		in("USD").Get("/series/north").Wants(http.StatusOK).Shows("from $0.99", "Free").Hides("CN¥")
	}
	signedIn := s.Browser(s.Person("ann", "shopper").ID)
	signedIn.Cookie("currency", "USD")
	signedIn.Get("/series/north").Wants(http.StatusOK).Shows("from $0.99").Hides("CN¥")
	s.Rate("USD", "0.28")
	s.Advance(4 * time.Second) // until other processes know the rate
	in("USD").Get("/series/north").Wants(http.StatusOK).Shows("from $1.49").Hides("CN¥", "$0.99")
	s.Withdraw("USD")
	s.Advance(4 * time.Second)
	in("USD").Get("/series/north").Wants(http.StatusOK).Shows("from CN¥6.00").Hides("$")
}

// Where tax is added to prices, every list of them says so, and none as often as it has cards.
func TestShop_lists_without_tax(t *testing.T) {
	s := open(t)
	s.series("north", "aurora", "kyoto")
	b := s.Browser(0)
	for lang, words := range map[string]string{"en": "Prices are without tax", "zh-CN": "标价不含税"} {
		b.Lang = lang
		for path, notes := range map[string]int{
			"/":                1,
			"/videos":          1,
			"/c/nature":        1,
			"/c/empty":         1, // the popular videos
			"/creators/lin-xi": 1,
			"/search?q=aurora": 1,
			"/search?q=zzzzzz": 1,
			"/series/north":    1,
			"/v/kyoto":         2, // its own prices, and those of other videos
		} {
			a := b.Get(path).Wants(http.StatusOK).Shows(words)
			if n := strings.Count(a.Body, "data-plus-tax"); n != notes {
				t.Errorf("%s in %s: %d notes on tax, want %d", path, lang, n, notes)
			}
		}
	}
	if a := b.HTMX("/videos?kind=own", nil); strings.Count(a.Body, "data-plus-tax") != 1 {
		t.Errorf("a list that is swapped in says nothing of tax: %s", a.Text())
	}
}

func TestShop_currency_offered(t *testing.T) {
	s := open(t)
	b := s.Browser(0)
	if b.Get("/").Has(`name="currency"`) {
		t.Error("a choice of a single currency")
	}
	s.Offer("USD", "0.14", 50, 1)
	b.Get("/").Shows("USD · US dollar", "CNY · Chinese yuan")
	b.Lang = "zh-CN"
	b.Get("/").Shows("USD · 美元", "CNY · 人民币")
	b.Post("/preferences", url.Values{"currency": {"USD"}}).Wants(http.StatusSeeOther)
	b.Get("/v/aurora").Shows("US$0.99")
	s.Withdraw("USD")
	if b.Get("/v/aurora").Shows("¥6.00").Hides("US$").Has(`name="currency"`) {
		t.Error("a choice of a currency that was withdrawn")
	}
}

// TestList_price_in_currency holds that bounds are compared with prices as they are seen. Prices of 5.00, 6.00 and 29.00
// yuan are 0.70, 0.84 and 4.06 dollars, sold at 0.49, 0.99 and 3.99.
func TestList_price_in_currency(t *testing.T) {
	s := open(t)
	s.Offer("USD", "0.14", 50, 1)
	s.Offer("JPY", "21.5", 10, 0)
	b := s.Browser(0)
	b.Post("/preferences", url.Values{"currency": {"USD"}}).Wants(http.StatusSeeOther)
	for path, want := range map[string]string{
		"/videos?price_min=0.99&price_max=0.99":   "aurora",
		"/videos?price_max=0.98":                  "tokyo wok",
		"/videos?price_min=0.50&sort=price_asc":   "aurora kyoto",
		"/videos?price_min=4":                     "",
		"/videos?price_max=3.99":                  "aurora tokyo kyoto wok",
		"/videos?price_max=3.98":                  "aurora tokyo wok",
		"/videos?price_max=0":                     "wok",
		"/search?q=travel&price_min=3.99":         "kyoto",
		"/creators/lin-xi?price_max=0%2C49":       "tokyo wok",
		"/videos?price_max=9999999&sort=newest":   "aurora kyoto tokyo wok",
		"/c/travel?price_min=0.49&price_max=3.98": "tokyo",
	} {
		a := b.Get(path).Wants(http.StatusOK)
		if got := strings.Join(cards(a), " "); got != want && (want != "" || !a.Has("No video matches")) {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	b.Get("/videos?price_min=0.5&price_max=3.99").Shows("From $0.50", "Up to $3.99").Hides("CN¥")
	b.Get("/videos?price_min=1.234").Wants(http.StatusUnprocessableEntity).Shows("Type a price such as 19.90.")
	b.Post("/preferences", url.Values{"currency": {"JPY"}}).Wants(http.StatusSeeOther)
	b.Get("/videos?price_min=1.5").Wants(http.StatusUnprocessableEntity).Shows("Type a price such as 1990.")
	if got := strings.Join(cards(b.Get("/videos?price_min=130&price_max=130")), " "); got != "aurora" {
		t.Errorf("130 yen: got %s", got)
	}
}

// TestList_next_page_in_another_currency turns a page after the bounds have changed their meaning.
func TestList_next_page_in_another_currency(t *testing.T) {
	s := open(t)
	for range 60 {
		s.Video(1000, -1)
	}
	s.Offer("USD", "0.14", 50, 1)
	b := s.Browser(0)
	more := next(b.Get("/videos?price_min=1").Wants(http.StatusOK))
	b.Get(more).Wants(http.StatusOK)
	b.Post("/preferences", url.Values{"currency": {"USD"}}).Wants(http.StatusSeeOther)
	if a := b.Get(more).Wants(http.StatusSeeOther); a.Header.Get("Location") != "/videos?price_min=1" {
		t.Errorf("leads to %q", a.Header.Get("Location"))
	}
	b.Get("/videos?price_min=1&cursor=x").Wants(http.StatusUnprocessableEntity)
	more = next(b.Get("/videos").Wants(http.StatusOK))
	b.Post("/preferences", url.Values{"currency": {"CNY"}}).Wants(http.StatusSeeOther)
	b.Get(more).Wants(http.StatusOK) // without bounds the list is the same in all currencies
}

func TestShop_currency_of_a_sale(t *testing.T) {
	s := open(t)
	s.Offer("USD", "0.14", 50, 1)
	by := promotion.Actor{UserID: 9, Operator: true}
	c, err := s.Promotions.Create(t.Context(), by, promotion.Draft{
		Name:     locale.Text{Zh: "抢购", En: "Rush"},
		StartsAt: s.Now(),
		EndsAt:   s.Now().Add(time.Hour),
		Items: []promotion.Item{{
			SKUID:   s.videos["kyoto"].SKUIDs[0],
			Amount:  money.Of(1490, "CNY"), // 2.086 dollars, sold at 1.99
			Units:   5,
			PerUser: 1,
		}, {
			SKUID:   s.videos["tokyo"].SKUIDs[0],
			Amount:  money.Of(490, "CNY"), // 0.686 dollars, sold at 0.49 like the normal price
			Units:   5,
			PerUser: 1,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Promotions.Schedule(t.Context(), by, c.ID, c.Version); err != nil {
		t.Fatal(err)
	}
	if _, err = s.Promotions.Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := s.Browser(0)
	b.Get("/v/kyoto").Shows("CN¥14.90", "CN¥29.00")
	b.Post("/preferences", url.Values{"currency": {"USD"}}).Wants(http.StatusSeeOther)
	for _, path := range []string{"/", "/videos", "/v/kyoto"} {
		b.Get(path).Wants(http.StatusOK).Shows("$1.99", "$3.99").Hides("CN¥")
	}
	if a := b.Get("/v/kyoto"); !a.Has(`"price":"1.99","priceCurrency":"USD"`) {
		t.Error("structured data lacks the price of the sale")
	}
	b.Get("/v/tokyo").Shows("$0.49").Hides("CN¥", "Now at", "Until")
}
