// Package invoices draws what a buyer sees of invoices, credit notes and fapiaos. It says how a document is called and
// refuses to work out sums.
package invoices

import (
	"videomall/mall/invoice"
	"videomall/views/text"
)

// Title is what a document is called. It is an invoice only if it says all that one has to, and otherwise a receipt.
func Title(t *text.Printer, d invoice.Document) string {
	switch {
	case d.Kind == invoice.CreditNote:
		return t.T("invoice.credit_note")
	case d.Facts.Formal:
		return t.T("invoice.invoice")
	}
	return t.T("invoice.receipt")
}

// Notes are the sentences below the sums of a document.
func Notes(t *text.Printer, d invoice.Document) (notes []string) {
	f := d.Facts
	if f.ReverseCharge() {
		notes = append(notes, "* "+t.T("invoice.note_reverse"))
	}
	switch {
	case d.Corrects():
		notes = append(notes, t.T("invoice.note_corrects", "Number", f.InvoiceNo))
	case d.Kind == invoice.CreditNote:
		notes = append(notes, t.T("invoice.note_credit", "Number", f.InvoiceNo))
	default:
		notes = append(notes, t.T("invoice.note_paid", "Date", t.In(f.Zone).Date(f.PaidAt)))
	}
	if f.InvoiceNo != "" && d.Kind == invoice.Invoice {
		notes = append(notes, t.T("invoice.note_replaces", "Number", f.InvoiceNo))
	}
	return append(notes, t.T("invoice.note_zone", "Zone", f.Zone), t.T("invoice.note_fapiao"))
}
