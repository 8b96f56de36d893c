package checkout_test

import (
	"strings"
	"testing"
	"time"

	"videomall/web/webtest"
)

func TestAwaiting_return_from_payment_page(t *testing.T) {
	m := open(t)
	b := m.Browser(m.Person("mia", "shopper").ID)
	buy := func(video int64) (orderNo, bank string) {
		t.Helper()
		b.Post("/cart/items", item(video)).Wants(303)
		bank = b.Post("/checkout", b.Get("/checkout").Form("/checkout")).Wants(303).Location
		return webtest.Query[string](m, "select order_no from video_order order by id desc limit 1")[0], bank
	}
	b.Get("/cart").Wants(200).Hides("awaits payment")
	if to := b.Get("/checkout").Wants(303).Location; to != "/cart" {
		t.Errorf("checkout of an empty cart: redirect: got %q, want /cart", to)
	}
	first, bank := buy(m.Video(990, -1))
	if to := b.Get("/checkout").Wants(303).Location; to != "/orders/"+first { // the browser's back button
		t.Errorf("checkout after placing an order: redirect: got %q, want the order", to)
	}
	if a := b.Get("/cart").Wants(200).Shows("1 order awaits payment"); !a.Has(`href="/orders/` + first + `"`) {
		t.Errorf("header lacks a link to the order that awaits payment: %s", a.Body)
	}
	b.Get("/orders/" + first).Wants(200).Shows("Waiting for your payment").Hides("1 order awaits payment")
	m.Browser(m.Person("leo", "shopper").ID).Get("/cart").Hides("awaits payment")
	m.Browser(0).Get("/cart").Hides("awaits payment")

	second, _ := buy(m.Video(990, -1))
	if a := b.Get("/cart").Wants(200).Shows("2 orders await payment"); !a.Has(`href="/orders" `) {
		t.Errorf("header lacks a link to the orders that await payment: %s", a.Body)
	}
	if to := b.Get("/checkout").Wants(303).Location; to != "/orders/"+second {
		t.Errorf("checkout after a second order: redirect: got %q, want the second order", to)
	}
	m.PayAt(bank)
	b.Get("/cart").Shows("1 order awaits payment")
	m.Advance(16 * time.Minute) // the time to pay is over
	b.Get("/cart").Hides("awaits payment", "await payment")
	if to := b.Get("/checkout").Wants(303).Location; !strings.HasPrefix(to, "/cart") {
		t.Errorf("checkout after the time to pay: redirect: got %q, want the cart", to)
	}
}
