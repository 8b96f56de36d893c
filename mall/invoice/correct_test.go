package invoice_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/invoice"
	"videomall/mall/tax"
)

func TestInvoices_Correct(t *testing.T) {
	d := open(t)
	d.taxes("DE", 1900, tax.Profile{})
	o := d.paid(mia, 1990, 10)
	d.issue(o)
	p := tax.Profile{Country: "DE", Company: "Müller KG", Address: "Hof 3\n20095 Hamburg", VATID: "DE136695976"}
	var refused atomic.Int32
	atOnce(8, func(int) {
		if err := d.invoices.Correct(d.Ctx, mia, o.OrderNo, p); errors.Is(err, invoice.ErrLocked) {
			refused.Add(1)
		} else if err != nil {
			t.Error(err)
		}
	})
	docs := d.issue(o)
	if len(docs) != 3 {
		t.Fatalf("%d documents, %d refused", len(docs), refused.Load())
	}
	back, again := docs[1], docs[2]
	if !back.Corrects() || back.Gross != docs[0].Gross || back.Tax != docs[0].Tax || back.InvoiceID != docs[0].ID ||
		back.Facts.Buyer.Name != docs[0].Facts.Buyer.Name {
		t.Errorf("credit note: %+v", back)
	}
	if again.Kind != invoice.Invoice || again.Replaces != docs[0].ID || again.Gross != docs[0].Gross ||
		again.Facts.Buyer.Name != "Müller KG" || again.Facts.InvoiceNo != docs[0].No() {
		t.Errorf("invoice: %+v", again)
	}
	// A refund after that takes from the invoice that stands.
	d.refunds(o, "k", 100)
	docs = d.issue(o)
	if last := docs[len(docs)-1]; len(docs) != 4 || last.InvoiceID != again.ID || last.Facts.Buyer.Name != "Müller KG" {
		t.Errorf("%+v", last)
	}
	p.Company = "Another"
	if err := d.invoices.Correct(d.Ctx, mia, o.OrderNo, p); !errors.Is(err, invoice.ErrLocked) {
		t.Errorf("after a refund: %v", err)
	}
	d.whole()
	d.Whole()
}

func TestInvoices_Correct_refuses(t *testing.T) {
	d := open(t)
	d.taxes("DE", 1900, tax.Profile{})
	o := d.paid(mia, 990)
	p := tax.Profile{Country: "DE", Company: "Müller KG"}
	if err := d.invoices.Correct(d.Ctx, mia, o.OrderNo, p); !errors.Is(err, invoice.ErrLocked) {
		t.Errorf("without an invoice: %v", err)
	}
	d.issue(o)
	if err := d.invoices.Correct(d.Ctx, tim, o.OrderNo, p); err == nil {
		t.Error("somebody else corrected it")
	}
	for _, wrong := range []tax.Profile{{Country: "FR", Company: "X"}, {Company: "X"}, {Country: "DE", VATID: "DE1"}} {
		if err := d.invoices.Correct(d.Ctx, mia, o.OrderNo, wrong); !errors.Is(err, invoice.ErrCountry) &&
			!errors.Is(err, tax.ErrProfile) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	for n := range 4 {
		p.Company += "I"
		if err := d.invoices.Correct(d.Ctx, mia, o.OrderNo, p); errors.Is(err, invoice.ErrLocked) != (n == 3) {
			t.Errorf("correction %d: %v", n, err)
		}
	}
	late := d.paid(mia, 990)
	d.issue(late)
	d.Advance(invoice.CorrectWithin + time.Hour)
	if err := d.invoices.Correct(d.Ctx, mia, late.OrderNo, p); !errors.Is(err, invoice.ErrLocked) {
		t.Errorf("after the time: %v", err)
	}
}
