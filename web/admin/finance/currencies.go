package finance

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/exchange"
	"videomall/mall/fault"
	"videomall/mall/payment"
	financeview "videomall/views/admin/finance"
	"videomall/views/ui"
	"videomall/web/csvfile"
	"videomall/web/formvalue"
	"videomall/web/page"
	"videomall/web/payable"
)

const (
	ratesListed   = 100
	ratesExported = 10_000
)

const currenciesURL = "/admin/currencies"

// toCurrencies answers a GET of an address that takes a form. After a form with errors the browser's address bar shows
// it, and reloading it has to show the page.
func toCurrencies(c *page.Ctx) error { return c.Redirect(currenciesURL) }

func (d Deps) showCurrencies(c *page.Ctx) error {
	return d.renderCurrencies(c, http.StatusOK, financeview.CurrenciesPage{})
}

// renderCurrencies shows the page with the forms that p holds.
func (d Deps) renderCurrencies(c *page.Ctx, status int, p financeview.CurrenciesPage) (err error) {
	ctx := c.Request().Context()
	p.Base, p.Now = d.Exchange.Base(), c.Now
	if p.List, err = d.Exchange.Present(ctx); err != nil {
		return err
	}
	p.Table = d.Exchange.TableOf(p.List)
	p.Takers = map[string][]payment.Taker{p.Base: d.Payments.Takers(p.Base)}
	asked := c.QueryParam("code")
	if p.Currency.Exists {
		asked = p.Currency.Code
	}
	for _, k := range p.List {
		p.Takers[k.Code] = d.Payments.Takers(k.Code)
		if p.Currency.Errors == nil && asked == k.Code {
			exists := p.Currency.Exists
			p.Currency = financeview.CurrencyFormOf(k.Currency)
			p.Currency.Exists = exists
		}
	}
	published, err := d.Catalog.PublishedPrices(ctx)
	if err != nil {
		return err
	}
	p.Untaken = untaken(payable.Of(p.Table, d.Payments.Takers), published)
	if p.History, p.People, err = d.rates(c, ratesListed); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("currencies.title"), financeview.Currencies(p))
}

// untaken groups the published prices that no provider takes by the currency in which it takes none, in the order of the
// lowest of them.
func untaken(judge payable.Judge, published []catalog.PublishedPrice) (list []financeview.UntakenPrices) {
	for _, p := range published {
		for _, sum := range judge.Untaken(p.Price) {
			n := slices.IndexFunc(list, func(u financeview.UntakenPrices) bool { return u.Sum.Currency == sum.Currency })
			if n < 0 {
				n = len(list)
				list = append(list, financeview.UntakenPrices{Price: p.Price, Sum: sum})
			}
			list[n].SKUs += p.SKUs
		}
	}
	return list
}

// rates reads the last rates and who entered them.
func (d Deps) rates(c *page.Ctx, most int) ([]exchange.Rate, account.Users, error) {
	ctx := c.Request().Context()
	list, err := d.Exchange.Rates(ctx, most)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]int64, len(list))
	for n, r := range list {
		ids[n] = r.ActorID
	}
	people, err := d.Accounts.Users(ctx, ids...)
	return list, people, err
}

// saveCurrency adds a currency, or changes the one that its form was loaded with. A currency that exists is shown as it
// is if its code was typed, since the rest of that form says nothing about it. Step and less are typed as sums of the
// currency.
func (d Deps) saveCurrency(c *page.Ctx) error {
	f := financeview.CurrencyForm{
		Code:    strings.ToUpper(strings.TrimSpace(c.FormValue("code"))),
		Step:    strings.TrimSpace(c.FormValue("step")),
		Less:    strings.TrimSpace(c.FormValue("less")),
		Offered: c.FormValue("offered") != "",
		Known:   c.FormValue("known"),
	}
	save := d.Exchange.AddCurrency
	if f.Known == f.Code {
		save = d.Exchange.SaveCurrency
	}
	err := save(c.Request().Context(), c.Viewer.UserID, exchange.Currency{
		Code:    f.Code,
		Step:    formvalue.Price(f.Step, f.Code),
		Less:    formvalue.OptionalPrice(f.Less, f.Code),
		Offered: f.Offered,
	})
	switch {
	case err == nil:
		c.Flash(ui.Success, "currency_saved")
		return c.Redirect(currenciesURL)
	case errors.Is(err, exchange.ErrCurrencyExists):
		return d.renderCurrencies(c, http.StatusConflict, financeview.CurrenciesPage{
			Currency: financeview.CurrencyForm{Code: f.Code, Exists: true},
		})
	case errors.Is(err, exchange.ErrCurrency):
		f.Errors = fault.From(err).Fields
		return d.renderCurrencies(c, http.StatusUnprocessableEntity, financeview.CurrenciesPage{Currency: f})
	}
	return err
}

// addExchangeRate adds a rate that begins now or later. A second click is refused, since the rate of that moment exists
// then, or is the same rate once more.
func (d Deps) addExchangeRate(c *page.Ctx) error {
	f := financeview.ExchangeRateForm{
		Currency: c.FormValue("currency"),
		Rate:     strings.TrimSpace(c.FormValue("rate")),
		From:     strings.TrimSpace(c.FormValue("from")),
		Source:   c.FormValue("source"),
	}
	n := exchange.NewRate{
		Currency:  f.Currency,
		Rate:      f.Rate,
		Source:    f.Source,
		Confirmed: c.FormValue("confirmed") != "",
		ActorID:   c.Viewer.UserID,
	}
	if f.From != "" {
		if n.From = formvalue.At(f.From, c.Text.Zone()); n.From.IsZero() {
			n.From = time.Unix(0, 0) // what is no moment is refused, and does not mean now
		}
	}
	err := d.Exchange.AddRate(c.Request().Context(), n)
	status := http.StatusUnprocessableEntity
	switch {
	case err == nil:
		c.Flash(ui.Success, "exchange_rate_added")
		return c.Redirect(currenciesURL)
	case errors.Is(err, exchange.ErrRateFar), errors.Is(err, exchange.ErrRateFirst):
		f.Unsure, status = fault.From(err).Slug, http.StatusConflict
	case errors.Is(err, exchange.ErrRateTaken):
		status = http.StatusConflict
	case !errors.Is(err, exchange.ErrRate):
		return err
	}
	f.Errors = fault.From(err).Fields
	return d.renderCurrencies(c, status, financeview.CurrenciesPage{Rate: f})
}

func (d Deps) removeExchangeRate(c *page.Ctx) error {
	err := d.Exchange.RemoveRate(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")))
	switch {
	case err == nil:
		c.Flash(ui.Success, "exchange_rate_removed")
	case errors.Is(err, exchange.ErrRateNotFound):
		c.Flash(ui.Info, "exchange_rate_gone")
	default:
		return err
	}
	return c.Redirect(currenciesURL)
}

// readRatesFile shows the lines of a file in the form that adds them, and changes nothing.
func (d Deps) readRatesFile(c *page.Ctx) error {
	f, err := ratesFile(c.Request())
	if err != nil {
		return err
	}
	status := http.StatusOK
	if f.Whole != "" {
		status = http.StatusUnprocessableEntity
	}
	return d.renderCurrencies(c, status, financeview.CurrenciesPage{File: f})
}

// ratesFile reads the file of a form. Bytes that are no text, and no file, are said beside the field.
func ratesFile(r *http.Request) (f financeview.RatesFile, err error) {
	given, _, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		f.Whole = "exchange_lines_none"
		return f, nil
	}
	if err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return f, tooLarge
		}
		return f, page.ErrBadRequest(fmt.Errorf("read the form: %w", err))
	}
	defer given.Close()
	if err := page.CheckMultipart(r.MultipartForm); err != nil {
		return f, err
	}
	raw, err := io.ReadAll(given)
	if err != nil {
		return f, err
	}
	lines := strings.TrimPrefix(string(raw), "\ufeff")
	switch {
	case !utf8.ValidString(lines) || !db.Storable(lines):
		f.Whole = "exchange_file_text"
	case strings.TrimSpace(lines) == "":
		f.Whole = "exchange_lines_none"
	default:
		f.Lines = lines
	}
	return f, nil
}

// addLines adds the rates of all lines, or none of them.
func (d Deps) addLines(c *page.Ctx) error {
	f := financeview.RatesFile{Lines: c.FormValue("lines"), Source: c.FormValue("source")}
	added, err := d.Exchange.AddFile(c.Request().Context(), exchange.File{
		Text:      strings.NewReader(f.Lines),
		Zone:      c.Text.Zone(),
		Source:    f.Source,
		Confirmed: c.FormValue("confirmed") != "",
		ActorID:   c.Viewer.UserID,
	})
	switch {
	case err == nil:
		c.Log().InfoContext(c.Request().Context(), "exchange rates were added", "count", added)
		c.Flash(ui.Success, "exchange_rates_added")
		return c.Redirect(currenciesURL)
	case !errors.Is(err, exchange.ErrRates):
		return err
	}
	f.Unsure, f.Errors = true, map[int]string{}
	for line, slug := range fault.From(err).Fields {
		n, err := strconv.Atoi(line)
		if err != nil {
			f.Whole, f.Unsure = slug, false
			continue
		}
		f.Errors[n] = slug
		f.Unsure = f.Unsure && financeview.Confirmable(slug)
	}
	status := http.StatusUnprocessableEntity
	if f.Unsure {
		status = http.StatusConflict
	}
	return d.renderCurrencies(c, status, financeview.CurrenciesPage{File: f})
}

// exportRates writes the history of rates, the last to begin first.
func (d Deps) exportRates(c *page.Ctx) error {
	list, people, err := d.rates(c, ratesExported)
	if err != nil {
		return err
	}
	records := [][]string{{"currency", "rate", "from", "base", "source", "entered_by_id", "entered_by"}}
	for _, r := range list {
		name := ""
		if r.ActorID != 0 {
			name = people.Name(r.ActorID)
		}
		records = append(records, []string{
			r.Currency, r.Rate, r.From.UTC().Format(time.RFC3339), d.Exchange.Base(), csvfile.Inert(r.Source),
			strconv.FormatInt(r.ActorID, 10), csvfile.Inert(name),
		})
	}
	return c.Attach("exchange-rates.csv", csvfile.Type, csvfile.Bytes(records))
}
