package checkout_test

import (
	"testing"
	"time"

	"videomall/mall/promotion"
	"videomall/web/webtest"
)

func coupon(t *testing.T, m *webtest.Mall, code string, limit int) promotion.Coupon {
	t.Helper()
	c, err := m.Promotions.CreateCoupon(t.Context(), promotion.Actor{UserID: 1}, code, promotion.Terms{
		Currency:   "CNY",
		AmountOff:  300,
		ValidFrom:  m.Now().Add(-time.Hour),
		ValidUntil: m.Now().Add(time.Hour),
		TotalLimit: limit,
		PerUser:    1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCheckout_coupon(t *testing.T) {
	m := open(t)
	video := m.Video(990, -1)
	coupon(t, m, "SPRING", 5)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	b.Get("/checkout").Wants(200).Shows("Coupon code", "Pay CN¥9.90").Hides("Discount")
	b.Get("/checkout?coupon=nothing").Wants(200).Shows("There is no such coupon", "Pay CN¥9.90")
	page := b.Get("/checkout?coupon=+spring").Wants(200).Shows("Coupon SPRING is applied", "Discount", "Pay CN¥6.90")
	b.Get("/cart").Shows("CN¥9.90").Hides("CN¥6.90")
	form := page.Form("/checkout")
	if form.Get("coupon_code") != "SPRING" || form.Get("total") != "690" {
		t.Fatalf("form: got %v, want coupon SPRING and total 690", form)
	}
	b.Post("/checkout", form).Wants(303)
	b.Post("/checkout", form).Wants(303)
	if totals := webtest.Query[int64](m, `select total_amount from video_order`); len(totals) != 1 || totals[0] != 690 {
		t.Fatalf("totals of orders: got %v, want [690]", totals)
	}
	no := webtest.Query[string](m, `select order_no from video_order`)[0]
	b.Get("/orders/"+no).Wants(200).Shows("Coupon SPRING", "CN¥3.00", "CN¥6.90", "CN¥9.90")
}

func TestCheckout_coupon_used_up_meanwhile(t *testing.T) {
	m := open(t)
	video := m.Video(990, -1)
	k := coupon(t, m, "LAST", 1)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	form := b.Get("/checkout?coupon=last").Wants(200).Form("/checkout")
	if err := m.Promotions.StopCoupon(t.Context(), promotion.Actor{UserID: 1}, k.ID, k.Version); err != nil {
		t.Fatal(err)
	}
	page := b.Post("/checkout", form).Wants(409).Shows("The order was not placed", "no longer valid", "Pay CN¥9.90")
	if n := orders(m); n != 0 {
		t.Fatalf("orders: got %d, want 0", n)
	}
	without := page.Form("/checkout")
	if without.Has("coupon_code") {
		t.Errorf("form still contains the coupon: %v", without)
	}
	b.Post("/checkout", without).Wants(303)
	if totals := webtest.Query[int64](m, `select total_amount from video_order`); len(totals) != 1 || totals[0] != 990 {
		t.Fatalf("totals of orders: got %v, want [990]", totals)
	}
}
