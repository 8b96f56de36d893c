package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"videomall/mall/malltest"
	"videomall/mall/tax"
)

// taxes charges tax in Germany, where the shop is, and in France.
func (m *mall) taxes() {
	m.t.Helper()
	for country, rate := range map[string]int{"DE": 1900, "FR": 2000} {
		m.OK(m.Taxes.AddRate(m.Ctx, tax.NewRate{
			Country:     country,
			Name:        "VAT",
			BasisPoints: rate,
			From:        m.Now(),
		}))
	}
}

// billed is the body of an order of one SKU with these billing details, in JSON.
func billed(sku int64, details string) string {
	return strings.TrimSuffix(items(line(sku, 1)), "}") + `, "billing": ` + details + "}"
}

// An order names whom it bills and where the buyer is taxed. It changes nothing of what the buyer has saved.
func TestOrders_billing(t *testing.T) {
	t.Parallel()
	m := open(t)
	m.taxes()
	ann := m.person("ann")
	c := m.browser(ann)
	saved := tax.Profile{Country: "FR", Company: "Ann"}
	m.OK(m.Taxes.SaveProfile(m.Ctx, ann.ID, saved))
	for n, x := range []struct {
		billing string
		kind    string
		country string
		points  float64
		kept    tax.Profile
	}{
		{`null`, "standard", "FR", 2000, saved},
		{`{"country": "DE"}`, "standard", "DE", 1900, tax.Profile{Country: "DE"}},
		{
			`{"country": "US", "company": null, "address": null, "vatId": null}`,
			"none", "US", 0,
			tax.Profile{Country: "US"},
		},
		{
			`{"country": "FR", "company": " Lumière  SA ", "address": "1 rue X\r\n\r\n Lyon",
				"vatId": "fr 83.404 833 048"}`,
			"reverse_charge", "FR", 0,
			tax.Profile{Country: "FR", Company: "Lumière SA", Address: "1 rue X\nLyon", VATID: "FR83404833048"},
		},
	} {
		key := fmt.Sprint("k", n)
		a := c.order(key, billed(m.Sells(1999, -1), x.billing)).wants(201)
		o := c.call("GET", "/orders/"+a.text("orderNo"), "").wants(200)
		if o.at("tax", "kind") != x.kind || o.at("tax", "country") != x.country ||
			o.at("tax", "basisPoints") != x.points {
			t.Errorf("%s: got %v, want %+v", x.billing, o.at("tax"), x)
		}
		var kept tax.Profile
		body := malltest.Query[string](m.Mall,
			"select billing::text from video_order where idempotency_key = '"+key+"'")[0]
		if err := json.Unmarshal([]byte(body), &kept); err != nil || kept != x.kept {
			t.Errorf("%s is kept as %s, want %+v", x.billing, body, x.kept)
		}
	}
	if p, err := m.Taxes.Profile(m.Ctx, ann.ID); err != nil || p != saved {
		t.Errorf("what was saved is now %+v, %v", p, err)
	}
	m.Whole()
}

func TestOrders_billing_replayed(t *testing.T) {
	t.Parallel()
	m := open(t)
	m.taxes()
	sku, c := m.Sells(1999, -1), m.browser(m.person("ann"))
	first := c.order("k", billed(sku, `{"country": "FR", "vatId": "FR83404833048"}`)).wants(201)
	again := c.order("k", billed(sku, `{"country": "FR", "vatId": "fr 83404833048"}`)).wants(201)
	if again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the same details: got %s, want %s", again.body, first.body)
	}
	for _, other := range []string{`{"country": "FR"}`, `null`} {
		c.order("k", billed(sku, other)).refuses(422, "idempotency_key_reused")
	}
}

func TestOrders_billing_refused(t *testing.T) {
	t.Parallel()
	m := open(t)
	m.taxes()
	sku, c := m.Sells(1999, -1), m.browser(m.person("ann"))
	for _, x := range []struct {
		billing string
		status  int
		code    string
		errors  map[string]any
	}{
		{`{}`, 422, "field_missing", map[string]any{"billing/country": "field_missing"}},
		{`{"country": "XX"}`, 422, "billing_invalid", map[string]any{"billing/country": "tax_country_unknown"}},
		{`{"country": "fr"}`, 422, "billing_invalid", map[string]any{"billing/country": "tax_country_unknown"}},
		{
			`{"country": "FR", "vatId": "FR83404833049"}`, 422, "billing_invalid",
			map[string]any{"billing/vatId": "billing_vat_id"},
		},
		{
			fmt.Sprintf(`{"country": "DE", "company": %q, "address": "1\n2\n3\n4\n5\n6"}`, strings.Repeat("x", 121)),
			422,
			"billing_invalid",
			map[string]any{"billing/company": "billing_company", "billing/address": "billing_address"},
		},
		{`{"country": 1}`, 400, "wrong_type", map[string]any{"billing/country": "wrong_type"}},
		{`{"country": "FR", "vat_id": "x"}`, 400, "unknown_field", map[string]any{"billing/vat_id": "unknown_field"}},
		{`"FR"`, 400, "wrong_type", map[string]any{"billing": "wrong_type"}},
	} {
		a := c.order("k", billed(sku, x.billing)).refuses(x.status, x.code)
		if got, _ := a.at("errors").(map[string]any); !maps.Equal(got, x.errors) {
			t.Errorf("%s: got %v, want %v", x.billing, got, x.errors)
		}
	}
	if n := malltest.Query[int64](m.Mall, "select count(*) from video_order")[0]; n != 0 {
		t.Errorf("%d orders were placed", n)
	}
}
