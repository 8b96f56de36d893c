package checkout_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/promotion"
	"videomall/web/bundle"
	"videomall/web/checkout"
	"videomall/web/webtest"
)

func choose(b *webtest.Browser, code string) { b.Cookie("currency", code) }

func sums(m *webtest.Mall) string {
	return strings.Join(webtest.Query[string](m,
		"select total_amount || ' ' || currency from video_order order by created_at"), ", ")
}

// What is shown in a currency is ordered in it: at the sum that was shown, even if another tab chose another one since.
func TestCheckout_in_the_currency_of_the_viewer(t *testing.T) {
	m := open(t)
	m.Offer("USD", "0.14", 50, 1)
	m.Offer("JPY", "21.5", 10, 0)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(m.Video(1990, -1))).Wants(303)
	b.Get("/cart").Wants(200).Shows("CN¥19.90")
	choose(b, "USD")
	b.Get("/cart").Wants(200).Shows("$2.99").Hides("CN¥")
	form := b.Get("/checkout").Wants(200).Shows("Pay $2.99").Hides("CN¥").Form("/checkout")
	if form.Get("currency") != "USD" || form.Get("total") != "299" {
		t.Fatalf("the form: %v", form)
	}
	choose(b, "JPY")
	b.Get("/cart").Wants(200).Shows("¥430").Hides("$")
	b.Post("/checkout", form).Wants(303)
	if got := sums(m); got != "299 USD" {
		t.Errorf("ordered %q, want what was shown", got)
	}
	no := webtest.Query[string](m, "select order_no from video_order")[0]
	b.Get("/orders/"+no).Wants(200).Shows("$2.99").Hides("¥430", "CN¥")
}

func TestCheckout_rate_moved_is_agreed_to_again(t *testing.T) {
	m := open(t)
	m.Offer("USD", "0.14", 50, 1)
	b := m.Browser(m.Person("mia", "shopper").ID)
	choose(b, "USD")
	b.Post("/cart/items", item(m.Video(1990, -1))).Wants(303)
	old := b.Get("/checkout").Wants(200).Form("/checkout")
	m.Rate("USD", "0.165")
	again := b.Post("/checkout", old).Wants(409).Shows("The price has changed", "$2.99", "$3.49")
	if got := sums(m); got != "" {
		t.Fatalf("ordered %q before it was agreed to", got)
	}
	m.Withdraw("USD")
	last := b.Post("/checkout", again.Form("/checkout")).Wants(409).Shows("CN¥19.90", "$3.49")
	b.Post("/checkout", last.Form("/checkout")).Wants(303)
	if got := sums(m); got != "1990 CNY" {
		t.Errorf("ordered %q, want what was agreed to at last", got)
	}
}

func TestCart_currencies(t *testing.T) {
	m := open(t)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(m.Video(1990, -1))).Wants(303)
	b.Post("/cart/items", item(m.Video(300, -1, func(k *catalog.NewSKU) { k.Price.Currency = "EUR" }))).Wants(303)
	m.Offer("USD", "0.14", 50, 1)
	choose(b, "USD") // euros have no rate: prices stay as they are
	b.Get("/cart").Wants(200).Shows("CN¥19.90", "€3.00")
	m.Offer("EUR", "0.12", 1, 0)
	b.Get("/cart").Wants(200).Shows("$2.99", "$3.49", "$6.48").Hides("CN¥", "€")
	b.Post("/checkout", b.Get("/checkout").Wants(200).Form("/checkout")).Wants(303)
	if got := sums(m); got != "648 USD" {
		t.Errorf("ordered %q", got)
	}
}

func TestBundle_in_the_currency_of_the_viewer(t *testing.T) {
	m := open(t, func(o *webtest.Options) {
		o.Routes = func(g *echo.Group, m *webtest.Mall) {
			checkout.Routes(g, deps(m))
			bundle.Routes(g, bundle.Deps{
				Site:       m.Site,
				Promotions: m.Promotions,
				Orders:     m.Orders,
			})
		}
	})
	m.Offer("USD", "0.14", 50, 1)
	videos := []int64{m.Video(1990, -1), m.Video(990, -1)}
	owner := webtest.Query[int64](m, "select creator_id from video_product_spu limit 1")[0]
	sold, err := m.Promotions.CreateBundle(t.Context(), owner, promotion.BundleTerms{
		Name:   locale.Text{Zh: "两部曲", En: "Two films"},
		Price:  1500,
		SKUIDs: videos,
	})
	if err != nil {
		t.Fatal(err)
	}
	b := m.Browser(m.Person("mia", "shopper").ID)
	choose(b, "USD")
	path := "/bundles/" + strconv.FormatInt(sold.ID, 10)
	form := b.Get(path).Wants(200).Shows("$1.99", "$4.48").Hides("CN¥").Form(path + "/buy")
	choose(b, "CNY")
	b.Get(path).Wants(200).Shows("CN¥15.00", "CN¥29.80").Hides("$")
	b.Post(path+"/buy", form).Wants(303)
	if got := sums(m); got != "199 USD" {
		t.Errorf("ordered %q, want what was shown", got)
	}
}
