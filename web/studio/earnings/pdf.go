package earnings

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"videomall/mall/ledger"
	earningsview "videomall/views/studio/earnings"
	"videomall/views/text"
	"videomall/web/typeface"
)

// The page in millimetres, A4 upright.
const (
	margin   = 12.0
	lineHigh = 6.0
)

// widths are those of a row's columns; the second takes the names of videos, which are cut where they don't fit.
var widths = []float64{20, 50, 12, 21, 21, 21, 20, 21}

// PDF draws a statement, in the reader's language, with the same rows and sums as CSV.
func PDF(t *text.Printer, s ledger.Statement, creator string, now time.Time) ([]byte, error) {
	p := fpdf.New("P", "mm", "A4", "")
	p.AddUTF8FontFromBytes("sans", "", typeface.Sans())
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, margin+lineHigh)
	p.SetTitle(earningsview.StatementTitle(t, s), true)
	p.SetCreationDate(now)
	p.SetModificationDate(now)
	p.SetFooterFunc(func() {
		p.SetY(-margin)
		p.SetFont("sans", "", 8)
		p.CellFormat(0, 5, t.T("earnings.page_of", "Page", strconv.Itoa(p.PageNo())), "", 0, "R", false, 0, "")
	})
	p.AddPage()
	p.SetFont("sans", "", 16)
	p.CellFormat(0, 10, earningsview.StatementTitle(t, s), "", 1, "", false, 0, "")
	p.SetFont("sans", "", 9)
	p.MultiCell(0, 5, typeface.Drawable(t.T("earnings.of_creator", "Name", creator, "Date", t.Date(now))), "", "", false)
	p.MultiCell(0, 5, earningsview.StatementNote(t, s), "", "", false)
	if s.Open {
		p.MultiCell(0, 5, t.T("earnings.provisional"), "", "", false)
	}
	if len(s.Books) == 0 {
		p.Ln(lineHigh)
		p.CellFormat(0, lineHigh, t.T("earnings.nothing"), "", 1, "", false, 0, "")
	}
	for _, b := range s.Books {
		p.Ln(4)
		p.SetFont("sans", "", 11)
		p.CellFormat(0, 8, t.T("earnings.account", "Currency", b.Currency), "", 1, "", false, 0, "")
		p.SetFont("sans", "", 7.5)
		line(p, heads(t), "B")
		for _, r := range rows(t, s.Zone, b) {
			border := ""
			if r.total {
				border = "TB"
			}
			line(p, r.cells(), border)
		}
	}
	var buf bytes.Buffer
	if err := p.Output(&buf); err != nil {
		return nil, fmt.Errorf("draw the statement: %w", err)
	}
	return buf.Bytes(), nil
}

// line draws a row. A text takes the columns after it too, if they are empty.
func line(p *fpdf.Fpdf, cells []string, border string) {
	for n := 0; n < len(cells); n++ {
		cell, width, align := cells[n], widths[n], "R"
		if n < 2 {
			align = "L"
		}
		if n == 1 {
			for ; n+1 < len(cells) && cells[n+1] == ""; n++ {
				width += widths[n+1]
			}
		}
		p.CellFormat(width, lineHigh, cut(p, cell, width-2), border, 0, align, false, 0, "")
	}
	p.Ln(lineHigh)
}

// cut shortens a text to what fits.
func cut(p *fpdf.Fpdf, s string, width float64) string {
	s = typeface.Drawable(s)
	if p.GetStringWidth(s) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && p.GetStringWidth(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}
