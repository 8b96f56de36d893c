package api_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"videomall/mall/fault"
	"videomall/mall/malltest"
	"videomall/web/api"
)

func line(sku int64, quantity any) string {
	return fmt.Sprintf(`{"skuId": %d, "quantity": %v}`, sku, quantity)
}

func items(lines ...string) string { return `{"items": [` + strings.Join(lines, ", ") + `]}` }

func TestOrders_idempotency_key(t *testing.T) {
	t.Parallel()
	m := open(t)
	one, two := m.Sells(990, -1), m.Sells(500, -1)
	c := m.browser(m.person("ann"))

	first := c.order("k", items(line(one, 1), line(two, 1))).wants(201)
	if first.header.Get("Idempotency-Replayed") != "" {
		t.Error("first order is marked as a replay")
	}
	for name, body := range map[string]string{
		"same":                 items(line(one, 1), line(two, 1)),
		"other order of items": items(line(two, 1), line(one, 1)),
		"other spacing":        strings.ReplaceAll(items(line(one, 1), line(two, 1)), " ", ""),
	} {
		if a := c.order("k", body).wants(201); a.body != first.body ||
			a.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s: got %s with headers %v, want a replay", name, a.body, a.header)
		}
	}
	c.order("k", items(line(one, 1))).refuses(422, "idempotency_key_reused")
	m.Place(1, one) // somebody else's

	// The order changes its state, but the answer to placing it stays the same.
	m.pay(c.call("POST", "/payments/"+first.text("orderNo")+"/prepay", `{"provider": "sandbox"}`).wants(200).
		text("action", "url"))
	m.OK(m.Orders.Deliver(m.Ctx, first.text("orderNo")))
	if a := c.order("k", items(line(one, 1), line(two, 1))).wants(201); a.body != first.body {
		t.Errorf("replay after delivery: got %s, want %s", a.body, first.body)
	}

	bodies, fresh := map[string]bool{}, 0
	var mu sync.Mutex
	var all sync.WaitGroup
	bob := m.program(m.person("bob"))
	for range 6 {
		all.Go(func() {
			a := bob.order("at once", items(line(two, 1)))
			mu.Lock()
			defer mu.Unlock()
			bodies[a.body] = a.status == http.StatusCreated
			if a.header.Get("Idempotency-Replayed") == "" {
				fresh++
			}
		})
	}
	all.Wait()
	if len(bodies) != 1 || fresh != 1 {
		t.Errorf("concurrent requests: got %d that were no replay, want 1; bodies %v", fresh, bodies)
	}
	if n := malltest.Query[int64](m.Mall,
		`select count(*) from video_order where idempotency_key = 'at once'`)[0]; n != 1 {
		t.Errorf("orders: got %d, want 1", n)
	}
}

func TestOrders_refused_order_frees_key(t *testing.T) {
	t.Parallel()
	m := open(t)
	sku := m.Sells(990, 0)
	c := m.browser(m.person("ann"))
	a := c.order("k", items(line(sku, 1))).refuses(409, "sold_out")
	if a.at("errors", fmt.Sprint("sku:", sku)) != "sold_out" {
		t.Errorf("order of a sold-out SKU: got %s, want errors with sold_out", a.body)
	}
	if got := c.call("GET", fmt.Sprint("/videos/", sku), "").wants(200).at("problem"); got != "sold_out" {
		t.Errorf("problem of the SKU: got %v, want sold_out", got)
	}
	_, err := m.Inventory.SetStock(m.Ctx, sku, 1)
	m.OK(err)
	no := c.order("k", items(line(sku, 1))).wants(201).text("orderNo")
	closed := c.call("POST", "/orders/"+no+"/cancel", "").wants(200)
	if again := c.call("POST", "/orders/"+no+"/cancel", "").wants(200); closed.text("status") != "CLOSED" ||
		again.body != closed.body {
		t.Errorf("second cancellation: after %s got %s, want the same closed order", closed.body, again.body)
	}
	c.call("POST", "/payments/"+no+"/prepay", `{"provider": "sandbox"}`).refuses(409, "order_not_payable")
	m.Whole()
}

func TestOrders_own_pages(t *testing.T) {
	t.Parallel()
	m := open(t)
	sku := m.Sells(990, -1)
	ann, bob := m.person("ann"), m.person("bob")
	c := m.browser(ann)
	var placed []string
	for range 5 {
		m.Advance(time.Second)
		placed = append(placed, m.Place(ann.ID, sku).OrderNo)
	}
	others := m.Place(bob.ID, sku).OrderNo
	var seen []string
	cursor := ""
	for range 9 {
		a := c.call("GET", "/me/orders?limit=2&cursor="+cursor, "").wants(200)
		for i := range a.rows() {
			seen = append(seen, a.text("items", i, "orderNo"))
		}
		if cursor = a.text("nextCursor"); cursor == "" {
			break
		}
	}
	if len(seen) != 5 || seen[0] != placed[4] || seen[4] != placed[0] {
		t.Errorf("listed orders: got %v, want the reverse of %v", seen, placed)
	}
	for query, field := range map[string]string{
		"cursor=" + others: "cursor", "cursor=x": "cursor", "limit=0": "limit",
		"limit=101": "limit", "limit=ten": "limit", "limit=1&limit=2": "limit", "before=1": "before",
		"cursor=" + strings.Repeat("0", 26): "cursor",
	} {
		a := c.call("GET", "/me/orders?"+query, "").wants(422)
		if a.at("errors", field) == nil {
			t.Errorf("%s: got %s, want an error of %s", query, a.body, field)
		}
	}
	for _, cursor := range []string{"x", "AAAA"} {
		c.call("GET", "/me/entitlements?cursor="+cursor, "").refuses(422, "cursor_invalid")
	}
	far := base64.RawURLEncoding.EncodeToString([]byte("9223372036854775807.9223372036854775807"))
	c.call("GET", "/me/entitlements?cursor="+far, "").wants(200)
	c.call("GET", "/me/orders?limit=%zz", "").refuses(400, "bad_request")
	for _, no := range []string{"nothing", strings.ToLower(placed[0]), strings.Repeat("9", 5000)} {
		c.call("GET", "/orders/"+no, "").refuses(404, "order_not_found")
		c.call("POST", "/orders/"+no+"/cancel", "").refuses(404, "order_not_found")
	}
	for body, code := range map[string]string{
		`{}`: "field_missing", `{"provider": "paypal"}`: "unknown_provider",
		`{"provider": ""}`: "unknown_provider",
	} {
		c.call("POST", "/payments/"+placed[0]+"/prepay", body).refuses(422, code)
	}
}

// FuzzOrderBody checks that reading any bytes as an order returns lines or a fault of kind Invalid.
func FuzzOrderBody(f *testing.F) {
	for _, seed := range []string{
		`{"items": [{"skuId": 1, "quantity": 1}]}`, `{"items": null, "couponCode": "x"}`,
		`{"campaignId": 1}`, `{"items": [null]}`,
		`[]`, `{"items": [{"skuId": 1e3, "quantity": -0}]}`, "{\"\xff\": 1}",
		`{"items":[{"skuId":9223372036854775807,"quantity":1,"quantity":1}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		lines, err := api.ReadOrder(body)
		if err == nil {
			return
		}
		if lines != nil && len(lines) > len(body) {
			t.Errorf("got %d lines from a body of %d bytes", len(lines), len(body))
		}
		if found := fault.From(err); found.Slug == "internal" || found.Kind != fault.Invalid {
			t.Errorf("body %q: got error %v, want an invalid one", body, err)
		}
	})
}
