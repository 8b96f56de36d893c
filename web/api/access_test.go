package api_test

import (
	"fmt"
	"testing"
	"time"

	"videomall/mall/account"
)

// TestAPI_every_route_authenticates requests every route as a guest, as somebody else, and as the owner by cookie and
// by token.
func TestAPI_every_route_authenticates(t *testing.T) {
	t.Parallel()
	m := open(t)
	videoID, own, _ := m.harbour()
	ann, bob := m.person("ann"), m.person("bob")
	guest, stranger, browser, program := m.guest(), m.browser(bob), m.browser(ann), m.program(ann)
	waiting, third := m.Place(ann.ID, m.Sells(990, -1)).OrderNo, m.Sells(990, -1)
	bought := m.Place(ann.ID, own)
	m.pay(program.call("POST", "/payments/"+bought.OrderNo+"/prepay", `{"provider": "sandbox"}`).wants(200).
		text("action", "url"))
	m.OK(m.Orders.Deliver(m.Ctx, bought.OrderNo))

	for _, c := range []struct {
		method, address, body    string
		guest, stranger, allowed int
		sees                     int // rows that the owner finds in a list; a stranger finds none
	}{
		{"GET", "/api/openapi.json", "", 200, 200, 200, 0},
		{"GET", "/videos", "", 200, 200, 200, 0},
		{"GET", fmt.Sprint("/videos/", own), "", 200, 200, 200, 0},
		{"GET", "/campaigns", "", 200, 200, 200, 0},
		{"GET", "/orders/" + waiting, "", 401, 404, 200, 0},
		{"GET", "/orders/" + bought.OrderNo, "", 401, 404, 200, 0},
		{"POST", "/payments/" + waiting + "/prepay", `{"provider": "sandbox"}`, 401, 404, 200, 0},
		{"POST", "/orders/" + waiting + "/cancel", "", 401, 404, 200, 0},
		{"GET", "/me/orders", "", 401, 200, 200, 2},
		{"GET", "/me/entitlements", "", 401, 200, 200, 1},
		{"GET", fmt.Sprint("/play/auth/", videoID), "", 401, 403, 200, 0},
		{"POST", fmt.Sprint("/play/auth/", videoID), `{"takeover": true}`, 401, 403, 200, 0},
	} {
		guest.call(c.method, c.address, c.body).wants(c.guest)
		other := stranger.call(c.method, c.address, c.body).wants(c.stranger)
		if len(other.rows()) != 0 && c.sees > 0 {
			t.Errorf("%s as a stranger: got %s, want no rows", c.address, other.body)
		}
		for _, owner := range []*client{browser, program} {
			if c.method == "GET" && c.address == fmt.Sprint("/play/auth/", videoID) { // one screen at a time
				m.Advance(time.Minute)
			}
			a := owner.call(c.method, c.address, c.body).wants(c.allowed)
			if c.sees > 0 && len(a.rows()) != c.sees {
				t.Errorf("%s as the owner: got %d rows, want %d", c.address, len(a.rows()), c.sees)
			}
		}
	}
	body := fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}]}`, third)
	guest.order("k", body).refuses(401, "sign_in_required")
	guest.call("DELETE", "/auth/token", "").refuses(401, "sign_in_required")
	hers, his := program.order("k", body).wants(201), stranger.order("k", body).wants(201)
	if hers.text("orderNo") == his.text("orderNo") || his.header.Get("Idempotency-Replayed") != "" {
		t.Error("one person's idempotency key replays another person's order")
	}
}

func TestAPI_token_and_cookie(t *testing.T) {
	t.Parallel()
	m := open(t)
	sku := m.Sells(990, -1)
	ann, bob := m.person("ann"), m.person("bob")
	body := fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}]}`, sku)
	browser, program := m.browser(ann), m.program(bob)

	elsewhere := []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example", "Idempotency-Key", "k"}
	browser.call("POST", "/orders", body, elsewhere...).refuses(403, "cross_origin")
	no := program.call("POST", "/orders", body, elsewhere...).wants(201).text("orderNo")
	for _, address := range []string{"/orders/" + no + "/cancel", "/auth/token"} {
		browser.call("POST", address, `{}`, elsewhere...).refuses(403, "cross_origin")
	}
	browser.call("DELETE", "/auth/token", "", elsewhere...).refuses(403, "cross_origin")
	browser.call("DELETE", "/auth/token", "").refuses(401, "token_required")

	browser.token = program.token // Ann's cookie and Bob's token: the token counts
	if a := browser.call("GET", "/orders/"+no, "").wants(200); a.text("orderNo") != no {
		t.Errorf("order by cookie and token: got %s, want the order of the token's account", a.body)
	}
	browser.token = "vmt_nonsense" // a valid cookie does not make up for a wrong token
	browser.call("GET", "/me/orders", "").refuses(401, "invalid_token")

	c := m.guest()
	c.call("POST", "/auth/token", `{"email": "ann@example.test", "password": "not it"}`).refuses(401, "bad_credentials")
	c.call("POST", "/auth/token", `{"email": "nobody@example.test", "password": "not it"}`).
		refuses(401, "bad_credentials")
	a := c.call("POST", "/auth/token", `{"email": "ann@example.test"}`).refuses(422, "field_missing")
	if a.at("errors", "password") != "field_missing" {
		t.Errorf("token without a password: got %s, want password: field_missing", a.body)
	}
	for range 11 {
		a = c.call("POST", "/auth/token", `{"email": "carl@example.test", "password": "x"}`)
	}
	a.refuses(429, "too_many_attempts")

	m.Advance(13 * time.Hour)
	program.call("GET", "/me/orders", "").refuses(401, "invalid_token")
	if _, err := m.Accounts.Provision(m.Ctx, account.User{
		Email: bob.Email,
		Name:  bob.Name,
		Roles: account.Duties(),
	}, "x"); err != nil {
		t.Fatal(err)
	}
	m.browser(ann).call("GET", "/orders/"+no, "").refuses(404, "order_not_found")
	m.browser(bob).call("GET", "/orders/"+no, "").wants(200)
}
