package earnings

import (
	"net/http"
	"strconv"
	"time"

	"videomall/mall/calendar"
	"videomall/mall/ledger"
	"videomall/mall/money"
	"videomall/views/text"
	"videomall/web/csvfile"
	"videomall/web/page"

	earningsview "videomall/views/studio/earnings"
)

// statement reads the viewer's own statement of the month that the address names. Errors: ledger.ErrNoStatement.
func (d Deps) statement(c *page.Ctx) (ledger.Statement, error) {
	return Read(c, d.Ledger, d.Zone, c.Viewer.UserID)
}

// Read reads a creator's statement of the month that the address names, of their zone. Errors: ledger.ErrNoStatement.
func Read(c *page.Ctx, l *ledger.Ledger, zoneOf ZoneOf, creatorID int64) (ledger.Statement, error) {
	month, err := time.Parse("2006-01", c.Param("month"))
	if err != nil {
		return ledger.Statement{}, ledger.ErrNoStatement.Because("month %q", c.Param("month"))
	}
	zone, err := zoneOf(c.Request().Context(), creatorID)
	if err != nil {
		return ledger.Statement{}, err
	}
	return l.Statement(c.Request().Context(), creatorID, zone, month)
}

func (d Deps) showStatement(c *page.Ctx) error {
	s, err := d.statement(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, earningsview.StatementTitle(c.Text, s), earningsview.Statement(s))
}

func (d Deps) file(ending string) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		s, err := d.statement(c)
		if err != nil {
			return err
		}
		return Attach(c, s, ending, c.Viewer.Name)
	}
}

// Attach answers with a statement as a file, "csv" or "pdf"; creator is whose it is.
func Attach(c *page.Ctx, s ledger.Statement, ending, creator string) error {
	body, kind := []byte(nil), "application/pdf"
	var err error
	if ending == "csv" {
		kind = csvfile.Type
		body, err = CSV(c.Text, s)
	} else {
		body, err = PDF(c.Text, s, creator, c.Now)
	}
	if err != nil {
		return err
	}
	return c.Attach("statement-"+s.Month.Format("2006-01")+"."+ending, kind, body)
}

// row is a line of a statement as CSV and PDF show it. Sums are signed as the creator's: what is taken is below zero,
// and the shares of all rows but the closing one come to the closing one's.
type row struct {
	day                              string
	what                             string
	typed                            bool // by a person, not by the mall
	units                            string
	sales, fee, refunds, back, share string
	total                            bool // a balance, or the sum of the videos
}

// rows lays a book out, with days of a zone: the balance at the beginning, what moved it, the balance at the end.
func rows(t *text.Printer, z calendar.Zone, b ledger.Book) []row {
	decimal := func(amount int64) string { return money.Of(amount, b.Currency).Decimal() }
	list := []row{{
		what:  t.T("earnings.opening"),
		share: decimal(b.Opening),
		total: true,
	}}
	for _, v := range b.Videos {
		list = append(list, row{
			what:    earningsview.Title(t, v),
			typed:   true,
			units:   strconv.Itoa(v.Units),
			sales:   decimal(v.Sales),
			fee:     decimal(-v.Fee),
			refunds: decimal(-v.Refunds),
			back:    decimal(v.FeeBack),
			share:   decimal(v.Net()),
		})
	}
	for _, c := range b.Converted {
		list = append(list, row{
			what:  earningsview.ConvertedWord(t, c),
			share: decimal(c.In(b.Currency)),
		})
	}
	for _, p := range b.Payouts {
		list = append(list, row{
			day:   z.DayOf(p.At).Format(time.DateOnly),
			what:  earningsview.PayoutWord(t, p),
			share: decimal(-p.Amount),
		})
	}
	for _, a := range b.Adjustments {
		list = append(list, row{
			day:   z.DayOf(a.At).Format(time.DateOnly),
			what:  t.T("earnings.adjustment", "Reason", a.Reason),
			typed: true,
			share: decimal(a.Amount),
		})
	}
	return append(list, row{
		what:  t.T("earnings.closing"),
		share: decimal(b.Closing),
		total: true,
	})
}

// heads are the names of a row's columns.
func heads(t *text.Printer) []string {
	return []string{
		t.T("earnings.day"), t.T("earnings.what"), t.T("earnings.units"), t.T("earnings.gross"),
		t.T("earnings.fee"),
		t.T("earnings.back"), t.T("earnings.fee_back"), t.T("earnings.sum"),
	}
}

func (r row) cells() []string {
	return []string{r.day, r.what, r.units, r.sales, r.fee, r.refunds, r.back, r.share}
}
