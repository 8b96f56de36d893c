// Package invoices owns the pages of a buyer's invoices, credit notes and requests for a fapiao, and draws documents as
// PDF. Everybody else gets 404 here. It refuses to number and to sum up: it shows what the documents say.
package invoices

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/fault"
	"videomall/mall/invoice"
	"videomall/mall/order"
	"videomall/mall/tax"
	invoicesview "videomall/views/invoices"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/page"
)

// Deps are the verbs that the pages call.
type Deps struct {
	Site     *page.Site
	Invoices *invoice.Invoices
	Orders   *order.Orders
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	own := page.Guarded(g, "", d.Site.RequireUser)
	own.GET("/orders/:orderNo/documents/:number", on(d.download))
	own.GET("/orders/:orderNo/details", on(d.showDetails))
	own.POST("/orders/:orderNo/details", on(d.correct))
	own.GET("/orders/:orderNo/fapiao", on(d.showFapiao))
	own.POST("/orders/:orderNo/fapiao", on(d.askFapiao))
}

// OfOrder reads what the page of a buyer's own order with these refunds shows of its documents. One that is missing
// although the order was delivered is issued now: its job was lost, or the order is older than the first document.
func (d Deps) OfOrder(c *page.Ctx, o order.Order, refunds []order.Refund) (p invoicesview.OrderDocuments, err error) {
	if !invoice.Billable(o) {
		return p, nil
	}
	ctx := c.Request().Context()
	p.OrderNo = o.OrderNo
	if p.Documents, err = d.Invoices.OfOrder(ctx, o.OrderNo); err != nil {
		return p, err
	}
	if len(p.Documents) == 0 && o.Status != order.Paid {
		if err := d.Invoices.Issue(ctx, o.OrderNo); err != nil {
			c.Log().ErrorContext(ctx, "the invoice of an order can't be issued", "order", o.OrderNo, "error", err)
		}
		if p.Documents, err = d.Invoices.OfOrder(ctx, o.OrderNo); err != nil {
			return p, err
		}
	}
	if p.BeingMade = len(p.Documents) == 0; p.BeingMade {
		return p, nil
	}
	if d.Invoices.Correctable(o, p.Documents, refunds) {
		till := o.PaidAt.Add(invoice.CorrectWithin)
		p.CorrectTill = &till
	}
	if o.Total.Currency != invoice.FapiaoCurrency {
		return p, nil
	}
	f, asked, err := d.Invoices.FapiaoOf(ctx, o.OrderNo)
	if asked {
		p.Fapiao = &f
	}
	p.MayAsk = invoice.CanAsk(o) && (!asked || f.Status == invoice.FapiaoDeclined) &&
		(asked || o.Billing.Country == "CN" || c.Text.Lang == text.ZhCN)
	return p, err
}

// language is the one that the address asks for, or that of the page.
func language(c *page.Ctx) *text.Printer {
	switch lang := text.Lang(c.QueryParam("lang")); lang {
	case text.En, text.ZhCN:
		return text.For(lang)
	}
	return c.Text
}

// Attach answers with a document as a PDF, which no cache but the browser's own may keep.
func Attach(c *page.Ctx, d invoice.Document) error {
	body, err := PDF(language(c), d)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, no-cache")
	return c.Attach(d.No()+".pdf", "application/pdf", body)
}

func (d Deps) download(c *page.Ctx) error {
	doc, err := d.Invoices.Own(c.Request().Context(), c.Viewer.UserID, c.Param("orderNo"), c.Param("number"))
	if err != nil {
		return err
	}
	return Attach(c, doc)
}

func (d Deps) showDetails(c *page.Ctx) error {
	o, doc, err := d.Invoices.Standing(c.Request().Context(), c.Viewer.UserID, c.Param("orderNo"))
	if errors.Is(err, invoice.ErrLocked) {
		c.Flash(ui.Info, "invoice_locked")
		return c.Redirect("/orders/" + o.OrderNo)
	}
	if err != nil {
		return err
	}
	buyer := doc.Facts.Buyer
	p := tax.Profile{
		Country: buyer.Country,
		Company: buyer.Name,
		Address: strings.Join(buyer.Address, "\n"),
		VATID:   buyer.VATID,
	}
	if p.Country == "" {
		p.Country = o.Tax.Country
	}
	return d.renderDetails(c, http.StatusOK, o, p, nil)
}

func (d Deps) renderDetails(c *page.Ctx, status int, o order.Order, p tax.Profile, wrong map[string]string) error {
	c.Page.NoIndex = true
	return c.Render(status, c.Text.T("invoice.correct"), invoicesview.Details(invoicesview.DetailsPage{
		OrderNo: o.OrderNo,
		Till:    o.PaidAt.Add(invoice.CorrectWithin),
		Profile: p,
		Errors:  wrong,
	}))
}

func (d Deps) correct(c *page.Ctx) error {
	ctx := c.Request().Context()
	o, err := d.Orders.Get(ctx, c.Viewer.UserID, c.Param("orderNo"))
	if err != nil {
		return err
	}
	p := tax.Profile{
		Country: c.FormValue("country"),
		Company: c.FormValue("company"),
		Address: c.FormValue("address"),
		VATID:   c.FormValue("vat_id"),
	}
	err = d.Invoices.Correct(ctx, c.Viewer.UserID, o.OrderNo, p)
	switch {
	case err == nil:
		c.Flash(ui.Success, "invoice_corrected")
	case errors.Is(err, invoice.ErrLocked):
		c.Flash(ui.Info, "invoice_locked")
	case o.PaidAt != nil && (errors.Is(err, tax.ErrProfile) || errors.Is(err, invoice.ErrCountry)):
		return d.renderDetails(c, http.StatusUnprocessableEntity, o, p, fault.From(err).Fields)
	default:
		return err
	}
	return c.Redirect("/orders/" + o.OrderNo)
}

func (d Deps) showFapiao(c *page.Ctx) error {
	o, err := d.Orders.Get(c.Request().Context(), c.Viewer.UserID, c.Param("orderNo"))
	if err != nil {
		return err
	}
	if !invoice.CanAsk(o) {
		c.Flash(ui.Info, "fapiao_impossible")
		return c.Redirect("/orders/" + o.OrderNo)
	}
	return d.renderFapiao(c, http.StatusOK, o, invoice.FapiaoAsk{
		Type:  invoice.Personal,
		Title: o.Billing.Company,
		Email: c.Viewer.Email,
	}, nil)
}

func (d Deps) renderFapiao(c *page.Ctx, status int, o order.Order, a invoice.FapiaoAsk,
	wrong map[string]string,
) error {
	c.Page.NoIndex = true
	return c.Render(status, c.Text.T("fapiao.request"), invoicesview.AskFapiao(invoicesview.FapiaoPage{
		OrderNo: o.OrderNo,
		Amount:  c.Text.Money(invoice.Left(o)),
		Ask:     a,
		Errors:  wrong,
	}))
}

func (d Deps) askFapiao(c *page.Ctx) error {
	ctx := c.Request().Context()
	o, err := d.Orders.Get(ctx, c.Viewer.UserID, c.Param("orderNo"))
	if err != nil {
		return err
	}
	a := invoice.FapiaoAsk{
		Type:       c.FormValue("type"),
		Title:      c.FormValue("title"),
		TaxpayerNo: c.FormValue("taxpayer_no"),
		Email:      c.FormValue("email"),
	}
	err = d.Invoices.AskFapiao(ctx, c.Viewer.UserID, o.OrderNo, a)
	switch {
	case err == nil:
		c.Flash(ui.Success, "fapiao_asked")
	case errors.Is(err, invoice.ErrFapiaoTaken):
		c.Flash(ui.Info, "fapiao_taken")
	case errors.Is(err, invoice.ErrNoFapiao):
		c.Flash(ui.Info, "fapiao_impossible")
	case errors.Is(err, invoice.ErrFapiao):
		return d.renderFapiao(c, http.StatusUnprocessableEntity, o, a, fault.From(err).Fields)
	default:
		return err
	}
	return c.Redirect("/orders/" + o.OrderNo)
}
