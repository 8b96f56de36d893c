package api_test

import (
	"fmt"
	"strings"
	"testing"

	"videomall/mall/malltest"
)

func TestOrders_invalid_bodies(t *testing.T) {
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
		field   string // a field of errors, with the reason in why
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
		"long key": {
			body:    good,
			status:  422,
			code:    "idempotency_key_missing",
			headers: []string{"Idempotency-Key", "", "Idempotency-Key", long(201)},
		},
		"Chinese key": {
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
		"form": {
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
		"gzip": {
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
		"truncated": {
			body:   good[:20],
			status: 400,
			code:   "malformed_json",
		},
		"two values": {
			body:   good + good,
			status: 400,
			code:   "malformed_json",
		},
		"trailing garbage": {
			body:   good + "x",
			status: 400,
			code:   "malformed_json",
		},
		"list": {
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
		"nested deeply": {
			body:   strings.Repeat("[", 60000),
			status: 400,
			code:   "wrong_type",
		},
		"nested deeply in a field": {
			body:   `{"items": ` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + `}`,
			status: 400,
			code:   "wrong_type",
		},
		"duplicate field": {
			body:   `{"items": [], "items": []}`,
			status: 400,
			code:   "malformed_json",
			field:  "items",
			why:    "duplicate_field",
		},
		"invalid UTF-8": {
			body:   "{\"couponCode\": \"\xff\"}",
			status: 400,
			code:   "malformed_json",
		},
		"unknown field": {
			body:   `{"items": [], "total": 1}`,
			status: 400,
			code:   "unknown_field",
			field:  "total",
			why:    "unknown_field",
		},
		"field in another case": {
			body:   `{"Items": []}`,
			status: 400,
			code:   "unknown_field",
			field:  "Items",
			why:    "unknown_field",
		},
		"unknown field of an item": {
			body:   items(`{"skuId": 1, "quantity": 1, "price": 1}`),
			status: 400,
			code:   "unknown_field",
			field:  "items/0/price",
			why:    "unknown_field",
		},
		"string as id": {
			body:   items(`{"skuId": "1", "quantity": 1}`),
			status: 400,
			code:   "wrong_type",
			field:  "items/0/skuId",
			why:    "wrong_type",
		},
		"fraction": {
			body:   items(line(sku, "1.5")),
			status: 400,
			code:   "wrong_type",
			field:  "items/0/quantity",
			why:    "wrong_type",
		},
		"integer with decimals": {
			body:   items(line(sku, "1.0")),
			status: 400,
			code:   "wrong_type",
		},
		"beyond 64 bits": {
			body:   items(line(sku, "9223372036854775808")),
			status: 400,
			code:   "wrong_type",
		},
		"beyond a float": {
			body:   items(line(sku, "1e400")),
			status: 400,
			code:   "wrong_type",
		},
		"string as campaign": {
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
		"empty object": {
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
		"duplicate item": {
			body:   items(line(sku, 1), line(sku, 1)),
			status: 422,
			code:   "duplicate_item",
			field:  fmt.Sprint("sku:", sku),
			why:    "duplicate_item",
		},
		"quantity zero": {
			body:   items(line(sku, 0)),
			status: 422,
			code:   "quantity_over_limit",
		},
		"negative quantity": {
			body:   items(line(sku, -1)),
			status: 422,
			code:   "quantity_over_limit",
		},
		"quantity above the limit": {
			body:   items(line(sku, 2)),
			status: 422,
			code:   "quantity_over_limit",
		},
		"huge quantity": {
			body:   items(line(sku, int64(1)<<62)),
			status: 422,
			code:   "quantity_over_limit",
		},
		"unknown SKU": {
			body:   items(line(987654321, 1)),
			status: 409,
			code:   "sku_unavailable",
			field:  "sku:987654321",
			why:    "sku_unavailable",
		},
		"negative SKU": {
			body:   items(line(-1, 1)),
			status: 409,
			code:   "sku_unavailable",
		},
		"unknown coupon": {
			body:   fmt.Sprintf(`{"items": [%s], "couponCode": "SPRING"}`, line(sku, 1)),
			status: 422,
			code:   "coupon_unknown",
			field:  "couponCode",
			why:    "coupon_unknown",
		},
		"unknown campaign": {
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
			t.Errorf("%s: got %d, want %d %s: %s", name, a.status, w.status, w.code, a.body)
			continue
		}
		if w.field != "" && a.at("errors", w.field) != w.why {
			t.Errorf("%s: errors: got %v, want %s: %s", name, a.json["errors"], w.field, w.why)
		}
	}
	if n := malltest.Query[int64](m.Mall, `select count(*) from video_order`)[0]; n != 0 {
		t.Errorf("orders: got %d, want 0", n)
	}
	if a := c.order("k", strings.Repeat(" ", 60<<10)+good).wants(201); a.header.Get("Idempotency-Replayed") != "" {
		t.Error("a refused body uses up the idempotency key")
	}
}
