package browser_test

import (
	"testing"

	"videomall/mall/account"
	"videomall/mall/invoice"
)

// TestInvoices_pages judges the pages of documents and of requests for a fapiao.
func TestInvoices_pages(t *testing.T) {
	h, _ := require(t)
	ctx := t.Context()
	buyer := h.account(t, "Lumière 光影", account.RoleShopper)
	operator := h.account(t, "Olga", account.RoleOperator)
	receipt := h.bought(t, buyer.ID, h.sku(t, "night-train-window", "rent", "HD"))
	if err := h.Invoices.Issue(ctx, receipt.OrderNo); err != nil {
		t.Fatal(err)
	}
	asked := h.bought(t, buyer.ID, h.sku(t, "ink-mountains", "own", "HD"))
	if err := h.Invoices.AskFapiao(ctx, buyer.ID, asked.OrderNo, invoice.FapiaoAsk{
		Type:       invoice.Company,
		Title:      "上海昇喆文化传播有限公司",
		TaxpayerNo: "91350100M000100Y43",
		Email:      "finance@example.com",
	}); err != nil {
		t.Fatal(err)
	}
	stops := []stop{
		{
			name: "invoice-order",
			who:  &buyer,
			path: "/orders/" + receipt.OrderNo,
		},
		{
			name: "invoice-asked",
			who:  &buyer,
			path: "/orders/" + asked.OrderNo,
		},
		{
			name: "invoice-details",
			who:  &buyer,
			path: "/orders/" + receipt.OrderNo + "/details",
		},
		{
			name: "invoice-fapiao",
			who:  &buyer,
			path: "/orders/" + receipt.OrderNo + "/fapiao",
		},
		{
			name: "invoice-console",
			who:  &operator,
			path: "/admin/invoices",
		},
		{
			name: "invoice-desk",
			who:  &operator,
			path: "/admin/invoices/fapiao",
		},
		{
			name: "invoice-order-console",
			who:  &operator,
			path: "/admin/orders/" + receipt.OrderNo,
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
