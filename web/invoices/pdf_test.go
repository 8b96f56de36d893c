package invoices_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"videomall/mall/invoice"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/tax"
	"videomall/views/text"
	"videomall/web/invoices"
)

// sample is a document with lines at some rates, of which 0 stands for reverse charge and -1 for no tax.
func sample(currency string, lines int, rates ...int) invoice.Document {
	at := time.Date(2026, 3, 31, 18, 30, 0, 0, time.UTC) // April 1 in Beijing
	f := invoice.Facts{
		Seller: invoice.Party{
			Name:    "Lichtspiel Müller GmbH",
			Address: []string{"Große Straße 12", "10115 Berlin"},
			Country: "DE",
			VATID:   "DE136695976",
		},
		Buyer: invoice.Party{
			Name:    "Żółć Spółka z o.o. 上海昇喆文化公司",
			Address: []string{"ul. Świętokrzyska 1", "00-001 Warszawa"},
			Country: "PL",
			VATID:   "PL5260001246",
		},
		Formal:     true,
		TaxName:    "VAT",
		TaxCountry: "PL",
		Zone:       "Asia/Shanghai",
		OrderedAt:  at,
		PaidAt:     at,
		SuppliedAt: &at,
		Provider:   "stripe",
	}
	d := invoice.Document{
		Kind:     invoice.Invoice,
		Year:     2026,
		Number:   42,
		OrderNo:  "01M8P3N20DHQAA8TNWN144M6RN",
		IssuedAt: at,
	}
	titles := []locale.Text{
		{En: "The Lighthouse", Zh: "灯塔"},
		{
			En: "A Very Long Title About a Train That Crosses the Whole Continent in Winter, Told in Several Parts",
			Zh: "一列火车在冬天穿越整个大陆的漫长故事，分为若干部分讲述，片名很长很长很长，需要换行（完整版）",
		},
		{En: "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung", Zh: "多瑙河"},
	}
	totals := map[int]*invoice.Total{}
	for n := range lines {
		rate := rates[n%len(rates)]
		l := invoice.Line{
			Title:    titles[n%len(titles)],
			Kind:     "own",
			Quality:  "HD",
			Quantity: 1 + n%2,
			TaxKind:  tax.Standard,
			Net:      int64(100_000 + 37*n),
		}
		switch l.BasisPoints = max(rate, 0); rate {
		case 0:
			l.TaxKind = tax.ReverseCharge
		case -1:
			l.TaxKind = tax.None
		}
		if n%3 == 1 {
			l.Discount = 500
		}
		l.Tax = money.Share(l.Net, int64(l.BasisPoints), 10_000)
		l.Gross = l.Net + l.Tax
		f.Lines = append(f.Lines, l)
		if totals[rate] == nil {
			totals[rate] = &invoice.Total{TaxKind: l.TaxKind, BasisPoints: l.BasisPoints}
		}
		totals[rate].Net += l.Net
		totals[rate].Tax += l.Tax
		totals[rate].Gross += l.Gross
	}
	sum := invoice.Total{}
	for _, rate := range rates {
		if total := totals[rate]; total != nil {
			f.Totals = append(f.Totals, *total)
			sum.Net += total.Net
			sum.Tax += total.Tax
			sum.Gross += total.Gross
			delete(totals, rate)
		}
	}
	d.Net, d.Tax, d.Gross = money.Of(sum.Net, currency), money.Of(sum.Tax, currency), money.Of(sum.Gross, currency)
	d.Facts = f
	return d
}

// credit makes a document the credit note of a refund.
func credit(d invoice.Document) invoice.Document {
	d.Facts.InvoiceNo, d.Facts.InvoicedAt, d.Facts.RefundedAt = d.No(), &d.IssuedAt, &d.IssuedAt
	d.Kind = invoice.CreditNote
	d.Number = 7
	d.RefundNo = "01M8P3N20DHQAA8TNWN144M6RF"
	return d
}

// read returns the text of a document, or skips the test where no program reads it.
func read(t *testing.T, body []byte) string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no pdftotext, which make install-test installs")
		}
		t.Skip("there is no pdftotext")
	}
	c := exec.CommandContext(t.Context(), "pdftotext", "-layout", "-", "-")
	c.Stdin = bytes.NewReader(body)
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func draw(t *testing.T, lang text.Lang, d invoice.Document) []byte {
	t.Helper()
	body, err := invoices.PDF(text.For(lang), d)
	if err != nil || !bytes.HasPrefix(body, []byte("%PDF-")) {
		t.Fatalf("%.20q, %v", body, err)
	}
	if dir := os.Getenv("INVOICE_PDF"); dir != "" { // to look at them
		name := strings.NewReplacer("/", "-", " ", "").Replace(t.Name()) + "-" + string(lang) + ".pdf"
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return body
}

func wants(t *testing.T, shown string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(shown, w) {
			t.Errorf("no %q in\n%s", w, shown)
		}
	}
}

func TestPDF_says_in_both_languages(t *testing.T) {
	t.Parallel()
	d := sample("EUR", 1, 2300)
	en, zh := read(t, draw(t, text.En, d)), read(t, draw(t, text.ZhCN, d))
	for _, shown := range []string{en, zh} {
		wants(t, shown, "INV-2026-000042", "Lichtspiel Müller GmbH", "Große Straße 12", "DE136695976",
			"Żółć Spółka z o.o.", "上海昇喆文化公司", "PL5260001246", "1,000.00", "230.00", "1,230.00", "€1,230.00", "23%",
			d.OrderNo, "EUR")
	}
	wants(t, en, "Invoice", "The Lighthouse", "Apr 1, 2026", "Poland", "Page 1 of 1", "Nothing is due.", "not a fapiao")
	wants(t, zh, "账单", "灯塔", "2026年4月1日", "波兰", "第 1 页，共 1 页", "已于 2026年4月1日全额付清", "不是中国大陆的发票")
	if strings.Contains(en, "灯塔") || strings.Contains(zh, "Invoice") {
		t.Error("the languages are mixed")
	}
	d.Facts.Formal = false
	d.Facts.Seller = invoice.Party{}
	wants(t, read(t, draw(t, text.En, d)), "Receipt", "Videomall")
	if shown := read(t, draw(t, text.ZhCN, d)); !strings.Contains(shown, "收据") || strings.Contains(shown, "账单") {
		t.Error(shown)
	}
}

func TestPDF_many_lines(t *testing.T) {
	t.Parallel()
	for _, lang := range []text.Lang{text.En, text.ZhCN} {
		d := sample("CNY", 50, 1300, 600, -1)
		shown := read(t, draw(t, lang, d))
		pages := strings.Split(strings.TrimSuffix(shown, "\f"), "\f")
		if len(pages) < 3 {
			t.Errorf("%d pages", len(pages))
		}
		for n, page := range pages {
			want := []string{"INV-2026-000042", "Page " + string(rune('1'+n)) + " of " + string(rune('0'+len(pages)))}
			if lang == text.ZhCN {
				want[1] = "第 " + string(rune('1'+n)) + " 页"
			}
			wants(t, page, want...)
		}
		wants(t, shown, "13%", "6%")
	}
}

func TestPDF_reverse_charge(t *testing.T) {
	t.Parallel()
	d := sample("EUR", 2, 0)
	wants(t, read(t, draw(t, text.En, d)), "Reverse charge", "Article 196", "0% *")
	wants(t, read(t, draw(t, text.ZhCN, d)), "反向征收", "第 196 条")
}

func TestPDF_credit_note(t *testing.T) {
	t.Parallel()
	d := credit(sample("CNY", 3, 600))
	wants(t, read(t, draw(t, text.En, d)), "Credit note", "CN-2026-000007", "INV-2026-000042", d.RefundNo,
		"Total credited")
	wants(t, read(t, draw(t, text.ZhCN, d)), "贷项通知单", "INV-2026-000042", "冲减合计")
	d.RefundNo = ""
	wants(t, read(t, draw(t, text.En, d)), "cancels INV-2026-000042")
}

// Every currency has its own digits, and a sign that the typeface has.
func TestPDF_currencies(t *testing.T) {
	t.Parallel()
	for currency, want := range map[string]string{
		"JPY": "¥123,000", "KWD": "123.000", "USD": "$1,230.00", "KRW": "₩123,000", "VND": "₫123,000",
		"INR": "₹1,230.00", "GBP": "£1,230.00", "RUB": "1,230.00", "THB": "1,230.00",
	} {
		wants(t, read(t, draw(t, text.En, sample(currency, 1, 2300))), want)
	}
}

// TestPDF_emoji: what no typeface has costs a character, and not the document.
func TestPDF_emoji(t *testing.T) {
	t.Parallel()
	d := sample("CNY", 1, 6)
	d.Facts.Buyer.Name = "Zoë 😀"
	for _, lang := range []locale.Lang{locale.En, locale.ZhCN} {
		if body, err := invoices.PDF(text.For(lang), d); err != nil || len(body) == 0 {
			t.Errorf("%s: %v", lang, err)
		}
	}
}

// The name of a tax is an operator's, and stands in cells that are not wrapped.
func TestPDF_emoji_in_the_name_of_the_tax(t *testing.T) {
	t.Parallel()
	d := sample("EUR", 2, 2300, -1)
	d.Facts.TaxName = "VAT 😀"
	for _, lang := range []text.Lang{text.En, text.ZhCN} {
		wants(t, read(t, draw(t, lang, d)), "VAT ?", d.No(), "Żółć Spółka z o.o.")
	}
}
