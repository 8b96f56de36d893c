package page

import (
	"videomall/mall/exchange"
	"videomall/mall/money"
)

// Currency returns the currency in which this answer shows prices: this browser's choice, or else that of the person
// who is signed in. It is "", prices as they are, without a choice or if the shop no longer offers it. On the API
// nobody's choice counts, only ShowIn.
func (c *Ctx) Currency() string {
	if c.currency == nil {
		c.currency = new(c.chosenCurrency())
	}
	return *c.currency
}

func (c *Ctx) chosenCurrency() string {
	if isAPI(c.Request()) {
		return ""
	}
	code := cookieValue(c.Context, currencyCookie)
	if code == "" {
		code = c.Viewer.Currency
	}
	if code == "" || !c.rates().Offers(code) {
		return ""
	}
	return code
}

// ShowIn makes this answer show prices in a currency; "" shows them as they are. Errors: an invalid fault with the
// field currency, if the shop does not offer it.
func (c *Ctx) ShowIn(code string) error {
	if code != "" && !c.rates().Offers(code) {
		return errPreference.With("currency", "invalid_preference")
	}
	c.currency = &code
	return nil
}

// Currencies lists the currencies that viewers may choose; none if there is nothing to choose.
func (c *Ctx) Currencies() []string { return c.rates().Offered() }

// Price returns a price as the viewer sees it: in their currency, as the shop writes prices there. Without a currency,
// and where none can be computed, it is the price as it is.
func (c *Ctx) Price(m money.Money) money.Money {
	code := c.Currency()
	if code == "" || m.Currency == code {
		return m
	}
	price, err := c.rates().Price(m, code)
	if err != nil {
		c.Log().Warn("price not converted", "price", m, "currency", code, "error", err)
		return m
	}
	return price
}

// rates returns the rates of this answer: they stay the same until it is written. Without any, it is the empty table.
func (c *Ctx) rates() exchange.Table {
	if c.table != nil {
		return *c.table
	}
	c.table = &exchange.Table{}
	if c.site.rates == nil {
		return *c.table
	}
	t, err := c.site.rates(c.Request().Context())
	if err != nil {
		c.Log().Warn("exchange rates not read", "error", err)
		return *c.table
	}
	c.table = &t
	return t
}

// setCurrency keeps the currency in this browser, and with the person who is signed in. Errors: as ShowIn.
func (c *Ctx) setCurrency(code string) error {
	if err := c.ShowIn(code); err != nil {
		return err
	}
	c.remember(currencyCookie, code)
	if c.Viewer.SignedIn() && c.Viewer.Currency != code {
		return c.site.accounts.SetCurrency(c.Request().Context(), c.Viewer.UserID, code)
	}
	return nil
}
