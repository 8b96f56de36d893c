package browser_test

import (
	"testing"

	"videomall/mall/account"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

// TestRefund_asked_within_the_policy follows a shopper on a phone who reads the promise before buying, and asks for
// the money back in time.
func TestRefund_asked_within_the_policy(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "zh-CN"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			h, _ := require(t)
			p := newPerson(t, look{lang: lang, width: 390})
			u := h.account(t, "Refunding 退款", account.RoleShopper)
			p.visit("/v/neon-rain")
			p.has(`[data-refund-policy]`)
			p.fitsPhone("the video's page")
			p.enter(u)
			o := h.bought(t, u.ID, h.sku(t, "neon-rain", "own", "HD"))
			p.visit("/orders/" + o.OrderNo)
			p.click(`#refund details > summary`)
			p.until(`document.querySelector('#refund details').open`)
			p.has(`#refund [data-eligible=""]`)
			p.fitsPhone("the form that asks for a refund")
			p.fill(`#refund-reason`, "不是我想要的 not what I wanted")
			p.click(`#refund details button[type=submit]`)
			p.has(`[data-refund-request="approved"]`)
			p.fitsPhone("the order after the request")
			h.reaches(t, o.OrderNo, order.Refunded)
			p.visit("/orders/" + o.OrderNo)
			p.has(`[data-status="REFUNDED"]`)
		})
	}
}

// TestRefund_dispute_lost plays the payer's bank on the sandbox's page, and looks at what the shopper and an operator
// see.
func TestRefund_dispute_lost(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "zh-CN"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			h, _ := require(t)
			u, staff := h.account(t, "Disputing 争议", account.RoleShopper), h.account(t, "Desk", account.RoleOperator)
			o := h.place(t, u.ID, h.sku(t, "balloon-morning", "own", "4K"))
			attempt, err := h.Orders.Prepay(t.Context(), order.PrepayRequest{
				UserID:    u.ID,
				OrderNo:   o.OrderNo,
				Provider:  sandbox.Name,
				ReturnURL: h.url + "/orders/" + o.OrderNo,
			})
			if err != nil {
				t.Fatal(err)
			}
			bank := attempt.Action.URL[len(h.url):]
			p, q := newPerson(t, look{lang: lang, width: 390}), newPerson(t, look{lang: lang, width: 390})
			p.enter(u)
			q.enter(staff)
			p.visit(bank)
			p.click(`form[action^="/sandbox/pay/"] button.btn-secondary`)
			p.until(`document.querySelector('[data-status="DELIVERED"]')`)

			p.visit(bank)
			p.fitsPhone("the bank's page of a paid charge")
			p.click(`form[action$="/dispute"] button[value=open]`)
			p.has(`form[action$="/dispute"] button[value=lost]`)
			eventually(t, "the dispute is booked", func() bool {
				return h.count(t, `select count(*) from payment_dispute where reference = $1`, o.OrderNo) == 1
			})
			q.visit("/admin/refunds")
			q.has(`[data-dispute=open] a[href="/admin/orders/` + o.OrderNo + `"]`)
			q.fitsPhone("the desk of refunds and disputes")
			p.visit("/orders/" + o.OrderNo)
			p.until(`!document.querySelector('#order-status a[href="/watch/balloon-morning"]')`)
			p.has(`#order-status section [role=status]`)
			p.fitsPhone("a disputed order")

			p.visit(bank)
			p.click(`form[action$="/dispute"] button[value=lost]`)
			h.reaches(t, o.OrderNo, order.Refunded)
			p.visit("/orders/" + o.OrderNo)
			p.has(`[data-status="REFUNDED"]`)
			q.visit("/admin/orders/" + o.OrderNo)
			q.has(`[data-dispute=lost] a[href$="/evidence.pdf"]`)
			q.fitsPhone("the operator's page of a disputed order")
		})
	}
}
