// Package invoices owns the operators' pages of invoices, credit notes and requests for a fapiao. It refuses to change
// a document: nobody can. Decisions about fapiaos are the verbs of the business, which writes them to the audit log.
package invoices

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/invoice"
	"videomall/mall/order"
	invoicesview "videomall/views/admin/invoices"
	"videomall/web/csvfile"
	webinvoices "videomall/web/invoices"
	"videomall/web/page"
)

const (
	listed   = 50
	exported = 20_000 // documents in a file
)

// Deps are the verbs that the pages call.
type Deps struct {
	Site     *page.Site
	Invoices *invoice.Invoices
	Orders   *order.Orders
	Accounts *account.Accounts
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	a := page.Guarded(g, "/admin", d.Site.RequireDuty)
	a.GET("/invoices", on(d.show))
	a.GET("/invoices.csv", on(d.export))
	a.GET("/invoices/documents/:number", on(d.download))
	a.GET("/invoices/fapiao", on(d.showFapiaos))
	a.POST("/invoices/fapiao/:id/issue", on(d.issueFapiao))
	a.POST("/invoices/fapiao/:id/decline", on(d.declineFapiao))
	a.POST("/invoices/fapiao/:id/reverse", on(d.reverseFapiao))
}

// period reads the days that the address names, by default the last 31. A day that is none is the default.
func (d Deps) period(c *page.Ctx) (f invoice.Filter, from, until string) {
	zone := d.Invoices.Zone()
	today := zone.DayOf(c.Now)
	first, last := today.AddDate(0, 0, -30), today
	read := func(name string, day *time.Time) {
		at, err := time.Parse(time.DateOnly, c.QueryParam(name))
		if err == nil && at.Year() >= 2000 && at.Year() < 9999 {
			*day = at
		}
	}
	read("from", &first)
	read("until", &last)
	f.Since, f.Until = zone.Start(first), zone.Start(last.AddDate(0, 0, 1))
	return f, first.Format(time.DateOnly), last.Format(time.DateOnly)
}

func (d Deps) show(c *page.Ctx) (err error) {
	ctx := c.Request().Context()
	p := invoicesview.Page{Zone: d.Invoices.Zone().Name()}
	var f invoice.Filter
	f, p.From, p.Until = d.period(c)
	if no := c.QueryParam("number"); no != "" {
		doc, err := d.Invoices.ByNo(ctx, no)
		switch {
		case err == nil:
			return c.Redirect("/admin/orders/" + doc.OrderNo + "#documents")
		case errors.Is(err, invoice.ErrNotFound):
			p.Find = no
		default:
			return err
		}
	}
	asked := url.Values{"from": {p.From}, "until": {p.Until}}
	at := "/admin/invoices?" + asked.Encode()
	p.CSV = "/admin/invoices.csv?" + asked.Encode()
	if before := c.QueryParam("before"); before != "" {
		f.Before, err = d.Invoices.ByNo(ctx, before)
		if err != nil && !errors.Is(err, invoice.ErrNotFound) {
			return err
		}
		p.First = at
	}
	f.Limit = listed + 1
	if p.Documents, err = d.Invoices.List(ctx, f); err != nil {
		return err
	}
	if len(p.Documents) > listed {
		p.Documents = p.Documents[:listed]
		p.Next = at + "&before=" + p.Documents[listed-1].No()
	}
	if p.Sums, err = d.Invoices.Sums(ctx, f.Since, f.Until); err != nil {
		return err
	}
	if p.Series, err = d.Invoices.Series(ctx); err != nil {
		return err
	}
	waiting, err := d.Invoices.CountFapiaos(ctx)
	if err != nil {
		return err
	}
	p.Waiting = int(waiting)
	return c.Render(http.StatusOK, c.Text.T("invoice.console"), invoicesview.Invoices(p))
}

// export writes the documents of a period as a file, the newest first.
func (d Deps) export(c *page.Ctx) error {
	f, from, until := d.period(c)
	f.Limit = exported
	list, err := d.Invoices.List(c.Request().Context(), f)
	if err != nil {
		return err
	}
	records := [][]string{{
		"number", "kind", "issued_at", "order", "refund", "invoice", "buyer", "country", "vat_id", "tax_country", "net",
		"tax", "gross", "currency", "reverse_charge",
	}}
	for _, doc := range list {
		buyer := doc.Facts.Buyer
		records = append(records, []string{
			doc.No(), string(doc.Kind), doc.IssuedAt.UTC().Format(time.RFC3339), doc.OrderNo, doc.RefundNo,
			doc.Facts.InvoiceNo, csvfile.Inert(buyer.Name), buyer.Country, csvfile.Inert(buyer.VATID),
			doc.Facts.TaxCountry, doc.Net.Decimal(), doc.Tax.Decimal(), doc.Gross.Decimal(), doc.Gross.Currency,
			strconv.FormatBool(doc.Facts.ReverseCharge()),
		})
	}
	return c.Attach("invoices-"+from+"-"+until+".csv", csvfile.Type, csvfile.Bytes(records))
}

func (d Deps) download(c *page.Ctx) error {
	doc, err := d.Invoices.ByNo(c.Request().Context(), c.Param("number"))
	if err != nil {
		return err
	}
	return webinvoices.Attach(c, doc)
}

// OfOrder draws the documents of an order for its page in the console.
func OfOrder(all *invoice.Invoices) func(context.Context, string) (templ.Component, error) {
	return func(ctx context.Context, orderNo string) (templ.Component, error) {
		docs, err := all.OfOrder(ctx, orderNo)
		if err != nil || len(docs) == 0 {
			return nil, err
		}
		return invoicesview.Documents(docs), nil
	}
}
