package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAPI_buy_and_watch(t *testing.T) {
	t.Parallel()
	m := open(t)
	videoID, own, rent := m.harbour()
	ann := m.person("ann")
	c := m.guest()
	began := time.Now()

	token := c.call("POST", "/auth/token", `{"email": "ANN@example.test", "password": "`+password+`"}`).wants(200)
	if until, err := time.Parse(time.RFC3339, token.text("expiresAt")); err != nil ||
		until.Before(began.Add(11*time.Hour)) {
		t.Errorf("expiry of the token: got %v, %v, want at least 11h from now", until, err)
	}
	c.token = token.text("token")

	list := c.call("GET", "/videos?q=harbour", "").wants(200)
	first := list.at("items", 0).(map[string]any)
	for name, want := range map[string]any{
		"videoId":         float64(videoID),
		"skuId":           float64(rent),
		"title":           "Harbour at dawn",
		"creator":         "Creator",
		"durationSeconds": 4.0,
		"rating":          nil,
		"coverUrl":        m.url + "/media/covers/harbour-960.webp",
		"listPrice":       nil,
	} {
		if first[name] != want {
			t.Errorf("%s: got %v, want %v", name, first[name], want)
		}
	}
	sku := c.call("GET", fmt.Sprint("/videos/", own), "").wants(200)
	if sku.number("price", "amount") != 1990 || sku.number("listPrice", "amount") != 2990 ||
		sku.number("siblings", 0, "skuId") != rent ||
		sku.number("siblings", 0, "rentHours") != 48 || sku.at("problem") != nil ||
		sku.text("video", "description") != "A morning." {
		t.Errorf("SKU: got %s", sku.body)
	}

	placed := c.order("order-1", fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}]}`, own)).wants(201)
	no := placed.text("orderNo")
	if placed.text("status") != "PENDING_PAY" || placed.number("total", "amount") != 1990 ||
		placed.header.Get("Location") != v1+"/orders/"+no {
		t.Errorf("placed order: got %s", placed.body)
	}
	c.call("GET", fmt.Sprint("/play/auth/", videoID), "").refuses(403, "not_entitled")
	attempt := c.call("POST", "/payments/"+no+"/prepay", `{"provider": "sandbox"}`).wants(200)
	if again := c.call("POST", "/payments/"+no+"/prepay", `{"provider": "sandbox"}`).
		wants(200); again.body != attempt.body {
		t.Errorf("second prepay: got %s, want %s", again.body, attempt.body)
	}
	m.pay(attempt.text("action", "url"))
	if a := c.call("GET", "/orders/"+no, "").wants(200); a.text("status") != "PAID" ||
		a.text("items", 0, "title") != "Harbour at dawn" {
		t.Errorf("paid order: got %s", a.body)
	}
	m.OK(m.Orders.Deliver(m.Ctx, no))
	delivered := c.call("GET", "/orders/"+no, "").wants(200)
	if delivered.text("status") != "DELIVERED" || !strings.HasSuffix(delivered.text("deliveredAt"), "Z") {
		t.Errorf("delivered order: got %s", delivered.body)
	}
	held := c.call("GET", "/me/entitlements", "").wants(200)
	if held.text("items", 0, "orderNo") != no || held.number("items", 0, "videoId") != videoID ||
		held.text("items", 0, "status") != "active" || held.text("nextCursor") != "" {
		t.Errorf("entitlements: got %s", held.body)
	}
	if again := c.call("GET", fmt.Sprint("/videos/", own), "").wants(200); again.at("problem") != "already_owned" {
		t.Errorf("SKU of an owned video: got %s, want problem already_owned", again.body)
	}
	c.order("order-2", fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}]}`, own)).refuses(409, "already_owned")

	play := c.call("GET", fmt.Sprint("/play/auth/", videoID), "").wants(200)
	res, err := c.http.Get(m.url + play.text("playlistUrl"))
	m.OK(err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("playlist: got %d, want 200", res.StatusCode)
	}
	// A browser sends the heartbeat; its session identifies the account.
	b := m.browser(ann)
	b.call("GET", fmt.Sprint("/play/auth/", videoID), "").refuses(409, "stream_limit")
	here := b.call("POST", fmt.Sprint("/play/auth/", videoID), `{"takeover": true}`).wants(200)
	b.call("POST", "/play/heartbeat", `{"position": 1.5}`, "Authorization", "Bearer "+here.text("token")).wants(200)
	b.call("POST", "/play/heartbeat", `{"position": 1.5}`).refuses(403, "bad_token")

	c.call("DELETE", "/auth/token", "").wants(204)
	c.call("GET", "/me/orders", "").refuses(401, "invalid_token")
	c.call("GET", "/videos", "").refuses(401, "invalid_token")
	m.Whole()
}

func TestOrders_free_order(t *testing.T) {
	t.Parallel()
	m := open(t)
	free := m.Sells(0, -1)
	c := m.browser(m.person("ann"))
	body := fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}], "couponCode": "", "campaignId": null}`, free)
	placed := c.order("free", body).wants(201)
	if placed.text("status") != "PAID" {
		t.Errorf("free order: got %s, want status PAID", placed.body)
	}
	m.OK(m.Orders.Deliver(m.Ctx, placed.text("orderNo")))
	if again := c.order("free", body).wants(201); again.body != placed.body ||
		again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("replayed order: got %s, want the same as before", again.body)
	}
	c.call("POST", "/payments/"+placed.text("orderNo")+"/prepay", `{"provider": "sandbox"}`).
		refuses(409, "order_not_payable")
	c.call("POST", "/orders/"+placed.text("orderNo")+"/cancel", "").refuses(409, "order_not_payable")
}
