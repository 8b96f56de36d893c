package checkout_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"videomall/mall/catalog"
	"videomall/views"
	"videomall/web/checkout"
	"videomall/web/page"
	"videomall/web/webtest"
)

func open(t *testing.T, adjust ...func(*webtest.Options)) *webtest.Mall {
	t.Helper()
	t.Parallel()
	o := webtest.Options{
		Routes: func(g *echo.Group, m *webtest.Mall) {
			checkout.Routes(g, deps(m))
		},
		CartCount: func(m *webtest.Mall) func(context.Context, *page.Ctx) (int, error) {
			return checkout.CartCount(m.Carts)
		},
		Awaiting: func(m *webtest.Mall) func(context.Context, *page.Ctx) (views.Awaiting, error) {
			return checkout.Awaiting(m.Orders)
		},
		OnSignIn: func(m *webtest.Mall) func(context.Context, *page.Ctx, int64) error { return deps(m).OnSignIn },
	}
	for _, a := range adjust {
		a(&o)
	}
	return webtest.Open(t, o)
}

func deps(m *webtest.Mall) checkout.Deps {
	return checkout.Deps{
		Site:     m.Site,
		Catalog:  m.Catalog,
		Carts:    m.Carts,
		Orders:   m.Orders,
		Payments: m.Payments,
		PayerKey: bytes.Repeat([]byte{7}, 32),
	}
}

func item(sku int64, more ...string) url.Values {
	form := url.Values{"sku_id": {strconv.FormatInt(sku, 10)}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

func several(sku *catalog.NewSKU) { sku.MaxPerOrder = 5 }

func setPrice(t *testing.T, m *webtest.Mall, sku, amount int64) {
	t.Helper()
	if err := m.Catalog.SetPrice(t.Context(), sku, catalog.NewPrice{
		Amount:   amount,
		Currency: "CNY",
		From:     m.Now(),
	}); err != nil {
		t.Fatal(err)
	}
}

func orders(m *webtest.Mall) int {
	return len(webtest.Query[string](m, "select order_no from video_order"))
}

func TestCart_guest_cart_moves_at_sign_in(t *testing.T) {
	m := open(t)
	first, second := m.Video(990, -1), m.Video(2500, -1, several)
	mia := m.Person("mia", "shopper")
	b := m.Browser(0)

	b.Get("/cart").Wants(200).Shows("Your cart is empty")
	added := b.Post("/cart/items", item(first)).Wants(303)
	if added.Location != "/cart" {
		t.Errorf("redirect after adding: got %q, want /cart", added.Location)
	}
	b.Post("/cart/items", item(second, "quantity", "2", "next", "/videos?q=x")).Wants(303)
	b.Get("/cart").Wants(200).Shows("Film 1", "Film 2", "CN¥59.90", "2 videos")

	if at := b.Get("/checkout").Wants(303).Location; at != "/sign-in?next=%2Fcheckout" {
		t.Errorf("checkout as a guest: redirect: got %q, want the sign-in", at)
	}
	b.SignIn(mia.ID)
	b.Get("/cart").Wants(200).Shows("Film 1", "Film 2", "CN¥59.90")
	b.Get("/checkout").Wants(200).Shows("Film 1", "Film 2", "CN¥59.90")
	m.Browser(0).Get("/cart").Shows("Your cart is empty")

	// The cart now belongs to the account, in every browser.
	m.Browser(mia.ID).Get("/cart").Shows("Film 1", "Film 2")
}

func TestCart_add_with_and_without_scripts(t *testing.T) {
	m := open(t)
	video, gone, soldOut := m.Video(990, -1, several), int64(987654), m.Video(500, 0)
	mia := m.Person("mia", "shopper")
	owned := m.Video(700, -1)
	m.Bought(mia.ID, owned)
	b := m.Browser(mia.ID)

	a := b.HTMX("/cart/items", item(video, "next", "/v/film-1")).Wants(200).Shows("Film 1 is in your cart.")
	if !a.Has(`id="cart-link"`) || !a.Has("Cart, 1 video") || !a.Has(`hx-swap-oob="beforeend:[data-toast-list]"`) {
		t.Errorf("fragment lacks the new count or the toast: %s", a.Body)
	}
	for sku, word := range map[int64]string{
		gone:    "sku_unavailable",
		soldOut: "sold_out",
		owned:   "already_owned",
	} {
		if a := b.HTMX("/cart/items", item(sku)); a.Status != http.StatusConflict {
			t.Errorf("%s: got %d, want 409: %s", word, a.Status, a.Body)
		}
		b.Post("/cart/items", item(sku, "next", "/v/film-1")).Wants(303)
	}
	b.Get("/cart").Shows("Film 1").Hides("Film 2", "Film 3")
	if a := b.Post("/cart/items", item(video, "next", "https://evil.example/")); a.Location != "/cart" {
		t.Errorf("redirect with next on another host: got %q, want /cart", a.Location)
	}
	if a := b.HTMX("/cart/items", item(video, "quantity", "6")); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("six units with a limit of five: got %d, want 422", a.Status)
	}
}

func TestCart_buy_now_adds_once(t *testing.T) {
	m := open(t)
	video := m.Video(990, -1, several)
	b := m.Browser(m.Person("mia", "shopper").ID)
	for range 3 {
		if at := b.Post("/cart/items", item(video, "next", "/checkout")).Wants(303).Location; at != "/checkout" {
			t.Fatalf("buy now: redirect: got %q, want /checkout", at)
		}
	}
	if to := b.HTMX("/cart/items", item(video, "next", "/checkout")).
		Wants(200).Header.Get("HX-Redirect"); to != "/checkout" {
		t.Errorf("buy now: HX-Redirect: got %q, want /checkout", to)
	}
	b.Get("/checkout").Wants(200).Shows("CN¥9.90").Hides("CN¥19.80")
}

func TestCart_change_in_place(t *testing.T) {
	m := open(t)
	video, other := m.Video(990, -1, several), m.Video(100, -1)
	b := m.Browser(0)
	b.Post("/cart/items", item(video))
	b.Post("/cart/items", item(other))
	at := "/cart/items/" + strconv.FormatInt(video, 10)
	a := b.HTMX(at, url.Values{"quantity": {"3"}}).Wants(200).Shows("CN¥30.70")
	if a.Has("<html") || !a.Has(`id="cart-link"`) {
		t.Errorf("answer is no fragment with the count of the cart: %s", a.Body)
	}
	b.Post(at, url.Values{"quantity": {"4"}}).Wants(303)
	b.Get("/cart").Shows("CN¥40.60")
	b.HTMX(at, url.Values{"quantity": {"-4"}}).Wants(422)
	b.HTMX(at+"/remove", url.Values{}).Wants(200).Hides("Film 1").Shows("Film 2")
	b.HTMX(at+"/remove", url.Values{}).Wants(200) // once more, in another window
	b.HTMX(at, url.Values{"quantity": {"2"}}).Wants(200).Hides("Film 1")
	b.Post("/cart/items/"+strconv.FormatInt(other, 10)+"/remove", url.Values{}).Wants(303)
	b.Get("/cart").Shows("Your cart is empty")
}

func TestCart_SetQuantity_not_a_number(t *testing.T) {
	m := open(t)
	video := m.Video(990, -1, several)
	b := m.Browser(0)
	b.Post("/cart/items", item(video, "quantity", "2"))
	at := "/cart/items/" + strconv.FormatInt(video, 10)
	for _, typed := range []string{"1.5", "abc", "", "1e3", "２", "99999999999999999999", "101", "-1"} {
		b.Post(at, url.Values{"quantity": {typed}}).Wants(422).
			Shows("The quantity must be between 1 and 100.", "Film 1", "CN¥19.80")
		b.HTMX(at, url.Values{"quantity": {typed}}).Wants(422)
	}
	b.Post(at, url.Values{}).Wants(422)
	b.Get("/cart").Wants(200).Shows("CN¥19.80").Hides("The quantity must be")
	b.Post(at, url.Values{"quantity": {"3"}}).Wants(303)
	b.Get("/cart").Shows("CN¥29.70")
}

func TestCart_unavailable_line_is_left_out(t *testing.T) {
	m := open(t)
	good, soldOut, gone, owned := m.Video(990, -1), m.Video(500, 1), m.Video(300, -1), m.Video(700, -1)
	mia, leo := m.Person("mia", "shopper"), m.Person("leo", "shopper")
	b := m.Browser(mia.ID)
	for _, sku := range []int64{good, soldOut, gone, owned} {
		b.Post("/cart/items", item(sku))
	}
	m.Bought(leo.ID, soldOut)
	m.Bought(mia.ID, owned)
	if err := m.Catalog.TakeDown(t.Context(),
		webtest.Query[int64](m, "select spu_id from video_product_sku where id = $1", gone)[0]); err != nil {
		t.Fatal(err)
	}
	b.Get("/cart").Wants(200).
		Shows("Sold out", "No longer sold", "You own this already", "3 videos can't be bought", "CN¥9.90")
	page := b.Get("/checkout").Wants(200).Shows("These can't be bought right now", "Pay CN¥9.90")
	form := page.Form("/checkout")
	if len(form["line"]) != 1 {
		t.Fatalf("form: got lines %v, want one", form["line"])
	}
	b.Post("/checkout", form).Wants(303)
	b.Get("/cart").Shows("Film 2", "You own this already").Hides("Film 1") // what was not bought stays in the cart
}

func TestCheckout_repeated_click_is_one_order(t *testing.T) {
	m := open(t)
	video := m.Video(990, 10)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	form := b.Get("/checkout").Wants(200).Form("/checkout")
	if form.Get("total") != "990" || form.Get("currency") != "CNY" || form.Get("provider") != "sandbox" {
		t.Fatalf("form: got %v", form)
	}

	const clicks = 8
	var pages [clicks]string
	var wg sync.WaitGroup
	for i := range clicks {
		wg.Go(func() { pages[i] = b.Post("/checkout", form).Wants(303).Location })
	}
	wg.Wait()
	again := b.Post("/checkout", form).Wants(303).Location // the back button
	for _, p := range pages {
		if p != again || !strings.HasPrefix(p, "/sandbox/pay/") {
			t.Errorf("redirects of two clicks: got %q and %q, want the same payment page", p, again)
		}
	}
	if n := orders(m); n != 1 {
		t.Fatalf("orders after several clicks: got %d, want 1", n)
	}
	b.Get("/cart").Shows("Your cart is empty")

	// The old form does not remove what is added to the cart afterwards.
	b.Post("/cart/items", item(video))
	b.Post("/checkout", form).Wants(303)
	b.Get("/cart").Shows("Film 1")
}

func TestCheckout_price_changed(t *testing.T) {
	m := open(t)
	video, other := m.Video(990, -1), m.Video(500, -1)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	b.Post("/cart/items", item(other))
	old := b.Get("/checkout").Wants(200).Form("/checkout")

	setPrice(t, m, video, 1290)
	page := b.Post("/checkout", old).Wants(409).Shows("The price has changed",
		"The total was CN¥14.90 and is now CN¥17.90", "was CN¥9.90", "Agree and pay CN¥17.90")
	if n := orders(m); n != 0 {
		t.Fatalf("orders at a price that was not shown: got %d, want 0", n)
	}
	b.Get("/cart").Shows("Film 1", "Film 2")
	b.Post("/checkout", old).Wants(409) // pressing the old button again agrees to nothing

	agreed := page.Form("/checkout")
	if at := b.Post("/checkout", agreed).Wants(303).Location; !strings.HasPrefix(at, "/sandbox/pay/") {
		t.Fatalf("redirect after agreeing: got %q, want the payment page", at)
	}
	if totals := webtest.Query[int64](m, "select total_amount from video_order"); len(totals) != 1 ||
		totals[0] != 1790 {
		t.Fatalf("totals of orders: got %v, want [1790]", totals)
	}
	b.Post("/checkout", old).Wants(303) // the old form now stands for the same order
	if n := orders(m); n != 1 {
		t.Fatalf("orders: got %d, want 1", n)
	}
}

// TestCheckout_policy_changed: nothing is ordered under another refund policy than the page promised.
func TestCheckout_policy_changed(t *testing.T) {
	m := open(t)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(m.Video(990, -1)))
	form := b.Get("/checkout").Wants(200).Form("/checkout")
	form.Set("policy", "720h0m0s 50% true")
	page := b.Post("/checkout", form).Wants(409).Shows("The refund policy has changed since you looked", "within 7 days")
	if n := orders(m); n != 0 {
		t.Fatalf("%d orders", n)
	}
	b.Post("/checkout", page.Form("/checkout")).Wants(303)
}

func TestCheckout_sold_out(t *testing.T) {
	m := open(t)
	video, rare := m.Video(990, -1), m.Video(500, 1)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	b.Post("/cart/items", item(rare))
	form := b.Get("/checkout").Wants(200).Form("/checkout")
	m.Bought(m.Person("leo", "shopper").ID, rare)
	page := b.Post("/checkout", form).Wants(409).Shows("The order was not placed", "Sold out", "Pay CN¥9.90")
	if n := orders(m); n != 1 {
		t.Fatalf("orders: got %d, want only Leo's", n)
	}
	b.Post("/checkout", page.Form("/checkout")).Wants(303)
	if n := orders(m); n != 2 {
		t.Fatalf("orders: got %d, want 2", n)
	}
	if at := b.Post("/checkout", form).Wants(303).Location; at != "/orders" { // the first form, by the back button
		t.Errorf("redirect of a used form: got %q, want /orders", at)
	}
}

func TestCheckout_free_order_needs_no_payment(t *testing.T) {
	m := open(t)
	video := m.Video(0, -1)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	page := b.Get("/checkout").Wants(200).Shows("Get it free").Hides("Pay with")
	at := b.Post("/checkout", page.Form("/checkout")).Wants(303).Location
	b.Get(at).Wants(200).Shows("Payment received", "Free, nothing was charged")
}

func TestCheckout_forged_form(t *testing.T) {
	m := open(t)
	video := m.Video(990, -1)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	form := b.Get("/checkout").Form("/checkout")
	for name, forge := range map[string]func(url.Values){
		"total":    func(f url.Values) { f.Set("total", "1") },
		"free":     func(f url.Values) { f.Set("total", "0") },
		"currency": func(f url.Values) { f.Set("currency", "USD") },
		"line":     func(f url.Values) { f.Set("line", "x*1@1") },
		"number":   func(f url.Values) { f.Set("line", strconv.FormatInt(video, 10)+"*1@z") },
		"quantity": func(f url.Values) { f.Set("line", strconv.FormatInt(video, 10)+"*-3@990") },
		"no line":  func(f url.Values) { f.Del("line") },
		"key":      func(f url.Values) { f.Set("key", "") },
		"provider": func(f url.Values) { f.Set("provider", "nobody") },
		"empty":    func(f url.Values) { clear(f) },
	} {
		forged := url.Values{}
		for k, v := range form {
			forged[k] = append([]string(nil), v...)
		}
		forge(forged)
		if a := b.Post("/checkout", forged); a.Status < 400 || a.Status > 499 {
			t.Errorf("%s: got %d, want 4xx: %s", name, a.Status, a.Text())
		}
	}
	if n := orders(m); n != 0 {
		t.Fatalf("orders by forged forms: got %d, want 0", n)
	}
}

func TestCheckout_both_languages(t *testing.T) {
	m := open(t)
	video := m.Video(990, -1, several)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Lang = "zh-CN,zh;q=0.9"
	b.Post("/cart/items", item(video, "quantity", "2"))
	b.Get("/cart").Wants(200).Shows("购物车", "影片1", "¥19.80", "去结算")
	page := b.Get("/checkout").Wants(200).Shows("结算", "支付 ¥19.80", "沙箱支付")
	setPrice(t, m, video, 500)
	page = b.Post("/checkout", page.Form("/checkout")).Wants(409).Shows("价格有变动", "合计由 ¥19.80 变为 ¥10.00")
	bank := b.Post("/checkout", page.Form("/checkout")).Wants(303).Location
	at := "/orders/" + webtest.Query[string](m, "select order_no from video_order")[0]
	b.Get(at).Wants(200).Shows("等待付款", "剩余付款时间", "订单号")
	m.PayAt(bank)
	b.Get(at).Shows("已收到付款")
	b.Get("/orders").Shows("我的订单", "已付款", "影片1")
}
