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

func TestAKeyIsOneOrder(t *testing.T) {
	t.Parallel()
	m := open(t)
	one, two := m.Sells(990, -1), m.Sells(500, -1)
	c := m.browser(m.person("ann"))

	first := c.order("wish", items(line(one, 1), line(two, 1))).wants(201)
	if first.header.Get("Idempotency-Replayed") != "" {
		t.Error("the first is called a replay")
	}
	for name, body := range map[string]string{
		"same":           items(line(one, 1), line(two, 1)),
		"other sequence": items(line(two, 1), line(one, 1)),
		"other spacing":  strings.ReplaceAll(items(line(one, 1), line(two, 1)), " ", ""),
	} {
		if a := c.order("wish", body).wants(201); a.body != first.body ||
			a.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s: %s %v", name, a.body, a.header)
		}
	}
	c.order("wish", items(line(one, 1))).refuses(422, "idempotency_key_reused")
	m.Place(1, one) // somebody else's

	// The order moves on; the answer to its placing does not.
	m.pay(c.call("POST", "/payments/"+first.text("orderNo")+"/prepay", `{"provider": "sandbox"}`).wants(200).
		text("action", "url"))
	m.OK(m.Orders.Deliver(m.Ctx, first.text("orderNo")))
	if a := c.order("wish", items(line(one, 1), line(two, 1))).wants(201); a.body != first.body {
		t.Errorf("after delivery: %s", a.body)
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
		t.Errorf("%d fresh, bodies %v", fresh, bodies)
	}
	if n := malltest.Query[int64](m.Mall,
		`select count(*) from video_order where idempotency_key = 'at once'`)[0]; n != 1 {
		t.Errorf("%d orders", n)
	}
}

func TestARefusedOrderLeavesItsKeyUnused(t *testing.T) {
	t.Parallel()
	m := open(t)
	sku := m.Sells(990, 0)
	c := m.browser(m.person("ann"))
	a := c.order("wish", items(line(sku, 1))).refuses(409, "sold_out")
	if a.at("errors", fmt.Sprint("sku:", sku)) != "sold_out" {
		t.Errorf("%s", a.body)
	}
	if got := c.call("GET", fmt.Sprint("/videos/", sku), "").wants(200).at("problem"); got != "sold_out" {
		t.Errorf("problem %v", got)
	}
	_, err := m.Inventory.SetStock(m.Ctx, sku, 1)
	m.OK(err)
	no := c.order("wish", items(line(sku, 1))).wants(201).text("orderNo")
	closed := c.call("POST", "/orders/"+no+"/cancel", "").wants(200)
	if again := c.call("POST", "/orders/"+no+"/cancel", "").wants(200); closed.text("status") != "CLOSED" ||
		again.body != closed.body {
		t.Errorf("%s then %s", closed.body, again.body)
	}
	c.call("POST", "/payments/"+no+"/prepay", `{"provider": "sandbox"}`).refuses(409, "order_not_payable")
	m.Whole()
}

func TestWhatAnOrderMayNotSay(t *testing.T) {
	t.Parallel()
	m := open(t)
	sku := m.Sells(990, -1)
	c := m.browser(m.person("ann"))
	good := items(line(sku, 1))
	long := func(n int) string { return strings.Repeat("x", n) }
	for name, w := range map[string]struct {
		body    string
		status  int
		code    string
		field   string // one of errors, and why
		why     string
		headers []string
	}{
		"no key": {
			body:    good,
			status:  422,
			code:    "idempotency_key_missing",
			headers: []string{"Idempotency-Key", ""},
		},
		"two keys": {
			body:    good,
			status:  422,
			code:    "idempotency_key_missing",
			headers: []string{"Idempotency-Key", "b"},
		},
		"a long key": {
			body:    good,
			status:  422,
			code:    "idempotency_key_missing",
			headers: []string{"Idempotency-Key", "", "Idempotency-Key", long(201)},
		},
		"a Chinese key": {
			body:    good,
			status:  422,
			code:    "idempotency_key_missing",
			headers: []string{"Idempotency-Key", "", "Idempotency-Key", "钥匙"},
		},
		"no body": {
			body:    "",
			status:  400,
			code:    "malformed_json",
			headers: []string{"Content-Type", "application/json"},
		},
		"no type": {
			body:    good,
			status:  415,
			code:    "unsupported_media_type",
			headers: []string{"Content-Type", ""},
		},
		"a form": {
			body:    "items=1",
			status:  415,
			code:    "unsupported_media_type",
			headers: []string{"Content-Type", "", "Content-Type", "application/x-www-form-urlencoded"},
		},
		"plain text": {
			body:    good,
			status:  415,
			code:    "unsupported_media_type",
			headers: []string{"Content-Type", "", "Content-Type", "text/plain"},
		},
		"packed": {
			body:    good,
			status:  415,
			code:    "unsupported_media_type",
			headers: []string{"Content-Encoding", "gzip"},
		},
		"too large": {
			body:   `{"items": [], "couponCode": "` + long(64<<10) + `"}`,
			status: 413,
			code:   "too_large",
		},
		"torn": {
			body:   good[:20],
			status: 400,
			code:   "malformed_json",
		},
		"two values": {
			body:   good + good,
			status: 400,
			code:   "malformed_json",
		},
		"garbage behind": {
			body:   good + "x",
			status: 400,
			code:   "malformed_json",
		},
		"a list": {
			body:   "[]",
			status: 400,
			code:   "wrong_type",
			field:  "body",
			why:    "wrong_type",
		},
		"null": {
			body:   "null",
			status: 422,
			code:   "empty_order",
		},
		"nested deep": {
			body:   strings.Repeat("[", 60000),
			status: 400,
			code:   "wrong_type",
		},
		"deep in a field": {
			body:   `{"items": ` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + `}`,
			status: 400,
			code:   "wrong_type",
		},
		"a name twice": {
			body:   `{"items": [], "items": []}`,
			status: 400,
			code:   "malformed_json",
			field:  "items",
			why:    "duplicate_field",
		},
		"broken characters": {
			body:   "{\"couponCode\": \"\xff\"}",
			status: 400,
			code:   "malformed_json",
		},
		"an unknown field": {
			body:   `{"items": [], "total": 1}`,
			status: 400,
			code:   "unknown_field",
			field:  "total",
			why:    "unknown_field",
		},
		"another case": {
			body:   `{"Items": []}`,
			status: 400,
			code:   "unknown_field",
			field:  "Items",
			why:    "unknown_field",
		},
		"unknown inside": {
			body:   items(`{"skuId": 1, "quantity": 1, "price": 1}`),
			status: 400,
			code:   "unknown_field",
			field:  "items/0/price",
			why:    "unknown_field",
		},
		"a text as id": {
			body:   items(`{"skuId": "1", "quantity": 1}`),
			status: 400,
			code:   "wrong_type",
			field:  "items/0/skuId",
			why:    "wrong_type",
		},
		"a broken number": {
			body:   items(line(sku, "1.5")),
			status: 400,
			code:   "wrong_type",
			field:  "items/0/quantity",
			why:    "wrong_type",
		},
		"one as a float": {
			body:   items(line(sku, "1.0")),
			status: 400,
			code:   "wrong_type",
		},
		"a huge number": {
			body:   items(line(sku, "9223372036854775808")),
			status: 400,
			code:   "wrong_type",
		},
		"an endless number": {
			body:   items(line(sku, "1e400")),
			status: 400,
			code:   "wrong_type",
		},
		"a text as campaign": {
			body:   `{"items": [], "campaignId": "7"}`,
			status: 400,
			code:   "wrong_type",
			field:  "campaignId",
			why:    "wrong_type",
		},
		"no quantity": {
			body:   items(line(sku, 1), `{"skuId": 1}`),
			status: 422,
			code:   "field_missing",
			field:  "items/1/quantity",
			why:    "field_missing",
		},
		"null as id": {
			body:   items(`{"skuId": null, "quantity": 1}`),
			status: 422,
			code:   "field_missing",
			field:  "items/0/skuId",
			why:    "field_missing",
		},
		"nothing": {
			body:   `{}`,
			status: 422,
			code:   "empty_order",
		},
		"no items": {
			body:   items(),
			status: 422,
			code:   "empty_order",
		},
		"too many items": {
			body:   items(strings.Split(strings.Repeat(line(sku, 1)+";", 51), ";")[:51]...),
			status: 422,
			code:   "too_many_items",
		},
		"one item twice": {
			body:   items(line(sku, 1), line(sku, 1)),
			status: 422,
			code:   "duplicate_item",
			field:  fmt.Sprint("sku:", sku),
			why:    "duplicate_item",
		},
		"none of it": {
			body:   items(line(sku, 0)),
			status: 422,
			code:   "quantity_over_limit",
		},
		"less than none": {
			body:   items(line(sku, -1)),
			status: 422,
			code:   "quantity_over_limit",
		},
		"two of one": {
			body:   items(line(sku, 2)),
			status: 422,
			code:   "quantity_over_limit",
		},
		"as many as can be": {
			body:   items(line(sku, int64(1)<<62)),
			status: 422,
			code:   "quantity_over_limit",
		},
		"an unknown SKU": {
			body:   items(line(987654321, 1)),
			status: 409,
			code:   "sku_unavailable",
			field:  "sku:987654321",
			why:    "sku_unavailable",
		},
		"an impossible SKU": {
			body:   items(line(-1, 1)),
			status: 409,
			code:   "sku_unavailable",
		},
		"a coupon": {
			body:   fmt.Sprintf(`{"items": [%s], "couponCode": "SPRING"}`, line(sku, 1)),
			status: 422,
			code:   "coupon_unknown",
			field:  "couponCode",
			why:    "coupon_unknown",
		},
		"a campaign": {
			body:   fmt.Sprintf(`{"items": [%s], "campaignId": 7}`, line(sku, 1)),
			status: 409,
			code:   "campaign_not_running",
			field:  fmt.Sprintf("sku:%d", sku),
			why:    "campaign_not_running",
		},
	} {
		headers := append([]string{"Idempotency-Key", "k"}, w.headers...)
		a := c.call("POST", "/orders", w.body, headers...)
		if a.status != w.status || a.json["code"] != w.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
			continue
		}
		if w.field != "" && a.at("errors", w.field) != w.why {
			t.Errorf("%s: errors %v", name, a.json["errors"])
		}
	}
	if n := malltest.Query[int64](m.Mall, `select count(*) from video_order`)[0]; n != 0 {
		t.Errorf("%d orders were placed", n)
	}
	if a := c.order("k", strings.Repeat(" ", 60<<10)+good).wants(201); a.header.Get("Idempotency-Replayed") != "" {
		t.Error("a refused body used the key up")
	}
}

func TestOneReadsOnesOwnOrdersPageByPage(t *testing.T) {
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
		t.Errorf("%v, placed %v", seen, placed)
	}
	for query, field := range map[string]string{"cursor=" + others: "cursor", "cursor=x": "cursor", "limit=0": "limit",
		"limit=101": "limit", "limit=ten": "limit", "limit=1&limit=2": "limit", "before=1": "before",
		"cursor=" + strings.Repeat("0", 26): "cursor"} {
		a := c.call("GET", "/me/orders?"+query, "").wants(422)
		if a.at("errors", field) == nil {
			t.Errorf("%s: %s", query, a.body)
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
	for body, code := range map[string]string{`{}`: "field_missing", `{"provider": "paypal"}`: "unknown_provider",
		`{"provider": ""}`: "unknown_provider"} {
		c.call("POST", "/payments/"+placed[0]+"/prepay", body).refuses(422, code)
	}
}

// Whatever bytes come, reading an order ends with lines that can be placed or refused, or with a fault: never
// otherwise.
func FuzzOrderBody(f *testing.F) {
	for _, seed := range []string{`{"items": [{"skuId": 1, "quantity": 1}]}`, `{"items": null, "couponCode": "x"}`,
		`{"campaignId": 1}`, `{"items": [null]}`,
		`[]`, `{"items": [{"skuId": 1e3, "quantity": -0}]}`, "{\"\xff\": 1}",
		`{"items":[{"skuId":9223372036854775807,"quantity":1,"quantity":1}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		lines, err := api.ReadOrder(body)
		if err == nil {
			return
		}
		if lines != nil && len(lines) > len(body) {
			t.Errorf("%d lines of %d bytes", len(lines), len(body))
		}
		if found := fault.From(err); found.Slug == "internal" || found.Kind != fault.Invalid {
			t.Errorf("%q: %v", body, err)
		}
	})
}
