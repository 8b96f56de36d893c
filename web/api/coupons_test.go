package api_test

import (
	"fmt"
	"testing"
	"time"

	"videomall/mall/promotion"
)

func TestOrders_coupon(t *testing.T) {
	t.Parallel()
	m := open(t)
	video := m.Sells(990, -1)
	_, err := m.Promotions.CreateCoupon(m.Ctx, promotion.Actor{UserID: 1}, "SPRING", promotion.Terms{
		Currency:   "CNY",
		AmountOff:  300,
		ValidFrom:  m.Now().Add(-time.Hour),
		ValidUntil: m.Now().Add(time.Hour),
		TotalLimit: 1,
		PerUser:    1,
	})
	m.OK(err)
	c := m.browser(m.person("ann"))
	body := func(more string) string {
		return fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}]%s}`, video, more)
	}
	placed := c.order("k", body(`, "couponCode": "spring"`)).wants(201)
	if placed.at("total", "amount") != 690.0 {
		t.Errorf("order with a coupon: got %s, want total 690", placed.body)
	}
	if again := c.order("k", body(`, "couponCode": "SPRING"`)).wants(201); again.body != placed.body {
		t.Errorf("replayed order: got %s, want the same as before", again.body)
	}
	a := c.call("GET", "/orders/"+placed.text("orderNo"), "").wants(200)
	if a.at("discount", "amount") != 300.0 || a.text("couponCode") != "SPRING" ||
		a.at("items", 0, "discount", "amount") != 300.0 || a.at("items", 0, "amount", "amount") != 990.0 {
		t.Errorf("discount of the order: got %s, want 300 by SPRING", a.body)
	}
	other := m.browser(m.person("bob"))
	other.order("l", body(`, "couponCode": "SPRING"`)).refuses(409, "coupon_used_up")
	// Codes are normalised, so each of these is known and used up.
	for n, typed := range []string{"ＳＰＲＩＮＧ", "ｓｐｒｉｎｇ", "SPR\u200bING", "S\u00adPRIN\ufe0fG\u034f", "\u3000Spring "} {
		other.order(fmt.Sprint("typed-", n), body(`, "couponCode": "`+typed+`"`)).refuses(409, "coupon_used_up")
	}
	other.order("l", body(`, "couponCode": "SPRING", "campaignId": 1`)).refuses(422, "coupon_with_sale")
	other.order("l", body(`, "couponCode": "\u0000"`)).refuses(422, "coupon_unknown")
	other.order("l", body(`, "couponCode": " "`)).wants(201) // a blank code is no code
	m.Whole()
}
