package checkout_test

import (
	"net/url"
	"testing"
	"time"

	"videomall/mall/payment"
	"videomall/web/webtest"
)

// What is promised stands where one buys, and on the order.
func TestRefund_policy_is_shown(t *testing.T) {
	m := open(t)
	video := m.Video(990, -1)
	b := m.Browser(m.Person("mia", "shopper").ID)
	b.Post("/cart/items", item(video))
	promise := "Your money back within 7 days of paying, if you have watched no more than 10% of the video."
	b.Get("/checkout").Wants(200).Shows(promise)
	b.Post("/checkout", b.Get("/checkout").Form("/checkout")).Wants(303)
	at := "/orders/" + webtest.Query[string](m, "select order_no from video_order")[0]
	b.Get(at).Wants(200).Shows(promise).Hides("Ask for a refund")
}

func TestRefund_within_the_policy(t *testing.T) {
	m := open(t)
	mia := m.Person("mia", "shopper")
	o := m.Bought(mia.ID, m.Video(990, -1))
	b, at := m.Browser(mia.ID), "/orders/"+o.OrderNo
	page := b.Get(at).Wants(200).Shows("Ask for a refund", "0% watched", "refunded at once")
	form := page.Form(at + "/refund")
	form.Set("item", webtest.Query[string](m, "select id::text from video_order_item")[0])
	form.Set("reason", " ")
	b.Post(at+"/refund", form).Wants(422).Shows("Say why, in 1 to 500 characters.")
	form.Set("reason", "bought twice")
	for range 2 {
		b.Post(at+"/refund", form).Wants(303)
	}
	b.Get(at).Shows("Approved", "bought twice", "Refunded, no longer playable", "On its way back to you").
		Hides("Ask for a refund")
	if n := webtest.Query[int64](m, "select count(*) from order_refund")[0]; n != 1 {
		t.Errorf("%d refunds after the same form was sent twice", n)
	}
}

func TestRefund_outside_the_policy(t *testing.T) {
	m := open(t)
	mia, eve := m.Person("mia", "shopper"), m.Person("eve", "shopper")
	o := m.Bought(mia.ID, m.Video(990, -1))
	m.Advance(8 * 24 * time.Hour)
	b, at := m.Browser(mia.ID), "/orders/"+o.OrderNo
	form := b.Get(at).Wants(200).Shows("The time for this is over: our staff decides.").Form(at + "/refund")
	form.Set("item", webtest.Query[string](m, "select id::text from video_order_item")[0])
	form.Set("reason", "never came to it")
	b.Post(at+"/refund", form).Wants(303)
	waits := b.Get(at).Shows("Waits for our staff", "Withdraw the request").Hides("Ask for a refund")
	id := webtest.Query[string](m, "select id::text from order_refund_request")[0]
	withdraw := at + "/refund/" + id + "/withdraw"
	stranger := m.Browser(eve.ID)
	stranger.Post(withdraw, url.Values{}).Wants(404)
	stranger.Post(at+"/refund", url.Values{"item": form["item"], "reason": {"r"}, "key": {"k"}}).Wants(404)
	b.Post(withdraw, waits.Form(withdraw)).Wants(303)
	b.Get(at).Shows("Withdrawn", "Ask for a refund")
	if n := webtest.Query[int64](m, "select count(*) from order_refund")[0]; n != 0 {
		t.Errorf("%d refunds", n)
	}
}

// A dispute is no secret from the buyer, nor what it does to access.
func TestOrder_disputed(t *testing.T) {
	m := open(t)
	mia := m.Person("mia", "shopper")
	o := m.Bought(mia.ID, m.Video(990, -1))
	b, at := m.Browser(mia.ID), "/orders/"+o.OrderNo
	trade := webtest.Query[string](m, "select out_trade_no from sandbox_charge")[0]
	step := func(to string) {
		if err := m.Sandbox.Dispute(t.Context(), trade, to); err != nil {
			t.Fatal(err)
		}
		m.DeliverNotices()
	}
	step(payment.DisputeOpened)
	b.Get(at).Wants(200).Shows("Disputed with your bank", "Held for the dispute", "Held for your bank").
		Hides("Ask for a refund", "Watch now")
	step(payment.DisputeLost)
	b.Get(at).Wants(200).Shows("Your bank took back the money of this order.", "Taken back by your bank").
		Hides("Disputed with your bank")
}
