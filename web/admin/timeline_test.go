package admin_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/risk"
	"videomall/web/webtest"
)

// TestTimeline_replays_an_order has an order of which everything happened: it was paid, played, asked back, refunded,
// sent back by the bank, and its buyer was denied.
func TestTimeline_replays_an_order(t *testing.T) {
	d := open(t)
	o := d.Bought(d.mia.ID, d.Video(990, 5))
	other := d.Bought(d.mia.ID, d.Video(500, -1))
	if _, err := d.Pool.Exec(t.Context(), `insert into order_decision (order_no, occasion, rule, outcome, reason, facts, at)
		select order_no, 'place', 'lists', 'allow', 'a school', '{"kind": "address", "entry": "7"}', created_at
		from video_order where order_no = $1`, o.OrderNo); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Orders.Refunds().Ask(t.Context(), order.Ask{
		UserID:  d.mia.ID,
		OrderNo: o.OrderNo,
		Reason:  "never came to it",
		Key:     "k",
	}); err != nil {
		t.Fatal(err)
	}
	if err := d.lists.Add(t.Context(), risk.NewEntry{
		Effect:  risk.Deny,
		Kind:    risk.User,
		Subject: fmt.Sprint(d.mia.ID),
		Reason:  "shares the password",
		By:      risk.Subject{UserID: d.olga.ID},
	}); err != nil {
		t.Fatal(err)
	}
	at := "/admin/orders/" + o.OrderNo + "/timeline"
	d.b.Get("/admin/orders/"+o.OrderNo).Wants(200).Shows("Timeline", "Every step of this order")
	d.b.Get(at).Wants(200).Shows("What comes next", "Ask the provider about the refund", "The refund was promised")
	d.settle(t)
	no := webtest.Query[string](d.Mall, "select refund_no from order_refund")[0]
	if err := d.Sandbox.ReturnRefund(t.Context(), no); err != nil {
		t.Fatal(err)
	}
	d.DeliverNotices()
	page := d.b.Get(at).Wants(200)
	inOrder(t, page.Text(), "Order placed", "Decision about the order", "When the order was placed.",
		"lets the buyer’s address pass", "a school", "Entry of the lists 7", "Stock reserved", "Attempt to pay",
		"Access given", "Buyer asked for a refund", "never came to it", "Refund settled", "Stock returned", "played 7 times")
	page.Shows("It fits an order that waited for it.", "payment.succeeded", `"amount": 990`, "It paid for the order.",
		"Waiting for payment → ", "Watched by now 42%", "Refund request answered", "shares the password",
		"A refund came back", "order.paid", "Access ended", d.mia.Name).Hides(other.OrderNo)
	d.b.Get("/admin/orders/"+other.OrderNo+"/timeline").Wants(200).Shows("Ready to watch").Hides("Stock", "never came to it", "about the order")
	d.b.Cookie("lang", "zh-CN")
	d.b.Get(at).Wants(200).Shows("下单", "对订单的决定", "名单放行了买家的网络地址", "与等待付款的订单相符。", "授予观看权限", "买家申请退款")
	d.Browser(d.mia.ID).Get(at).Wants(404)
	d.b.Get("/admin/orders/01HZZZZZZZZZZZZZZZZZZZZZZZ/timeline").Wants(404)
}

// inOrder fails unless the words stand in this order.
func inOrder(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		at := strings.Index(text, w)
		if at < 0 {
			t.Errorf("%q is not there, or too early", w)
			continue
		}
		text = text[at:]
	}
}

// A provider may send the same news thousands of times: the page stays small, and says what it leaves out.
func TestTimeline_thousands_of_notices(t *testing.T) {
	d := open(t)
	o := d.Bought(d.mia.ID, d.Video(990, -1))
	if _, err := d.Pool.Exec(t.Context(), `insert into payment_notice (provider, event_id, type, attempt_no, raw, outcome,
		occurred_at) select provider, 'evt-' || n, 'payment.failed', attempt_no, '{"eventId": "x", "buyer": "lin@example.com"}',
		'ignored', now() from video_payment, generate_series(1, 10000) n`); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	page := d.b.Get("/admin/orders/" + o.OrderNo + "/timeline").Wants(200).Shows("9,901 earlier entries are left out: Notice").
		Hides("lin@")
	if took := time.Since(began); took > 3*time.Second || len(page.Body) > 1<<20 {
		t.Errorf("it took %s and has %d bytes", took, len(page.Body))
	}
	d.b.Get("/admin/orders/" + o.OrderNo).Wants(200)
}

func TestTimeline_what_if(t *testing.T) {
	d := open(t)
	o := d.Bought(d.mia.ID, d.Video(990, -1))
	other := d.Bought(d.mia.ID, d.Video(500, -1))
	trade := webtest.Query[string](d.Mall, "select out_trade_no from sandbox_charge order by id limit 1")[0]
	if err := d.Sandbox.Dispute(t.Context(), trade, payment.DisputeOpened); err != nil {
		t.Fatal(err)
	}
	d.DeliverNotices()
	ids := webtest.Query[string](d.Mall, `select id::text from payment_notice where attempt_no = $1 order by id`, trade)
	before := webtest.Query[string](d.Mall, "select string_agg(n::text, '|' order by id) from payment_notice n")[0]
	at := "/admin/orders/" + o.OrderNo + "/notices/" + ids[0] + "/what-if"
	form := d.b.Get("/admin/orders/" + o.OrderNo + "/timeline").Wants(200).Form(at)
	form.Set("first", "0")
	d.b.Post(at, form).Wants(200).Shows("seen before", "Nothing would change.", "stays Ready to watch")
	form.Set("first", "1")
	d.b.Post(at, form).Wants(200).Shows("seen before", "as if it had never been recorded")
	dispute := "/admin/orders/" + o.OrderNo + "/notices/" + ids[1] + "/what-if"
	d.b.Post(dispute, url.Values{"first": {"1"}}).Wants(200).Shows("dispute", "The buyer’s bank asks for the money.",
		"payment_dispute 1 changed")
	// The key of the provider may have been replaced: the body can't be read again.
	if _, err := d.Pool.Exec(t.Context(), "update payment_notice set raw = 'x' where id = $1::bigint", ids[1]); err != nil {
		t.Fatal(err)
	}
	d.b.Post(dispute, url.Values{"first": {"1"}}).Wants(200).Shows("It could not be applied", "The notice can’t be read")
	for _, wrong := range []string{"0", "x", "99999"} {
		d.b.Post("/admin/orders/"+o.OrderNo+"/notices/"+wrong+"/what-if", form).Wants(404)
	}
	d.b.Post("/admin/orders/"+other.OrderNo+"/notices/"+ids[0]+"/what-if", form).Wants(404)
	d.Browser(d.mia.ID).Post(at, form).Wants(404)
	after := webtest.Query[string](d.Mall, `select string_agg(n::text, '|' order by id) from payment_notice n
		where id <> $1::bigint`, ids[1])[0]
	if !strings.Contains(before, strings.Split(after, "|")[0]) {
		t.Error("the notices were changed")
	}
}
