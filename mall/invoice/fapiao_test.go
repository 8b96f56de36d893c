package invoice_test

import (
	"errors"
	"strings"
	"testing"

	"videomall/mall/fault"
	"videomall/mall/invoice"
	"videomall/mall/malltest"
)

func TestValidTaxpayerNo(t *testing.T) {
	t.Parallel()
	for no, want := range map[string]bool{
		"91350100M000100Y43":  true, // the example of GB 32100-2015
		"914403001922038216":  true,
		"91440300708461136T":  true,
		"91330100799655058B":  true,
		"91350100M000100Y44":  false, // check character
		"91350100M000100Y34":  false,
		"19350100M000100Y43":  false, // two swapped
		"91350100I000100Y43":  false, // I, O, S, V and Z are not used
		"91350100O000100Y43":  false,
		"91350100M000100Y4":   false,
		"91350100M000100Y433": false,
		"９1350100M000100Y43":  false,
		"":                    false,
		"123456789012345":     false, // a number of before 2015
	} {
		if got := invoice.ValidTaxpayerNo(no); got != want {
			t.Errorf("%q: %v", no, got)
		}
	}
	if no := invoice.NormalTaxpayerNo(" 9135 0100-m000100y43 "); no != "91350100M000100Y43" {
		t.Error(no)
	}
}

var company = invoice.FapiaoAsk{
	Type:       invoice.Company,
	Title:      "上海昇喆文化传播有限公司",
	TaxpayerNo: "91350100m000100y43",
	Email:      "cw@example.com",
}

func TestInvoices_AskFapiao(t *testing.T) {
	d := open(t)
	o := d.paid(mia, 990)
	for field, change := range map[string]func(*invoice.FapiaoAsk){
		"type":        func(a *invoice.FapiaoAsk) { a.Type = "x" },
		"title":       func(a *invoice.FapiaoAsk) { a.Title = strings.Repeat("名", 101) },
		"taxpayer_no": func(a *invoice.FapiaoAsk) { a.TaxpayerNo = "91350100M000100Y44" },
		"email":       func(a *invoice.FapiaoAsk) { a.Email = "cw@" },
	} {
		a := company
		change(&a)
		err := d.invoices.AskFapiao(d.Ctx, mia, o.OrderNo, a)
		if f := fault.From(err); !errors.Is(err, invoice.ErrFapiao) || f.Fields[field] == "" || len(f.Fields) != 1 {
			t.Errorf("%s: %v, %v", field, err, f.Fields)
		}
	}
	unstorable := company
	unstorable.Title = "a\x00b"
	if err := d.invoices.AskFapiao(d.Ctx, mia, o.OrderNo, unstorable); !errors.Is(err, invoice.ErrFapiao) {
		t.Errorf("a title with NUL: %v", err)
	}
	if err := d.invoices.AskFapiao(d.Ctx, tim, o.OrderNo, company); err == nil {
		t.Error("somebody else asked")
	}
	atOnce(8, func(int) {
		if err := d.invoices.AskFapiao(d.Ctx, mia, o.OrderNo, company); err != nil &&
			!errors.Is(err, invoice.ErrFapiaoTaken) {
			t.Error(err)
		}
	})
	if n := malltest.Query[int64](d.Mall, "select count(*) from fapiao_request")[0]; n != 1 {
		t.Errorf("%d requests", n)
	}
	if err := d.invoices.AskFapiao(d.Ctx, mia, d.paid(mia, 0).OrderNo, company); !errors.Is(err, invoice.ErrNoFapiao) {
		t.Errorf("a free order: %v", err)
	}
}

func TestInvoices_fapiao_from_request_to_reversal(t *testing.T) {
	d := open(t)
	o := d.paid(mia, 990)
	d.issue(o)
	is := func(status string) invoice.Fapiao {
		t.Helper()
		f, ok, err := d.invoices.FapiaoOf(d.Ctx, o.OrderNo)
		if err != nil || !ok || f.Status != status {
			t.Fatalf("%+v, %v, %v; want %s", f, ok, err, status)
		}
		return f
	}
	ask := func() invoice.Fapiao {
		t.Helper()
		d.OK(d.invoices.AskFapiao(d.Ctx, mia, o.OrderNo, company))
		return is(invoice.FapiaoRequested)
	}
	f := ask()
	if err := d.invoices.DeclineFapiao(d.Ctx, 2, f.ID, " "); !errors.Is(err, invoice.ErrFapiaoSay) {
		t.Error(err)
	}
	d.OK(d.invoices.DeclineFapiao(d.Ctx, 2, f.ID, "抬头有误"))
	is(invoice.FapiaoDeclined)
	ask()
	if err := d.invoices.IssuedFapiao(d.Ctx, 2, f.ID, ""); !errors.Is(err, invoice.ErrFapiaoNo) {
		t.Error(err)
	}
	d.OK(d.invoices.IssuedFapiao(d.Ctx, 2, f.ID, "26312000000012345678"))
	d.OK(d.invoices.IssuedFapiao(d.Ctx, 2, f.ID, "26312000000012345678")) // the second click
	if err := d.invoices.IssuedFapiao(d.Ctx, 3, f.ID, "26312000000099999999"); !errors.Is(err, invoice.ErrFapiaoGone) {
		t.Errorf("another number: %v", err)
	}
	if err := d.invoices.ReversedFapiao(d.Ctx, 2, f.ID, "R", ""); !errors.Is(err, invoice.ErrFapiaoGone) {
		t.Errorf("reversed without a refund: %v", err)
	}
	// A refund flags it, a second one as well, and a call without a new refund does not.
	d.refunds(o, "k1", 100)
	d.issue(o)
	is(invoice.FapiaoReversing)
	d.OK(d.invoices.ReversedFapiao(d.Ctx, 2, f.ID, "26312000000012345679", "26312000000012345680"))
	d.issue(o)
	if again := is(invoice.FapiaoIssued); again.FapiaoNo != "26312000000012345680" {
		t.Errorf("%+v", again)
	}
	d.refunds(o, "k2", 0)
	d.issue(o)
	is(invoice.FapiaoReversing)
	if n, err := d.invoices.CountFapiaos(d.Ctx); n != 1 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
	d.OK(d.invoices.ReversedFapiao(d.Ctx, 2, f.ID, "26312000000012345681", ""))
	is(invoice.FapiaoReversed)
	if err := d.invoices.AskFapiao(d.Ctx, mia, o.OrderNo, company); !errors.Is(err, invoice.ErrNoFapiao) {
		t.Errorf("after all went back: %v", err)
	}
}
