package admin_test

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/web/webtest"
)

// asks has Mia ask for a refund after the time for it, so that it waits for the staff.
func (d *desk) asks(t *testing.T) (o order.Order, id string) {
	t.Helper()
	o = d.Bought(d.mia.ID, d.Video(990, -1))
	d.Advance(8 * 24 * time.Hour)
	if _, err := d.Orders.Refunds().Ask(t.Context(), order.Ask{
		UserID:  d.mia.ID,
		OrderNo: o.OrderNo,
		Reason:  "never came to it",
		Key:     "k",
	}); err != nil {
		t.Fatal(err)
	}
	d.b = d.Browser(d.olga.ID) // with a password that was just typed
	return o, webtest.Query[string](d.Mall, "select max(id)::text from order_refund_request")[0]
}

func TestDesk_approves_an_amount(t *testing.T) {
	d := open(t)
	o, id := d.asks(t)
	at := "/admin/refunds/requests/" + id + "/approve"
	d.b.Get("/admin").Wants(200).Shows("Refund requests 1")
	form := d.b.Get("/admin/refunds").Wants(200).Shows("never came to it", "too late", "0% watched").Form(at)
	form.Set("how", "amount")
	for _, wrong := range []string{"", "0", "9.91", "-1", "a"} {
		form.Set("amount", wrong)
		refused := d.b.Post(at, form).Wants(422).
			Shows("never came to it", "The amount must be above zero and not above what is left.")
		if again := refused.Form(at); again.Get("how") != "amount" || again.Get("amount") != wrong {
			t.Errorf("%q comes back as %v", wrong, again)
		}
	}
	form.Set("amount", "2.50")
	form.Set("answer", "We meet half way.")
	for range 2 {
		d.b.Post(at, form).Wants(303)
	}
	if got := webtest.Query[int64](d.Mall, "select amount from order_refund"); len(got) != 1 || got[0] != 250 {
		t.Errorf("refunds: %v", got)
	}
	d.settle(t)
	d.b.Get("/admin/refunds").Shows("Nobody waits for an answer.")
	d.b.Get("/admin/orders/"+o.OrderNo).Shows("Approved", "We meet half way.")
	d.Browser(d.mia.ID).Get("/admin/refunds").Wants(404)
}

func TestDesk_declines_with_an_answer(t *testing.T) {
	d := open(t)
	_, id := d.asks(t)
	at := "/admin/refunds/requests/" + id + "/decline"
	form := url.Values{"answer": {" "}, "how": {"amount"}, "amount": {"1.00"}}
	refused := d.b.Post(at, form).Wants(422).Shows("Say why, in 1 to 500 characters.", "never came to it")
	if again := refused.Form(strings.Replace(at, "decline", "approve", 1)); again.Get("amount") != "1.00" {
		t.Errorf("the amount comes back as %v", again)
	}
	d.b.Post(strings.Replace(at, "/"+id+"/", "/99/", 1), form).Wants(422).Hides("never came to it")
	d.b.Post(at, url.Values{"answer": {"The time was over."}}).Wants(303)
	if s := webtest.Query[string](d.Mall, "select status || ': ' || answer from order_refund_request")[0]; s !=
		"declined: The time was over." {
		t.Error(s)
	}
}

// A form of the order's page comes back on that page, with what was typed, in the language of its reader.
func TestDesk_refuses_on_the_page_of_the_order(t *testing.T) {
	d := open(t)
	o, id := d.asks(t)
	at := "/admin/refunds/requests/" + id + "/approve"
	d.b.Lang = "zh-CN"
	form := d.b.Get("/admin/orders/" + o.OrderNo).Wants(200).Form(at)
	form.Set("how", "amount")
	form.Set("amount", "99")
	form.Set("answer", "We meet half way.")
	refused := d.b.Post(at, form).Wants(422).Shows("金额必须大于零，且不超过余额。", "We meet half way.", o.OrderNo)
	if again := refused.Form(at); again.Get("amount") != "99" || again.Get("how") != "amount" ||
		again.Get("order") != o.OrderNo {
		t.Errorf("it comes back as %v", again)
	}
	if link := `href="#answer-` + id + `"`; strings.Count(refused.Body, "金额必须大于零，且不超过余额。") != 2 || !refused.Has(link) {
		t.Error("the top of the page does not say it, with a link to the form")
	}
	if n := webtest.Query[int64](d.Mall, "select count(*) from order_refund")[0]; n != 0 {
		t.Errorf("%d refunds", n)
	}
	d.b.Get(at).Wants(303)
	d.b.Get(strings.Replace(at, "approve", "decline", 1)).Wants(303)
	if a := d.b.Get("/admin/refunds/x/transfer").Wants(303); a.Location != "/admin/refunds" {
		t.Errorf("a refused form loaded again leads to %s", a.Location)
	}
	// The form is gone: somebody has declined meanwhile.
	declined := url.Values{"answer": {"It was watched."}, "order": {o.OrderNo}}
	d.b.Post(strings.Replace(at, "approve", "decline", 1), declined).Wants(303)
	form.Set("amount", "x")
	late := d.b.Post(at, form).Wants(422).Shows("金额必须大于零，且不超过余额。")
	if late.Has(`href="#answer-`) {
		t.Error("the page links to a form that is gone")
	}
}

// Nobody decides about their own request, which the form says.
func TestDesk_own_request(t *testing.T) {
	d := open(t)
	o := d.Bought(d.olga.ID, d.Video(990, -1))
	d.Advance(8 * 24 * time.Hour)
	if _, err := d.Orders.Refunds().Ask(t.Context(), order.Ask{
		UserID:  d.olga.ID,
		OrderNo: o.OrderNo,
		Reason:  "never came to it",
		Key:     "k",
	}); err != nil {
		t.Fatal(err)
	}
	d.b = d.Browser(d.olga.ID)
	id := webtest.Query[string](d.Mall, "select max(id)::text from order_refund_request")[0]
	for _, verb := range []string{"approve", "decline"} {
		d.b.Post("/admin/refunds/requests/"+id+"/"+verb, url.Values{"answer": {"Because I can."}}).Wants(403).
			Shows("Nobody decides about their own money.", "Because I can.", "never came to it")
	}
}

// Approving moves money, so that a session that was left open is not enough.
func TestDesk_takes_a_recent_password(t *testing.T) {
	d := open(t)
	_, id := d.asks(t)
	d.Advance(20 * time.Minute)
	d.b.Post("/admin/refunds/requests/"+id+"/approve", url.Values{"how": {"whole"}}).Wants(403)
	o := d.Bought(d.mia.ID, d.Video(510, -1))
	d.b.Post("/admin/orders/"+o.OrderNo+"/refund", url.Values{
		"item":   {webtest.Query[string](d.Mall, "select max(id)::text from video_order_item")[0]},
		"reason": {"r"},
		"key":    {"k"},
	}).Wants(403)
	d.b.Post("/admin/refunds/01HZZZZZZZZZZZZZZZZZZZZZZZ/transfer", url.Values{"reference": {"r"}}).Wants(403)
	if n := webtest.Query[int64](d.Mall, "select count(*) from order_refund")[0]; n != 0 {
		t.Errorf("%d refunds", n)
	}
}

func TestDesk_records_a_transfer(t *testing.T) {
	d := open(t)
	o := d.Bought(d.mia.ID, d.Video(990, -1))
	if _, err := d.Orders.Refunds().Request(t.Context(), order.RefundRequest{
		OrderNo: o.OrderNo,
		Reason:  "asked",
		Actor:   fmt.Sprint("operator:", d.olga.ID),
		Key:     "k",
	}); err != nil {
		t.Fatal(err)
	}
	d.settle(t)
	no := webtest.Query[string](d.Mall, "select refund_no from order_refund")[0]
	at := "/admin/refunds/" + no + "/transfer"
	d.b.Post(at, url.Values{"reference": {"too early"}}).Wants(303)
	if err := d.Sandbox.ReturnRefund(t.Context(), no); err != nil {
		t.Fatal(err)
	}
	d.DeliverNotices()
	d.b.Get("/admin/orders/"+o.OrderNo).Wants(200).Shows("came back", "Record a transfer")
	form := d.b.Get("/admin/refunds").Wants(200).Shows("CN¥9.90", "Record a transfer").Form(at)
	long := strings.Repeat("4", 101)
	for _, wrong := range []string{"", long} {
		form.Set("reference", wrong)
		refused := d.b.Post(at, form).Wants(422).Shows("Enter your bank’s reference", "Record a transfer", "CN¥9.90")
		if again := refused.Form(at); again.Get("reference") != wrong {
			t.Errorf("%q comes back as %v", wrong, again)
		}
	}
	onOrder := d.b.Post(at, d.b.Get("/admin/orders/"+o.OrderNo).Form(at)).Wants(422).
		Shows("Enter your bank’s reference", "came back", o.OrderNo)
	if !onOrder.Has(`href="#reference-` + no + `"`) {
		t.Error("the top of the page has no link to the form")
	}
	form.Set("reference", "BANK 42")
	for range 2 {
		d.b.Post(at, form).Wants(303)
	}
	d.b.Get("/admin/refunds").Shows("No refund came back.")
	late := d.b.Post(at, url.Values{"reference": {long}, "order": {o.OrderNo}}).Wants(422)
	if late.Shows("Enter your bank’s reference"); late.Has(`href="#reference-`) {
		t.Error("the page links to a form that is gone")
	}
	d.b.Get("/admin/orders/"+o.OrderNo).Shows("paid by transfer", "Transfer BANK 42")
}

func TestDesk_disputes(t *testing.T) {
	d := open(t)
	first := d.Bought(d.mia.ID, d.Video(990, -1))
	second := d.Bought(d.mia.ID, d.Video(500, -1))
	for n, trade := range webtest.Query[string](d.Mall, "select out_trade_no from sandbox_charge order by id desc") {
		d.Advance(time.Duration(n) * time.Hour)
		if err := d.Sandbox.Dispute(t.Context(), trade, payment.DisputeOpened); err != nil {
			t.Fatal(err)
		}
	}
	d.DeliverNotices()
	d.b = d.Browser(d.olga.ID)
	d.b.Get("/admin").Wants(200).Shows("Disputes to answer 2")
	desk := d.b.Get("/admin/refunds").Wants(200).Shows("product_not_received", "Evidence (PDF)").Body
	if strings.Index(desk, first.OrderNo) < strings.Index(desk, second.OrderNo) {
		t.Error("the dispute whose evidence is due first must stand first")
	}
	d.b.Get("/admin/orders/"+first.OrderNo).Wants(200).Shows("Disputes", "Held", "Open", "CN¥9.90")

	id := webtest.Query[string](d.Mall, "select id::text from payment_dispute where reference = '"+first.OrderNo+"'")[0]
	at := "/admin/disputes/" + id + "/evidence.pdf"
	pdf := d.b.Get(at).Wants(200)
	if !bytes.HasPrefix([]byte(pdf.Body), []byte("%PDF-")) || pdf.Header.Get("Content-Type") != "application/pdf" ||
		pdf.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v, %.20q", pdf.Header, pdf.Body)
	}
	paid := webtest.Query[time.Time](d.Mall, "select paid_at from video_order where order_no = '"+first.OrderNo+"'")[0]
	if len(d.plays) != 1 || !d.plays[0].Equal(paid) {
		t.Errorf("plays since %v, want since the payment at %v", d.plays, paid)
	}
	d.Browser(d.mia.ID).Get(at).Wants(404)
	d.b.Get("/admin/disputes/99/evidence.pdf").Wants(404)

	trade := webtest.Query[string](d.Mall, "select out_trade_no from sandbox_charge order by id limit 1")[0]
	if err := d.Sandbox.Dispute(t.Context(), trade, payment.DisputeLost); err != nil {
		t.Fatal(err)
	}
	d.DeliverNotices()
	d.b.Get("/admin/orders/"+first.OrderNo).Wants(200).Shows("Lost", "taken by the buyer")
}

func TestRefund_review_of_a_part(t *testing.T) {
	d := open(t)
	o := d.Bought(d.mia.ID, d.Video(990, -1), d.Video(510, -1))
	at := "/admin/orders/" + o.OrderNo + "/refund"
	page := d.b.Get(at+"?how=amount&amount=5.00&reason=half").Wants(200).
		Shows("CN¥3.30", "CN¥1.70", "Refund CN¥5.00", "access to all of them goes on")
	form := page.Form(at)
	form.Set("item", webtest.Query[string](d.Mall, "select min(id)::text from video_order_item")[0])
	d.b.Post(at, form).Wants(303)
	if got := webtest.Query[int64](d.Mall, "select amount from order_refund"); len(got) != 1 || got[0] != 500 {
		t.Errorf("refunds: %v", got)
	}
	for typed, says := range map[string]string{
		"how=amount&amount=16.00&reason=more": "The amount must be above zero and not above what is left.",
		"how=amount&amount=x&reason=more":     "The amount must be above zero and not above what is left.",
		"how=amount&amount=1.00&reason=":      "Say why, in 1 to 200 characters.",
	} {
		refused := d.b.Get(at+"?"+typed).Wants(422).Shows(says, "Order of")
		want, _ := url.ParseQuery(typed)
		for name := range want {
			if got := refused.Form(at).Get(name); got != want.Get(name) {
				t.Errorf("%s: %s comes back as %q", typed, name, got)
			}
		}
	}
}
