package page

import (
	"cmp"
	"sort"

	"github.com/labstack/echo/v4"

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
	return c.site.offered(c.Context, cmp.Or(cookieValue(c.Context, currencyCookie), c.Viewer.Currency))
}

// offered returns a chosen currency if the shop offers it now, else "".
func (s *Site) offered(c echo.Context, code string) string {
	if code == "" || !s.ratesOf(c).Offers(code) {
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

// Least returns the lowest price in a currency, in minor units, that the viewer sees as m or as more. Prices in
// lists are compared in the currency in which they are set, and bounds are typed in the one in which they are seen.
func (c *Ctx) Least(m money.Money, in string) int64 {
	if m.Currency == in {
		return m.Amount
	}
	rates := c.rates()
	return int64(sort.Search(money.MaxSum, func(n int) bool {
		seen, err := rates.Price(money.Of(int64(n), in), m.Currency)
		return err != nil || seen.Amount >= m.Amount
	}))
}

// Most returns the highest price in a currency, in minor units, that the viewer sees as m or as less.
func (c *Ctx) Most(m money.Money, in string) int64 {
	return c.Least(money.Of(m.Amount+1, m.Currency), in) - 1
}

// ratesKey is where a request has its rates.
const ratesKey = "rates"

func (c *Ctx) rates() exchange.Table { return c.site.ratesOf(c.Context) }

// ratesOf returns the rates of a request. They stay the same until it is answered, so that no page has prices of two
// rates. If they cannot be read, it is the empty table, and prices are shown as they are.
func (s *Site) ratesOf(c echo.Context) exchange.Table {
	if t, ok := c.Get(ratesKey).(exchange.Table); ok {
		return t
	}
	var t exchange.Table
	if s.rates != nil {
		var err error
		if t, err = s.rates(c.Request().Context()); err != nil {
			s.logFor(c).Warn("exchange rates not read", "error", err)
		}
	}
	c.Set(ratesKey, t)
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
