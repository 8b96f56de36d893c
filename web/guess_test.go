package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/promotion"
	"videomall/mall/risk"
)

// TestCouponGuesses checks that attempts with unknown codes are limited by account, device and address, on every page
// that takes a code, and that attempts with existing codes are not counted.
func TestCouponGuesses(t *testing.T) {
	h := openHouse(t, risk.Policies{risk.Coupons: {risk.User: per(3), risk.Device: per(5), risk.Address: per(7)}})
	_, err := h.Promotions.CreateCoupon(h.Ctx, promotion.Actor{UserID: 1}, "SPRING", promotion.Terms{
		Currency:   "CNY",
		AmountOff:  300,
		ValidFrom:  h.Now(),
		ValidUntil: h.Now().Add(time.Hour),
		TotalLimit: 50,
		PerUser:    50,
	})
	h.OK(err)
	sku := h.Sells(990, -1)
	enter := func(c *client, name string) {
		c.signIn(h.person(name, account.RoleShopper))
		c.ask("POST", "/cart/items", fmt.Sprintf("sku_id=%d&quantity=1", sku))
	}
	tries := func(c *client, code string) string {
		a := c.get("/checkout?coupon=" + code)
		for _, says := range []string{"There is no such coupon", "Too many attempts", "Coupon SPRING is applied"} {
			if strings.Contains(a.body, says) {
				return says
			}
		}
		t.Fatalf("checkout with %s: got %d %s, want a message about the code", code, a.status, a.body)
		return ""
	}
	wants := func(c *client, code, want string) {
		t.Helper()
		if got := tries(c, code); got != want {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
	}
	const unknown, refused, applied = "There is no such coupon", "Too many attempts", "Coupon SPRING is applied"
	places := func(token, key, code string) reply {
		c := h.at("198.51.100.1")
		c.token = token
		return c.ask("POST", "/api/v1/mall/orders",
			fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}], "couponCode": %q}`, sku, code),
			"Content-Type", "application/json", "Idempotency-Key", key, "Accept", "application/json")
	}
	b := h.at("192.0.2.1")
	enter(b, "ann")
	for range 5 {
		wants(b, "spring", applied)
	}
	for n := range 3 {
		wants(b, fmt.Sprint("GUESS", n), unknown)
		wants(b, fmt.Sprint("guess", n), unknown) // the same code again does not count
	}
	wants(b, "spring", refused)
	page := b.get("/checkout") // without a code the checkout still works
	if page.status != 200 || strings.Contains(page.body, refused) {
		t.Errorf("checkout without a code: got %d, want 200", page.status)
	}
	token, err := h.Accounts.IssueToken(h.Ctx, account.TokenRequest{Email: "ann@example.test", Password: password})
	h.OK(err)
	a := places(token.Value, "key-of-the-order-1", "GUESS")
	if a.status != http.StatusTooManyRequests || !strings.Contains(a.body, `"too_many_attempts"`) ||
		a.header.Get("Retry-After") == "" {
		t.Errorf("guess through the API: got %d %v %s, want 429 with Retry-After", a.status, a.header, a.body)
	}
	if a := places(token.Value, "key-of-the-order-2", ""); a.status != http.StatusCreated {
		t.Errorf("order without a code: got %d, want 201: %s", a.status, a.body)
	}
	h.Advance(rest)
	if a := places(token.Value, "key-of-the-order-3", "GUESS"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("guess through the API after a while: got %d, want 422: %s", a.status, a.body)
	}
	if a := places(token.Value, "key-of-the-order-4", "SPRING"); a.status != http.StatusCreated {
		t.Errorf("order with an existing code: got %d, want 201: %s", a.status, a.body)
	}

	// Another account on the same device, then another device at the same address.
	h.Advance(rest)
	for n := range 3 {
		wants(b, fmt.Sprint("GUESS", n), unknown)
	}
	b.ask("POST", "/sign-out", "x=1")
	enter(b, "ben")
	wants(b, "GUESS3", unknown)
	wants(b, "GUESS4", unknown)
	wants(b, "GUESS5", refused)
	other := h.at("192.0.2.1")
	enter(other, "cal")
	wants(other, "GUESS5", unknown)
	wants(other, "GUESS6", unknown)
	wants(other, "GUESS7", refused)
	h.OK(h.Lists.Add(h.Ctx, risk.NewEntry{
		Effect:  risk.Allow,
		Kind:    risk.Address,
		Subject: "192.0.2.1",
		Reason:  "office",
		For:     time.Hour,
		By:      risk.Subject{UserID: h.person("olga", account.RoleOperator).ID},
	}))
	wants(other, "GUESS8", unknown)
}

// TestCouponGuesses_form checks that each order form with an unknown code counts as one guess, and that the page says
// why it is refused.
func TestCouponGuesses_form(t *testing.T) {
	h := openHouse(t, risk.Policies{risk.Coupons: {risk.User: per(2)}})
	sku := h.Sells(990, -1)
	b := h.at("192.0.2.1")
	b.signIn(h.person("ann", account.RoleShopper))
	b.ask("POST", "/cart/items", fmt.Sprintf("sku_id=%d&quantity=1", sku))
	for n, want := range []string{"There is no such coupon", "There is no such coupon", "Too many attempts"} {
		a := b.ask("POST", "/checkout",
			fmt.Sprintf("key=K%d&provider=sandbox&coupon_code=GUESS%d&total=990&currency=CNY&line=%d*1@990", n, n, sku))
		if a.status != http.StatusConflict || !strings.Contains(a.body, want) {
			t.Errorf("order %d: got %d, want 409 with %q", n+1, a.status, want)
		}
	}
}
