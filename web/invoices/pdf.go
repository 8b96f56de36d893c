package invoices

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"videomall/mall/invoice"
	"videomall/mall/money"
	"videomall/mall/tax"
	invoicesview "videomall/views/invoices"
	"videomall/views/text"
	"videomall/web/typeface"
)

// The page in millimetres, A4 upright.
const (
	margin    = 18.0
	pageWide  = 210.0
	wide      = pageWide - 2*margin
	lineHigh  = 5.0
	smallHigh = 4.2
	half      = 76.0 // of the left column; the right one has the rest
	second    = margin + half + 8
	names     = 30.0 // of facts
)

// The columns of the lines: what, units, net, rate, tax, gross.
var columns = []float64{70, 14, 24, 18, 22, 26}

// PDF draws a document in the reader's language. Its dates are those of the zone in which it was issued.
func PDF(t *text.Printer, d invoice.Document) ([]byte, error) {
	// How many pages there are is known only once they are drawn. If it is not the usual one, drawing again needs no
	// placeholder, whose width would be another.
	pages := 1
	for range 2 {
		s := &sheet{
			f:     fpdf.New("P", "mm", "A4", ""),
			t:     t.In(d.Facts.Zone),
			d:     d,
			pages: pages,
		}
		s.draw()
		if pages == s.f.PageNo() {
			var buf bytes.Buffer
			if err := s.f.Output(&buf); err != nil {
				return nil, fmt.Errorf("draw %s: %w", d.No(), err)
			}
			return buf.Bytes(), nil
		}
		pages = s.f.PageNo()
		if err := s.f.Error(); err != nil {
			return nil, fmt.Errorf("draw %s: %w", d.No(), err)
		}
	}
	return nil, fmt.Errorf("draw %s: the pages changed their number", d.No())
}

// sheet is a document that is being drawn.
type sheet struct {
	f     *fpdf.Fpdf
	t     *text.Printer
	d     invoice.Document
	pages int
}

func (s *sheet) draw() {
	f, title := s.f, invoicesview.Title(s.t, s.d)
	f.AddUTF8FontFromBytes("sans", "", typeface.Sans())
	f.SetMargins(margin, margin, margin)
	f.SetAutoPageBreak(true, margin+8)
	f.SetTitle(title+" "+s.d.No(), true)
	f.SetAuthor(s.sellerName(), true)
	f.SetSubject(s.t.T("invoice.of_order", "Number", s.d.OrderNo), true)
	f.SetLang(string(s.t.Lang))
	f.SetCreationDate(s.d.IssuedAt)
	f.SetModificationDate(s.d.IssuedAt)
	f.SetFooterFunc(s.footer)
	f.AddPage()
	s.head(title)
	s.parties()
	s.lines()
	s.totals()
	s.notes()
}

// size sets the size of the letters, in points, and their grey, 0 for black.
func (s *sheet) size(points float64, grey int) {
	s.f.SetFont("sans", "", points)
	s.f.SetTextColor(grey, grey, grey)
}

const (
	grey = 95
	rule = 200
)

func (s *sheet) sellerName() string { return cmp.Or(s.d.Facts.Seller.Name, s.t.T("site.name")) }

func (s *sheet) footer() {
	s.f.SetY(-margin)
	s.size(8, grey)
	page := s.t.T("invoice.page", "Page", strconv.Itoa(s.f.PageNo()), "Pages", strconv.Itoa(s.pages))
	s.cell(wide/2, 5, s.d.No(), fpdf.LineBreakNone, "L")
	s.cell(wide/2, 5, page, fpdf.LineBreakNone, "R")
}

// cell writes words on one line; end is one of fpdf's line breaks.
func (s *sheet) cell(width, high float64, words string, end int, align string) {
	s.f.CellFormat(width, high, typeface.Drawable(words), "", end, align, false, 0, "")
}

// block writes lines of text below each other from x on, each wrapped to a width.
func (s *sheet) block(x, width, high float64, lines ...string) {
	for _, line := range lines {
		for _, part := range s.wrap(line, width) {
			s.f.SetX(x)
			s.cell(width, high, part, fpdf.LineBreakBelow, "L")
		}
	}
}

func (s *sheet) head(title string) {
	top := s.f.GetY()
	s.size(11, 0)
	s.block(margin, half, 5.5, s.sellerName())
	s.size(9, grey)
	s.block(margin, half, 4.6, s.party(s.d.Facts.Seller)...)
	left := s.f.GetY()
	s.f.SetXY(second, top)
	s.size(20, 0)
	s.cell(pageWide-margin-second, 9, title, fpdf.LineBreakBelow, "R")
	s.size(11, 0)
	s.cell(pageWide-margin-second, 6, s.d.No(), fpdf.LineBreakBelow, "R")
	s.f.SetXY(margin, max(left, s.f.GetY())+8)
}

// party is what follows the name of a seller or buyer.
func (s *sheet) party(p invoice.Party) []string {
	lines := append([]string{}, p.Address...)
	if p.Country != "" {
		lines = append(lines, s.t.Of(tax.CountryName(p.Country)))
	}
	if p.VATID != "" {
		lines = append(lines, s.t.T("invoice.vat_id", "ID", p.VATID))
	}
	return lines
}

// parties writes the buyer on the left, and the dates and numbers on the right.
func (s *sheet) parties() {
	top := s.f.GetY()
	s.size(8.5, grey)
	s.block(margin, half, lineHigh, s.t.T("invoice.buyer"))
	s.size(10, 0)
	s.block(margin, half, lineHigh, s.d.Facts.Buyer.Name)
	s.size(9, 0)
	s.block(margin, half, 4.6, s.party(s.d.Facts.Buyer)...)
	left := s.f.GetY()
	s.f.SetY(top)
	for _, fact := range s.facts() {
		s.f.SetX(second)
		s.size(8.5, grey)
		y := s.f.GetY()
		s.cell(names, lineHigh, fact[0], fpdf.LineBreakNone, "L")
		s.size(8.5, 0)
		s.f.SetY(y)
		s.block(second+names, pageWide-margin-second-names, lineHigh, fact[1])
	}
	s.f.SetXY(margin, max(left, s.f.GetY())+8)
}

// facts are the dates and numbers.
func (s *sheet) facts() [][2]string {
	f, t := s.d.Facts, s.t
	list := [][2]string{{t.T("invoice.issued"), t.Date(s.d.IssuedAt)}}
	add := func(name, value string) { list = append(list, [2]string{name, value}) }
	day := func(name string, at *time.Time) {
		if at != nil {
			add(name, t.Date(*at))
		}
	}
	if s.d.Kind == invoice.CreditNote {
		add(t.T("invoice.credits"), f.InvoiceNo)
		day(t.T("invoice.invoiced"), f.InvoicedAt)
		day(t.T("invoice.refunded"), f.RefundedAt)
		if s.d.RefundNo != "" {
			add(t.T("invoice.refund_no"), s.d.RefundNo)
		}
	} else if f.InvoiceNo != "" {
		add(t.T("invoice.replaces"), f.InvoiceNo)
	}
	add(t.T("invoice.order_no"), s.d.OrderNo)
	day(t.T("invoice.ordered"), &f.OrderedAt)
	day(t.T("invoice.supplied"), f.SuppliedAt)
	if s.d.Kind == invoice.Invoice {
		day(t.T("invoice.paid"), &f.PaidAt)
		if f.Provider != "" {
			add(t.T("invoice.paid_with"), t.Provider(f.Provider))
		}
	}
	return list
}

// row writes the cells of a table's row from the current place on.
func (s *sheet) row(high float64, cells ...string) {
	for n, cell := range cells {
		align := "R"
		if n == 0 {
			align = "L"
		}
		s.cell(columns[n], high, cell, fpdf.LineBreakNone, align)
	}
	s.f.Ln(high)
}

// line draws a rule across the page, or its right part.
func (s *sheet) line(from float64) {
	s.f.SetDrawColor(rule, rule, rule)
	s.f.Line(margin+from, s.f.GetY(), pageWide-margin, s.f.GetY())
}

func (s *sheet) taxWord() string { return cmp.Or(s.d.Facts.TaxName, s.t.T("invoice.tax")) }

func (s *sheet) heads() {
	t := s.t
	s.size(8.5, grey)
	s.row(6, t.T("invoice.what"), t.T("invoice.units"), t.T("invoice.net"), t.T("invoice.rate"), s.taxWord(),
		t.T("invoice.gross"))
	s.line(0)
	s.f.Ln(1.5)
}

// lines writes what was sold. A line is never divided between two pages, and each page repeats the heads.
func (s *sheet) lines() {
	s.size(8.5, grey)
	s.block(margin, wide, lineHigh, s.t.T("invoice.currency", "Currency", s.d.Gross.Currency))
	s.heads()
	for _, l := range s.d.Facts.Lines {
		s.size(9, 0)
		title := s.wrap(s.t.Of(l.Title), columns[0]-3)
		s.size(8, grey)
		below := s.wrap(s.about(l), columns[0]-3)
		s.room(float64(len(title))*lineHigh+float64(len(below))*smallHigh+2, true)
		s.size(9, 0)
		for n, part := range title {
			if n == 0 {
				s.row(lineHigh, part, strconv.Itoa(l.Quantity), s.sum(l.Net), s.rate(l.TaxKind, l.BasisPoints),
					s.sum(l.Tax), s.sum(l.Gross))
				continue
			}
			s.row(lineHigh, part)
		}
		s.size(8, grey)
		for _, part := range below {
			s.row(smallHigh, part)
		}
		s.f.Ln(2)
	}
}

// about says which version of a video it is, and what was taken off.
func (s *sheet) about(l invoice.Line) string {
	words := s.t.SKU(l.Kind, l.Quality, l.RentHours)
	if l.Discount > 0 && s.d.RefundNo == "" {
		words += " · " + s.t.T("invoice.discount", "Amount", s.t.Money(money.Of(l.Discount, s.d.Gross.Currency)))
	}
	return words
}

// room begins a new page unless there is so much left of this one; heads repeats those of the lines.
func (s *sheet) room(high float64, heads bool) {
	_, page := s.f.GetPageSize()
	if s.f.GetY()+high <= page-margin-8 {
		return
	}
	s.f.AddPage()
	if heads {
		s.heads()
	}
}

func (s *sheet) rate(kind tax.Kind, basisPoints int) string {
	switch kind {
	case tax.Standard:
		return s.t.BasisPoints(basisPoints)
	case tax.ReverseCharge:
		return "0% *"
	}
	return "–"
}

// sum writes a sum without its currency.
func (s *sheet) sum(amount int64) string { return s.t.Sum(money.Of(amount, s.d.Gross.Currency)) }

// totals writes the sums of each rate and of the whole.
func (s *sheet) totals() {
	s.room(float64(len(s.d.Facts.Totals)+4)*6+6, false)
	s.line(0)
	s.f.Ln(3)
	s.size(9, grey)
	t := s.t
	for _, total := range s.d.Facts.Totals {
		label := t.T("invoice.untaxed")
		switch total.TaxKind {
		case tax.Standard:
			label = t.T("invoice.at_rate", "Tax", s.taxWord(), "Rate", t.BasisPoints(total.BasisPoints))
		case tax.ReverseCharge:
			label = t.T("invoice.reverse") + " *"
		}
		s.row(6, label, "", s.sum(total.Net), s.rate(total.TaxKind, total.BasisPoints), s.sum(total.Tax),
			s.sum(total.Gross))
	}
	s.f.Ln(1)
	from := columns[0]
	s.line(from)
	s.f.Ln(2)
	key := "invoice.total"
	if s.d.Kind == invoice.CreditNote {
		key = "invoice.total_credited"
	}
	for _, one := range []struct {
		label  string
		amount money.Money
		points float64
		shade  int
	}{
		{t.T("invoice.total_net"), s.d.Net, 9, grey},
		{s.taxWord(), s.d.Tax, 9, grey},
		{t.T(key), s.d.Gross, 12, 0},
	} {
		s.f.SetX(margin + from)
		s.size(one.points, one.shade)
		s.cell((wide-from)/2, 6.5, one.label, fpdf.LineBreakNone, "L")
		s.cell((wide-from)/2, 6.5, t.Money(one.amount), fpdf.LineBreakNormal, "R")
	}
	s.f.Ln(5)
}

func (s *sheet) notes() {
	for _, note := range invoicesview.Notes(s.t, s.d) {
		s.size(9, grey)
		parts := s.wrap(note, wide)
		s.room(float64(len(parts))*lineHigh, false)
		s.size(9, grey)
		s.block(margin, wide, lineHigh, note)
		s.f.Ln(1)
	}
}

// wrap divides a text into lines that fit a width: after a space, between Chinese characters, or else anywhere.
func (s *sheet) wrap(words string, width float64) (lines []string) {
	line, breaks := []rune{}, 0 // breaks is where the line can end, 0 for nowhere
	for _, r := range typeface.Drawable(words) {
		if len(line) == 0 && r == ' ' {
			continue
		}
		if n := len(line); n > 0 &&
			(line[n-1] == ' ' || wideRune(r) && !closing(r) || wideRune(line[n-1]) && !closing(r)) {
			breaks = n
		}
		line = append(line, r)
		if s.f.GetStringWidth(string(line)) <= width-2 || len(line) == 1 {
			continue
		}
		at := breaks
		if at == 0 {
			at = len(line) - 1
		}
		lines = append(lines, strings.TrimRight(string(line[:at]), " "))
		line, breaks = []rune(strings.TrimLeft(string(line[at:]), " ")), 0
	}
	if len(line) > 0 {
		lines = append(lines, strings.TrimRight(string(line), " "))
	}
	return lines
}

// wideRune reports whether a line may end beside a character: those of Chinese, and its punctuation.
func wideRune(r rune) bool { return r >= 0x2e80 && r <= 0x9fff || r >= 0xff00 && r <= 0xffef }

// closing reports whether a character must not begin a line.
func closing(r rune) bool {
	return strings.ContainsRune("，。、；：？！）》」』】”’…·,.;:?!)", r)
}
