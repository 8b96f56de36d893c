package checkout_test

import (
	"strings"
	"testing"
	"time"

	"videomall/web/webtest"
)

func TestCheckout_flash_sale_sells_out_meanwhile(t *testing.T) {
	m := open(t)
	video := m.Video(2600, -1)
	m.FlashSale(video, 1290, 1)
	mia, leo := m.Browser(m.Person("mia", "shopper").ID), m.Browser(m.Person("leo", "shopper").ID)
	for _, b := range []*webtest.Browser{mia, leo} {
		b.Post("/cart/items", item(video)).Wants(303)
		b.Get("/cart").Wants(200).Shows("CN¥12.90", "CN¥26.00", "Flash sale price until")
	}
	page := leo.Get("/checkout").Wants(200).Shows("CN¥26.00", "Flash sale price until", "Pay CN¥12.90")
	mia.Post("/checkout", mia.Get("/checkout").Form("/checkout")).Wants(303)

	page = leo.Post("/checkout", page.Form("/checkout")).Wants(409).Shows("The total was CN¥12.90 and is now CN¥26.00",
		"The flash sale at CN¥12.90 has sold out. This is the normal price.", "Agree and pay CN¥26.00")
	if n := orders(m); n != 1 {
		t.Fatalf("orders: got %d, want only Mia's", n)
	}
	if to := leo.Post("/checkout", page.Form("/checkout")).
		Wants(303).Location; !strings.HasPrefix(to, "/sandbox/pay/") {
		t.Errorf("redirect after agreeing: got %q, want the payment page", to)
	}
	if totals := webtest.Query[int64](m, "select total_amount from video_order order by id"); len(totals) != 2 ||
		totals[0] != 1290 || totals[1] != 2600 {
		t.Errorf("totals of orders: got %v, want [1290 2600]", totals)
	}
	mia.Post("/cart/items", item(video)).Wants(303)
	mia.Get("/cart").Wants(200).Shows("CN¥26.00", "sells you no more of this")
}

func TestCheckout_flash_sale_ends_meanwhile(t *testing.T) {
	m := open(t)
	video, other := m.Video(2600, -1), m.Video(900, -1)
	m.FlashSale(video, 1290, 5)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video)).Wants(303)
	before := b.Get("/checkout").Wants(200).Shows("Pay CN¥12.90")
	held := m.Browser(m.Person("leo", "shopper").ID)
	held.Post("/cart/items", item(video)).Wants(303)
	held.Post("/checkout", held.Get("/checkout").Form("/checkout")).Wants(303)

	m.Advance(time.Hour)
	page := b.Post("/checkout", before.Form("/checkout")).Wants(409).
		Shows("The total was CN¥12.90 and is now CN¥26.00", "Agree and pay CN¥26.00").
		Hides("Flash sale price until", "has sold out")
	b.Post("/cart/items", item(other)).Wants(303)
	b.Post("/checkout", page.Form("/checkout")).Wants(303)
	if totals := webtest.Query[int64](m, "select total_amount from video_order order by id"); len(totals) != 2 ||
		totals[0] != 1290 || totals[1] != 2600 {
		t.Errorf("totals of orders: got %v, want [1290 2600]", totals)
	}
}
