package mailing

import (
	"time"

	"videomall/mall/catalog"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/order"
)

// What the console shows mails with. It is invented: a sample says nothing about anybody.

const sampleOrderNo = "01K2SAMPLE000000000000ABCD"

func sampleItem(id int64, title locale.Text, kind string, amount int64) order.Item {
	return order.Item{
		ID:        id,
		Title:     title,
		Slug:      "sample",
		Kind:      kind,
		Quality:   catalog.QualityHD,
		RentHours: 72,
		Quantity:  1,
		Amount:    money.Of(amount, "CNY"),
		Discount:  money.Of(0, "CNY"),
		Tax:       order.ItemTax{Amount: money.Of(0, "CNY"), Added: money.Of(0, "CNY")},
		GrantedAt: new(time.Time),
	}
}

func sampleOrder(c *Composer) order.Order {
	now := c.deps.Now()
	return order.Order{
		OrderNo:   sampleOrderNo,
		Status:    order.Delivered,
		Total:     money.Of(4400, "CNY"),
		Tax:       order.Tax{Amount: money.Of(0, "CNY")},
		PaidAt:    &now,
		PayBefore: now.Add(time.Hour),
		Items: []order.Item{
			sampleItem(1, locale.Text{Zh: "灯塔", En: "The Lighthouse"}, catalog.KindOwn, 3900),
			sampleItem(2, locale.Text{Zh: "夜车", En: "The Night Train"}, catalog.KindRent, 500),
		},
	}
}

func sampleReceipt(c *Composer) receipt { return receipt{order: sampleOrder(c)} }

func sampleRefund(c *Composer) refund {
	now := c.deps.Now()
	return refund{
		order: sampleOrder(c),
		refund: order.Refund{
			Amount:    money.Of(500, "CNY"),
			Cause:     "operator",
			SettledAt: &now,
			Items:     []order.RefundItem{{ItemID: 2, Amount: money.Of(500, "CNY")}},
		},
	}
}

func sampleRental(c *Composer) rental {
	return rental{item: sampleOrder(c).Items[1], ends: c.deps.Now().Add(20 * time.Hour)}
}

func sampleDecision(*Composer) decision {
	return decision{
		spuID:      1,
		title:      locale.Text{Zh: "灯塔", En: "The Lighthouse"},
		causes:     []string{"cover", "rights"},
		words:      "The cover shows a trademark. 封面上有他人的商标。",
		keepAccess: true,
	}
}

func samplePayout(*Composer) payout {
	return payout{
		payout: ledger.Payout{
			Amount:        money.Of(125_000, "CNY"),
			State:         ledger.Paid,
			BankReference: "SEPA-2026-0042",
			Reason:        "The bank does not know this account. 银行没有这个账号。",
		},
		to: ledger.Destination{Name: "Ada Lovelace", Account: "DE02 1203 0000 0000 2020 51"}.Masked(),
	}
}

func sampleDestination(c *Composer) destination {
	now := c.deps.Now()
	return destination{
		to:    samplePayout(c).to,
		at:    now,
		until: now.Add(72 * time.Hour),
		waits: true,
	}
}
