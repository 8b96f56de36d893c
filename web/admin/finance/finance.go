// Package finance owns the operator's pages on creators' money: payouts to decide about, the books with their sum, and
// adjustments. It refuses to move money by itself: it calls the ledger's verbs, which keep the rules.
package finance

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/exchange"
	"videomall/mall/fault"
	"videomall/mall/ledger"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/settings"
	"videomall/mall/reconcile"
	"videomall/mall/tax"
	financeview "videomall/views/admin/finance"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

const listed = 50

// Deps are the verbs that the pages call.
type Deps struct {
	Site       *page.Site
	Ledger     *ledger.Ledger
	Payments   *payment.Payments
	Accounts   *account.Accounts
	Reconciler *reconcile.Reconciler
	Orders     *order.Orders
	Settings   *settings.Settings
	Taxes      *tax.Taxes
	Exchange   *exchange.Exchange
	Catalog    *catalog.Catalog
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	a := page.Guarded(g, "/admin", d.Site.RequireDuty)
	a.GET("/payouts", on(d.listPayouts))
	a.GET("/payouts/bank", on(d.showBank))
	a.POST("/payouts/bank", on(d.readBank))
	a.POST("/payouts/bank/:id/close", on(d.closeBankLine))
	a.GET("/payouts/:id", on(d.showPayout))
	a.POST("/payouts/:id/approve", on(d.decide("approve")), d.Site.RequireRecent)
	a.POST("/payouts/:id/refuse", on(d.decide("refuse")), d.Site.RequireRecent)
	a.POST("/payouts/:id/pay", on(d.decide("pay")), d.Site.RequireRecent)
	a.POST("/payouts/:id/fail", on(d.decide("fail")), d.Site.RequireRecent)
	a.POST("/payouts/:id/reveal", on(d.reveal), d.Site.RequireRecent)
	a.GET("/reconciliation", on(d.showReconciliation))
	a.GET("/reconciliation.csv", on(d.exportReconciliation))
	a.POST("/reconciliation/run", on(d.runReconciliation), d.Site.RequireRecent)
	a.POST("/reconciliation/:id/take", on(d.takeDifference))
	a.POST("/reconciliation/:id/close", on(d.closeDifference))
	a.GET("/providers", on(d.listProviders))
	a.GET("/providers/:provider", on(d.showProvider))
	a.POST("/providers/:provider", on(d.saveProvider), d.Site.RequireRecent)
	a.POST("/providers/:provider/offer", on(d.offerProvider), d.Site.RequireRecent)
	a.POST("/providers/:provider/tests", on(d.testProvider), d.Site.RequireRecent)
	a.GET("/providers/:provider/tests/:key", on(d.showTest))
	a.POST("/providers/:provider/tests/:key/ask", on(d.askTest))
	a.GET("/tax", on(d.showTax))
	// After a form with errors the browser's address bar shows this address; reloading it has to show the page.
	a.GET("/tax/rates", on(func(c *page.Ctx) error { return c.Redirect("/admin/tax") }))
	a.POST("/tax/rates", on(d.addRate), d.Site.RequireRecent)
	a.POST("/tax/rates/:id/end", on(d.endRate), d.Site.RequireRecent)
	a.GET("/tax/report", on(d.showTaxReport))
	a.GET("/tax/report.csv", on(d.exportTaxReport))
	a.GET("/currencies", on(d.showCurrencies))
	a.GET("/currencies.csv", on(d.exportRates))
	a.POST("/currencies", on(d.saveCurrency), d.Site.RequireRecent)
	a.GET("/currencies/rates", on(toCurrencies))
	a.POST("/currencies/rates", on(d.addExchangeRate), d.Site.RequireRecent)
	a.POST("/currencies/rates/:id/remove", on(d.removeExchangeRate), d.Site.RequireRecent)
	a.GET("/currencies/file", on(toCurrencies))
	a.POST("/currencies/file", on(d.readRatesFile))
	a.GET("/currencies/lines", on(toCurrencies))
	a.POST("/currencies/lines", on(d.addLines), d.Site.RequireRecent)
	a.GET("/books", on(d.showBooks))
	a.GET("/books/exchange", on(d.showExchange))
	a.POST("/books/exchange", on(d.recordExchange), d.Site.RequireRecent)
	a.GET("/books/creators/:id", on(d.showCreator))
	a.POST("/books/credits/:id/confirm", on(d.decideCredit(ledger.CreditConfirmed)), d.Site.RequireRecent)
	a.POST("/books/credits/:id/refuse", on(d.decideCredit(ledger.CreditRefused)), d.Site.RequireRecent)
	a.POST("/books/creators/:id/adjust", on(d.adjust), d.Site.RequireRecent)
}

func (d Deps) showBooks(c *page.Ctx) (err error) {
	ctx := c.Request().Context()
	p := financeview.BooksPage{}
	if p.Families, err = d.Ledger.Families(ctx); err != nil {
		return err
	}
	if p.Sums, err = d.Ledger.Imbalances(ctx); err != nil {
		return err
	}
	p.Health = d.Payments.Health()
	booked, err := d.Ledger.ProviderDays(ctx)
	if err != nil {
		return err
	}
	witnesses, err := d.Payments.Compare(ctx, c.Now.AddDate(0, 0, -1))
	if err != nil {
		return err
	}
	for _, w := range witnesses {
		row := financeview.Compared{
			Provider: w.Provider,
			Currency: w.Held.Currency,
			Captured: w.Held.Amount,
			Stated:   w.Stated.Amount,
			Ours:     w.Moved.Amount,
			Day:      w.Day.Format(time.DateOnly),
			Silent:   w.Silent,
		}
		for _, f := range p.Families {
			if f.Name == ledger.Channel+w.Provider && f.Amount.Currency == w.Held.Currency {
				row.Booked = f.Amount.Amount
			}
		}
		for _, b := range booked { // what the provider kept or paid out is no capture and no refund
			if b.Account == ledger.Channel+w.Provider && b.Amount.Currency == w.Held.Currency {
				row.Captured += b.Amount.Amount
			}
		}
		p.Compared = append(p.Compared, row)
	}
	if p.Credits, err = d.credits(c, 0); err != nil {
		return err
	}
	before := formvalue.ID(c.QueryParam("before"))
	if p.Postings, err = d.Ledger.Recent(ctx, before, listed+1); err != nil {
		return err
	}
	if before > 0 {
		p.First = "/admin/books"
	}
	if len(p.Postings) > listed {
		p.Postings = p.Postings[:listed]
		p.Next = "/admin/books?before=" + strconv.FormatInt(p.Postings[listed-1].ID, 10)
	}
	return c.Render(http.StatusOK, c.Text.T("books.title"), financeview.Books(p))
}

func (d Deps) showCreator(c *page.Ctx) error {
	return d.renderCreator(c, http.StatusOK, financeview.Form{Key: rand.Text()})
}

func (d Deps) renderCreator(c *page.Ctx, status int, f financeview.Form) error {
	ctx, creatorID := c.Request().Context(), formvalue.ID(c.Param("id"))
	u, err := d.Accounts.User(ctx, creatorID)
	if err != nil {
		return err
	}
	p := financeview.CreatorPage{
		CreatorID: creatorID,
		Creator:   u.Name,
		Own:       creatorID == c.Viewer.UserID,
		Form:      f,
	}
	if p.Accounts, err = d.Ledger.AccountsOf(ctx, creatorID); err != nil {
		return err
	}
	if p.Payouts, err = d.Ledger.PayoutsOf(ctx, creatorID, 0, listed); err != nil {
		return err
	}
	if p.Credits, err = d.credits(c, creatorID); err != nil {
		return err
	}
	return c.Render(status, u.Name, financeview.Creator(p))
}

// adjust moves a creator's money by hand; the form's key makes a second click the same adjustment. What is in the
// creator's favour waits for another operator.
func (d Deps) adjust(c *page.Ctx) error {
	ctx, creatorID := c.Request().Context(), formvalue.ID(c.Param("id"))
	f := financeview.Form{
		Amount:   strings.TrimSpace(c.FormValue("amount")),
		Currency: c.FormValue("currency"),
		Reason:   c.FormValue("reason"),
		Key:      c.FormValue("key"),
	}
	accounts, err := d.Ledger.AccountsOf(ctx, creatorID)
	if err != nil {
		return err
	}
	var sum money.Money
	for _, a := range accounts { // only where there is an account, and in nobody's own words
		if a.Currency == f.Currency {
			sum = money.Of(signed(f.Amount, a.Currency), a.Currency)
		}
	}
	done := "ledger_adjusted"
	if sum.Amount > 0 {
		done = "credit_proposed"
		_, err = d.Ledger.ProposeCredit(ctx, c.Viewer.UserID, creatorID, sum, f.Reason, f.Key)
	} else {
		err = d.Ledger.Adjust(ctx, c.Viewer.UserID, creatorID, sum, f.Reason, f.Key)
	}
	switch {
	case err == nil:
		c.Flash(ui.Success, done)
		return c.Redirect(financeview.CreatorURL(creatorID))
	case errors.Is(err, ledger.ErrPayoutInvalid):
		f.Errors = fault.From(err).Fields
		return d.renderCreator(c, http.StatusUnprocessableEntity, f)
	}
	return err
}

// signed reads a sum as people type it, 19.90 or -19,9, in minor units of a currency; 0, which is refused, when it is
// none.
func signed(s, currency string) int64 {
	digits, negative := strings.CutPrefix(s, "-")
	n := max(money.ParseDecimal(digits, currency, 9), 0)
	if negative {
		return -n
	}
	return n
}
