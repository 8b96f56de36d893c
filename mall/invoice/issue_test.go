package invoice_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/calendar"
	"videomall/mall/invoice"
	"videomall/mall/malltest"
	"videomall/mall/order"
	"videomall/mall/tax"
)

func TestInvoices_Issue_says_what_was_sold(t *testing.T) {
	d := open(t)
	d.taxes("DE", 1900, tax.Profile{Company: "Müller & Söhne", Address: "Hof 3\n20095 Hamburg"})
	o := d.paid(mia, 1990, 501)
	docs := d.issue(o)
	if len(docs) != 1 {
		t.Fatalf("%d documents", len(docs))
	}
	one := docs[0]
	year := d.Now().In(d.invoices.Zone().Location()).Year()
	if one.No() != fmt.Sprintf("INV-%d-000001", year) || one.Gross != o.Total || one.Tax != o.Tax.Amount ||
		one.Net.Amount+one.Tax.Amount != one.Gross.Amount || one.Tax.IsZero() {
		t.Errorf("%s: %v + %v = %v", one.No(), one.Net, one.Tax, one.Gross)
	}
	f := one.Facts
	if f.Buyer.Name != "Müller & Söhne" || len(f.Buyer.Address) != 2 || f.Seller.Name != "Mall GmbH" || !f.Formal ||
		f.TaxName != "VAT" || len(f.Lines) != 2 || len(f.Totals) != 1 || f.Totals[0].BasisPoints != 1900 ||
		f.SuppliedAt == nil || f.Provider != "sandbox" || f.Reference == "" || f.Zone != "Asia/Shanghai" {
		t.Errorf("facts: %+v", f)
	}
	if again := d.issue(o); len(again) != 1 {
		t.Errorf("%d documents after a second call", len(again))
	}
}

func TestInvoices_Issue_no_sale_no_document(t *testing.T) {
	d := open(t)
	free := d.paid(mia, 0)
	open := d.Place(mia, d.Sells(990, -1))
	imported := d.paid(tim, 990)
	if _, err := d.Pool.Exec(d.Ctx,
		`update video_order set idempotency_key = 'import-' || order_no where order_no = $1`, imported.OrderNo,
	); err != nil {
		t.Fatal(err)
	}
	for _, o := range []order.Order{free, open, imported} {
		if docs := d.issue(o); len(docs) != 0 {
			t.Errorf("order %s: %d documents", o.OrderNo, len(docs))
		}
	}
}

// A document without a named seller, or one with tax and no id of who pays it, is a receipt.
func TestInvoices_Issue_receipt(t *testing.T) {
	d := open(t)
	d.taxes("FR", 2000, tax.Profile{})
	o := d.paid(mia, 990)
	bare := invoice.New(invoice.Deps{
		Pool:     d.Pool,
		Now:      d.Now,
		Orders:   d.Orders,
		Payments: d.Payments,
		River:    d.River,
		Seller:   invoice.Seller{Name: "Mall", Address: []string{"Weg 1"}},
		Buyer:    func(context.Context, int64) (string, error) { return "Mia", nil },
	})
	if err := bare.Issue(d.Ctx, o.OrderNo); err != nil {
		t.Fatal(err)
	}
	docs, err := bare.OfOrder(d.Ctx, o.OrderNo)
	if err != nil || len(docs) != 1 || docs[0].Facts.Formal || docs[0].Facts.Buyer.Name != "Mia" {
		t.Errorf("%+v, %v", docs, err)
	}
}

// Whoever calls, and however many at once, an order has one invoice and a refund one credit note.
func TestInvoices_Issue_many_at_once(t *testing.T) {
	d := open(t)
	d.taxes("DE", 1900, tax.Profile{})
	o := d.paid(mia, 1990, 990)
	d.refunds(o, "k1", 333, o.Items[0].ID)
	atOnce(50, func(int) {
		if err := d.invoices.Issue(d.Ctx, o.OrderNo); err != nil {
			t.Error(err)
		}
	})
	docs := d.issue(o)
	if len(docs) != 2 || docs[0].Kind != invoice.Invoice || docs[1].Kind != invoice.CreditNote {
		t.Errorf("documents: %+v", docs)
	}
	d.whole()
}

// Fifty orders are issued in parallel, over the end of a year in the zone of the shop, by processes of which many are
// killed between their number and their commit. No number is lost, and none is given twice.
func TestInvoices_Issue_gapless(t *testing.T) {
	d := open(t)
	var orders []order.Order
	for n := range 50 {
		orders = append(orders, d.paid(int64(200+n), 990))
	}
	newYear := time.Date(2027, 1, 1, 0, 0, 0, 0, d.invoices.Zone().Location())
	d.clock = func() time.Time { return newYear.Add(time.Duration(rand.IntN(2001)-1000) * time.Millisecond) }
	// Every third insertion fails after it has taken its number, as if its process had ended there.
	for _, sql := range []string{
		`create sequence unlucky`,
		`create function fail_some() returns trigger language plpgsql as $$ begin
			if nextval('unlucky') % 3 = 0 then raise exception 'pulled the plug'; end if; return new; end $$`,
		`create trigger zz_fail before insert on invoice for each row execute function fail_some()`,
	} {
		if _, err := d.Pool.Exec(d.Ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	atOnce(len(orders), func(n int) {
		for try := range 20 {
			err := d.invoices.Issue(d.Ctx, orders[n].OrderNo)
			if err == nil {
				return
			}
			if !strings.Contains(err.Error(), "pulled the plug") || try == 19 {
				t.Error(err)
			}
		}
	})
	sum := 0
	for _, s := range d.whole() {
		sum += s.Count
	}
	if years := malltest.Query[int32](d.Mall, "select distinct year from invoice order by 1"); sum != 50 ||
		!slices.Equal(years, []int32{2026, 2027}) {
		t.Errorf("%d documents of %v", sum, years)
	}
	// The dates of a series follow its numbers.
	if n := malltest.Query[int64](d.Mall, `select count(*) from (select issued_at < lag(issued_at) over
		(partition by year order by number) as back from invoice) s where back`)[0]; n != 0 {
		t.Errorf("%d documents have an earlier date than the one before", n)
	}
}

// The year of a number is that of the shop, not that of UTC.
func TestInvoices_Issue_year_of_the_shop(t *testing.T) {
	d := open(t)
	o := d.paid(mia, 990)
	d.clock = func() time.Time { return time.Date(2027, 12, 31, 16, 30, 0, 0, time.UTC) } // 00:30 in Beijing
	if no := d.issue(o)[0].No(); no != "INV-2028-000001" {
		t.Error(no)
	}
	if zone, _ := calendar.Find("Asia/Shanghai"); d.invoices.Zone() != zone {
		t.Error("another zone")
	}
}

// Each refund of each kind has its credit note, and together they take back exactly what the invoice has.
func TestInvoices_Issue_credit_notes_add_up(t *testing.T) {
	d := open(t)
	d.taxes("DE", 1900, tax.Profile{})
	o := d.paid(mia, 1990, 991, 3)
	d.issue(o)
	d.refunds(o, "amount", 777)
	d.refunds(o, "part", 101, o.Items[0].ID)
	d.refunds(o, "item", 0, o.Items[1].ID)
	d.issue(o)
	d.refunds(o, "rest", 0)
	docs := d.issue(o)
	if len(docs) != 5 {
		t.Fatalf("%d documents", len(docs))
	}
	var gross, taxed, net int64
	for _, c := range docs[1:] {
		if c.InvoiceID != docs[0].ID || c.Facts.InvoiceNo != docs[0].No() || c.RefundNo == "" ||
			c.Facts.RefundedAt == nil {
			t.Errorf("%s: %+v", c.No(), c.Facts)
		}
		gross += c.Gross.Amount
		taxed += c.Tax.Amount
		net += c.Net.Amount
	}
	if gross != docs[0].Gross.Amount || taxed != docs[0].Tax.Amount || net != docs[0].Net.Amount {
		t.Errorf("credited %d with a tax of %d, invoiced %v with %v", gross, taxed, docs[0].Gross, docs[0].Tax)
	}
	for _, c := range docs[1:] {
		want := malltest.Query[int64](d.Mall,
			`select sum(tax_amount)::bigint from order_refund_item where refund_no = $1`, c.RefundNo)[0]
		if c.Tax.Amount != want {
			t.Errorf("%s: tax %d, the refund has %d", c.No(), c.Tax.Amount, want)
		}
	}
	d.whole()
	d.Whole()
}

// A refund that the buyer's bank sends back is still owed: its credit note stands, and there is no second one.
func TestInvoices_Issue_refund_returned(t *testing.T) {
	d := open(t)
	o := d.paid(mia, 990)
	d.refunds(o, "k", 0)
	if docs := d.issue(o); len(docs) != 2 {
		t.Fatalf("%d documents", len(docs))
	}
	if _, err := d.Pool.Exec(d.Ctx, "update order_refund set status = 'returned'"); err != nil {
		t.Fatal(err)
	}
	if docs := d.issue(o); len(docs) != 2 {
		t.Errorf("%d documents", len(docs))
	}
}

func TestInvoices_stay_as_they_are(t *testing.T) {
	d := open(t)
	o := d.paid(mia, 990)
	docs := d.issue(o)
	for _, sql := range []string{
		"update invoice set gross = gross", "update invoice set facts = '{}'", "delete from invoice",
		"truncate invoice", "truncate invoice cascade",
		// Numbers that leave a gap, credit notes above the invoice, and an invoice that replaces one which stands.
		`insert into invoice (kind, year, number, order_no, user_id, currency, net, tax, gross, facts, issued_at)
			select kind, year, number + 2, 'x', user_id, currency, net, tax, gross, facts, issued_at from invoice`,
		`with c as (insert into invoice_counter values ('credit_note', 2026, 1, now()))
			insert into invoice (kind, year, number, order_no, user_id, refund_no, invoice_id, currency, net, tax,
			gross, facts, issued_at) select 'credit_note', 2026, 1, order_no, user_id, 'R', id, currency, net + 1, tax,
			gross + 1, facts, issued_at from invoice`,
		`insert into invoice (kind, year, number, order_no, user_id, replaces_id, currency, net, tax, gross, facts,
			issued_at) select kind, year, number + 1, order_no, user_id, id, currency, net, tax, gross, facts, issued_at
			from invoice`,
		`insert into invoice (kind, year, number, order_no, user_id, currency, net, tax, gross, facts, issued_at)
			select kind, year, number + 1, 'y', user_id, currency, net, tax + 1, gross, facts, issued_at from invoice`,
	} {
		if _, err := d.Pool.Exec(d.Ctx, sql); err == nil {
			t.Errorf("accepted: %s", sql)
		}
	}
	again, err := d.invoices.ByNo(d.Ctx, strings.ToLower(docs[0].No()))
	if err != nil || again.Gross != docs[0].Gross {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestInvoices_Own(t *testing.T) {
	d := open(t)
	o, other := d.paid(mia, 990), d.paid(tim, 990)
	no := d.issue(o)[0].No()
	d.issue(other)
	if _, err := d.invoices.Own(d.Ctx, mia, o.OrderNo, no); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		user        int64
		orderNo, no string
	}{
		{tim, o.OrderNo, no},
		{tim, other.OrderNo, no},
		{mia, other.OrderNo, no},
		{mia, o.OrderNo, ""},
		{mia, o.OrderNo, "INV-2026-999999"},
		{mia, o.OrderNo, "INV-2026-99999999999999999999"},
	} {
		if _, err := d.invoices.Own(d.Ctx, c.user, c.orderNo, c.no); !errors.Is(err, invoice.ErrNotFound) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// What no event and no job did is found later, once, and an order of before the upgrade is left alone.
func TestInvoices_Sweep(t *testing.T) {
	d := open(t)
	o := d.paid(mia, 990)
	d.issue(d.paid(tim, 990)) // lacks nothing
	d.paid(tim, 0)            // has no document
	swept := func(want int) {
		t.Helper()
		if n, err := d.invoices.Sweep(d.Ctx); n != want || err != nil {
			t.Errorf("%d orders, %v; want %d", n, err, want)
		}
	}
	swept(0) // too young
	d.Advance(11 * time.Minute)
	swept(1)
	swept(0)
	d.issue(o)
	d.refunds(o, "k", 100)
	d.Advance(11 * time.Minute)
	swept(1)
	jobs := malltest.Query[string](d.Mall, `select args->>'orderNo' from river_job where kind = 'issue_invoice'`)
	if !slices.Equal(jobs, []string{o.OrderNo, o.OrderNo}) {
		t.Errorf("jobs: %v", jobs)
	}
}

// Paying inserts a job and takes no number, so that purchases never wait for each other.
func TestInvoices_delivery_enqueues(t *testing.T) {
	d := open(t)
	o := d.paid(mia, 990)
	d.paid(mia, 0)
	d.Relayed()
	jobs := malltest.Query[string](d.Mall, `select args->>'orderNo' from river_job where kind = 'issue_invoice'`)
	if !slices.Equal(jobs, []string{o.OrderNo}) {
		t.Errorf("jobs: %v", jobs)
	}
	if n := malltest.Query[int64](d.Mall, "select count(*) from invoice_counter")[0]; n != 0 {
		t.Errorf("%d counters", n)
	}
}
