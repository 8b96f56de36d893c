package offers_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/exchange"
	"videomall/mall/payment"
	"videomall/mall/promotion"
	"videomall/web/admin/coupons"
	"videomall/web/bundle"
	"videomall/web/studio/offers"
	"videomall/web/webtest"
)

// desk is a mall with the creator of all its videos.
type desk struct {
	*webtest.Mall
	t       *testing.T
	creator account.User
}

func open(t *testing.T, takes ...payment.Method) *desk {
	t.Helper()
	t.Parallel()
	o := webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		deps := offers.Deps{
			Site:       m.Site,
			Promotions: m.Promotions,
			Catalog:    m.Catalog,
			Payments:   m.Payments,
			Exchange:   m.Exchange,
			Now:        m.Now,
		}
		offers.Routes(g, deps)
		coupons.Routes(g, deps)
		bundle.Routes(g, bundle.Deps{
			Site:       m.Site,
			Promotions: m.Promotions,
			Orders:     m.Orders,
		})
	}}
	for _, method := range takes {
		o.Provider = webtest.Limited(method)
	}
	m := webtest.Open(t, o)
	d := &desk{
		Mall:    m,
		t:       t,
		creator: m.Person("creator", account.RoleCreator),
	}
	if d.creator.ID != 1 { // videos belong to account 1
		t.Fatalf("account of the creator: got %d, want 1", d.creator.ID)
	}
	return d
}

// coupon returns a form for a coupon of 3.00 that is valid from an hour ago until in an hour, in UTC, the zone of
// English readers.
func (d *desk) coupon(change ...string) url.Values {
	at := func(in time.Duration) string { return d.Now().Add(in).UTC().Format("2006-01-02T15:04") }
	v := url.Values{
		"code":        {"spring"},
		"kind":        {"amount"},
		"amount_off":  {"3.00"},
		"percent_off": {""},
		"currency":    {"cny"},
		"min_spend":   {""},
		"valid_from":  {at(-time.Hour)},
		"valid_until": {at(time.Hour)},
		"total_limit": {"50"},
		"per_user":    {"1"},

		"version": {"0"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

func TestCoupons_create_edit_stop(t *testing.T) {
	d := open(t)
	d.Video(990, -1)
	b := d.Browser(d.creator.ID)
	b.Get("/studio/offers").Wants(200).Shows("No coupon yet", "No bundle yet")
	b.Get("/studio/offers/coupons/new").Wants(200).Shows("Film 1", "Time zone: UTC")
	video := webtest.Query[int64](d.Mall, `select id from video_product_spu`)[0]
	made := b.Post("/studio/offers/coupons", d.coupon("video", strconv.FormatInt(video, 10), "min_spend", "9.9")).
		Wants(303).Location
	b.Get(made).Wants(200).Shows("SPRING", "CN¥3.00 off", "0 of 50", "Stop this coupon")
	c, err := d.Promotions.Coupon(t.Context(), promotion.Actor{UserID: d.creator.ID}, 1)
	if err != nil || c.MinSpend != 990 || len(c.SPUIDs) != 1 || c.Currency != "CNY" {
		t.Fatalf("coupon: got %+v, %v", c, err)
	}
	b.Post(made, d.coupon("kind", "percent", "percent_off", "20", "max_off", "5")).Wants(303)
	b.Get(made).Wants(200).Shows("20% off, at most CN¥5.00")
	b.Post(made, d.coupon()).Wants(303) // with an outdated version
	b.Get(made).Shows("20% off")
	b.Post(made+"/stop", url.Values{"version": {"1"}}).Wants(303)
	b.Get("/studio/offers").Wants(200).Shows("SPRING", "Stopped")
	b.Post(made, d.coupon("version", "2")).Wants(303)
	b.Get(made).Shows("Stopped").Hides("Stop this coupon")
}

func TestCoupons_wrong_form_comes_back(t *testing.T) {
	d := open(t)
	b := d.Browser(d.creator.ID)
	for words, change := range map[string][]string{
		"letters, digits and hyphens, and no hyphen first": {"code", "-x"},
		"Type a sum such as 5.00":                          {"amount_off", "much"},
		"A whole number from 1 to 100; below 100":          {"kind", "percent", "percent_off", "101"},
		"The end must come after the start":                {"valid_until", "2001-01-01T00:00"},
		"Give a date and a time":                           {"valid_from", "soon"},
		"A whole number from 1 to 1,000,000":               {"total_limit", "0"},
		"Three letters":                                    {"currency", "¥"},
		"Choose videos of your own":                        {"video", "4711"},
	} {
		a := b.Post("/studio/offers/coupons", d.coupon(append(change, "min_spend", "1.23")...)).Wants(422).Shows(words)
		if !a.Has(`value="1.23"`) {
			t.Errorf("%v: form lost what was typed", change)
		}
	}
	b.Post("/studio/offers/coupons", d.coupon()).Wants(303)
	b.Post("/studio/offers/coupons", d.coupon("code", "SPRING ")).Wants(422).Shows("This code exists already")
	if n := webtest.Query[int64](d.Mall, `select count(*) from promotion_coupon`)[0]; n != 1 {
		t.Errorf("coupons: got %d, want 1", n)
	}
}

func TestOffers_access(t *testing.T) {
	d := open(t)
	first, second := d.Video(990, -1), d.Video(500, -1)
	b := d.Browser(d.creator.ID)
	coupon := b.Post("/studio/offers/coupons", d.coupon()).Wants(303).Location
	bundle := b.Post("/studio/offers/bundles", bundleForm(first, second)).Wants(303).Location
	other := d.Browser(d.Person("other", account.RoleCreator).ID)
	other.Get("/studio/offers").Wants(200).Hides("SPRING", "Trilogy")
	other.Get(coupon).Wants(404)
	other.Post(coupon, d.coupon()).Wants(404)
	other.Post(coupon+"/stop", url.Values{"version": {"0"}}).Wants(404)
	other.Get(bundle).Wants(404)
	other.Post(bundle, bundleForm(first, second)).Wants(404)
	other.Post(bundle+"/end", url.Values{"version": {"0"}}).Wants(404)
	other.Post("/studio/offers/bundles", bundleForm(first, second)).Wants(404)
	operator := d.Browser(d.Person("op", account.RoleOperator).ID)
	operator.Get(strings.Replace(coupon, "/studio", "/admin", 1)).Wants(404)
	mall := operator.Post("/admin/offers/coupons", d.coupon("code", "MALL")).Wants(303).Location
	operator.Get(mall).Wants(200).Shows("All videos of the mall")
	b.Get(strings.Replace(mall, "/admin", "/studio", 1)).Wants(404)
	d.Browser(d.Person("mia", account.RoleShopper).ID).Get("/studio/offers").Wants(404)
}

func bundleForm(skus ...int64) url.Values {
	v := url.Values{
		"name_en": {"Trilogy"},
		"name_zh": {"三部曲"},
		"kind":    {"sum"},
		"price":   {"12"},
		"version": {"0"},
		"do":      {"save"},
	}
	for _, sku := range skus {
		v.Add("sku", strconv.FormatInt(sku, 10))
	}
	return v
}

func TestBundles_create_and_buy_the_rest(t *testing.T) {
	d := open(t)
	first, second := d.Video(1000, -1), d.Video(500, -1)
	b := d.Browser(d.creator.ID)
	b.Post("/studio/offers/bundles", bundleForm(first)).Wants(422).Shows("Choose at least two videos")
	b.Post("/studio/offers/bundles", bundleForm(first, first)).Wants(422).Shows("in the list already")
	dear := bundleForm(first, second)
	dear.Set("price", "15")
	b.Post("/studio/offers/bundles", dear).Wants(422).Shows("lower than the videos cost one by one")
	add := bundleForm(first, second)
	add.Set("do", "add")
	if a := b.Post("/studio/offers/bundles", add).Wants(200); !a.Has(`aria-label="Video 3"`) {
		t.Error("form lacks the third row")
	}
	made := b.Post("/studio/offers/bundles", bundleForm(first, second)).Wants(303).Location
	page := "/bundles/" + made[strings.LastIndex(made, "/")+1:]

	d.Browser(0).Get(page).Wants(200).
		Shows("Trilogy", "Film 1", "Film 2", "CN¥12.00", "You save CN¥3.00", "Sign in to buy")
	mia := d.Person("mia", account.RoleShopper)
	d.Bought(mia.ID, second)
	m := d.Browser(mia.ID)
	shown := m.Get(page).Wants(200).Shows("You have this already", "Buy for CN¥8.00").Form(page + "/buy")
	at := m.Post(page+"/buy", shown).Wants(303).Location
	if again := m.Post(page+"/buy", shown).Wants(303).Location; again != at {
		t.Errorf("redirect of a second press: got %s, want %s", again, at)
	}
	if totals := webtest.Query[int64](d.Mall,
		`select total_amount from video_order where bundle_id is not null`); len(totals) != 1 || totals[0] != 800 {
		t.Errorf("totals of orders: got %v, want [800]", totals)
	}
	m.Post(page+"/buy", m.Get(page).Form(page+"/buy")).Wants(409).Shows("not finished yet")
	if err := d.Catalog.SetPrice(t.Context(), second, catalog.NewPrice{
		Amount:   900,
		Currency: "CNY",
		From:     d.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	leo := d.Browser(d.Person("leo", account.RoleShopper).ID)
	old := leo.Get(page).Form(page + "/buy")
	old.Set("total", "100")
	leo.Post(page+"/buy", old).Wants(409).Shows("The price has changed")
	b.Post(made+"/end", url.Values{"version": {"0"}}).Wants(303)
	leo.Get(page).Wants(200).Shows("not for sale right now").Hides("Buy for")
	leo.Get("/bundles/4711").Wants(404)
	leo.Get("/bundles/x").Wants(404)
}

// A bundle whose price no provider takes, as it is or converted, is kept, with a warning beside the price.
func TestBundles_warns_of_what_nobody_could_pay(t *testing.T) {
	d := open(t, payment.Method{
		Currencies: []string{"CNY", "USD"},
		Multiples:  map[string]int64{"USD": 10},
		Least:      map[string]int64{"CNY": 300},
	})
	for _, c := range []exchange.Currency{{Code: "USD", Step: 1, Offered: true}, {Code: "EUR", Step: 1, Offered: true}} {
		if err := d.Exchange.SaveCurrency(t.Context(), 1, c); err != nil {
			t.Fatal(err)
		}
		if err := d.Exchange.AddRate(t.Context(), exchange.NewRate{
			Currency:  c.Code,
			Rate:      "0.1",
			Confirmed: true,
		}); err != nil {
			t.Fatal(err)
		}
	}
	first, second := d.Video(1000, -1), d.Video(500, -1)
	b := d.Browser(d.creator.ID)
	b.Get("/studio/offers/bundles/new").Wants(200).Hides("No payment provider takes")
	made := b.Post("/studio/offers/bundles", bundleForm(first, second)).Wants(303).Location // 12.00, $1.20, €1.20
	b.Get(made).Wants(200).Shows("No payment provider takes €1.20.")
	form := b.Get(made).Form(made)
	form.Set("price", "2.50") // below the smallest sum in yuan, and no multiple in dollars
	b.Post(made, form).Wants(303)
	page := b.Get(made).Wants(200).Shows("No payment provider takes CN¥2.50, €0.25, $0.25. Whoever buys it alone")
	if !page.Has(`id="price-warning"`) || !page.Has(`aria-describedby="price-warning"`) {
		t.Error("the warning is not beside the price")
	}
	form = page.Form(made)
	for price, do := range map[string]string{"3.00": "add", "x": "save"} { // the saved price is not the one that is shown
		form.Set("price", price)
		form.Set("do", do)
		a := b.Post(made, form).Hides("No payment provider takes")
		if got := a.Form(made).Get("price"); got != price {
			t.Errorf("price after %q: got %q, want %q", do, got, price)
		}
	}
	form.Set("do", "save")
	form.Set("kind", "percent")
	form.Set("price", "")
	form.Set("percent_off", "15") // of 15.00: 12.75, and $1.28 of $1.00 and $0.50
	b.Post(made, form).Wants(303)
	page = b.Get(made).Wants(200).Shows("No payment provider takes €1.28, $1.28.")
	if !page.Has(`id="percent_off-warning"`) {
		t.Error("the warning is not beside the percentage")
	}
}
