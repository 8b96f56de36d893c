package browser_test

import (
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/cart"
	"videomall/mall/tax"
)

// TestTax_pages judges the pages that a shop has only with tax rates. It does not run beside other tests, since the rate
// holds for the whole mall; nobody else's country has it.
func TestTax_pages(t *testing.T) {
	h, _ := require(t)
	ctx := t.Context()
	buyer := h.account(t, "Lumière 光影", account.RoleShopper)
	operator := h.account(t, "Olga", account.RoleOperator)
	if err := h.Taxes.AddRate(ctx, tax.NewRate{
		Country:     "FR",
		Name:        "TVA",
		BasisPoints: 2000,
		From:        time.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	defer h.exec(t, "delete from tax_rate")
	if err := h.Taxes.SaveProfile(ctx, buyer.ID, tax.Profile{
		Country: "FR",
		Company: "Lumière SA",
		Address: "1 rue des Films\n75001 Paris",
	}); err != nil {
		t.Fatal(err)
	}
	sku := h.sku(t, "ink-mountains", "own", "HD")
	receipt := h.bought(t, buyer.ID, h.sku(t, "night-train-window", "rent", "HD"))
	if err := h.Cart.Add(ctx, cart.Owner{UserID: buyer.ID}, sku, 1, 1); err != nil {
		t.Fatal(err)
	}
	stops := []stop{
		{
			name: "tax-cart",
			who:  &buyer,
			path: "/cart",
		},
		{
			name: "tax-checkout",
			who:  &buyer,
			path: "/checkout",
		},
		{
			name: "tax-billing",
			who:  &buyer,
			path: "/account/billing?next=/checkout",
		},
		{
			name: "tax-receipt",
			who:  &buyer,
			path: "/orders/" + receipt.OrderNo,
		},
		{
			name: "tax-rates",
			who:  &operator,
			path: "/admin/tax",
		},
		{
			name: "tax-report",
			who:  &operator,
			path: "/admin/tax/report",
		},
	}
	for _, l := range []look{
		{
			lang:  "zh-CN",
			width: 390,
			theme: "dark",
		},
		{
			lang:  "en",
			width: 1280,
			theme: "light",
		},
	} {
		walk(t, l, stops, func(p *person, s stop) {
			judge(p, s)
			if *pictures != "" {
				picture(p, s)
			}
		})
	}
}
