package finance

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"

	"videomall/mall/fault"
	"videomall/mall/ledger"
	"videomall/mall/money"
	"videomall/views/ui"
	"videomall/web/page"

	financeview "videomall/views/admin/finance"
)

func (d Deps) showExchange(c *page.Ctx) error {
	return d.renderExchange(c, http.StatusOK, financeview.ExchangeForm{
		Day: d.Taxes.Shop().Zone.DayOf(c.Now).Format(time.DateOnly),
		Key: rand.Text(),
	})
}

func (d Deps) renderExchange(c *page.Ctx, status int, f financeview.ExchangeForm) (err error) {
	ctx := c.Request().Context()
	p := financeview.ExchangePage{
		Form:  f,
		Today: d.Taxes.Shop().Zone.DayOf(c.Now).Format(time.DateOnly),
	}
	if p.Currencies, err = d.Ledger.Currencies(ctx); err != nil {
		return err
	}
	families, err := d.Ledger.Families(ctx)
	if err != nil {
		return err
	}
	for _, family := range families {
		switch family.Name {
		case ledger.Position, ledger.Exchanged, ledger.Result:
			p.Accounts = append(p.Accounts, family)
		}
	}
	if p.Revaluations, err = d.Ledger.Revaluations(ctx, listed); err != nil {
		return err
	}
	list, err := d.Ledger.Exchanges(ctx, listed)
	if err != nil {
		return err
	}
	ids := make([]int64, len(list))
	for n, e := range list {
		ids[n] = e.ActorID
	}
	people, err := d.Accounts.Users(ctx, ids...)
	if err != nil {
		return err
	}
	for _, e := range list {
		p.Exchanges = append(p.Exchanges, financeview.ExchangeRow{BankExchange: e, By: people.Name(e.ActorID)})
	}
	return c.Render(status, c.Text.T("books.exchange"), financeview.Exchange(p))
}

// recordExchange books what was exchanged at a bank; the form's key makes a second click the same exchange.
func (d Deps) recordExchange(c *page.Ctx) error {
	f := financeview.ExchangeForm{
		Sold:           strings.TrimSpace(c.FormValue("sold")),
		SoldCurrency:   c.FormValue("sold_currency"),
		Bought:         strings.TrimSpace(c.FormValue("bought")),
		BoughtCurrency: c.FormValue("bought_currency"),
		Reference:      c.FormValue("reference"),
		Day:            c.FormValue("day"),
		Key:            c.FormValue("key"),
	}
	day, _ := time.Parse(time.DateOnly, f.Day) // what is no day is long ago, and refused
	err := d.Ledger.RecordExchange(c.Request().Context(), d.Taxes.Shop().Zone, ledger.BankExchange{
		Sold:      money.Of(money.ParseDecimal(f.Sold, f.SoldCurrency, 12), f.SoldCurrency),
		Bought:    money.Of(money.ParseDecimal(f.Bought, f.BoughtCurrency, 12), f.BoughtCurrency),
		Reference: f.Reference,
		Day:       day,
		ActorID:   c.Viewer.UserID,
	}, f.Key)
	switch {
	case err == nil:
		c.Flash(ui.Success, "bank_exchange_recorded")
		return c.Redirect("/admin/books/exchange")
	case errors.Is(err, ledger.ErrExchangeInvalid):
		f.Errors = fault.From(err).Fields
		return d.renderExchange(c, http.StatusUnprocessableEntity, f)
	}
	return err
}
